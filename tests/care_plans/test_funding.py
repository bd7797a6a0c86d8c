"""The payer's block beside the stage: both are shown, and neither moves the other."""

from datetime import timedelta
from typing import Any

import pytest

from care_plans import consuming, lapses
from care_plans.models import Course, StageStay, StageTransition
from coordination.coverage import edit_coverage
from coordination.models import Coverage
from notifications.models import Message
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person

WEEK = timedelta(weeks=1)
TODAY = NOW.date()

pytestmark = [pytest.mark.feature("CP-14"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def course(cast: Cast) -> Course:
    with cast.acting():
        return underway.start(cast, now=NOW - WEEK, severity="severe")


def block(cast: Cast, **given: Any) -> Coverage:
    """Write down an eight-week programme that began three weeks ago, with twelve visits."""
    asked = {
        "payer": "Test payer (fictional)",
        "programme": "Eight weeks (fictional)",
        "starts_on": TODAY - 3 * WEEK,
        "ends_on": TODAY + 5 * WEEK - timedelta(days=1),
        "sessions_allowed": 12,
        "sessions_used": 5,
        **given,
    }
    return written.coverage(cast, cast.asha, **asked)


def shown(who: Person, course: Course) -> dict[str, Any]:
    answer = who.client.get(f"/api/v1/care-plans/{course.care_plan_id}/funding")
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_it_shows_stage_and_window_side_by_side(cast: Cast, course: Course) -> None:
    one = block(cast)
    told = shown(cast.asha, course)
    [window], [clinical] = told["blocks"], told["courses"]
    assert (window["coverage"], window["is_running"]) == (str(one.pk), True)
    assert [window[name] for name in ("day", "days", "days_left")] == [22, 56, 34]
    assert [window[name] for name in ("visits_allowed", "visits_used", "visits_left")] == [12, 5, 7]
    assert (clinical["stage"], clinical["status"]) == ("acute", "active")
    with cast.acting():
        stay = underway.stay(course)
    assert stay.expected_until > NOW + 5 * WEEK - timedelta(days=1)
    assert [one["kind"] for one in told["mismatches"]] == ["window_ends_first"]
    [why] = told["mismatches"]
    assert why["rule"].startswith("stages.acute.expected.")
    assert why["cites"]
    assert why["version"] == underway.version().version


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({"ends_on": None}, []),
        ({"ends_on": TODAY + 52 * WEEK}, []),
        ({"ends_on": TODAY}, ["window_ends_first"]),
        ({"ends_on": None, "sessions_used": 12}, ["no_visits_left"]),
        ({"ends_on": None, "sessions_used": 15}, ["no_visits_left"]),
        ({"ends_on": None, "sessions_allowed": None, "sessions_used": 99}, []),
        ({"discipline": "nutrition", "ends_on": TODAY, "sessions_used": 12}, []),
        ({"ends_on": TODAY - timedelta(days=1), "sessions_used": 12}, []),
        ({"starts_on": TODAY + timedelta(days=1), "ends_on": TODAY + WEEK}, []),
    ],
)
def test_it_says_where_the_two_do_not_fit(
    cast: Cast, course: Course, given: dict[str, Any], kinds: list[str]
) -> None:
    block(cast, **given)
    assert [one["kind"] for one in shown(cast.asha, course)["mismatches"]] == kinds


def test_visits_recorded_here_change_nothing_that_the_payer_counts(
    cast: Cast, course: Course
) -> None:
    block(cast, discipline="physiotherapy")
    written.join(cast, cast.chloe)
    written.visit(cast, cast.asha)
    written.visit(cast, cast.chloe)  # another discipline
    written.visit(
        cast, cast.asha, started_at=NOW - 4 * WEEK, ended_at=NOW - 4 * WEEK + timedelta(hours=1)
    )  # before the window
    [window] = shown(cast.asha, course)["blocks"]
    assert (window["visits_used"], window["visits_left"], window["visits_recorded"]) == (5, 7, 1)


def state(course: Course) -> list[Any]:
    """Return all that a course's clinical side consists of."""
    return [
        list(Course.objects.filter(pk=course.pk).values()),
        list(StageStay.objects.filter(course=course).order_by("id").values()),
        list(StageTransition.objects.filter(course=course).order_by("id").values()),
        list(Message.objects.order_by("id").values("kind", "due_at", "status")),
    ]


def test_neither_moves_the_other(cast: Cast, course: Course) -> None:
    one = block(cast)
    with cast.acting():
        before = state(course)
        actor = cast.asha.actor()
        edit_coverage(
            one.pk,
            version=one.version,
            fields={"ends_on": TODAY - timedelta(days=1), "sessions_used": 12},
            actor=actor,
            now=NOW,
        )
        assert state(course) == before, "the window has ended; the stage goes on as it was"
        paid = Coverage.objects.filter(pk=one.pk)
        kept = list(paid.values())
        underway.move(cast, course, "pause", now=NOW, reason="away")
        underway.move(cast, course, "discharge", now=NOW, reason="over", outcome="patient_left")
        assert list(paid.values()) == kept, "the course has ended; the payer's block stands"
    for sweep in (consuming.check_standings, lapses.check_lapses):
        sweep(now=NOW + WEEK)
    with cast.acting():
        assert list(paid.values()) == kept


@pytest.mark.parametrize(("who", "status"), [("gus", 404), ("olu", 404), ("sam", 403)])
def test_nobody_else_reads_it(cast: Cast, course: Course, who: str, status: int) -> None:
    at = f"/api/v1/care-plans/{course.care_plan_id}/funding"
    assert cast.everybody[who].client.get(at).status_code == status
