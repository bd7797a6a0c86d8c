"""What lanes do in a stage: planned from the pathway, begun, held by a red flag, ended."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest

from care_plans import releasing, resolving, scope
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import StageName
from care_plans.content.stages import Activity as ActivityContent
from care_plans.editing import save_edit
from care_plans.evaluation import Asked
from care_plans.evidence import Facts, Outcome
from care_plans.goals import plan_goals
from care_plans.loading import told_loading
from care_plans.models import Activity, Course, Goal, Lane
from care_plans.telling import tell
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import Invalid, NotAllowed, NotFound, Stale
from coordination.refusals import Words, actions_from

Status = Activity.Status

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], Status] = {
    (Status.NOT_STARTED, "begin"): Status.IN_PROGRESS,
    (Status.ON_HOLD, "begin"): Status.IN_PROGRESS,
    (Status.IN_PROGRESS, "complete"): Status.COMPLETED,
    (Status.NOT_STARTED, "stop"): Status.STOPPED,
    (Status.IN_PROGRESS, "stop"): Status.STOPPED,
    (Status.ON_HOLD, "stop"): Status.STOPPED,
}
WORDS = Words(
    subject="This activity",
    states={
        Status.NOT_STARTED: "has not begun",
        Status.IN_PROGRESS: "has begun",
        Status.ON_HOLD: "is on hold",
        Status.COMPLETED: "was completed",
        Status.STOPPED: "was stopped",
    },
    actions={"begin": "begun", "complete": "completed", "stop": "stopped"},
)
#: why nothing moves while the course is not active
_NOT_ACTIVE: Mapping[str, str] = {
    Course.Status.INTAKE: "waits for its course to be started",
    Course.Status.PAUSED: "waits for its paused course to be resumed",
    Course.Status.DISCHARGED: "belongs to a course that has ended",
}
NOT_NEEDED = "The lane is not needed."
_OPEN = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.ON_HOLD)


class ActivityNotFound(NotFound):
    """No such activity, or none that this actor has a reason to see."""

    type = "activity-not-found"


class LoadingHeld(NotAllowed):
    """Loading must not begin while a red flag is open, or before red flags were screened."""

    type = "loading-held"


def activity_for(actor: Actor, activity_id: UUID, *, now: datetime) -> Activity:
    """Return an activity within the actor's reach, or raise `ActivityNotFound`."""
    activities = owned_by_patient(
        Activity.objects.select_related("course__pathway_version", "lane", "goal").defer(
            "course__pathway_version__content"
        ),
        actor,
        now,
        path="course__patient_id",
    )
    activity = activities.filter(pk=activity_id).first()
    if activity is None:
        raise ActivityNotFound("There is no such activity within your reach.")
    return activity


def plan_stage(
    course: Course,
    definition: PathwayDefinition,
    stage: StageName,
    sequence: int,
    facts: Facts,
    *,
    now: datetime,
) -> None:
    """Let work on the stage's goals begin, and give its needed lanes their activities.

    Safe to repeat. `sequence` is the stay that they are for: one entered again is planned again.
    """
    goals = plan_goals(course, definition, stage, now=now)
    lanes = Lane.objects.filter(course=course, needed=Lane.Needed.NEEDED)
    asked = Asked(definition, facts, now)
    Activity.objects.bulk_create(
        [
            _planned(course, lane, goals[activity.goal], activity, stage, sequence)
            for lane in lanes
            for activity in _content_of(definition, stage, lane)
            if _applies(activity, asked)
        ],
        ignore_conflicts=True,
    )


def conditional(definition: PathwayDefinition) -> set[str]:
    """Return the activities that only some facts call for, by their ids."""
    return {
        activity.id
        for stage in definition.stages.values()
        for lane in stage.lanes.values()
        for activity in lane.activities
        if activity.when is not None
    }


