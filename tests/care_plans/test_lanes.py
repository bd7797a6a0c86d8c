"""Lanes: which a stage needs, and what each says about going on."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from care_plans import circumstances, consuming, lanes, progress, standing
from care_plans.activities import move_activity
from care_plans.models import Activity, Course, LaneSignOff
from coordination.problems import Denied, Invalid, VersionMismatch
from referrals.lifecycle import perform
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person

LATER = NOW + timedelta(weeks=1)
ALL_AGGRAVATED = {"sitting_aggravates": True, "stress_affects_sleep": True, "sleep_affected": True}


def test_it_leaves_a_lane_undecided_while_nobody_knows_and_lets_it_block(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE, answers={"sitting_aggravates": False})
        lane = underway.lane(course, "psychotherapy")
        assert lane.needed == "undecided"
        underway.meet_acute_exit(cast, course, now=LATER)
        underway.sign(cast.asha, underway.lane(course, "physiotherapy"), now=LATER)
        assert "psychotherapy" in underway.stay(course).blocked_by
        assert lane.referral_id is None


def _readiness_and_blocked(who: Person, course: Course) -> tuple[Any, Any]:
    shown = who.client.get(f"/api/v1/courses/{course.id}/readiness").data
    return shown, who.client.get("/api/v1/courses?blocked=true").data["results"]


@pytest.mark.feature("CP-04")
def test_it_shows_the_one_lane_that_blocks(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(
            cast, agreed=underway.BEFORE, answers={**underway.CALM, "sitting_aggravates": True}
        )
        for person in (cast.chloe, cast.ben):
            underway.take(cast, course, person)
    consuming.consume_referral_steps(now=NOW)
    with cast.acting():
        underway.meet_acute_exit(cast, course, now=LATER)
        assert underway.stay(course).blocked_by == [
            "chiropractic",
            "massage_therapy",
            "physiotherapy",
        ]
        underway.sign(cast.asha, underway.lane(course, "physiotherapy"), now=LATER)
        underway.sign(cast.ben, underway.lane(course, "chiropractic"), now=LATER)
        underway.sign(
            cast.chloe,
            underway.lane(course, "massage_therapy"),
            now=LATER,
            verdict="not_ready",
            reason="still tight",
        )
        stay = underway.stay(course)
        assert (stay.standing, stay.blocked_by) == ("blocked", ["massage_therapy"])
    with time_machine.travel(LATER, tick=False):
        shown, listed = _readiness_and_blocked(cast.ben, course)
    assert shown["blocked_by"] == ["massage_therapy"]
    words = {row["discipline"]: (row["needed"], row["sign_off"]) for row in shown["lanes"]}
    assert words["psychotherapy"][0] == "not_needed"
    assert words["chiropractic"][1]["verdict"] == "ready"
    assert words["massage_therapy"][1]["reason"] == "still tight"
    assert [row["stay"]["blocked_by"] for row in listed] == [["massage_therapy"]]
    with cast.acting():
        with pytest.raises(progress.NotReady):
            underway.move(cast, course, "advance", now=LATER)
        underway.sign(cast.chloe, underway.lane(course, "massage_therapy"), now=LATER)
        assert underway.stay(course).standing == "ready"
        course = underway.move(cast, course, "advance", now=LATER)
        assert course.stage == "subacute"


def test_it_takes_the_word_of_the_lane_s_own_discipline_only(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "massage_therapy")
        with pytest.raises(Denied) as denied:
            underway.sign(cast.asha, lane, now=NOW)
        assert denied.value.rule == "scope.lane.sign-off"
        with pytest.raises(lanes.LaneNotFound):
            underway.sign(cast.gus, lane, now=NOW)
        assert not LaneSignOff.objects.exists()


def test_it_takes_no_word_from_somebody_who_was_merely_asked(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "massage_therapy")
        asked, asked_id = cast.chloe.practitioner_role.id, lane.referral_id
        assert asked_id is not None
        perform(asked_id, "assign", to=asked, actor=cast.sam.actor(), now=NOW)
        with pytest.raises(Denied) as denied:
            underway.sign(cast.chloe, lane, now=LATER)
        assert denied.value.rule == "scope.lane.sign-off"
        with pytest.raises(Denied) as denied:
            back = progress.Request(action="regress", reason="flare-up")
            progress.perform(course.id, back, actor=cast.chloe.actor(LATER), now=LATER)
        assert denied.value.rule == "scope.course.regress"
        massage = Activity.objects.filter(course=course, lane=lane).first()
        assert massage is not None
        with pytest.raises(Denied) as denied:
            move_activity(massage.id, "begin", actor=cast.chloe.actor(LATER), now=LATER)
        assert denied.value.rule == "scope.activity.begin"
        assert not LaneSignOff.objects.exists()
        perform(asked_id, "accept", actor=cast.chloe.actor(), now=NOW)
        underway.sign(cast.chloe, lane, now=LATER)
        assert LaneSignOff.objects.get().practitioner_role_id == asked


def test_it_refuses_not_ready_without_a_reason_and_words_for_no_stay(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "physiotherapy")
        with pytest.raises(Invalid):
            underway.sign(cast.asha, lane, now=NOW, verdict="not_ready")
        underway.move(cast, course, "pause", now=LATER, reason="away")
        with pytest.raises(lanes.NothingToSignOff):
            underway.sign(cast.asha, lane, now=LATER)
        assert not LaneSignOff.objects.exists()


def test_it_lets_the_lead_decide_a_lane_and_keeps_the_decision(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={"sitting_aggravates": False})
        lane = underway.lane(course, "psychotherapy")
        decided = standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="has a therapist outside",
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        assert (decided.needed, decided.decided_by) == ("not_needed", "person")
        circumstances.record_answers(
            course.id,
            answers={"stress_affects_sleep": True},
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        assert underway.lane(course, "psychotherapy").needed == "not_needed"
        with pytest.raises(VersionMismatch):
            standing.decide_lane(
                lane.id,
                version=lane.version,
                needed=True,
                reason="after all",
                actor=cast.asha.actor(LATER),
                now=LATER,
            )


def test_it_withdraws_what_a_lane_had_open_when_the_lead_takes_it_off(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "massage_therapy")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="no tightness",
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        assert underway.opened(course) == [("massage_therapy", "revoked", 2)]
        doing = Activity.objects.filter(lane=lane).values_list("status", flat=True)
        assert set(doing) == {"stopped"}


def test_it_says_why_a_lane_is_needed_by_what_made_it_so(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers=underway.CALM)
        circumstances.record_answers(
            course.id, answers={"sleep_affected": True}, actor=cast.asha.actor(), now=NOW
        )
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
        lane = underway.lane(course, "psychotherapy")
        assert (lane.needed, lane.reason) == ("needed", "Sleep affected: yes.")


def test_it_plans_and_drops_a_lane_with_the_answers_of_the_intake(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, answers={**underway.CALM, "sitting_aggravates": True})
        assert underway.lane(course, "chiropractic").needed == "needed"
        circumstances.record_answers(
            course.id,
            answers={"sitting_aggravates": False},
            actor=cast.asha.actor(),
            now=NOW,
        )
        assert underway.lane(course, "chiropractic").needed == "not_needed"
        underway.screen(course, who=cast.asha)
        underway.move(cast, course, "start", now=NOW)
        dropped = Activity.objects.filter(course=course, lane__discipline="chiropractic")
        assert set(dropped.values_list("status", flat=True)) == {"stopped"}
        assert [row[0] for row in underway.opened(course)] == ["massage_therapy"]
