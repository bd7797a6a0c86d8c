"""Levels of loading: one at a time, each behind its gate, and each change leaves its trace."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from care_plans import circumstances, dosing
from care_plans.models import Activity, Course, DoseChange
from coordination.problems import Problem
from tests.care_plans import underway, written
from tests.care_plans.doses import change
from tests.care_plans.flagging import loading, under_load
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage, the isometric exercises begun."""
    return under_load(cast)


def say(cast: Cast, course: Course, **answers: bool) -> None:
    with cast.acting():
        circumstances.record_answers(course.id, answers=answers, actor=cast.asha.actor(), now=NOW)


@pytest.mark.feature("CP-17", "seed-ex-isometric", "seed-ex-eccentric", "seed-ex-gradual")
def test_it_goes_up_one_level_at_a_time_and_keeps_the_trace(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    assert activity.dose_level == "isometric"
    too_far = change(cast, activity, to_level="functional")
    assert too_far.status_code == 409
    assert "the next is eccentric" in too_far.json()["detail"]
    up = change(cast, activity, to_level="eccentric")
    assert (up.status_code, up.json()["dose_level"]) == (200, "eccentric"), up.content


@pytest.mark.feature("CP-17", "seed-ex-functional", "seed-self-4")
def test_the_gate_of_a_level_holds_it_until_it_is_known_to_be_met(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        activity = loading(course)
    assert change(cast, activity, to_level="eccentric").status_code == 200
    held = change(cast, activity, to_level="functional")
    assert (held.status_code, held.json()["type"].rpartition(":")[2]) == (409, "dose-held")
    assert held.json()["finding"]["outcome"] == "unknown"
    say(cast, course, pain_free_loading=False)
    assert change(cast, activity, to_level="functional").json()["finding"]["outcome"] == "not_met"
    say(cast, course, pain_free_loading=True)
    assert change(cast, activity, to_level="functional").status_code == 200
    changes = cast.asha.client.get(f"/api/v1/activities/{activity.pk}/dose-changes").json()
    assert [(c["from_level"], c["to_level"], c["direction"]) for c in changes] == [
        ("isometric", "eccentric", "up"),
        ("eccentric", "functional", "up"),
    ]
    assert changes[1]["finding"]["outcome"] == "met"
    assert changes[1]["finding"]["evidence"][0]["kind"] == "answer"


@pytest.mark.feature("CP-17")
def test_what_was_said_before_a_flare_up_opens_no_gate(cast: Cast, course: Course) -> None:
    say(cast, course, pain_free_loading=True)
    later = NOW + timedelta(days=20)
    with cast.acting():
        underway.move(cast, course, "advance", now=NOW, override=True, reason="Ready.")
        underway.move(cast, course, "regress", now=later, reason="flare-up")
        underway.screen(course, now=later, who=cast.asha)
        activity = Activity.objects.get(course=course, is_loading=True, sequence=3)
    with time_machine.travel(later, tick=False):
        assert change(cast, activity, to_level="eccentric").status_code == 200
        held = change(cast, activity, to_level="functional")
        assert held.json()["finding"]["outcome"] == "unknown"


@pytest.mark.feature("CP-17")
def test_the_lead_overrides_a_gate_for_a_reason_and_nobody_else(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    assert change(cast, activity, to_level="eccentric").status_code == 200
    wordless = change(cast, activity, to_level="functional", override=True)
    assert wordless.json()["errors"][0]["pointer"] == "/reason"
    done = change(
        cast, activity, to_level="functional", override=True, reason="A race next week, agreed."
    )
    assert done.status_code == 200
    with cast.acting():
        last = DoseChange.objects.latest("recorded_at", "id")
        assert last.overridden
        assert last.finding is not None
        assert last.finding["outcome"] == "unknown"


@pytest.mark.feature("CP-17", "OM-04")
def test_it_goes_down_at_any_time_for_a_reason(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    change(cast, activity, to_level="eccentric")
    assert change(cast, activity, to_level="isometric").status_code == 400
    down = change(cast, activity, to_level="isometric", reason="Pain of 6 the next morning.")
    assert (down.status_code, down.json()["dose_level"]) == (200, "isometric")


@pytest.mark.feature("DP-02")
def test_no_override_raises_a_dose_over_a_hard_stop(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
        written.red_flag(cast, cast.asha, course, flag="popping-sound")
    held = change(
        cast, activity, to_level="eccentric", override=True, reason="It is surely nothing."
    )
    assert held.status_code == 409
    assert held.json()["type"].endswith("loading-held")


def test_the_edit_of_an_activity_changes_no_dose(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    headers = {"If-Match": f'"{activity.version}"'}
    at = f"/api/v1/activities/{activity.pk}"
    cast.asha.client.patch(at, {"dose_level": "functional", "note": "x"}, headers=headers)
    with cast.acting():
        activity.refresh_from_db()
        assert activity.dose_level == "isometric"


def test_somebody_else_was_faster(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    assert (
        change(cast, activity, to_level="eccentric", version=activity.version + 1).status_code
        == 412
    )


def test_one_of_many_changes_at_once_counts(committed_cast: Cast) -> None:
    cast, then = committed_cast, NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then)
        activity, actor = loading(course), cast.asha.actor()
        underway.screen(course, now=NOW, who=cast.asha)

    def act() -> Any:
        return dosing.change_dose(
            activity.pk, version=activity.version, to_level="eccentric", actor=actor, now=NOW
        )

    said = together(cast, *[act] * 6)
    assert sum(isinstance(one, Activity) for one in said) == 1
    assert sum(isinstance(one, Problem) for one in said) == 5
