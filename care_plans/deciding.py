"""What a person decides about a recommendation, and how often each rule was followed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q

from care_plans import lanes, scope, standing
from care_plans.disclosing import rests_on_hidden
from care_plans.models import Lane, Recommendation, StageTransition
from care_plans.telling import tell
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.problems import Invalid, NotAllowed, NotFound, Stale
from notifications.outbox import cancel

Status = Recommendation.Status

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], Recommendation.Status] = {
    (Status.OPEN, "accept"): Status.ACCEPTED,
    (Status.OPEN, "decline"): Status.DECLINED,
}


class RecommendationNotFound(NotFound):
    """No such recommendation, or none that this actor has a reason to see."""

    type = "recommendation-not-found"


def recommendation_for(actor: Actor, recommendation_id: UUID, *, now: datetime) -> Recommendation:
    """Return a recommendation within reach and wholly shown, or raise `RecommendationNotFound`."""
    rows = Recommendation.objects.select_related("course")
    mine = owned_by_patient(rows, actor, now)
    for hidden in rests_on_hidden(actor, now, patient="patient_id"):
        mine = mine.exclude(hidden)
    found = mine.filter(pk=recommendation_id).first()
    if found is None:
        raise RecommendationNotFound("There is no such recommendation within your reach.")
    return found


@transaction.atomic
def decide(
    recommendation_id: UUID, action: str, *, reason: str = "", actor: Actor, now: datetime
) -> Recommendation:
    """Accept or decline a recommendation; accepting one that names a lane opens that lane.

    Nothing else follows by itself: whoever accepts does the rest. Raises
    `RecommendationNotFound`, `Denied`, `Invalid` where declining gives no reason, `NotAllowed`
    when it was decided or has lapsed, `Stale` when somebody else was faster.
    """
    found = recommendation_for(actor, recommendation_id, now=now)
    role = scope.require(
        "recommendation.decide",
        found,
        actor=actor,
        disciplines=lanes.needed_disciplines(found.course),
    )
    to = MOVES.get((found.status, action))
    if to is None:
        raise NotAllowed(_AGAIN[Status(found.status)])
    if action == "decline" and not reason.strip():
        raise Invalid.field("/reason", "Say why it is not followed.")
    standing.hold(found.course_id)
    decided = Recommendation.objects.filter(pk=found.pk, status=found.status).update(
        status=to, decided_by=role, decided_at=max(now, found.made_at), reason=reason
    )
    if not decided:
        raise Stale("This recommendation was decided, or has lapsed, meanwhile.")
    found.refresh_from_db()
    cancel(subject_ids=[found.pk], reason="it was decided", actor=actor, now=now)
    tell(
        f"recommendation.{to}",
        subject="Recommendation",
        subject_id=found.pk,
        patient_id=found.patient_id,
        actor=actor,
        now=now,
        detail={"rule": found.rule, "kind": found.kind},
    )
    if to is Status.ACCEPTED and found.lane:
        _open_lane(found, actor=actor, now=now)
    return found


_AGAIN: Mapping[Status, str] = {
    Status.ACCEPTED: "This recommendation was accepted already.",
    Status.DECLINED: "This recommendation was declined already.",
    Status.LAPSED: "This recommendation has lapsed: its rule is met no more.",
}


def _open_lane(found: Recommendation, *, actor: Actor, now: datetime) -> None:
    lane = Lane.objects.filter(course_id=found.course_id, discipline=found.lane).first()
    if lane is None:
        raise NotAllowed("This course has no such lane: refer the patient instead.")
    if lane.needed == Lane.Needed.NEEDED:
        return
    standing.decide_lane(
        lane.pk,
        version=lane.version,
        needed=True,
        reason=found.reason or found.then,
        actor=actor,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class RuleOutcomes:
    """How often one rule of one version was met in the organization, and what was decided."""

    pathway: str
    version: str
    rule: str
    made: int
    accepted: int
    declined: int
    lapsed: int
    open: int
    overridden: int

    @property
    def override_rate(self) -> float | None:
        """Return the share of decisions that went against the rule; None while nobody decided."""
        decided = self.accepted + self.declined + self.overridden
        return (self.declined + self.overridden) / decided if decided else None


def rule_outcomes(*, since: datetime | None = None) -> list[RuleOutcomes]:
    """Return what became of each rule in the organization of the transaction, by its name.

    Criteria that a lead overrode when a course went on are counted under `criterion.<id>`, which
    has no other figures: nobody counts how often a criterion was simply met.
    """
    made = Recommendation.objects.filter(**({"made_at__gte": since} if since else {}))
    names = ("pathway_version__pathway__slug", "pathway_version__version", "rule")
    counts: Any = {
        name: Count("pk", filter=Q(status=name))
        for name in ("accepted", "declined", "lapsed", "open")
    }
    found = [
        RuleOutcomes(
            pathway=row["pathway_version__pathway__slug"],
            version=row["pathway_version__version"],
            rule=row["rule"],
            made=row["made"],
            overridden=0,
            **{name: row[f"n_{name}"] for name in counts},
        )
        for row in made.values(*names).annotate(
            made=Count("pk"), **{f"n_{name}": count for name, count in counts.items()}
        )
    ]
    return sorted(
        [*found, *_overridden(since)], key=lambda one: (one.pathway, one.version, one.rule)
    )


def _overridden(since: datetime | None) -> list[RuleOutcomes]:
    moves = StageTransition.objects.filter(overridden=True)
    if since is not None:
        moves = moves.filter(recorded_at__gte=since)
    tally: dict[tuple[str, str, str], int] = {}
    rows = moves.values_list("course__pathway__slug", "course__pathway_version__version", "unmet")
    for pathway, version, unmet in rows:
        for name in {finding.get("id") or finding["kind"] for finding in unmet}:
            key = (pathway, version, f"criterion.{name}")
            tally[key] = tally.get(key, 0) + 1
    return [
        RuleOutcomes(pathway, version, rule, 0, 0, 0, 0, 0, overridden=count)
        for (pathway, version, rule), count in tally.items()
    ]
