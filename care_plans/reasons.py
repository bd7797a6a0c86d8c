"""By which rule of which version a lane, an activity or a goal of a course is as it is.

What is asked is answered by what is recorded now, as far as the reader may know it. Nothing is told
of a pathway to whom its course is withheld, nor of what its present version does not have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from care_plans import dosing
from care_plans import facts as facts_of_courses
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES, Discipline
from care_plans.disclosing import explain
from care_plans.evaluation import evaluate
from care_plans.evidence import Facts, Finding
from care_plans.loading import told_loading
from care_plans.models import Activity, Course, Goal
from coordination.actors import Actor


@dataclass(frozen=True, slots=True)
class Why:
    """A place in a pathway, its sources, and the trace of the condition that stands there."""

    definition: PathwayDefinition
    rule: str
    source: tuple[str, ...]
    finding: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NextDose:
    """The level above the present one, and the trace of each thing that holds it back."""

    level: str
    text: str
    has_gate: bool
    held_by: tuple[Mapping[str, Any], ...]
    why: Why


def of_lane(lane: Any, *, actor: Actor, now: datetime) -> Why | None:
    """Return what the pathway says of a lane in the present stage, and how that stands now."""
    if lane.course_shown is None:
        return None
    course = _course(lane)
    definition = course.pathway_version.definition
    stage: Any = course.stage or STAGES[0]
    content = definition.stage(stage).lanes.get(cast(Discipline, lane.discipline))
    rule = f"stages.{stage}.lanes.{lane.discipline}"
    if content is None:
        return Why(definition, rule, ())
    found: tuple[Finding, ...] = ()
    if content.when is not None:
        found = (evaluate(content.when, definition, _facts(course, now), now),)
    told = explain(found, course.patient_id, actor=actor, now=now)
    return Why(definition, rule, tuple(content.source), told[0] if told else None)


def of_activity(activity: Any) -> Why | None:
    """Return where in the pathway an activity stands; its timing has the traces."""
    if activity.course_shown is None:
        return None
    definition = _course(activity).pathway_version.definition
    stage: Any = activity.stage
    found = definition.stage(stage).activity(activity.key)
    if found is None:
        return None
    rule = f"stages.{stage}.lanes.{found[0]}.activities.{activity.key}"
    return Why(definition, rule, tuple(found[1].source))


def of_going_on(
    activity: Any, *, actor: Actor, now: datetime
) -> tuple[Mapping[str, Any] | None, NextDose | None]:
    """Return whether the loading of an activity may begin, or go on, and its next dose level.

    Nothing is said of one that has ended, or whose course is not active; of loading neither where
    it does not load, nor of a dose where there is no further one.
    """
    course = _course(activity)
    has_ended = activity.status in (Activity.Status.COMPLETED, Activity.Status.STOPPED)
    if has_ended or course.status != Course.Status.ACTIVE:
        return None, None
    facts = _facts(course, now)
    loading = None
    if activity.is_loading:
        loading = told_loading(course, actor=actor, now=now, facts=facts)
    return loading, _next_dose(activity, course, facts, actor, now)


def _next_dose(
    activity: Any, course: Course, facts: Facts, actor: Actor, now: datetime
) -> NextDose | None:
    definition = course.pathway_version.definition
    level = dosing.level_above(activity.dose_level, definition)
    if activity.course_shown is None or level is None:
        return None
    held = dosing.holding(level, activity, definition, facts, now)
    told = tuple(explain(held, course.patient_id, actor=actor, now=now))
    gate = (level.gate.source or ()) if level.gate is not None else ()
    why = Why(definition, f"dose_levels.{level.id}", (*level.source, *gate))
    return NextDose(level.id, level.text, level.gate is not None, told, why)


def of_goal(goal: Goal) -> Why | None:
    """Return where in the pathway a goal stands; its achievement has the trace."""
    definition = _course(goal).pathway_version.definition
    stage: Any = goal.stage
    said = next((one for one in definition.stage(stage).goals if one.id == goal.key), None)
    if said is None:
        return None
    target = (said.target.source or ()) if said.target is not None else ()
    return Why(definition, f"stages.{stage}.goals.{goal.key}", (*said.source, *target))


def _course(row: Any) -> Course:
    courses = Course.objects.select_related("pathway_version").defer("pathway_version__content")
    found: Course = courses.get(pk=row.course_id)
    return found


def _facts(course: Course, now: datetime) -> Facts:
    return facts_of_courses.gather([course], now=now)[course.pk]
