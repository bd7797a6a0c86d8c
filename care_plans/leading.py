"""Who answers for a plan now: the lead, or, while their registration is lapsed, who stands in."""

from datetime import datetime
from uuid import UUID

from coordination.models import OPEN_WORK, CareTeamMember, HandOff, PractitionerRole
from coordination.problems import NotAllowed
from notifications.outbox import Recipient, schedulers


class LeadLapsed(NotAllowed):
    """Nobody overrides a gate while the lead's registration is not valid."""

    type = "lead-lapsed"


def lead_role(patient_id: UUID) -> PractitionerRole | None:
    """Return the role of the accountable lead, registered or not; None before intake."""
    member: CareTeamMember | None = (
        CareTeamMember.objects.filter(
            patient_id=patient_id, role=CareTeamMember.Role.LEAD, until=None
        )
        .select_related("practitioner_role__location")
        .first()
    )
    return member.practitioner_role if member else None


def has_lapsed(patient_id: UUID, *, now: datetime) -> bool:
    """Say whether there is a lead whose registration is not valid at this moment."""
    lead = lead_role(patient_id)
    return lead is not None and not lead.is_registered(now)


def must_not_have_lapsed(patient_id: UUID, *, now: datetime) -> None:
    """Raise `LeadLapsed` unless the lead may practise at this moment."""
    if has_lapsed(patient_id, now=now):
        raise LeadLapsed(
            "The lead's registration is not valid, so no gate can be overridden until "
            "somebody has accepted the hand-off."
        )


def told_as_lead(patient_id: UUID, *, now: datetime) -> list[Recipient]:
    """Return who hears what the lead is to hear.

    Nobody is written to under a lapsed registration: the schedulers hear it then, and whoever is
    named to take over.
    """
    lead = lead_role(patient_id)
    if lead is None:
        return []
    if lead.is_registered(now):
        return [Recipient(practitioner_role_id=lead.id)]
    named = [Recipient(practitioner_role_id=one) for one in _named(patient_id)]
    return [*named, *schedulers(now=now)]


def leads(patient_id: UUID, role_ids: set[UUID], *, now: datetime) -> bool:
    """Say whether one of these roles is the lead, or is asked to take over from a lapsed one."""
    lead = lead_role(patient_id)
    if lead is None:
        return False
    if lead.id in role_ids:
        return True
    return not lead.is_registered(now) and bool(role_ids & set(_named(patient_id)))


def _named(patient_id: UUID) -> list[UUID]:
    found = HandOff.objects.filter(
        patient_id=patient_id, closed_at=None, work_item__status__in=OPEN_WORK
    )
    owned = found.filter(work_item__owner__isnull=False)
    return list(owned.values_list("work_item__owner_id", flat=True))
