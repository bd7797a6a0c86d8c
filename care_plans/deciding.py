"""What a person decides about a recommendation."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from care_plans import lanes, scope, standing
from care_plans.disclosing import rests_on_hidden
from care_plans.models import Course, Lane, Recommendation
from care_plans.telling import tell
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import Invalid, NotAllowed, NotFound, Stale, VersionMismatch
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
    recommendation_id: UUID,
    action: str,
    *,
    version: int,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Recommendation:
    """Accept or decline a recommendation; accepting one that names a lane opens that lane.

    Nothing else follows by itself: whoever accepts does the rest. `version` is the trace that they
    have read. Raises `RecommendationNotFound`, `Denied`, `Invalid` where declining gives no reason,
    `NotAllowed` when it was decided or has lapsed, `VersionMismatch` when it rests on something
    else by now, `Stale` when somebody else was faster.
    """
    found = recommendation_for(actor, recommendation_id, now=now)
    role = scope.require(
        "recommendation.decide",
        found,
        actor=actor,
        disciplines=lanes.needed_disciplines(found.course),
    )
    standing.hold(found.course_id)
    # whoever traces it anew holds the course as well: it may rest on what is withheld by now
    found = recommendation_for(actor, recommendation_id, now=now)
    to = MOVES.get((found.status, action))
    if to is None:
        raise NotAllowed(_AGAIN[Status(found.status)])
    if action == "decline" and not reason.strip():
        raise Invalid.field("/reason", "Say why it is not followed.")
    if version != found.version:
        raise VersionMismatch(
            f"Why this is suggested has changed since you read it. Now: {found.finding['sentence']}"
        )
    return _decided(found, to, role, reason=reason, actor=actor, now=now)


def follow_redirects(
    course: Course,
    pathway: str,
    role: PractitionerRole,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Accept what points to a pathway, as far as the actor may know it: they switch to that one.

    The course's row must be locked.
    """
    rows = Recommendation.objects.filter(
        course=course,
        kind=Recommendation.Kind.REDIRECT,
        status=Status.OPEN,
        until=None,
        towards__contains=[pathway],
    )
    for hidden in rests_on_hidden(actor, now, patient="patient_id"):
        rows = rows.exclude(hidden)
    for row in rows.order_by("id"):
        _decided(row, Status.ACCEPTED, role, reason=reason, actor=actor, now=now)


def _decided(
    found: Recommendation,
    to: Recommendation.Status,
    role: PractitionerRole,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Recommendation:
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
