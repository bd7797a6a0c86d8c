"""The lead releases an activity before its time, for a reason, and past no danger."""

import pytest

from care_plans import activities, early_release, releasing
from care_plans.models import Course
from coordination.problems import NotAllowed
from tests.care_plans import underway
from tests.care_plans.released import activity, do, read
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


def test_only_the_lead_releases_early_and_says_why(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        waiting = activity(course, "acute-isometric")
    at = f"/api/v1/activities/{waiting.pk}/release"
    refused = cast.chloe.client.post(at, {"reason": "x"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "scope.course.override")
    assert cast.asha.client.post(at, {"reason": " "}).status_code == 400
    released = cast.asha.client.post(at, {"reason": "Assessed elsewhere."})
    assert released.status_code == 200, released.content
    timing = released.json()["timing"]
    assert (timing["released"], timing["waits_for"]) == (True, [])
    assert timing["release_reason"] == "Assessed elsewhere."
    assert [one["outcome"] for one in timing["start"]] == ["not_met", "unknown"]
    assert cast.asha.client.post(at, {"reason": "again"}).status_code == 409
    with cast.acting(), pytest.raises(NotAllowed):
        early_release.release(
            activity(course, "acute-diagnose").pk, reason="x", actor=cast.asha.actor(), now=NOW
        )


@pytest.mark.feature("DP-07")
def test_each_early_release_counts_as_an_override(cast: Cast, course: Course) -> None:
    def counted() -> dict[str, int]:
        rows = cast.asha.client.get("/api/v1/rule-outcomes").json()
        return {row["rule"]: row["overridden"] for row in rows if row["overridden"]}

    assert counted() == {}, "what the conditions released is none"
    keys = ("acute-isometric", "acute-ergonomics")
    with cast.acting():
        actor = cast.asha.actor()
        for key in keys:
            waiting = activity(course, key)
            early_release.release(waiting.pk, reason="Assessed elsewhere.", actor=actor, now=NOW)
    assert counted() == {f"early-release.{key}": 1 for key in keys}


def test_early_release_passes_no_red_flag(cast: Cast, course: Course) -> None:
    with cast.acting():
        mine = activity(course, "acute-isometric")
        early_release.release(mine.pk, reason="Pain is low.", actor=cast.asha.actor(), now=NOW)
        flag = course.pathway_version.definition.red_flags[0].id
        underway.screen(course, present=[flag], who=cast.asha)
        with pytest.raises(activities.LoadingHeld):
            activities.move_activity(mine.pk, "begin", actor=cast.asha.actor(), now=NOW)


def test_nobody_outside_the_circle_releases(cast: Cast, course: Course) -> None:
    with cast.acting():
        waiting = activity(course, "acute-isometric")
    at = f"/api/v1/activities/{waiting.pk}/release"
    for who, status in (("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)):
        assert cast.everybody[who].client.post(at, {"reason": "x"}).status_code == status


def test_what_was_released_does_not_begin_once_it_is_over(cast: Cast, course: Course) -> None:
    with cast.acting():
        mine = activity(course, "acute-isometric")
        early_release.release(mine.pk, reason="Pain is low.", actor=cast.asha.actor(), now=NOW)
        underway.score(course, {"pain_load_24h": "6"}, now=NOW, who=cast.asha)
    timing = read(cast, course, "acute-isometric")
    assert (timing["released"], timing["waits_for"][0]["kind"]) == (False, "Stopped")
    with pytest.raises(releasing.ActivityWaits, match="would be stopped at once"):
        do(cast, course, "acute-isometric", "begin")
