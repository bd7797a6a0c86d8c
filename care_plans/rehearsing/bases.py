"""On what the parts of a rehearsal rest: their sources, and whether any of it is opinion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from care_plans.content.citations import Grade
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.content.stages import CourseWeeks
from care_plans.models import Course, SeverityChange, StageStay, VersionDecision


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
