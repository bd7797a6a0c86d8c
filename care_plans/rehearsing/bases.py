"""On what the parts of a rehearsal rest: their sources, and whether any of it is opinion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from care_plans.content.citations import Grade
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS, STAGES
from care_plans.content.stages import CourseWeeks
from care_plans.criteria import sources_of
from care_plans.models import (
    Course,
    Recommendation,
    SeverityChange,
    StageStay,
    StageTransition,
    VersionDecision,
)


@dataclass(frozen=True, slots=True)
class Basis:
    """The sources that count, how well they support it, and whether it is, in part, opinion."""

    source: tuple[str, ...]
    grade: Grade
    is_consensus: bool


def resting_on(definition: PathwayDefinition, keys: Sequence[str]) -> Basis:
    """Return what rests on these sources of a pathway."""
    return Basis(definition.supporting(keys), definition.grade(keys), EXPERT_CONSENSUS in keys)


def of_stays(course: Course, stays: Sequence[StageStay]) -> dict[UUID, Basis]:
    """Return what it rests on how long each stay was expected to last, by the stay's id.

    A stay is expected by the version and the severity that the course had when it was over: what
    was decided afterwards has not changed it.
    """
    found = {}
    for stay, after in zip(stays, [*stays[1:], None], strict=True):
        definition, weeks = _expected(course, stay, after)
        found[stay.pk] = resting_on(definition, weeks.source)
    return found


def _expected(
    course: Course, stay: StageStay, after: StageStay | None
) -> tuple[PathwayDefinition, CourseWeeks]:
    version, severity = course.pathway_version, course.severity
    if after is not None:
        adopted = VersionDecision.objects.filter(
            course=course,
            decision=VersionDecision.Decision.ADOPTED,
            recorded_at__gt=after.recorded_at,
        )
        later = adopted.select_related("from_version__pathway").order_by("recorded_at", "id")
        if (first := later.first()) is not None:
            version = first.from_version
        said = SeverityChange.objects.filter(course=course, recorded_at__lte=after.recorded_at)
        # what is entered late, of a day before a later word, changes nothing that is expected
        latest = said.order_by("-effective_at", "-recorded_at", "-id").first()
        severity = latest.severity if latest is not None else severity
    stage: Any = stay.stage
    how_bad: Any = severity
    return version.definition, version.definition.stage(stage).weeks(how_bad)


def of_task(course: Course, stage: str, key: str) -> Basis | None:
    """Return what it rests on that an activity is done, if the course's version has it."""
    definition = course.pathway_version.definition
    content = definition.stage_named(stage)
    found = content.activity(key) if content is not None else None
    return resting_on(definition, found[1].source) if found is not None else None


def of_lane(course: Course, stage: str, discipline: str) -> Basis | None:
    """Return what it rests on that a stage needs a discipline, or does not, if it knows of it."""
    definition = course.pathway_version.definition
    content = definition.stage_named(stage)
    lanes = content.lanes.items() if content is not None else ()
    lane = next((found for name, found in lanes if name == discipline), None)
    if lane is None:
        return None
    return resting_on(definition, (*lane.source, *sources_of(lane.when)))


def of_move(course: Course, move: StageTransition) -> Basis | None:
    """Return what the criteria rest on that let a course go on; none are asked for other moves."""
    definition = course.pathway_version.definition
    goes_on = move.action in ("start", "advance", "discharge")
    if not goes_on or move.overridden:
        return None
    left = definition.stage_named(move.from_stage)
    entered = definition.stage_named(move.to_stage)
    if move.action == "discharge" and move.from_stage != STAGES[-1]:
        return None
    keys = (
        *sources_of(left.exit if left else None),
        *sources_of(entered.entry if entered else None),
    )
    return resting_on(definition, keys) if keys else None


def of_recommendation(row: Recommendation) -> Basis:
    """Return what a recommendation rests on, by the version that made it."""
    return resting_on(row.pathway_version.definition, row.source)
