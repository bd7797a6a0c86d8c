"""The facts that routing ranks, gathered in three queries whatever the number of people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from coordination.models import OPEN_WORK, CareTeamMember, PractitionerRole, WorkItem, current
from referrals.models import Referral
from referrals.routing import Candidate, Need, Ranked, rank


def candidates_for(referral: Referral, *, now: datetime) -> list[Ranked]:
    """Return everybody of the discipline, ranked for this referral at this moment, with reasons."""
    team = _team(referral.patient_id, now)
    declined, gave_back = _earlier(referral.id)
    facts = [
        Candidate(
            practitioner_role_id=role.id,
            name=role.practitioner.name,
            discipline=role.discipline,
            location_id=role.location_id,
            location_name=role.location.name,
            time_zone=role.location.time_zone,
            location_is_active=role.location.is_active,
            is_active=role.is_active,
            registered_from=role.registered_from,
            registered_until=role.registered_until,
            capacity=role.capacity,
            open_load=role.open_load,
            in_team=role.practitioner_id in team,
            declined=role.practitioner_id in declined,
            gave_back=role.practitioner_id in gave_back,
        )
        for role in _roles(referral.discipline)
    ]
    need = Need(discipline=referral.discipline, location_id=referral.location_id)
    return rank(need, facts, now=now)


def _roles(discipline: str) -> Any:
    open_referrals = Q(work_items__kind=WorkItem.Kind.REFERRAL, work_items__status__in=OPEN_WORK)
    return (
        PractitionerRole.objects.filter(discipline=discipline)
        .select_related("practitioner", "location")
        .annotate(open_load=Count("work_items", filter=open_referrals))
    )


def _team(patient_id: UUID, now: datetime) -> set[UUID]:
    # A person, not a role: whoever works at two locations is known to the patient at both.
    return set(
        CareTeamMember.objects.filter(current(now), patient_id=patient_id).values_list(
            "practitioner_role__practitioner_id", flat=True
        )
    )


def _earlier(referral_id: UUID) -> tuple[set[UUID], set[UUID]]:
    declined: set[UUID] = set()
    gave_back: set[UUID] = set()
    for status, practitioner_id in WorkItem.objects.filter(
        subject_id=referral_id,
        owner__isnull=False,
        status__in=[WorkItem.Status.REJECTED, WorkItem.Status.CANCELLED],
    ).values_list("status", "owner__practitioner_id"):
        (declined if status == WorkItem.Status.REJECTED else gave_back).add(practitioner_id)
    return declined, gave_back
