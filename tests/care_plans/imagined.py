"""Facts made up for evaluation: a course of hamstring tendinopathy, on the shipped pathway."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from care_plans.content.files import newest, read_measures, read_pathways
from care_plans.content.pathways import PathwayDefinition
from care_plans.criteria import Criterion
from care_plans.evidence import (
    AnswerFact,
    Facts,
    LaneFact,
    MeasureFacts,
    ScoreFact,
    ScreenAnswer,
    ScreenFact,
    Side,
    StayFact,
)

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BEGAN = NOW - 60 * DAY
STAGE_BEGAN = NOW - 30 * DAY
COURSE = UUID(int=1)


@cache
def hamstring() -> PathwayDefinition:
    """Return the newest version of the shipped pathway."""
    measures = {slug: file.definition for slug, file in read_measures().items()}
    return next(
        file.definition
        for file in newest(read_pathways(measures))
        if file.definition.pathway == "hamstring-tendinopathy"
    )


@cache
def measures() -> dict[str, MeasureFacts]:
    """Return what evaluation knows of the shipped measures."""
    return {
        slug: MeasureFacts(
            file.definition.name,
            file.definition.better,
            file.definition.side_required,
            risk=tuple((one.level, one.when) for one in file.definition.risk.levels)
            if file.definition.risk
            else (),
            period=timedelta(days=file.definition.period.days) if file.definition.period else None,
        )
        for slug, file in read_measures().items()
    }


def criterion(**asked: Any) -> Criterion:
    """Build a criterion as a pathway writes it."""
    built: Criterion = TypeAdapter(Criterion).validate_python(asked)
    return built


def facts(**known: Any) -> Facts:
    """Return a right-sided course, 30 days into its acute stage, with what a test adds."""
    whole = Facts(
        course_id=COURSE,
        began_at=BEGAN,
        stay=StayFact(UUID(int=2), "acute", STAGE_BEGAN),
        severity="moderate",
        side="right",
        measures=measures(),
    )
    return replace(whole, **known)


def score(
    measure: str,
    value: str | int | Decimal,
    *,
    days_ago: float = 1,
    side: Side = "",
    item: int | None = None,
    subscale: str = "",
    sitting: UUID | None = None,
    recorded_at: datetime = NOW,
) -> ScoreFact:
    """Return one score."""
    return ScoreFact(
        id=uuid4(),
        assessment_id=sitting or uuid4(),
        measure=measure,
        value=Decimal(value),
        effective_at=NOW - timedelta(days=days_ago),
        recorded_at=recorded_at,
        side=side,
        item=item,
        subscale=subscale,
    )


def screen(
    answers: dict[str, ScreenAnswer] | None = None, *, days_ago: float = 1, **others: ScreenAnswer
) -> ScreenFact:
    """Return a screen that found every flag absent, but for the answers given."""
    every: dict[str, ScreenAnswer] = {flag.id: "absent" for flag in hamstring().screened_flags()}
    at = NOW - timedelta(days=days_ago)
    return ScreenFact(uuid4(), {**every, **(answers or {}), **others}, at, NOW)


def said(question: str, answer: bool | str, *, days_ago: float = 1) -> AnswerFact:
    """Return an answer about the person's circumstances."""
    return AnswerFact(uuid4(), question, answer, NOW - timedelta(days=days_ago), NOW)


def lane(ready: bool | None, *, needed: bool | None = True) -> LaneFact:
    """Return a lane of the current stay."""
    return LaneFact(uuid4(), needed, ready, uuid4() if ready is not None else None)
