"""Why a stay is expected to end, and its review is due, when they are: the rule behind each date.

Both follow the version and the severity that the course has now, and what pauses have added.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from care_plans.content.sourced import Duration
from care_plans.models import Course, StageStay


@dataclass(frozen=True, slots=True)
class Dated:
    """One date of a stay: `rule` is the place in the pathway that says how long after it began."""

    date: Literal["expected_until", "review_at"]
    at: datetime
    place: str
    after: Duration
    sentence: str
    source: tuple[str, ...]
    paused: timedelta = timedelta()


def dates_of(stay: StageStay, course: Course) -> Iterator[Dated]:
    """Yield each date of a stay with what says it; a review that no source dates has none."""
    stage: Any = stay.stage
    severity: Any = course.severity
    content = course.pathway_version.definition.stage(stage)
    which = "any" if "any" in content.expected else severity
    weeks, review = content.weeks(severity), content.review
    yield _dated(
        Dated(
            date="expected_until",
            at=stay.expected_until,
            place=f"stages.{stage}.expected.{which}",
            after=weeks.stay,
            sentence=f"The stage {stage} of a {severity} course is expected to last",
            source=tuple(weeks.source),
        ),
        stay,
    )
    if stay.review_at is not None and isinstance(review.after, Duration):
        yield _dated(
            Dated(
                date="review_at",
                at=stay.review_at,
                place=f"stages.{stage}.review",
                after=review.after,
                sentence=f"The stage {stage} is reviewed after",
                source=tuple(review.source),
            ),
            stay,
        )


def _dated(one: Dated, stay: StageStay) -> Dated:
    """Return a date with what pauses have added, and with the whole sentence."""
    paused = max(one.at - stay.entered_at - timedelta(days=one.after.days), timedelta())
    length = f"{one.after.value.normalize():f} {one.after.unit}"
    said = f"{one.sentence} {length}, counted from {stay.entered_at:%Y-%m-%d}."
    if paused:
        said += f" Pauses have added {paused.total_seconds() / 86400:.1f} days."
    return replace(one, paused=paused, sentence=said)
