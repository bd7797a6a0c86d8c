"""What is suggested besides the rules: by flags, look-alikes, severity, a stage that stalls."""

from typing import Any

import pytest

from care_plans import (
    facts,
    standing,
)
from care_plans.models import (
    Course,
)
from tests.care_plans import underway, written
from tests.care_plans.suggested import DAY, said, score, shown
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(
    ("scores", "rule", "then"),
    [
        ({"pcs": 30}, "yellow-flags.offer", "Offer psychotherapy."),
        ({"pcs": 30, "gad7": 10}, "yellow-flags.recommend", "Recommend psychotherapy."),
        ({"pcs": 29, "gad7": 9}, None, None),
    ],
)
def test_yellow_flags_offer_or_recommend_psychotherapy(
    cast: Cast, scores: dict[str, Any], rule: str | None, then: str | None
) -> None:
    """The flags open no lane by themselves: the lead accepts, or does not."""
    with cast.acting():
        course = underway.start(cast, now=NOW - DAY)
    score(cast, course, **scores)
    with cast.acting():
        assert underway.lane(course, "psychotherapy").needed == "not_needed"
    found = shown(cast.asha, kind="yellow_flags")
    assert [(one["rule"], one["then"], one["lane"]) for one in found] == (
        [(rule, then, "psychotherapy")] if rule else []
    )


@pytest.mark.feature("OM-09")
def test_accepting_opens_the_lane_that_it_names(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - DAY)
        lane = underway.lane(course, "psychotherapy")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="Not wished for yet.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    score(cast, course, pcs=35)
    [one] = shown(cast.asha, kind="yellow_flags")
    answered = said(cast.asha, one["id"], "accept", {"reason": "She wishes it now."})
    assert answered.status_code == 200, answered.content
    with cast.acting():
        lane.refresh_from_db()
        assert (lane.needed, lane.reason) == ("needed", "She wishes it now.")
        assert lane.referral is not None
    assert answered.json()["status"] == "accepted"


@pytest.mark.feature("DP-06", "seed-rf-nerve", "seed-sx-radiate")
def test_a_redirect_names_the_pathway_to_consider(cast: Cast, course: Course) -> None:
    with cast.acting():
        found = written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling")
    [one] = shown(cast.asha, kind="redirect")
    assert one["towards"] == ["lumbar-radiculopathy"]
    assert one["is_expert_consensus"] is True
    with cast.acting():
        written.clear(found, cast.asha)
    [one] = shown(cast.asha, kind="redirect")
    assert one["status"] == "lapsed"


@pytest.mark.feature("CP-06")
def test_scores_suggest_another_severity_and_change_nothing(cast: Cast, course: Course) -> None:
    score(cast, course, nprs=8)
    [one] = shown(cast.asha, kind="severity")
    assert one["rule"] == "severity.severe"
    with cast.acting():
        course.refresh_from_db()
        assert course.severity == "mild"


@pytest.mark.feature("seed-ddx-nonresponse")
def test_a_stage_without_any_change_that_matters_is_stalled(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    [one] = shown(cast.asha, kind="stalled")
    assert "none of 2 measures improved enough to matter" in one["finding"]["sentence"]
    assert "was 80 (" in one["finding"]["sentence"]
    assert "look at the diagnosis again" in one["then"]
    score(cast, course, nprs=4)
    [one] = shown(cast.asha, kind="stalled")
    assert one["status"] == "lapsed"


@pytest.mark.feature("DP-06")
def test_stalled_names_each_measure_its_gain_and_what_would_matter(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    [one] = shown(cast.asha, kind="stalled")
    parts = {part["id"]: part for part in one["finding"]["parts"][0]["parts"]}
    assert set(parts) == {"lefs", "nprs"}
    assert "has gained 1, from 6 to 5; a change matters from" in parts["nprs"]["sentence"]
    assert len(parts["lefs"]["evidence"]) == 2


def test_a_stage_does_not_stall_while_its_course_is_paused(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 40 * DAY)
        underway.move(cast, course, "pause", now=NOW - 20 * DAY, reason="away")
        underway.move(cast, course, "resume", now=NOW - 5 * DAY)
    score(cast, course, at=NOW - 39 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    assert shown(cast.asha, kind="stalled") == []
    with cast.acting():
        known = facts.gather([course], now=NOW)[course.id]
        assert known.pauses == ((NOW - 20 * DAY, NOW - 5 * DAY),)
        then = NOW + 3 * DAY
        standing.reassess(course.id, actor=cast.asha.actor(then), now=then)
    assert len(shown(cast.asha, kind="stalled")) == 1


@pytest.mark.parametrize("adherence", [{}, {"adherence_pct": 79}])
def test_a_stage_is_not_stalled_while_the_programme_was_not_done_or_nobody_knows(
    cast: Cast, adherence: dict[str, int]
) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, **adherence)
    assert shown(cast.asha, kind="stalled") == []


def test_nothing_is_stalled_that_was_not_measured_twice(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 60 * DAY)
    score(cast, course, nprs=6, adherence_pct=80)
    assert shown(cast.asha, kind="stalled") == []
