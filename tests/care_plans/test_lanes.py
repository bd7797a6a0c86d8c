"""Lanes: which a stage needs, who does them, and what each says about going on."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection

from care_plans import circumstances, consuming, lanes, progress, standing
from care_plans.models import Activity, Course, Lane, LaneSignOff, StageStay
from coordination import care_team
from coordination.models import AccessGrant, CareTeamMember
from coordination.problems import Denied, Invalid, VersionMismatch
from coordination.tenancy import acting_in
from referrals.lifecycle import perform
from referrals.models import Referral, ReferralTransition
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person

LATER = NOW + timedelta(weeks=1)
ALL_AGGRAVATED = {"sitting_aggravates": True, "stress_affects_sleep": True, "sleep_affected": True}


def take(cast: Cast, course: Course, who: Person, *, now: Any = NOW) -> Referral:
    """Assign the lane's referral to somebody, who accepts it."""
    lane = underway.lane(course, who.practitioner_role.discipline)
    assert lane.referral_id is not None
    perform(
        lane.referral_id,
        "assign",
        actor=cast.sam.actor(now),
        now=now,
        to=who.practitioner_role.id,
    )
    return perform(lane.referral_id, "accept", actor=who.actor(now), now=now)


def opened(course: Course) -> list[tuple[str, str, int]]:
    rows = Referral.objects.filter(patient_id=course.patient_id).order_by("order")
    return [(row.discipline, row.status, row.order) for row in rows]


@pytest.mark.feature("RF-19")
@pytest.mark.feature("seed-parallel")
@pytest.mark.feature("seed-scenario-order")
def test_it_opens_what_the_stage_needs_side_by_side_in_order(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={**underway.CALM, "sitting_aggravates": True})
        assert opened(course) == [
            ("massage_therapy", "active", 2),
            ("chiropractic", "active", 3),
        ], "physiotherapy comes first and is done by the lead; psychotherapy is not needed"
        referral = Referral.objects.get(discipline="massage_therapy")
        lane = underway.lane(course, "massage_therapy")
        assert referral.key == f"stage-stay:{underway.stay(course).id}:massage_therapy"
        assert referral.requested_by_id == cast.asha.practitioner_role.id
        assert (referral.stage, referral.lane_id) == ("acute", lane.id)


