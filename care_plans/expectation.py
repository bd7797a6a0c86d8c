"""How long a course is expected to take, by its severity."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from care_plans.content.sourced import Duration
from care_plans.models import Course


@dataclass(frozen=True, slots=True)
class Expected:
    """The band of a severity: `duration` in ISO 8601, the dates once the course has started.

    A `duration` of unknown has no dates, and ends nowhere that anybody knows.
    """

    duration: str
    earliest: datetime | None
    latest: datetime | None
    open_ended: bool
    is_consensus: bool
    source: tuple[str, ...] = ()


def expected(course: Course) -> Expected:
    """Return how long the whole course is expected to take, counted from its start.

    Its `pathway_version` should have been fetched with it.
    """
    severity: Any = course.severity
    band = course.pathway_version.definition.severity(severity).duration
    if band == "unknown":
        return Expected(
            duration=band, earliest=None, latest=None, open_ended=True, is_consensus=False
        )
    return Expected(
        duration=band.iso,
        earliest=_after(course.started_at, band.shortest),
        latest=_after(course.started_at, band.longest),
        open_ended=band.open_ended,
        is_consensus=band.is_consensus,
        source=tuple(band.source),
    )


def _after(started_at: datetime | None, duration: Duration) -> datetime | None:
    return started_at + timedelta(days=duration.days) if started_at else None
