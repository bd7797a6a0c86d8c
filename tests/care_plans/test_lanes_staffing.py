"""Who does a lane: somebody of the team, or whom a referral finds; and who keeps it that way."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection

from care_plans import circumstances, consuming, standing, tasks
from care_plans.models import Activity, Lane, PathwayVersion, StageStay
from coordination import care_team
from coordination.models import AccessGrant, CareTeamMember
from coordination.tenancy import acting_in
from referrals.lifecycle import perform
from referrals.models import Referral, ReferralTransition
from referrals.permission import Report
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.leading import pass_lead_to

LATER = NOW + timedelta(weeks=1)
ALL_AGGRAVATED = {"sitting_aggravates": True, "stress_affects_sleep": True, "sleep_affected": True}


@pytest.mark.feature("RF-19")
@pytest.mark.feature("seed-parallel")
@pytest.mark.feature("seed-scenario-order")
def test_it_opens_what_the_stage_needs_side_by_side_in_order(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={**underway.CALM, "sitting_aggravates": True})
        assert underway.opened(course) == [
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
        assert [row[0] for row in underway.opened(course)] == ["massage_therapy"]
        assert not Activity.objects.filter(lane__discipline="psychotherapy").exists()
        for _ in range(2):  # answering the same again opens nothing twice
            circumstances.record_answers(
                course.id,
                answers={"stress_affects_sleep": True},
                actor=cast.asha.actor(LATER),
                now=LATER,
            )
        assert [row[0] for row in underway.opened(course)] == ["massage_therapy", "psychotherapy"]
        assert Activity.objects.filter(lane__discipline="psychotherapy").count() == 1


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
        pass_lead_to(cast, cast.ben, now=LATER)
        connection.check_constraints()


def consume(now: Any = NOW) -> int:
    return consuming.consume_referral_steps(now=now)


def waiting() -> int:
    return ReferralTransition.objects.filter(processed_at=None).count()


@pytest.mark.feature("PT-02")
def test_it_lets_whoever_accepts_a_referral_do_the_lane(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
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


@pytest.mark.feature("PT-02")
def test_it_takes_in_a_step_that_was_made_while_the_sweep_was_already_under_way(
    cast: Cast,
) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
    consume(NOW - timedelta(seconds=1))
    with cast.acting():
        assert waiting() == 0
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id == cast.chloe.practitioner_role.id


@pytest.mark.feature("PT-02")
@pytest.mark.feature("RF-01")
@pytest.mark.parametrize("is_reported", [False, True])
def test_it_takes_no_lane_from_whoever_came_while_a_sweep_was_under_way(
    cast: Cast, is_reported: bool
) -> None:
    begun = NOW - timedelta(seconds=1)
    with cast.acting():
        course = underway.start(cast)
        referral = underway.take(cast, course, cast.chloe)
        if is_reported:  # faster than any sweep
            perform(referral.id, "start", actor=cast.chloe.actor(), now=NOW)
            report = Report("Loose again.", "goals_met")
            perform(referral.id, "complete", actor=cast.chloe.actor(), now=NOW, report=report)
            perform(referral.id, "acknowledge", actor=cast.asha.actor(), now=NOW)
        else:
            consume()
        for now in (begun, NOW):
            standing.reassess(course.id, actor=cast.asha.actor(now), now=now)
    consume()
    with cast.acting():
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id == cast.chloe.practitioner_role.id
        assert lane.referral_id == referral.id
        assert Referral.objects.filter(discipline="massage_therapy").count() == 1


def test_it_looks_at_a_course_once_however_many_steps_its_referral_made(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        course = underway.start(cast)
    consume()
    with cast.acting():
        referral = underway.take(cast, course, cast.chloe)
        perform(referral.id, "start", actor=cast.chloe.actor(), now=NOW)
        assert waiting() > 2
    looked_at: list[UUID] = []
    reassess = standing.reassess

    def counted(course_id: UUID, **given: Any) -> None:
        looked_at.append(course_id)
        reassess(course_id, **given)

    monkeypatch.setattr(standing, "reassess", counted)
    consume()
    assert looked_at == [course.id]
    with cast.acting():
        assert waiting() == 0
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id == cast.chloe.practitioner_role.id


def test_it_does_not_look_again_at_a_course_that_was_discharged(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        course = underway.start(cast)
    consume()
    with cast.acting():
        underway.move(
            cast, course, "discharge", now=LATER, outcome="patient_left", reason="moved away"
        )
        assert waiting() > 0
    monkeypatch.setattr(standing, "reassess", lambda *_, **__: pytest.fail("looked at again"))
    consume(LATER)
    with cast.acting():
        assert waiting() == 0


def test_it_leaves_a_lane_without_anybody_when_work_is_given_back_or_revoked(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        referral = underway.take(cast, course, cast.chloe)
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
        assert underway.opened(course) == [("massage_therapy", "revoked", 2)], (
            "and none is opened instead"
        )


def test_it_keeps_a_referral_that_is_on_its_way_into_the_next_stage(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, answers={**underway.CALM, "sitting_aggravates": True})
        first = underway.lane(course, "chiropractic").referral_id
        underway.move(cast, course, "advance", now=LATER, override=True, reason="test")
        statuses = {row[0]: row[1] for row in underway.opened(course)}
        assert statuses["kinesiology"] == "active"
        assert statuses["nutrition"] == "active"
        massage = underway.lane(course, "massage_therapy")
        if massage.needed == "not_needed":
            assert statuses["massage_therapy"] == "revoked"
        chiropractic = underway.lane(course, "chiropractic")
        if chiropractic.needed == "needed":
            assert chiropractic.referral_id == first


def test_it_looks_again_at_courses_that_only_time_has_changed(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        StageStay.objects.filter(course=course).update(checked_at=NOW)
        checked: UUID = course.id
    assert consuming.check_standings(now=NOW + timedelta(minutes=59)) == 0
    assert consuming.check_standings(now=LATER) == 1
    with acting_in(cast.riverside.id):
        assert StageStay.objects.get(course_id=checked).checked_at == LATER


def test_it_waits_for_the_one_before_when_a_pathway_says_sequential(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, answers=ALL_AGGRAVATED)
        underway.screen(course, who=cast.asha)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PathwayVersion, "definition", property(_in_sequence(underway.version())))
            underway.move(cast, course, "start", now=NOW)
            assert [row[0] for row in underway.opened(course)] == ["massage_therapy"]
            lane = underway.lane(course, "massage_therapy")
            assert lane.referral_id is not None
            perform(
                lane.referral_id,
                "revoke",
                actor=cast.asha.actor(LATER),
                now=LATER,
                reason_code="no_longer_needed",
            )
            consume(LATER)
            assert [row[0] for row in underway.opened(course)] == [
                "massage_therapy",
                "chiropractic",
            ]


def _in_sequence(version: PathwayVersion) -> Any:
    definition = version.definition
    stages = {
        name: stage.model_copy(
            update={"referrals": stage.referring.model_copy(update={"timing": "sequential"})}
        )
        for name, stage in definition.stages.items()
    }
    changed = definition.model_copy(update={"stages": stages})
    return lambda self: changed


def test_it_is_woken_by_beat(cast: Cast) -> None:
    with cast.acting():
        underway.start(cast)
    tasks.consume_referral_steps()
    tasks.check_standings()
    with cast.acting():
        assert waiting() == 0
        assert StageStay.objects.exclude(checked_at=NOW).count() == 1
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {tasks.consume_referral_steps.name, tasks.check_standings.name} <= named
