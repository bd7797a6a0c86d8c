"""A course that ends a week after it began."""

from datetime import timedelta
from typing import Any

from care_plans.models import Course
from tests.care_plans import underway
from tests.cast import NOW, Cast

LATER = NOW + timedelta(weeks=1)


def end(cast: Cast, course: Course, outcome: str, **more: Any) -> Course:
    return underway.move(
        cast, course, "discharge", now=LATER, reason="it ends", outcome=outcome, **more
    )
