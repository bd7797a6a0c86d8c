"""Why something of a course is as it is: one call answers it, as far as its reader may know."""

from datetime import timedelta
from typing import Any

import pytest

from care_plans import activities, circumstances, standing
from care_plans.models import Activity, Course, Goal, PathwayVersion, StageStay
from tests import lockbox
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person

DAY = timedelta(days=1)
pytestmark = [pytest.mark.feature("DP-06"), pytest.mark.usefixtures("clock")]


def asked(who: Person, path: str) -> Any:
    answered = who.client.get(f"/api/v1/{path}")
    assert answered.status_code == 200, answered.content
    return answered.json()


def is_answered(why: dict[str, Any], rule: str) -> None:
    """A rule of a version, and on whose word."""
    assert (why["pathway"], why["rule"]) == ("hamstring-tendinopathy", rule)
    assert why["version"] == underway.version().version
    assert why["cites"]
    assert why["is_expert_consensus"] is any("Expert consensus" in one for one in why["cites"])


# What stops a course


def other_course(cast: Cast) -> Course:
    with cast.acting():
        gluteal = PathwayVersion.objects.newest("gluteal-tendinopathy")
        return underway.start(cast, pathway_version_id=gluteal.pk, answers={}, now=NOW - DAY)


def test_a_stop_from_another_course_names_the_flag_its_urgency_and_the_course(
    cast: Cast, course: Course
) -> None:
    other = other_course(cast)
    with cast.acting():
        found = written.red_flag(cast, cast.asha, course, flag="popping-sound")
    told = asked(cast.asha, f"courses/{other.pk}/readiness")
    assert (told["status"], told["standing"]) == ("active", "stopped")
    [stop] = told["stops"]
    assert (stop["red_flag"], stop["flag"]) == (str(found.pk), "popping-sound")
    assert (stop["course"], stop["is_of_other_course"]) == (str(course.pk), True)
    assert (stop["urgency"], stop["is_withheld"]) == (found.urgency, False)
    assert course.condition in stop["sentence"]
    assert stop["found"]["action"]
    assert stop["found"]["cites"]
    [own] = asked(cast.asha, f"courses/{course.pk}/readiness")["stops"]
    assert own["is_of_other_course"] is False
    with cast.acting():
        written.clear(found, cast.asha)
    assert asked(cast.asha, f"courses/{other.pk}/readiness")["stops"] == []


def test_what_only_blocks_its_own_course_is_no_stop_of_another(cast: Cast, course: Course) -> None:
    other = other_course(cast)
    with cast.acting():
        written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling")
    assert len(asked(cast.asha, f"courses/{course.pk}/readiness")["stops"]) == 1
    assert asked(cast.asha, f"courses/{other.pk}/readiness")["stops"] == []


