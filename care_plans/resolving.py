"""What the lead decides about activities that are in each other's way, and what waits for it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from care_plans import leading, releasing, scope
from care_plans.conflicts import BEGUN, OPEN, Conflict, Standing, found, of_plan, state_of
from care_plans.models import Activity, ConflictDecision, Course
from care_plans.plans import plan_for
from care_plans.telling import tell
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import FieldError, Invalid, NotAllowed

Decision = ConflictDecision.Decision

#: (standing, decision) -> standing
MOVES: Mapping[tuple[Standing, str], Standing] = {
    (Standing.OPEN, Decision.KEEP_BOTH): Standing.KEPT_BOTH,
    (Standing.OPEN, Decision.KEEP_FIRST): Standing.KEPT_FIRST,
    (Standing.OPEN, Decision.KEEP_SECOND): Standing.KEPT_SECOND,
    (Standing.KEPT_BOTH, Decision.REOPEN): Standing.OPEN,
}
INSTEAD = "Another activity of the plan is kept instead of it."


class UnknownConflict(Invalid):
    """No such conflict now: none was, or a course has changed since."""

    type = "unknown-conflict"


class ActivityConflicts(NotAllowed):
    """Another course does something that is in its way, and the lead has not decided."""

    type = "activity-conflicts"
    title = "This activity is in conflict with another one"


def must_not_conflict(activity: Activity) -> None:
    """Raise `ActivityConflicts` where what it conflicts with has begun and nobody has decided.

    The patient's courses must be locked, so that of two that begin at once the later one sees it.
    """
    doings = of_plan(activity.course.care_plan)
    mine = [one for one in found(doings.values()) if activity.pk in (one.first, one.second)]
    others = [one for one in mine if doings[_other(one, activity.pk)].status in BEGUN]
    if not others:
        return
    states = state_of(others)
    undecided = [str(one.id) for one in others if states[one.id][0] is Standing.OPEN]
    if undecided:
        raise ActivityConflicts(
            "Another course of this patient does something that is in its way: the lead decides "
            "first what is kept.",
            conflicts=undecided,
        )


def _other(conflict: Conflict, activity_id: UUID) -> UUID:
    return conflict.second if conflict.first == activity_id else conflict.first


@transaction.atomic
def decide(
    plan_id: UUID,
    conflict_id: UUID,
    decision: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> ConflictDecision:
    """Let the lead keep both activities of a conflict or one of them, or decide again.

    Keeping one stops the other. Raises `PlanNotFound`, `Denied` for anybody but the lead,
    `LeadLapsed`, `Invalid` without a reason, `UnknownConflict` where there is none (any more), and
    `NotAllowed` for a decision that does not follow on the last one.
    """
    plan = plan_for(actor, plan_id, now=now)
    role = scope.require("conflict.decide", plan, actor=actor)
    leading.must_not_have_lapsed(plan.patient_id, now=now)
    if not reason.strip():
        raise Invalid.field("/reason", "Say why.")
    # Whoever begins an activity, or plans others, takes the same locks in the same order.
    list(
        Course.objects.select_for_update(no_key=True)
        .filter(patient_id=plan.patient_id)
        .order_by("id")
    )
    conflict = {one.id: one for one in found(of_plan(plan).values())}.get(conflict_id)
    if conflict is None:
        words = "There is no such conflict on this plan now."
        raise UnknownConflict(words, errors=[FieldError("/conflict", words)])
    standing, last = state_of([conflict])[conflict.id]
    to = MOVES.get((standing, decision))
    if to is None:
        raise NotAllowed("Both are kept already." if standing != Standing.OPEN else "It is open.")
    kept = _keep(conflict, last, plan_id, decision, reason, role, actor=actor, now=now)
    tell(
        "conflict.decided",
        subject="ConflictDecision",
        subject_id=kept.pk,
        patient_id=plan.patient_id,
        actor=actor,
        now=now,
        detail={"conflict": str(conflict.id), "kind": conflict.kind, "decision": decision},
    )
    if to is Standing.KEPT_FIRST:
        _stop(conflict.second, actor=actor, now=now)
    elif to is Standing.KEPT_SECOND:
        _stop(conflict.first, actor=actor, now=now)
    return kept


def _keep(
    conflict: Conflict,
    last: ConflictDecision | None,
    plan_id: UUID,
    decision: str,
    reason: str,
    role: PractitionerRole,
    *,
    actor: Actor,
    now: datetime,
) -> ConflictDecision:
    first = Activity.objects.select_related("course").get(pk=conflict.first)
    kept: ConflictDecision = ConflictDecision.objects.create(
        organization_id=first.organization_id,
        patient_id=first.course.patient_id,
        care_plan_id=plan_id,
        conflict=conflict.id,
        kind=conflict.kind,
        first=first,
        second_id=conflict.second,
        about=list(conflict.about),
        sequence=last.sequence + 1 if last is not None else 1,
        decision=decision,
        reason=reason,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    return kept


def _stop(activity_id: UUID, *, actor: Actor, now: datetime) -> None:
    Activity.objects.filter(pk=activity_id, status__in=OPEN).update(
        status=Activity.Status.STOPPED,
        because=INSTEAD,
        ended_at=Greatest(F("began_at"), Value(now)),
        version=F("version") + 1,
        updated_at=now,
    )
    activities = Activity.objects.select_related("course__pathway_version")
    stopped = activities.defer("course__pathway_version__content").get(pk=activity_id)
    tell(
        "activity.stop",
        subject="Activity",
        subject_id=stopped.pk,
        patient_id=stopped.course.patient_id,
        actor=actor,
        now=now,
        detail={"status": stopped.status},
    )
    if stopped.course.status == Course.Status.ACTIVE:
        releasing.follow_move(stopped, now=now)