@pytest.mark.feature("RF-19")
@pytest.mark.feature("seed-scenario-order")
def test_it_opens_a_conditional_one_only_once_its_condition_is_met(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        assert [row[0] for row in opened(course)] == ["massage_therapy"]
        assert not Activity.objects.filter(lane__discipline="psychotherapy").exists()
        for _ in range(2):  # answering the same again opens nothing twice
            circumstances.record_answers(
                course.id,
                answers={"stress_affects_sleep": True},
                actor=cast.asha.actor(LATER),
                now=LATER,
            )
        assert [row[0] for row in opened(course)] == ["massage_therapy", "psychotherapy"]
        assert Activity.objects.filter(lane__discipline="psychotherapy").count() == 1


def test_it_leaves_a_lane_undecided_while_nobody_knows_and_lets_it_block(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={"sitting_aggravates": False})
        lane = underway.lane(course, "psychotherapy")
        assert lane.needed == "undecided"
        underway.meet_acute_exit(cast, course, now=LATER)
        underway.sign(cast.asha, underway.lane(course, "physiotherapy"), now=LATER)
        assert "psychotherapy" in underway.stay(course).blocked_by
        assert lane.referral_id is None


@pytest.mark.feature("PT-02")
def test_it_gives_each_needed_lane_a_member_or_an_open_referral(cast: Cast) -> None:
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
        course = underway.start(cast, answers=ALL_AGGRAVATED)
        lead = CareTeamMember.objects.get(patient=cast.patient, role="lead", until=None)
        assert lead.practitioner_role_id == cast.asha.practitioner_role.id
        needed = Lane.objects.filter(course=course, needed="needed").select_related("referral")
        team = set(
            CareTeamMember.objects.current(LATER)
            .filter(patient=cast.patient)
            .values_list("practitioner_role_id", flat=True)
        )
        assert {lane.discipline for lane in needed} == {
            "physiotherapy",
            "massage_therapy",
            "chiropractic",
            "psychotherapy",
        }
        for lane in needed:
            has_member = lane.practitioner_role_id in team
            has_referral = lane.referral is not None and lane.referral.status == "active"
            assert has_member or has_referral, lane.discipline
        by = {lane.discipline: lane for lane in needed}
        assert by["massage_therapy"].practitioner_role_id == cast.chloe.practitioner_role.id
        assert by["massage_therapy"].referral is None
        member = CareTeamMember.objects.get(practitioner_role=cast.chloe.practitioner_role)
        care_team.leave(
            cast.patient.id,
            member.id,
            because="on leave",
            actor=cast.sam.actor(LATER),
            now=LATER,
        )
        member.refresh_from_db()
        assert (member.since, member.until) == (NOW, LATER), "joins and leaves are dated"
        standing.reassess(course.id, actor=cast.asha.actor(LATER), now=LATER)
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id is None
        assert lane.referral is not None
        assert lane.referral.status == "active"


@pytest.mark.feature("PT-02")
def test_it_has_exactly_one_lead_or_the_database_refuses_the_plan(cast: Cast) -> None:
    from django.db import IntegrityError, transaction

    with cast.acting():
        underway.apply(cast)
        connection.check_constraints()
        for change in ({"until": LATER}, {"role": "member"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                CareTeamMember.objects.filter(patient=cast.patient, role="lead").update(**change)
                connection.check_constraints()
        with pytest.raises(IntegrityError), transaction.atomic():
            CareTeamMember.objects.create(
                organization=cast.riverside,
                patient=cast.patient,
                practitioner_role=cast.ben.practitioner_role,
                role="lead",
                since=NOW,
            )
        care_team.hand_over_lead(
            cast.patient.id,
            to_id=cast.ben.practitioner_role.id,
            because="moves",
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        connection.check_constraints()


def consume(now: Any = NOW) -> int:
    return consuming.consume_referral_steps(now=now)


def waiting() -> int:
    return ReferralTransition.objects.filter(processed_at=None).count()


@pytest.mark.feature("PT-02")
def test_it_lets_whoever_accepts_a_referral_do_the_lane(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        take(cast, course, cast.chloe)
    for _ in range(2):  # safe to run twice
        consume()
    with cast.acting():
        assert waiting() == 0
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id == cast.chloe.practitioner_role.id
        joined = CareTeamMember.objects.get(practitioner_role=cast.chloe.practitioner_role)
        assert joined.since == NOW
        assert AccessGrant.objects.filter(
            practitioner_role=cast.chloe.practitioner_role, patient=cast.patient
        ).exists()


def test_it_leaves_a_lane_without_anybody_when_work_is_given_back_or_revoked(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        referral = take(cast, course, cast.chloe)
        perform(
            referral.id,
            "requeue",
            actor=cast.sam.actor(LATER),
            now=LATER,
            reason_code="absent",
        )
    consume(LATER)
    with cast.acting():
        assert underway.lane(course, "massage_therapy").practitioner_role_id is None
        standing.reassess(course.id, actor=cast.asha.actor(LATER), now=LATER)
        assert underway.lane(course, "massage_therapy").practitioner_role_id is None
        member = CareTeamMember.objects.filter(
            practitioner_role=cast.chloe.practitioner_role, until=None
        )
        care_team.leave(
            cast.patient.id,
            member.get().id,
            because="absent",
            actor=cast.sam.actor(LATER),
            now=LATER,
        )
        perform(
            referral.id,
            "revoke",
            actor=cast.asha.actor(LATER),
            now=LATER,
            reason_code="no_longer_needed",
        )
    consume(LATER)
    with cast.acting():
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id is None
        assert opened(course) == [("massage_therapy", "revoked", 2)], "and none is opened instead"


def test_it_keeps_a_referral_that_is_on_its_way_into_the_next_stage(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={**underway.CALM, "sitting_aggravates": True})
        first = underway.lane(course, "chiropractic").referral_id
        underway.move(cast, course, "advance", now=LATER, override=True, reason="test")
        statuses = {row[0]: row[1] for row in opened(course)}
        assert statuses["kinesiology"] == "active"
        assert statuses["nutrition"] == "active"
        massage = underway.lane(course, "massage_therapy")
        if massage.needed == "not_needed":
            assert statuses["massage_therapy"] == "revoked"
        chiropractic = underway.lane(course, "chiropractic")
        if chiropractic.needed == "needed":
            assert chiropractic.referral_id == first


def _readiness_and_blocked(who: Person, course: Course) -> tuple[Any, Any]:
    shown = who.client.get(f"/api/v1/courses/{course.id}/readiness").data
    return shown, who.client.get("/api/v1/courses?blocked=true").data["results"]


@pytest.mark.feature("CP-04")
def test_it_shows_the_one_lane_that_blocks(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={**underway.CALM, "sitting_aggravates": True})
        for person in (cast.chloe, cast.ben):
            take(cast, course, person)
    consume()
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
        assert opened(course) == [("massage_therapy", "revoked", 2)]
        doing = Activity.objects.filter(lane=lane).values_list("status", flat=True)
        assert set(doing) == {"stopped"}


def test_it_looks_again_at_courses_that_only_time_has_changed(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        StageStay.objects.filter(course=course).update(checked_at=NOW)
        checked: UUID = course.id
    assert consuming.check_standings(now=NOW + timedelta(minutes=59)) == 0
    assert consuming.check_standings(now=LATER) == 1
    with acting_in(cast.riverside.id):
        assert StageStay.objects.get(course_id=checked).checked_at == LATER
