"""Activities are released one after another, as their pathway says, and every reason is shown."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from care_plans import activities, early_release, releasing, standing
from care_plans.circumstances import record_answers
from care_plans.models import Activity, Course
from coordination.models import AuditEvent, Location
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.released import DAY, activity, do, read
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


def test_it_releases_at_once_what_waits_for_nothing(cast: Cast, course: Course) -> None:
    with cast.acting():
        stay = underway.stay(course)
        assert activity(course, "acute-diagnose").released_at == stay.entered_at
        waiting = Activity.objects.filter(course=course, released_at=None)
        assert set(waiting.values_list("key", flat=True)) == {
            "acute-isometric",
            "acute-activity-modification",
            "acute-ergonomics",
        }


def test_completing_one_releases_the_next_in_the_same_transaction(
    cast: Cast, course: Course
) -> None:
    do(cast, course, "acute-diagnose", "begin")
    # beside the first one, as soon as that has begun
    do(cast, course, "acute-activity-modification", "begin")
    assert not read(cast, course, "acute-ergonomics")["released"]
    with cast.acting():
        activities.stop_lane(underway.lane(course, "massage_therapy"), because="x", now=NOW)
        with pytest.raises(RuntimeError), transaction.atomic():
            mine = activity(course, "acute-activity-modification")
            activities.move_activity(mine.pk, "complete", actor=cast.asha.actor(), now=NOW)
            following = activity(course, "acute-ergonomics")
            assert following.released_at == NOW
            assert following.released_on[0]["id"] == "in-turn:acute-activity-modification"
            raise RuntimeError
        # what did not happen released nothing
        assert activity(course, "acute-ergonomics").released_at is None


def test_what_waits_is_refused_with_every_reason(cast: Cast, course: Course) -> None:
    with cast.acting():
        waiting = activity(course, "acute-isometric")
    refused = cast.asha.client.post(f"/api/v1/activities/{waiting.pk}/begin")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
        409,
        "activity-waits",
    )
    assert [one["outcome"] for one in refused.json()["waits_for"]] == ["not_met", "unknown"]
    with cast.acting():
        assert activity(course, "acute-isometric").status == "not_started"
    timing = read(cast, course, "acute-isometric")
    assert timing["waits_for"] == refused.json()["waits_for"]
    assert (timing["released"], timing["released_at"], timing["due_from"]) == (False, None, None)
    assert timing["stop"]["outcome"] == "unknown"
    assert timing["calendar"]["holidays"] is None


def test_it_is_released_by_the_score_and_by_the_calendar_of_the_location(
    cast: Cast, course: Course, clock: Any
) -> None:
    with cast.acting():
        Location.objects.update(time_zone="America/Toronto", holiday_calendar="CA-ON")
        # a Wednesday; Christmas and its weekend follow, and Monday is a holiday in lieu
        wednesday = NOW.replace(month=12, day=23)
    clock.move_to(wednesday)
    do(cast, course, "acute-diagnose", "begin", "complete", now=wednesday)
    with cast.acting():
        underway.score(course, {"nprs": "5"}, now=wednesday, who=cast.asha)
        standing.reassess(course.pk, actor=cast.asha.actor(wednesday), now=wednesday)
    timing = read(cast, course, "acute-isometric")
    assert not timing["released"]
    assert timing["due_from"] == "2026-12-29T05:00:00Z"
    assert timing["due_until"] == "2027-01-05T05:00:00Z"
    assert [one["outcome"] for one in timing["start"]] == ["not_met", "met"]
    assert "2026-12-29" in timing["waits_for"][0]["sentence"]
    assert timing["calendar"]["holidays"] == "CA-ON"
    # no sweep has run: whoever reads is answered all the same
    clock.move_to(wednesday.replace(day=29, hour=5, minute=0))
    assert read(cast, course, "acute-isometric")["released"]
    with cast.acting():
        assert activity(course, "acute-isometric").released_at is None


def test_a_stop_condition_stops_and_says_so(cast: Cast, course: Course) -> None:
    with cast.acting():
        mine = activity(course, "acute-isometric")
        early_release.release(mine.pk, reason="Pain is low.", actor=cast.asha.actor(), now=NOW)
    do(cast, course, "acute-isometric", "begin")
    with cast.acting():
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)
        assert activity(course, "acute-isometric").status == "in_progress"
        (score,) = underway.score(course, {"pain_load_24h": "6"}, now=NOW, who=cast.asha)
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)
        found = activity(course, "acute-isometric")
        assert (found.status, found.because, found.ended_at) == (
            "stopped",
            releasing.IS_OVER,
            NOW,
        )
        assert found.stopped_on is not None
        assert found.stopped_on["evidence"] == [{"kind": "score", "id": str(score.pk)}]
        assert AuditEvent.objects.filter(event="activity.over", resource_id=found.pk).exists()
    assert read(cast, course, "acute-isometric")["stop"]["outcome"] == "met"


def test_what_must_be_over_first_keeps_an_activity_from_being_completed(
    cast: Cast, course: Course
) -> None:
    do(cast, course, "acute-diagnose", "begin")
    do(cast, course, "acute-activity-modification", "begin")
    with pytest.raises(releasing.ActivityWaits, match="has not been completed"):
        do(cast, course, "acute-activity-modification", "complete")
    # stopping it is always possible, and here it counts as an end
    with cast.acting():
        massage = activity(course, "acute-massage")
        activities.stop_lane(massage.lane, because="x", now=NOW)
    done = do(cast, course, "acute-activity-modification", "complete")
    assert (done.status, done.ended_at) == ("completed", NOW)


def test_nothing_waits_for_a_lane_that_the_lead_leaves_out(cast: Cast, course: Course) -> None:
    do(cast, course, "acute-diagnose", "begin")
    do(cast, course, "acute-activity-modification", "begin")
    with cast.acting():
        lane = underway.lane(course, "massage_therapy")
        standing.decide_lane(
            lane.pk,
            version=lane.version,
            needed=False,
            reason="The patient does not want it.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    assert do(cast, course, "acute-activity-modification", "complete").status == "completed"


def test_an_activity_of_a_lane_that_is_needed_again_begins_anew(cast: Cast, course: Course) -> None:
    do(cast, course, "acute-diagnose", "begin")
    with cast.acting():
        lane = underway.lane(course, "physiotherapy")
        for needed in (False, True):
            lane.refresh_from_db()
            lane = standing.decide_lane(
                lane.pk,
                version=lane.version,
                needed=needed,
                reason="x",
                actor=cast.asha.actor(),
                now=NOW,
            )
        again = activity(course, "acute-diagnose")
        assert (again.status, again.began_at, again.ended_at) == ("not_started", None, None)


def test_what_rests_on_something_withheld_shows_its_effect_only(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    course = scene.course
    do(cast, course, "acute-diagnose", "begin", "complete")
    with cast.acting():
        (score,) = underway.score(course, {"nprs": "8"}, now=NOW, who=cast.dmitri)
        massage = activity(course, "acute-massage")
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)
    scene.lock(target="discipline", target_discipline="massage_therapy")
    for who, sees in ((cast.asha, True), (cast.ben, False)):
        start = read(cast, course, "acute-isometric", who)["waits_for"][1]
        assert (start["outcome"], start["kind"]) == ("not_met", "Compared" if sees else "Withheld")
        assert (str(score.pk) in str(start)) is sees
        (finish,) = read(cast, course, "acute-activity-modification", who)["finish"]
        assert finish["outcome"] == "not_met"
        assert (massage.text in str(finish)) is sees
        assert (str(massage.pk) in str(finish)) is sees


def test_it_says_why_an_activity_is_not_planned_and_plans_it_once_it_applies(
    cast: Cast, course: Course
) -> None:
    at = f"/api/v1/courses/{course.pk}/unplanned-activities"

    def said() -> Any:
        rows = {row["key"]: row for row in cast.asha.client.get(at).json()}
        mine = rows.get("acute-chiropractic")
        return mine and (mine["needed"], mine["applicability"]["outcome"])

    assert said() == ("not_needed", "met")
    with cast.acting():
        record_answers(
            course.pk,
            answers={"sitting_aggravates": True, "sleep_affected": True},
            actor=cast.asha.actor(),
            now=NOW + timedelta(minutes=1),
        )
        late = NOW + timedelta(minutes=1)
        standing.reassess(course.pk, actor=cast.asha.actor(late), now=late)
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        assert said() == ("needed", "not_met")
        with cast.acting():
            later = NOW + timedelta(minutes=2)
            record_answers(
                course.pk,
                answers={"sleep_affected": False},
                actor=cast.asha.actor(later),
                now=later,
            )
            standing.reassess(course.pk, actor=cast.asha.actor(later), now=later)
        assert said() is None
        timing = read(cast, course, "acute-chiropractic")
        assert (timing["released"], timing["applicability"]["outcome"]) == (True, "met")
        # what was released before it was there stays released
        assert read(cast, course, "acute-massage")["released"]


def test_while_the_course_rests_nothing_is_released(cast: Cast, course: Course, clock: Any) -> None:
    do(cast, course, "acute-diagnose", "begin", "complete")
    with cast.acting():
        underway.score(course, {"nprs": "5"}, now=NOW, who=cast.asha)
        underway.move(cast, course, "pause", now=NOW, reason="holiday")
    later = NOW + 7 * DAY
    clock.move_to(later)
    timing = read(cast, course, "acute-isometric")
    assert not timing["released"]
    assert [one["sentence"] for one in timing["waits_for"]] == ["The course is paused."]
    with cast.acting():
        underway.move(cast, course, "resume", now=later)
        assert activity(course, "acute-isometric").released_at == later


def test_the_database_refuses_what_nobody_released_or_ended(cast: Cast, course: Course) -> None:
    with cast.acting():
        mine = Activity.objects.filter(course=course, key="acute-isometric")
        for wrong in (
            {"released_by": "x"},
            {"released_by": "x", "release_reason": "x"},
            {"ended_at": NOW},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                mine.update(**wrong)