@pytest.mark.feature("PV-02")
def test_a_stop_that_is_withheld_says_that_something_of_the_person_stops_it(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    other = other_course(cast)
    with cast.acting():
        found = written.red_flag(cast, cast.asha, scene.course, flag="popping-sound")
    at = f"courses/{other.pk}/readiness"
    assert asked(cast.ben, at)["stops"][0]["red_flag"] == str(found.pk)
    scene.lock(target="condition", target_id=scene.course.pk)
    told = asked(cast.ben, at)
    assert told["standing"] == "stopped"
    [stop] = told["stops"]
    assert (stop.pop("sentence"), stop.pop("is_withheld")) == (
        "Something of this person stops it; what, and where it was found, is withheld.",
        True,
    )
    assert set(stop.values()) == {None}
    assert (told["safety"]["outcome"], told["safety"]["about"]) == ("not_met", [])
    for secret in (found.pk, scene.course.pk, "popping-sound", scene.course.condition):
        assert str(secret) not in str(told)


# Dates


def test_a_stay_says_which_rule_dates_its_end_and_its_review(cast: Cast, course: Course) -> None:
    stay = asked(cast.asha, f"courses/{course.pk}")["stay"]
    dates = {one["date"]: one for one in stay["dates"]}
    is_answered(dates["expected_until"], "stages.acute.expected.mild")
    assert dates["expected_until"]["at"] == stay["expected_until"]
    assert stay["is_expert_consensus"] is any(one["is_expert_consensus"] for one in stay["dates"])
    assert asked(cast.asha, f"courses/{course.pk}/readiness")["dates"] == stay["dates"]
    with cast.acting():
        row = StageStay.objects.get(course=course)
        content = underway.version().definition.stage("acute")
        assert (row.review_at is not None) is ("review_at" in dates)
        assert dates["expected_until"]["after"] == content.weeks("mild").stay.iso
    if row.review_at is not None:
        is_answered(dates["review_at"], "stages.acute.review")
        assert dates["review_at"]["at"] == stay["review_at"]


def test_a_pause_and_another_severity_are_in_what_dates_a_stay(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.move(cast, course, "pause", now=NOW - 5 * DAY, reason="away")
        underway.move(cast, course, "resume", now=NOW - 2 * DAY)
    [first, *_] = asked(cast.asha, f"courses/{course.pk}")["stay"]["dates"]
    assert "Pauses have added 3.0 days." in first["sentence"]
    tag = cast.asha.client.get(f"/api/v1/courses/{course.pk}")["ETag"]
    changed = cast.asha.client.post(
        f"/api/v1/courses/{course.pk}/change-severity",
        {"severity": "severe", "reason": "As examined."},
        headers={"If-Match": tag},
    )
    assert changed.status_code == 200, changed.content
    [second, *_] = changed.json()["stay"]["dates"]
    assert second["rule"] == "stages.acute.expected.severe"
    assert "Pauses have added 3.0 days." in second["sentence"]


# Readiness, lanes, activities, doses, goals


def test_readiness_cites_what_its_criteria_rest_on(cast: Cast, course: Course) -> None:
    told = asked(cast.asha, f"courses/{course.pk}/readiness")
    assert any("Goom" in cite for cite in told["cites"])
    assert told["expected"]["cites"]


def test_a_lane_says_which_rule_asks_for_it(cast: Cast, course: Course) -> None:
    with cast.acting():
        always = underway.lane(course, "physiotherapy")
        asks = underway.lane(course, "psychotherapy")
    is_answered(asked(cast.asha, f"lanes/{always.pk}")["why"], "stages.acute.lanes.physiotherapy")
    why = asked(cast.asha, f"lanes/{asks.pk}")["why"]
    is_answered(why, "stages.acute.lanes.psychotherapy")
    assert why["finding"]["outcome"] in {"met", "not_met", "unknown"}
    assert why["finding"]["evidence"] or why["finding"]["parts"]


@pytest.mark.feature("PV-02")
def test_a_lane_tells_nothing_of_what_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        rows = circumstances.record_answers(
            scene.course.pk, answers={"sleep_affected": True}, actor=cast.dmitri.actor(), now=NOW
        )
        lane = underway.lane(scene.course, "psychotherapy")
    before = asked(cast.ben, f"lanes/{lane.pk}")["why"]
    assert any(str(row.pk) in str(before) for row in rows)
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)
    after = asked(cast.ben, f"lanes/{lane.pk}")["why"]
    assert not any(str(row.pk) in str(after) for row in rows)
    assert "Sleep affected: yes" in str(before["finding"])
    assert "Sleep affected: yes" not in str(after["finding"])


def test_an_activity_says_which_rule_asks_for_it_and_what_holds_its_next_dose(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        loading = Activity.objects.get(course=course, is_loading=True)
        activities.move_activity(loading.pk, "begin", actor=cast.asha.actor(), now=NOW)
        discipline = loading.lane.discipline
    told = asked(cast.asha, f"activities/{loading.pk}")
    is_answered(told["why"], f"stages.acute.lanes.{discipline}.activities.{loading.key}")
    dose = told["next_dose"]
    is_answered(dose, "dose_levels.eccentric")
    assert told["loading"]["outcome"] == "met"
    with cast.acting():
        flag = written.red_flag(cast, cast.asha, course, flag="popping-sound")
    found = asked(cast.asha, f"activities/{loading.pk}")
    assert (found["status"], found["because"]) == ("on_hold", "A red flag was found.")
    assert [one["flag"] for one in found["stops"]] == ["popping-sound"]
    [held] = [one for one in found["next_dose"]["held_by"] if one["kind"] == "NoOpen"]
    assert "popping-sound" in held["sentence"]
    assert found["loading"]["outcome"] == "not_met"
    with cast.acting():
        written.clear(flag, cast.asha)
    cleared = asked(cast.asha, f"activities/{loading.pk}")
    assert cleared["status"] == "on_hold"  # until somebody goes on with it
    assert cleared["loading"]["outcome"] == "met"
    assert "and 1 was cleared by a clinician" in cleared["loading"]["sentence"]


@pytest.mark.feature("DP-02")
def test_an_activity_says_before_it_is_begun_that_nobody_screened_for_it(
    cast: Cast,
) -> None:
    with cast.acting():
        course = underway.apply(cast)
        # nobody overrides an open flag; that nobody asked can be overridden, and holds loading
        underway.move(
            cast, course, "start", now=NOW, override=True, reason="Urgent.", leaving="intake"
        )
        loading = Activity.objects.filter(course=course, is_loading=True).earliest("pk")
        other = Activity.objects.filter(course=course, is_loading=False).earliest("pk")
    told = asked(cast.asha, f"activities/{loading.pk}")["loading"]
    assert told["outcome"] == "unknown"
    assert "are not known to be absent" in told["sentence"]
    assert asked(cast.asha, f"activities/{other.pk}")["loading"] is None


@pytest.mark.feature("PV-02")
def test_what_holds_a_dose_is_withheld_with_what_it_rests_on(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        loading = Activity.objects.get(course=scene.course, is_loading=True)
        found = written.red_flag(cast, cast.chloe, scene.course, flag="popping-sound")
    at = f"activities/{loading.pk}"
    assert "popping-sound" in str(asked(cast.ben, at)["next_dose"])
    chloe = cast.chloe.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=chloe)
    after = asked(cast.ben, at)
    assert [one["is_withheld"] for one in after["stops"]] == [True]
    assert "A red flag is open; where it was found is withheld." in str(after)
    assert "popping-sound" not in str(after)
    assert str(found.screen_id) not in str(after)


def test_what_is_not_planned_says_by_which_version_and_on_whose_word(
    cast: Cast, course: Course
) -> None:
    rows = asked(cast.asha, f"courses/{course.pk}/unplanned-activities")
    assert rows
    assert all(row["cites"] and row["version"] == underway.version().version for row in rows)


def test_a_goal_says_where_it_stands_and_on_whose_word(cast: Cast, course: Course) -> None:
    with cast.acting():
        goal = Goal.objects.get(course=course, key="reduce-pain")
        underway.score(course, {"nprs": "2"}, now=NOW, who=cast.asha)
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)
    told = asked(cast.asha, f"goals/{goal.pk}")
    is_answered(told["why"], "stages.acute.goals.reduce-pain")
    assert told["achievement"]["finding"]["evidence"]


def test_what_is_to_be_collected_says_by_which_version_and_on_whose_word(
    cast: Cast, course: Course
) -> None:
    rows = asked(cast.asha, f"courses/{course.pk}/collection-points")
    assert {row["status"] for row in rows} == {"outstanding"}
    assert all(row["cites"] and row["version"] == underway.version().version for row in rows)
    for row in rows:
        is_said = any("Expert consensus" in one for one in row["cites"])
        assert row["is_expert_consensus"] is is_said
