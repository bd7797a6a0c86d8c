"""What a course is for: goals are shared by all lanes, and somebody says when one is reached."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from care_plans import lanes, scope
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES, StageName
from care_plans.content.stages import Goal as GoalContent
from care_plans.criteria import leaves
from care_plans.editing import save_edit
from care_plans.models import Course, Goal
from care_plans.telling import tell
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.problems import NotAllowed, NotFound, Stale
from coordination.refusals import Words, actions_from

Status = Goal.Status

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], Status] = {
    (Status.IN_PROGRESS, "achieve"): Status.ACHIEVED,
    (Status.IN_PROGRESS, "give-up"): Status.NOT_ACHIEVED,
    (Status.ACHIEVED, "reopen"): Status.IN_PROGRESS,
    (Status.NOT_ACHIEVED, "reopen"): Status.IN_PROGRESS,
}
WORDS = Words(
    subject="This goal",
    states={
        Status.PLANNED: "belongs to a later stage",
        Status.IN_PROGRESS: "is being worked on",
        Status.ACHIEVED: "was achieved",
        Status.NOT_ACHIEVED: "was given up",
        Status.CANCELLED: "was cancelled",
    },
    actions={"achieve": "achieved", "give-up": "given up", "reopen": "reopened"},
)


class GoalNotFound(NotFound):
    """No such goal, or none that this actor has a reason to see."""

    type = "goal-not-found"


def plan_goals(
    course: Course, definition: PathwayDefinition, stage: StageName, *, now: datetime
) -> dict[str, Goal]:
    """Give a course every goal of its pathway, and let work on those of a stage begin.

    Each carries the target and the measures of its definition. Those of later stages are planned.
    Returns the stage's goals by key. Safe to repeat.
    """
    known = set(Goal.objects.filter(course=course).values_list("stage", "key"))
    Goal.objects.bulk_create(
        [
            Goal(
                organization_id=course.organization_id,
                course=course,
                stage=name,
                key=goal.id,
                status=Status.PLANNED,
                **told_by(goal),
            )
            for name in STAGES
            for goal in definition.stage(name).goals
            if (name, goal.id) not in known
        ],
        ignore_conflicts=True,
    )
    theirs = Goal.objects.filter(course=course, stage=stage)
    theirs.filter(status=Status.PLANNED).update(status=Status.IN_PROGRESS, updated_at=now)
    return {goal.key: goal for goal in theirs}


def renew_planned(course: Course, definition: PathwayDefinition, *, now: datetime) -> None:
    """Let the goals of later stages say what another version says; what it lacks is cancelled."""
    planned = Goal.objects.filter(course=course, status__in=[Status.PLANNED, Status.CANCELLED])
    for goal in planned:
        name: Any = goal.stage
        content = {one.id: one for one in definition.stage(name).goals}.get(goal.key)
        fields: dict[str, Any] = {"status": Status.CANCELLED}
        if content is not None:
            fields = {"status": Status.PLANNED, **told_by(content)}
        Goal.objects.filter(pk=goal.pk).update(**fields, version=F("version") + 1, updated_at=now)


def told_by(content: GoalContent) -> dict[str, Any]:
    """Return what a goal says in the words of its version, by field."""
    target = content.target
    found = leaves(target) if target is not None else ()
    return {
        "text": content.text,
        "measures": sorted({name for leaf in found if (name := getattr(leaf, "measure", None))}),
        "target": target.model_dump(mode="json", exclude_none=True) if target else None,
    }


def goal_for(actor: Actor, goal_id: UUID, *, now: datetime) -> Goal:
    """Return a goal within the actor's reach, or raise `GoalNotFound`."""
    goals = owned_by_patient(
        Goal.objects.select_related("course"), actor, now, path="course__patient_id"
    )
    goal = goals.filter(pk=goal_id).first()
    if goal is None:
        raise GoalNotFound("There is no such goal within your reach.")
    return goal


@transaction.atomic
def edit_goal(
    goal_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Goal:
    """Change a goal's note. Raises `VersionMismatch`, `Denied`, `NotAllowed` after discharge."""
    goal = goal_for(actor, goal_id, now=now)
    _require("goal.edit", goal, actor)
    if goal.course.status == Course.Status.DISCHARGED:
        raise NotAllowed("This course has ended.")
    return save_edit(
        goal,
        version=version,
        fields=fields,
        patient_id=goal.course.patient_id,
        actor=actor,
        now=now,
    )


@transaction.atomic
def move_goal(goal_id: UUID, action: str, *, actor: Actor, now: datetime) -> Goal:
    """Say that a goal was reached, was not, or is worked on again.

    Raises `NotAllowed` for a move that is not there or a course that has ended, `Denied`, `Stale`.
    """
    goal = goal_for(actor, goal_id, now=now)
    _require(f"goal.{action}", goal, actor)
    # Whoever discharges the course weighs its goals under this lock, so neither slips past.
    goal.course = Course.objects.select_for_update(no_key=True).get(pk=goal.course_id)
    goal.refresh_from_db(fields=["status"])
    target = MOVES.get((goal.status, action))
    if goal.course.status == Course.Status.DISCHARGED:
        raise NotAllowed(WORDS.refuse_as("belongs to a course that has ended", action, []))
    if target is None:
        raise NotAllowed(WORDS.refuse(goal.status, action, actions_from(MOVES, goal.status)))
    moved = Goal.objects.filter(pk=goal.pk, status=goal.status).update(
        status=target, version=F("version") + 1, updated_at=now
    )
    if not moved:
        raise Stale("Somebody else moved this goal first.")
    goal.refresh_from_db()
    _tell(action, goal, target, goal.course, actor=actor, now=now)
    return goal


def reopen(course: Course, stage: str, *, actor: Actor, now: datetime) -> None:
    """Let a course that falls back reach again what it had reached in this stage and later ones.

    The course's row must be locked.
    """
    names = list[str](STAGES)
    stages = names[names.index(stage) :]
    for goal in Goal.objects.filter(course=course, stage__in=stages, status=Status.ACHIEVED):
        Goal.objects.filter(pk=goal.pk).update(
            status=MOVES[goal.status, "reopen"], version=F("version") + 1, updated_at=now
        )
        _tell("reopen", goal, MOVES[goal.status, "reopen"], course, actor=actor, now=now)


def _tell(
    action: str, goal: Goal, status: Status, course: Course, *, actor: Actor, now: datetime
) -> None:
    tell(
        f"goal.{action}",
        subject="Goal",
        subject_id=goal.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        detail={"status": status},
    )


def _require(rule: str, goal: Goal, actor: Actor) -> None:
    disciplines = lanes.needed_disciplines(goal.course)
    scope.require(rule, goal.course, actor=actor, disciplines=disciplines)
