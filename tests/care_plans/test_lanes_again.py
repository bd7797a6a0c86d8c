"""Lanes that lose whoever does them: needed after all, left, put on hold, or without anybody."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from care_plans import consuming, standing
from care_plans.models import Activity, Course, Lane
from coordination import care_team
from coordination.models import CareTeamMember
from referrals.lifecycle import perform
from referrals.models import ReferralTransition
from tests.care_plans import underway
from tests.cast import NOW, Cast

LATER = NOW + timedelta(weeks=1)
ALL_AGGRAVATED = {"sitting_aggravates": True, "stress_affects_sleep": True, "sleep_affected": True}


def consume(now: datetime) -> int:
    return consuming.consume_referral_steps(now=now)


def waiting() -> int:
    return ReferralTransition.objects.filter(processed_at=None).count()


@pytest.mark.parametrize("by_person", [True, False])
def test_it_resumes_only_the_referrals_that_the_pause_put_on_hold(
    cast: Cast, by_person: bool
) -> None:
    with cast.acting():
        course = underway.start(cast)
        referral_id = underway.lane(course, "massage_therapy").referral_id
        assert referral_id is not None
        if by_person:
            perform(
                referral_id,
                "hold",
                actor=cast.asha.actor(LATER),
                now=LATER,
                reason_code="patient_request",
            )
        underway.move(cast, course, "pause", now=LATER, reason="travels")
        assert underway.opened(course)[0][1] == "on_hold"
        underway.move(cast, course, "resume", now=LATER + timedelta(weeks=1))
        assert underway.opened(course)[0][1] == ("on_hold" if by_person else "active")


def has_somebody_or_a_referral(cast: Cast, course: Course, *, now: datetime) -> bool:
    """Say whether each needed lane has a member of the team or an open referral."""
    team = CareTeamMember.objects.current(now).filter(patient=cast.patient)
    members = set(team.values_list("practitioner_role_id", flat=True))
    needed = Lane.objects.filter(course=course, needed="needed").select_related("referral")
    return all(
        lane.practitioner_role_id in members
        or (lane.referral is not None and lane.referral.status == "active")
        for lane in needed
    )


def decide(cast: Cast, course: Course, discipline: str, *, needed: bool, now: datetime) -> Lane:
    found = underway.lane(course, discipline)
    return standing.decide_lane(
        found.id,
        version=found.version,
        needed=needed,
        reason="the lead says so",
        actor=cast.asha.actor(now),
        now=now,
    )


@pytest.mark.feature("PT-02")
def test_it_finds_somebody_for_a_lane_that_is_needed_after_all(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        planned = Activity.objects.filter(lane__discipline="massage_therapy")
        before = set(planned.values_list("id", "status"))
        first = underway.lane(course, "massage_therapy").referral_id
        decide(cast, course, "massage_therapy", needed=False, now=LATER)
        assert set(planned.values_list("status", flat=True)) == {"stopped"}
        decide(cast, course, "massage_therapy", needed=True, now=LATER)
    consume(LATER)
    with cast.acting():
        lane = underway.lane(course, "massage_therapy")
        assert lane.referral is not None
        assert lane.referral_id != first
        assert lane.referral.key == f"stage-stay:{underway.stay(course).id}:massage_therapy:2"
        assert [row[1] for row in underway.opened(course)].count("active") == 1
        assert has_somebody_or_a_referral(cast, course, now=LATER)
        assert set(planned.values_list("id", "status")) == before
    for hours in (2, 4):
        assert consuming.check_standings(now=LATER + timedelta(hours=hours)) == 1
    with cast.acting():
        assert underway.lane(course, "massage_therapy").version == lane.version


@pytest.mark.feature("PT-02")
def test_it_finds_somebody_else_when_who_did_a_lane_leaves(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        decide(cast, course, "massage_therapy", needed=False, now=NOW)
        decide(cast, course, "massage_therapy", needed=True, now=NOW)
        second = underway.lane(course, "massage_therapy").referral_id
        assert second is not None
        revoke(cast, second, now=NOW)
        member = care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
        assert has_somebody_or_a_referral(cast, course, now=NOW)
        care_team.leave(
            cast.patient.id, member.id, because="left", actor=cast.sam.actor(LATER), now=LATER
        )
        standing.reassess(course.id, actor=cast.asha.actor(LATER), now=LATER)
        assert has_somebody_or_a_referral(cast, course, now=LATER)
        assert underway.lane(course, "massage_therapy").referral_id != second


def revoke(cast: Cast, referral_id: UUID, *, now: datetime) -> None:
    actor = cast.asha.actor(now)
    perform(referral_id, "revoke", actor=actor, now=now, reason_code="entered_in_error")


def test_it_says_that_nobody_does_a_lane_and_leaves_it_alone_until_the_lead_decides(
    cast: Cast,
) -> None:
    with cast.acting():
        course = underway.start(cast)
        first = underway.lane(course, "massage_therapy").referral_id
        assert first is not None
        revoke(cast, first, now=LATER)
    consume(LATER)
    with cast.acting():
        before = underway.lane(course, "massage_therapy")
        found = standing.judge([course], now=LATER)[course.id].readiness
        said = [blocker.sentence for blocker in found.blockers()]
        assert any("Nobody does the massage therapy lane" in sentence for sentence in said)
    for hours in (2, 4):
        assert consuming.check_standings(now=LATER + timedelta(hours=hours)) == 1
    with cast.acting():
        after = underway.lane(course, "massage_therapy")
        assert (after.version, after.referral_id) == (before.version, first)
        decide(cast, course, "massage_therapy", needed=True, now=LATER + timedelta(hours=5))
        assert has_somebody_or_a_referral(cast, course, now=LATER + timedelta(hours=5))


def test_it_takes_others_in_past_steps_that_fail_and_tries_those_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        underway.start(cast, answers=ALL_AGGRAVATED)
        steps = list(ReferralTransition.objects.order_by("id").values_list("id", flat=True))
        poison = set(steps[:2])
        assert len(steps) > len(poison)
    real = consuming.take_in

    def fail(step_id: UUID, organization_id: UUID, *, now: datetime) -> None:
        if step_id in poison:
            raise ValueError("cannot be taken in")
        real(step_id, organization_id, now=now)

    monkeypatch.setattr(consuming, "take_in", fail)
    for _ in steps:
        consuming.consume_referral_steps(now=LATER, most=1)
    with cast.acting():
        left = ReferralTransition.objects.filter(processed_at=None)
        assert set(left.values_list("id", flat=True)) == poison
    monkeypatch.undo()
    consume(LATER)
    with cast.acting():
        assert waiting() == 0
