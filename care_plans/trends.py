"""How the measures of a course have developed, for every discipline alike.

A point that is withheld from the reader is left out, and what is said of the development is said of
the points that they see; what the scores say of a goal (`achieving`) rests on all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from care_plans import facts as facts_of_courses
from care_plans.disclosing import disclose
from care_plans.evidence import MeasureFacts, ScoreFact, in_order
from care_plans.models import Course, Goal, Score, StageStay
from care_plans.movement import Direction, movement
from coordination.actors import Actor


@dataclass(frozen=True, slots=True)
class Point:
    """One score: when it was taken and why then, in which stage, and by which discipline."""

    score: UUID
    assessment: UUID
    value: Decimal
    effective_at: datetime
    recorded_at: datetime
    collection_point: str
    stage: str
    discipline: str
    method: str
    measure_version: int | None


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure of one side, or one subscale of it, over a course.

    `gain` is from the first to the last point that may be compared, in the direction of
    improvement; None where nobody knows that direction, or there are no two such points.
    """

    measure: str
    name: str
    side: str
    subscale: str
    better: str
    points: tuple[Point, ...]
    compared_from: UUID | None
    compared_to: UUID | None
    gain: Decimal | None
    matters_from: Decimal | None
    direction: Direction
    goals: tuple[UUID, ...]


def trends(course: Course, *, actor: Actor, now: datetime) -> list[Trend]:
    """Return the trend of each measure of a course, as far as the reader may know."""
    known = facts_of_courses.gather([course], now=now)[course.id]
    told = _told(course, actor, now)
    shown = [one for one in known.scores if one.id in told and one.effective_at <= now]
    goals = disclose(Goal.objects.filter(course=course), actor, now)
    named = list(goals.order_by("id").values_list("pk", "measures"))
    series: dict[tuple[str, str, str], list[ScoreFact]] = {}
    for fact in in_order(one for one in shown if one.item is None):
        series.setdefault((fact.measure, fact.side, fact.subscale), []).append(fact)
    return [
        _trend(
            known.measures[measure], taken, told, [pk for pk, slugs in named if measure in slugs]
        )
        for (measure, _, _), taken in sorted(series.items())
    ]


def _told(course: Course, actor: Actor, now: datetime) -> Mapping[UUID, tuple[str, str, str]]:
    """Return what is shown beside each score that nothing withholds."""
    mine = Score.objects.filter(assessment__course=course, assessment__replaced_by=None, item=None)
    rows = disclose(mine, actor, now).values_list(
        "pk",
        "assessment__effective_at",
        "assessment__collection_point",
        "assessment__practitioner_role__discipline",
    )
    stays = list(
        StageStay.objects.filter(course=course)
        .order_by("sequence")
        .values_list("stage", "entered_at", "left_at")
    )
    return {
        pk: (point, _stage_at(at, stays), discipline or "") for pk, at, point, discipline in rows
    }


def _stage_at(at: datetime, stays: Iterable[tuple[str, datetime, datetime | None]]) -> str:
    """Return the stage that the course was in; blank before the first."""
    return next(
        (stage for stage, came, left in stays if came <= at and (left is None or at < left)), ""
    )


def _trend(
    measure: MeasureFacts,
    taken: list[ScoreFact],
    told: Mapping[UUID, tuple[str, str, str]],
    goals: list[UUID],
) -> Trend:
    moved = movement(measure, taken)
    return Trend(
        measure=taken[0].measure,
        name=measure.name,
        side=taken[0].side,
        subscale=taken[0].subscale,
        better=measure.better,
        points=tuple(_point(fact, *told[fact.id]) for fact in taken),
        compared_from=moved.first.id if moved else None,
        compared_to=moved.last.id if moved else None,
        gain=moved.gain if moved else None,
        matters_from=moved.matters_from if moved else None,
        direction=moved.direction if moved else "unknown",
        goals=tuple(goals),
    )


def _point(fact: ScoreFact, point: str, stage: str, discipline: str) -> Point:
    return Point(
        score=fact.id,
        assessment=fact.assessment_id,
        value=fact.value,
        effective_at=fact.effective_at,
        recorded_at=fact.recorded_at,
        collection_point=point,
        stage=stage,
        discipline=discipline,
        method=fact.method,
        measure_version=fact.version,
    )
