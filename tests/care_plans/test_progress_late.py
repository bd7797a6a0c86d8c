"""A move that is entered late is judged as of then, and passes nothing that was said since."""

from datetime import timedelta

import pytest

from care_plans import progress
from care_plans.models import StageStay, StageTransition
from coordination.problems import Invalid
from tests.care_plans import underway
from tests.care_plans.moving import LATER, WEEK, acute, circle_of, row
from tests.cast import NOW, Cast


@pytest.fixture
def circle(cast: Cast) -> Cast:
    return circle_of(cast)


def test_it_keeps_when_it_happened_apart_from_when_it_was_entered(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        happened = NOW + timedelta(days=2)
        course = underway.move(
            circle, course, "pause", now=LATER, reason="ill", effective_at=happened
        )
        moved = StageTransition.objects.get(course=course, action="pause")
        assert (moved.effective_at, moved.recorded_at) == (happened, LATER)
        assert moved.actor == circle.asha.user.email
        assert moved.practitioner_role_id == circle.asha.practitioner_role.id


@pytest.mark.parametrize("shift", [timedelta(seconds=1), -2 * WEEK])
def test_it_refuses_a_time_ahead_or_before_its_latest_move(circle: Cast, shift: timedelta) -> None:
    with circle.acting():
        course = underway.start(circle)
        before = row(course)
        with pytest.raises(Invalid) as refused:
            underway.move(
                circle, course, "pause", now=LATER, reason="ill", effective_at=LATER + shift
            )
        assert refused.value.errors[0].pointer == "/effective_at"
        assert row(course) == before


def test_it_judges_a_late_entry_by_what_was_known_to_hold_then(circle: Cast) -> None:
    with circle.acting():
        course = acute(circle)
        with pytest.raises(progress.NotReady):  # nobody had signed, nothing was measured by then
            underway.move(
                circle, course, "advance", now=LATER + WEEK, effective_at=NOW + timedelta(days=1)
            )
        course = underway.move(circle, course, "advance", now=LATER + WEEK, effective_at=LATER)
        stays = StageStay.objects.filter(course=course).order_by("sequence")
        assert [(stay.entered_at, stay.left_at) for stay in stays] == [(NOW, LATER), (LATER, None)]
        assert [stay.recorded_at for stay in stays] == [NOW, LATER + WEEK]


def test_it_stops_a_late_entry_at_a_red_flag_found_since(circle: Cast) -> None:
    with circle.acting():
        course = acute(circle)
        flag = course.pathway_version.definition.red_flags[0].id
        underway.screen(course, now=LATER + WEEK, present=[flag], who=circle.asha)
        with pytest.raises(progress.RedFlagOpen):
            underway.move(circle, course, "advance", now=LATER + WEEK, effective_at=LATER)


@pytest.mark.feature("CP-04")
def test_it_lets_no_late_entry_walk_past_what_a_lane_said_since(circle: Cast) -> None:
    since = LATER + timedelta(days=1)
    with circle.acting():
        course = acute(circle)
        lane = underway.lane(course, "physiotherapy")
        underway.sign(circle.asha, lane, now=since, verdict="not_ready", reason="flare-up")
        underway.score(course, {"nprs": "9"}, now=since, who=circle.asha)
        before = row(course)
        with pytest.raises(progress.NotReady) as refused:
            underway.move(circle, course, "advance", now=since, effective_at=LATER)
        assert "pain" in {blocker["id"] for blocker in refused.value.extra["blockers"]}
        assert "physiotherapy" in str(refused.value.detail)
        assert row(course) == before
        asked = {"override": True, "effective_at": LATER}
        with pytest.raises(Invalid):
            underway.move(circle, course, "advance", now=since, **asked)
        underway.move(circle, course, "advance", now=since, reason="agreed by phone", **asked)
        moved = StageTransition.objects.get(course=course, action="advance")
        assert (moved.overridden, moved.effective_at) == (True, LATER)
        assert moved.evidence["outcome"] == "met"
        assert moved.evidence["when_entered"]["outcome"] == "not_met"
        assert "pain" in {one["id"] for one in moved.unmet}


def test_it_keeps_no_second_trace_of_a_move_entered_at_once(circle: Cast) -> None:
    with circle.acting():
        underway.move(circle, acute(circle), "advance", now=LATER)
        moved = StageTransition.objects.get(action="advance")
        assert "when_entered" not in moved.evidence
