"""Why was this denied? Each refusal is kept, although its request was undone, and explained.

What is kept are ids and codes: who asked for what, and which rule refused. Whoever was refused
learns the rule; the privacy officer also whether the record was there and what was lacking.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from coordination import audit
from coordination.access import circle
from coordination.actors import Actor, Role
from coordination.models import Denial, Patient, PractitionerRole
from coordination.problems import NotFound
from coordination.rules import REACH, rule_named
from coordination.tenancy import acting_in

HOUR = timedelta(hours=1)


class DenialNotFound(NotFound):
    """No such refusal, or not one that this actor may know of."""

    type = "denial-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal as the request meets it: who, what, and the rule."""

    actor: Actor
    now: datetime
    verb: str
    action: str
    rule: str
    status: int
    resource: str = ""
    resource_id: UUID | None = None


def keep(refusal: Refusal) -> bool:
    """Write a refusal down in a transaction of its own; return whether it was.

    At most `DENIALS_KEPT_PER_HOUR` of one login are, so that a flood fills no disk.
    """
    actor = refusal.actor
    if actor.user_id is None:
        return False
    with acting_in(actor.organization_id):
        since = refusal.now - HOUR
        lately = Denial.objects.filter(user_id=actor.user_id, recorded_at__gt=since)
        most = settings.DENIALS_KEPT_PER_HOUR
        if lately.order_by()[most - 1 : most].exists():
            return False
        Denial.objects.create(
            organization_id=actor.organization_id,
            recorded_at=refusal.now,
            user_id=actor.user_id,
            actor=actor.label,
            roles=sorted(actor.roles),
            disciplines=sorted(actor.disciplines),
            request_id=actor.request_id,
            verb=refusal.verb,
            action=refusal.action,
            rule=refusal.rule,
            status=refusal.status,
            resource=refusal.resource,
            resource_id=refusal.resource_id,
        )
    return True


def explain(reference: UUID, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Explain one refusal by its own id or its request's; raises `DenialNotFound`.

    One's own: the rule in plain words. The privacy officer is told the whole story, and that they
    asked is written down. What is not found is explained to others no further than it was said.
    """
    rows = Denial.objects.filter(pk=reference) | Denial.objects.filter(request_id=str(reference))
    whole = Role.PRIVACY_OFFICER in actor.roles
    if not whole:
        rows = rows.filter(user_id=actor.user_id) if actor.user_id else rows.none()
    denial = rows.order_by("-recorded_at", "-id").first()
    if denial is None:
        raise DenialNotFound("There is no such refusal of yours.")
    rule = rule_named(denial.rule)
    told: dict[str, Any] = {
        "id": denial.id,
        "recorded_at": denial.recorded_at,
        "request_id": denial.request_id,
        "verb": denial.verb,
        "action": denial.action,
        "status": denial.status,
        "rule": denial.rule,
        "says": rule.says if rule else "",
        "why": rule.why if rule else "",
        "who": rule.who if rule else "",
        "rests_on": rule.source if rule else "",
        "whole_story": None,
    }
    if whole:
        told["whole_story"], patient_id = _whole_story(denial)
        audit.record(
            actor=actor,
            now=now,
            action=audit.Action.READ,
            event="denial.explained",
            resource="Denial",
            resource_id=denial.id,
            patient_ids=[patient_id] if patient_id else [],
        )
    return told


def _whole_story(denial: Denial) -> tuple[dict[str, Any], UUID | None]:
    """Say which fence it was and what was lacking, as things were when it was refused."""
    row = _asked_for(denial)
    patient_id = _patient_of(row) if row is not None else None
    story = {
        "user": denial.user_id,
        "login": denial.actor,
        "roles": denial.roles,
        "disciplines": denial.disciplines,
        "resource": denial.resource,
        "resource_id": denial.resource_id,
        "fence": _fence(denial, row, patient_id),
    }
    return story, patient_id


def _fence(denial: Denial, row: Model | None, patient_id: UUID | None) -> str:
    if denial.rule != REACH:
        return "A rule about actions refused it; whether the patient is in reach was not the cause."
    if denial.resource_id is None:
        return "What the request named in its body was not within reach."
    if row is None:
        return "This organization has no such record: it never existed, or it is another's."
    if patient_id is None:
        return "The record is there; this login's role does not show it."
    granted = _was_in_circle(denial, patient_id)
    if not granted:
        return (
            "Circle of care: no membership, referral, appointment or override gave this login a "
            "reason to see the patient at that moment."
        )
    return "Consent: the patient was in reach, and a directive or its sensitivity withheld it."


def _was_in_circle(denial: Denial, patient_id: UUID) -> bool:
    roles = tuple(PractitionerRole.objects.filter(practitioner__user_id=denial.user_id))
    asked = Actor(denial.organization_id, denial.actor, denial.user_id, practitioner_roles=roles)
    found: bool = circle(asked, denial.recorded_at).filter(patient_id=patient_id).exists()
    return found


def _asked_for(denial: Denial) -> Model | None:
    if not denial.resource or denial.resource_id is None:
        return None
    model: Any = apps.get_model(denial.resource)
    found: Model | None = model.objects.filter(pk=denial.resource_id).first()
    return found


def _patient_of(row: Model) -> UUID | None:
    if isinstance(row, Patient):
        return row.pk
    labels = getattr(row, "labels", None)
    found: Any = row
    for name in (labels.patient if labels else "patient_id").split("__"):
        found = getattr(found, name, None)
    return found if isinstance(found, UUID) else None
