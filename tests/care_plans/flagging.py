"""Red flags that were found, taken up and cleared, for tests to begin from."""

from datetime import datetime, timedelta
from typing import Any

from care_plans import activities, red_flags
from care_plans.models import Activity, Course, RedFlag
from notifications.models import Message
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person

URL = "/api/v1/red-flags"
DAY = timedelta(days=1)
TEAR, CANCER, TINGLING = "sudden-severe-pain", "cancer", "numbness-or-tingling"
WHY = "Seen by Dr Osei the same day; ultrasound shows no tear."


def under_load(cast: Cast) -> Course:
    """Return a course ten days into its acute stage, all of its exit met, loading in progress."""
    then = NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then, side="right")
        first = Activity.objects.get(course=course, is_loading=True)
        activities.move_activity(first.id, "begin", actor=cast.asha.actor(then), now=then)
        return course


def find(
    cast: Cast,
    course: Course,
    flag: str,
    *,
    at: datetime = NOW,
    who: Person | None = None,
    **more: Any,
) -> RedFlag:
    """Find one flag present and all others absent, as Asha does unless the test says who."""
    with cast.acting():
        flags = course.pathway_version.definition.screened_flags()
        answers = {one.id: "absent" for one in flags} | {flag: "present"}
        red_flags.record_screen(
            course.id, answers=answers, actor=(who or cast.asha).actor(at), now=at, **more
        )
        found = RedFlag.objects.filter(course=course, flag=flag)
        return found.exclude(status="cleared").get()


def clear(found: RedFlag, who: Person, **body: Any) -> Any:
    return who.client.post(
        f"{URL}/{found.pk}/clear", {"outcome": "ruled_out", "reason": WHY, **body}
    )


def loading(course: Course) -> Activity:
    found: Activity = Activity.objects.get(course=course, is_loading=True)
    return found


def begin(cast: Cast, course: Course, *, now: datetime = NOW) -> Activity:
    actor = cast.asha.actor(now)
    return activities.move_activity(loading(course).id, "begin", actor=actor, now=now)


def told(kind: str) -> set[Any]:
    rows = Message.objects.filter(kind=kind, channel="email")
    return set(rows.values_list("to_practitioner_role_id", flat=True))
