"""Activities of a course that wait for one another: found, done and read."""

from datetime import timedelta
from typing import Any

from care_plans import activities
from care_plans.models import Activity, Course
from tests.cast import NOW, Cast, Person

DAY = timedelta(days=1)


def activity(course: Course, key: str) -> Activity:
    return Activity.objects.get(course=course, key=key)


def do(cast: Cast, course: Course, key: str, *actions: str, now: Any = NOW, **more: Any) -> Any:
    with cast.acting():
        actor, found = cast.asha.actor(now), activity(course, key)
        for action in actions:
            found = activities.move_activity(found.pk, action, actor=actor, now=now, **more)
        return found


def read(cast: Cast, course: Course, key: str, who: Person | None = None) -> Any:
    with cast.acting():
        found = activity(course, key)
    answered = (who or cast.asha).client.get(f"/api/v1/activities/{found.pk}")
    assert answered.status_code == 200, answered.content
    return answered.json()["timing"]