def waiting(
    asked: Asked, stage: StageName, disciplines: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Return discipline and id of the conditional activities that the facts call for now."""
    for name, lane in asked.definition.stage(stage).lanes.items():
        for activity in lane.activities if name in disciplines else ():
            if activity.when is not None and _applies(activity, asked):
                yield name, activity.id


def _content_of(
    definition: PathwayDefinition, stage: StageName, lane: Lane
) -> tuple[ActivityContent, ...]:
    lanes = {str(name): content for name, content in definition.stage(stage).lanes.items()}
    content = lanes.get(lane.discipline)
    return content.activities if content else ()


def _applies(activity: ActivityContent, asked: Asked) -> bool:
    """An activity with a condition waits until that is known to be met."""
    return activity.when is None or asked.is_met(activity.when)


def _planned(
    course: Course,
    lane: Lane,
    goal: Goal,
    content: ActivityContent,
    stage: StageName,
    sequence: int,
) -> Activity:
    return Activity(
        organization_id=course.organization_id,
        course=course,
        lane=lane,
        goal=goal,
        stage=stage,
        sequence=sequence,
        key=content.id,
        **told_by(content),
    )


def told_by(content: ActivityContent) -> dict[str, Any]:
    """Return what an activity says in the words of its version, by field."""
    return {
        "text": content.text,
        "caution": content.caution or "",
        "dose_level": content.dose_level or "",
        "cadence": "" if content.cadence == "unknown" else content.cadence,
        "is_loading": content.is_loading,
        "is_optional": content.optional,
    }


@transaction.atomic
def edit_activity(
    activity_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Activity:
    """Change cadence or note; `dosing.change_dose` changes the dose level.

    Raises `VersionMismatch`, `Denied`, and `NotAllowed` once the course has ended.
    """
    activity = activity_for(actor, activity_id, now=now)
    course = activity.course
    require_for("activity.edit", activity, actor)
    if course.status == Course.Status.DISCHARGED:
        raise NotAllowed("This course has ended.")
    return save_edit(
        activity,
        version=version,
        fields=fields,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
    )


@transaction.atomic
def move_activity(
    activity_id: UUID, action: str, *, actor: Actor, now: datetime, because: str = ""
) -> Activity:
    """Begin, complete or stop an activity; stopping says why.

    What waited for it is released, or stopped, in the same transaction. Raises `NotAllowed` for a
    move that is not there, `ActivityWaits` for what may not begin or be completed yet,
    `ActivityConflicts` for what is in the way of another course, `LoadingHeld` when loading must
    not begin, `Denied` for another discipline, `Stale` when somebody else was faster.
    """
    seen = activity_for(actor, activity_id, now=now)
    require_for(f"activity.{action}", seen, actor)
    # What a third activity waits for may be completed at once with another, and what conflicts may
    # begin at once on two courses: the later one must see it.
    lock_courses(seen.course.patient_id)
    activity = activity_for(actor, activity_id, now=now)
    course = activity.course
    if activity.status != seen.status:
        raise Stale("Somebody else moved this activity first.")
    target = MOVES.get((activity.status, action))
    if course.status != Course.Status.ACTIVE:
        has_ended = course.status == Course.Status.DISCHARGED
        told = WORDS.refuse_as(_NOT_ACTIVE[course.status], action, [] if has_ended else None)
        raise NotAllowed(told)
    if target is None:
        instead = actions_from(MOVES, activity.status)
        raise NotAllowed(WORDS.refuse(activity.status, action, instead))
    if action == "stop" and not because.strip():
        raise Invalid.field("/because", "Say why.")
    if action == "begin" and activity.status == Status.NOT_STARTED:
        releasing.must_be_released(activity, actor=actor, now=now)
    elif action == "complete":
        releasing.must_be_completable(activity, actor=actor, now=now)
    if action == "begin":
        resolving.must_not_conflict(activity)
    if action == "begin" and activity.is_loading:
        must_be_safe(course, actor=actor, now=now)
    moved = Activity.objects.filter(pk=activity.pk, status=activity.status).update(
        status=target,
        because=because if target == Status.STOPPED else "",
        version=F("version") + 1,
        updated_at=now,
        **_moments(activity, target, now),
    )
    if not moved:
        raise Stale("Somebody else moved this activity first.")
    activity.refresh_from_db()
    tell(
        f"activity.{action}",
        subject="Activity",
        subject_id=activity.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        detail={"status": target},
    )
    releasing.follow_move(activity, now=now)
    return activity


def _moments(activity: Activity, target: Status, now: datetime) -> dict[str, Any]:
    if target == Status.IN_PROGRESS:
        return {} if activity.began_at else {"began_at": now}
    return {"ended_at": _ended(now)}


def _ended(now: datetime) -> Greatest:
    """Return when something ends; clocks of two processes may differ, and none ends before."""
    return Greatest(F("began_at"), Value(now))


def require_for(rule: str, activity: Activity, actor: Actor) -> PractitionerRole:
    """Return the role in which the actor may do this to an activity, or raise `Denied`."""
    return scope.require(
        rule,
        activity.course,
        actor=actor,
        disciplines=[activity.lane.discipline],
        kinds=["loading" if activity.is_loading else "other"],
    )


def must_be_safe(course: Course, *, actor: Actor, now: datetime) -> None:
    """Raise `LoadingHeld` unless loading may begin or rise now; holds the course's row."""
    # Whoever records a red flag takes the same lock, so neither slips past the other.
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    told = told_loading(course, actor=actor, now=now)
    if told["outcome"] != Outcome.MET:
        raise LoadingHeld(f"Loading is held: {told['sentence']}", finding=told)


def stop_open_activities(course: Course, *, because: str, now: datetime) -> None:
    """Stop whatever is not completed, since its stage or its course has ended."""
    _stop(Activity.objects.filter(course=course), because=because, now=now)


def stop_lane(lane: Lane, *, because: str, now: datetime) -> None:
    """Stop whatever a lane has not completed, since it is not needed any more."""
    _stop(Activity.objects.filter(lane=lane), because=because, now=now)


def reopen_lane(lane: Lane, *, sequence: int, actor: Actor, now: datetime) -> None:
    """Plan again what a stay's lane lost when it was not needed; what people stopped stays so.

    It begins anew; the audit trail keeps from when to when it was done before.
    """
    lost = Activity.objects.filter(
        lane=lane, sequence=sequence, status=Status.STOPPED, because=NOT_NEEDED
    )
    for activity in lost.exclude(began_at=None).order_by("id"):
        assert activity.began_at is not None
        assert activity.ended_at is not None
        tell(
            "activity.reopened",
            subject="Activity",
            subject_id=activity.pk,
            patient_id=lane.course.patient_id,
            actor=actor,
            now=now,
            detail={
                "began_at": activity.began_at.isoformat(),
                "ended_at": activity.ended_at.isoformat(),
            },
        )
    lost.update(
        status=Status.NOT_STARTED,
        because="",
        began_at=None,
        ended_at=None,
        version=F("version") + 1,
        updated_at=now,
    )


def stop_unneeded(course: Course, *, now: datetime) -> None:
    """Stop what was planned for lanes that the stage turned out not to need."""
    unneeded = Activity.objects.filter(course=course, lane__needed=Lane.Needed.NOT_NEEDED)
    _stop(unneeded, because=NOT_NEEDED, now=now)


def _stop(rows: QuerySet[Activity, Activity], *, because: str, now: datetime) -> None:
    rows.filter(status__in=_OPEN).update(
        status=Status.STOPPED,
        because=because,
        ended_at=_ended(now),
        version=F("version") + 1,
        updated_at=now,
    )


#: true for as long as it stands there, also once the flag is cleared
HELD = "A red flag was found."


def lock_courses(patient_id: UUID) -> list[Course]:
    """Return every course of a patient, its row held until the transaction ends.

    Whoever will touch several takes them all first, in this one order, so that nobody deadlocks.
    """
    rows = Course.objects.select_for_update(no_key=True).filter(patient_id=patient_id)
    return list(rows.order_by("id"))


def stop_for_red_flag(patient_id: UUID, *, actor: Actor, now: datetime) -> int:
    """Hold every loading activity in progress on any course of a patient; return how many.

    Called when a hard stop is recorded. They begin again only once `evaluation.may_load` says
    so. Locks the patient's courses until the transaction ends.
    """
    locked = lock_courses(patient_id)
    courses = [course for course in locked if course.status != Course.Status.DISCHARGED]
    held: int = Activity.objects.filter(
        course__in=courses, is_loading=True, status=Status.IN_PROGRESS
    ).update(
        status=Status.ON_HOLD,
        because=HELD,
        version=F("version") + 1,
        updated_at=now,
    )
    for course in courses if held else []:
        tell(
            "course.loading-held",
            subject="Course",
            subject_id=course.pk,
            patient_id=patient_id,
            actor=actor,
            now=now,
        )
    return held
