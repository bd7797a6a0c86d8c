"""What a test of suggestions asks again and again: measured, answered, shown, decided."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from care_plans import (
    assessing,
    circumstances,
)
from care_plans.models import (
    Course,
    Recommendation,
)
from care_plans.sittings import NewScore
from tests.cast import NOW, Cast, Person

URL = "/api/v1/recommendations"
DAY = timedelta(days=1)


def score(cast: Cast, course: Course, *, at: datetime = NOW, **values: Any) -> UUID:
    """Record one sitting through the domain, as Asha; return its id."""
    with cast.acting():
        sitting, _ = assessing.record_assessment(
            cast.patient.id,
            course_id=course.id,
            scores=[NewScore(slug, Decimal(value)) for slug, value in values.items()],
            actor=cast.asha.actor(at),
            now=at,
        )
        return sitting.pk


def answer(cast: Cast, course: Course, **answers: Any) -> None:
    with cast.acting():
        circumstances.record_answers(course.id, answers=answers, actor=cast.asha.actor(), now=NOW)


def made(cast: Cast, rule: str) -> list[Recommendation]:
    with cast.acting():
        return list(Recommendation.objects.filter(rule=rule).order_by("id"))


def shown(who: Person, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.client.get(URL, query).json()["results"]
    return found


def said(who: Person, about: Any, verb: str, body: Any = None, *, version: int = 1) -> Any:
    """Decide about a recommendation, as its first trace has it."""
    at = f"{URL}/{about}/{verb}"
    return who.client.post(at, body or {}, headers={"If-Match": f'"{version}"'})


def corrected(cast: Cast, sitting: UUID, **values: Any) -> None:
    """Replace what a sitting recorded, as Asha."""
    with cast.acting():
        assessing.replace_assessment(
            sitting,
            scores=[NewScore(slug, Decimal(value)) for slug, value in values.items()],
            reason="It was a slip of the pen.",
            actor=cast.asha.actor(),
            now=NOW,
        )
