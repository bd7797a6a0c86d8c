"""The facts that routing ranks, gathered in three queries whatever the number of people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value

from coordination.actors import Actor
from coordination.disclosure import disclosed_to, is_bound, something_withheld
from coordination.models import OPEN_WORK, CareTeamMember, PractitionerRole, WorkItem, current
from referrals.models import Referral, RoutingDecision
from referrals.routing import Candidate, Need, Ranked, Reason, rank


def candidates_for(
    referral: Referral, *, now: datetime, reader: Actor | None = None
) -> list[Ranked]:
    """Return everybody of the discipline, ranked for this referral at this moment, with reasons.

    For a `reader` they are ranked as if nobody were in the team whose membership they may not read.
    """
    members = CareTeamMember.objects.filter(current(now), patient_id=referral.patient_id)
    if reader is not None:
        members = members.filter(disclosed_to(CareTeamMember, reader, now, view="directory"))
    team = _people(members)
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
            is_referrer=role.is_referrer,
        )
        for role in _roles(referral)
    ]
    need = Need(discipline=referral.discipline, location_id=referral.location_id)
    return rank(need, facts, now=now)


def _roles(referral: Referral) -> Any:
    open_referrals = Q(work_items__kind=WorkItem.Kind.REFERRAL, work_items__status__in=OPEN_WORK)
    # A person, not a role: whoever refers in one discipline may practise in another as well. What a
    # plan needs is asked for in its lead's name, and the lead may well be the one to do it.
    asked = PractitionerRole.objects.filter(
        pk=referral.requested_by_id, practitioner=OuterRef("practitioner")
    )
    is_referrer = Exists(asked) if referral.lane_id is None else Value(value=False)
    return (
        PractitionerRole.objects.filter(discipline=referral.discipline)
        .select_related("practitioner", "location")
        .annotate(open_load=Count("work_items", filter=open_referrals), is_referrer=is_referrer)
    )


def decisions_on(referral: Referral, *, reader: Actor, now: datetime) -> list[RoutingDecision]:
    """Return how each assignment came about, the first first, as far as the reader may know it.

    Nobody was in the team then whose membership is withheld. From whom anything of the patient is
    withheld sees whom each chose and no rank of the others: an order tells who was in the team.
    """
    decisions = list(RoutingDecision.objects.filter(referral=referral).order_by("id"))
    if not is_bound(reader, view="directory"):
        return decisions
    shown = disclosed_to(CareTeamMember, reader, now, view="directory")
    members = CareTeamMember.objects.filter(shown, patient_id=referral.patient_id)
    roles = PractitionerRole.objects.filter(practitioner_id__in=_people(members))
    known = {str(role_id) for role_id in roles.values_list("pk", flat=True)}
    withheld = something_withheld(reader, now, [referral.patient_id], view="directory")
    for decision in decisions:
        chosen = str(decision.chosen_id)
        decision.candidates = [
            one if one["practitioner_role"] in known else {**one, "reasons": _new(one["reasons"])}
            for one in decision.candidates
            if not withheld or one["practitioner_role"] == chosen
        ]
    return decisions


def _new(reasons: list[dict[str, str]]) -> list[dict[str, str]]:
    new = Reason("new-to-patient", "neutral", "Is new to the patient.")
    told = {"code": new.code, "effect": new.effect, "text": new.text}
    return [told if one["code"] == "in-team" else one for one in reasons]


def _people(members: QuerySet[Any, Any]) -> set[UUID]:
    # A person, not a role: whoever works at two locations is known to the patient at both.
    return set(members.values_list("practitioner_role__practitioner_id", flat=True))


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
