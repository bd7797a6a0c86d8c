"""What time or two hands at once release is released once, and lost by no sweep that dies."""

from typing import Any

import pytest

from care_plans import activities, consuming, releasing
from care_plans.models import Activity, Course
from coordination.models import Event
from coordination.problems import Problem
from tests.care_plans import underway
from tests.care_plans.released import DAY, activity, do
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast

pytestmark = [
    pytest.mark.feature("CP-16", "PW-02", "PW-03"),
    pytest.mark.usefixtures("clock", "timed"),
]


@pytest.fixture
def course(cast: Cast) -> Course:
    """Return a course in its acute stage, its lanes of physiotherapy and massage needed."""
    with cast.acting():
        return underway.start(cast)


def test_the_sweep_records_what_time_has_released(cast: Cast, course: Course) -> None:
    do(cast, course, "acute-diagnose", "begin", "complete")
    with cast.acting():
        underway.score(course, {"nprs": "5"}, now=NOW, who=cast.asha)
    later = NOW + 7 * DAY
    consuming.check_standings(now=later)
    with cast.acting():
        found = activity(course, "acute-isometric")
        assert found.released_at == later
        assert found.due_from is not None
        assert found.due_from <= later
        told = Event.objects.filter(type="activity.released", subject_id=found.pk)
        assert told.count() == 1
        consuming.check_standings(now=later + DAY)
        assert activity(course, "acute-isometric").released_at == later
        assert told.count() == 1


def test_two_completions_at_once_release_what_waits_for_both(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast)
        keys = ["acute-diagnose", "acute-activity-modification"]
        Activity.objects.filter(course=course, key="acute-massage").update(
            status="stopped", because="x", ended_at=NOW
        )
    do(cast, course, keys[0], "begin")
    do(cast, course, keys[1], "begin")
    with cast.acting():
        ids = [activity(course, key).pk for key in keys]
        actor = cast.asha.actor()

    def complete(number: int) -> Any:
        return lambda: activities.move_activity(ids[number], "complete", actor=actor, now=NOW)

    said = together(cast, complete(0), complete(1), complete(0), complete(1))
    assert sum(isinstance(one, Activity) for one in said) == 2
    assert {one.status for one in said if isinstance(one, Problem)} == {409}
    with cast.acting():
        next_one = activity(course, "acute-ergonomics")
        assert next_one.released_at == NOW
        told = Event.objects.filter(type="activity.released", subject_id__in=[*ids, next_one.pk])
        released = list(told.values_list("subject_id", flat=True))
        assert len(released) == len(set(released)) == 2


def test_two_sweeps_at_once_release_once(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast)
    do(cast, course, "acute-diagnose", "begin", "complete")
    with cast.acting():
        underway.score(course, {"nprs": "5"}, now=NOW, who=cast.asha)
    later = NOW + 7 * DAY

    def sweep() -> int:
        return consuming.check_standings(now=later)

    together(cast, *[sweep] * 4)
    with cast.acting():
        found = activity(course, "acute-isometric")
        assert found.released_at == later
        assert Event.objects.filter(type="activity.released", subject_id=found.pk).count() == 1


def test_a_sweep_that_dies_half_way_loses_nothing(
    cast: Cast, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(cast, course, "acute-diagnose", "begin", "complete")
    with cast.acting():
        underway.score(course, {"nprs": "5"}, now=NOW, who=cast.asha)
    real = releasing._release

    def die(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise RuntimeError("killed")

    monkeypatch.setattr(releasing, "_release", die)
    consuming.check_standings(now=NOW + 7 * DAY)
    with cast.acting():
        assert activity(course, "acute-isometric").released_at is None
    monkeypatch.setattr(releasing, "_release", real)
    consuming.check_standings(now=NOW + 8 * DAY)
    with cast.acting():
        assert activity(course, "acute-isometric").released_at == NOW + 8 * DAY
