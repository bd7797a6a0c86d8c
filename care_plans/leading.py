"""Who answers for a plan now: the lead, or, while the lead has lapsed, who stands in.

A lead has lapsed who may not practise now, or cannot log in: nobody can tell them anything, and
they can do nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from coordination.models import OPEN_WORK, CareTeamMember, HandOff, PractitionerRole
from coordination.problems import NotAllowed
from coordination.reaching import has_login
from notifications.outbox import Recipient, schedulers


class LeadLapsed(NotAllowed):
    """Nobody overrides a gate while the lead may not practise, or cannot log in."""

    type = "lead-lapsed"


def lead_role(patient_id: UUID) -> PractitionerRole | None:
    """Return the role of the accountable lead, lapsed or not; None before intake."""
    member = _leading(patient_id).first()
    return member.practitioner_role if member else None


def has_lapsed(patient_id: UUID, *, now: datetime) -> bool:
    """Say whether there is a lead who may not practise at this moment, or cannot log in."""
    lead, is_there = _lead(patient_id, now)
    return lead is not None and not is_there


def must_not_have_lapsed(patient_id: UUID, *, now: datetime) -> None:
    """Raise `LeadLapsed` unless the lead may practise at this moment, and can log in."""
    if has_lapsed(patient_id, now=now):
        raise LeadLapsed(
            "The lead may not practise now, or cannot log in, so no gate can be overridden until "
            "somebody has accepted the hand-off."
        )


def told_as_lead(patient_id: UUID, *, now: datetime) -> list[Recipient]:
    """Return who hears what the lead is to hear.

    A lead who has lapsed is not written to: the schedulers hear it then, and whoever is named to
    take over.
    """
    lead, is_there = _lead(patient_id, now)
    if lead is None:
        return []
    if is_there:
        return [Recipient(practitioner_role_id=lead.id)]
    named = [Recipient(practitioner_role_id=one) for one in _named(patient_id)]
    return [*named, *schedulers(now=now)]


def leads(patient_id: UUID, role_ids: set[UUID], *, now: datetime) -> bool:
    """Say whether one of these roles is the lead, or is asked to take over from a lapsed one."""
    lead, is_there = _lead(patient_id, now)
    if lead is None:
        return False
    if lead.id in role_ids:
        return True
    return not is_there and bool(role_ids & set(_named(patient_id)))


def _leading(patient_id: UUID) -> Any:
    return CareTeamMember.objects.filter(
        patient_id=patient_id, role=CareTeamMember.Role.LEAD, until=None
    ).select_related("practitioner_role__location")


def _lead(patient_id: UUID, now: datetime) -> tuple[PractitionerRole | None, bool]:
    """Return the lead, and whether they may practise and can log in (`can_be_told`)."""
    logs_in = has_login(now, "practitioner_role__practitioner")
    member = _leading(patient_id).annotate(has_login=logs_in).first()
    if member is None:
        return None, False
    role: PractitionerRole = member.practitioner_role
    return role, member.has_login and role.is_registered(now)


def _named(patient_id: UUID) -> list[UUID]:
    found = HandOff.objects.filter(
        patient_id=patient_id, closed_at=None, work_item__status__in=OPEN_WORK
    )
    owned = found.filter(work_item__owner__isnull=False)
    return list(owned.values_list("work_item__owner_id", flat=True))
