"""In which of their roles somebody writes about a patient."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from care_plans import scope
from care_plans.recording import course_within_reach
from coordination.actors import Actor
from coordination.models import AccessGrant, Patient, PractitionerRole, current
from coordination.problems import Denied, Invalid


class _Record:
    def __init__(self, patient_id: UUID) -> None:
        self.patient_id = patient_id


def author_of(
    rule: str, patient: Patient, author_id: UUID | None, *, actor: Actor, now: datetime
) -> PractitionerRole:
    """Return the role in which the actor writes about a patient within reach.

    Whoever sees the patient in several disciplines must say in which they write, since that
    decides who reads it. Raises `Denied` by the scope rule, and `Invalid` for `/author`.
    """
    scope.require(rule, _Record(patient.pk), actor=actor)
    granted = set(
        AccessGrant.objects.filter(
            current(now), patient=patient, practitioner_role_id__in=actor.practitioner_role_ids
        ).values_list("practitioner_role_id", flat=True)
    )
    roles = [role for role in actor.practitioner_roles if role.id in granted]
    if author_id is not None:
        roles = [role for role in roles if role.id == author_id]
        if not roles:
            raise Invalid.field("/author", "This is no role in which you see this patient.")
    if not roles:
        raise Denied("You do not see this patient in any of your roles.", rule=f"scope.{rule}")
    if len({role.discipline for role in roles}) > 1:
        raise Invalid.field("/author", "You have several disciplines: say in which you write.")
    return roles[0]


def about(
    patient: Patient, course_id: UUID | None, *, actor: Actor, now: datetime
) -> Mapping[str, Any]:
    """Return whose record it becomes and on which course; raises `Invalid` for `/course`."""
    course = None
    if course_id is not None:
        course = course_within_reach(actor, course_id, now=now)
        if course.patient_id != patient.pk:
            raise Invalid.field("/course", "This course is of another patient.")
    return {
        "organization_id": actor.organization_id,
        "patient": patient,
        "course": course,
        "actor": actor.label,
        "user_id": actor.user_id,
        "recorded_at": now,
    }
