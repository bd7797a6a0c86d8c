"""Looking again at many courses: what is settled is what `reassess` would leave as it is."""

import gc
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, current_thread, main_thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
import time_machine
from django.db import OperationalError

from care_plans import consuming, looking_again, standing
from care_plans.models import Course, StageStay
from coordination import care_team
from coordination.models import AuditEvent, CareTeamMember
from notifications.models import Message
from tests.care_plans import underway
from tests.cast import NOW, Cast, make_patient
from tests.leading import pass_lead_to
from tests.matrix_scenes import a_patient

LATER = NOW + timedelta(days=3)


@pytest.fixture
def team(cast: Cast) -> Cast:
    with cast.acting():
        for who in (cast.ben, cast.chloe):
            care_team.join(
                cast.patient.id,
                practitioner_role_id=who.practitioner_role.id,
                actor=cast.asha.actor(),
                now=NOW - timedelta(days=1),
            )
    return cast


def is_settled(course: Course, now: Any) -> bool:
    (seen,) = looking_again.glance([course.pk], now=now)
    return seen.is_settled(now)


def reassessed(cast: Cast, course: Course, now: Any) -> bool:
    """Look at a course with all that follows; say whether anything came of it."""
    before = traces(course)
    actor = cast.asha.actor(now)
    standing.reassess(course.pk, actor=actor, now=now)
    standing.remind_anew(course.pk, actor=actor, now=now)
    return traces(course) != before


def traces(course: Course) -> list[Any]:
    """Return all that a look may leave."""
    stay = StageStay.objects.filter(course=course, left_at=None).values(
        "standing", "blocked_by", "standing_since", "plan"
    )
    return [
        list(stay),
        list(course.lanes.order_by("id").values("needed", "reason", "rests_on", "version")),
        course.activities.count(),
        list(course.recommendations.order_by("id").values("rule", "status", "until")),
        set(Message.objects.values_list("id", "status")),
        AuditEvent.objects.count(),
    ]


def test_a_course_that_nothing_would_change_is_settled(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        standing.remind_anew(course.pk, actor=team.asha.actor(), now=NOW)
        assert is_settled(course, LATER)
        assert not reassessed(team, course, LATER)


def test_evidence_that_nobody_looked_at_unsettles_it(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        assert is_settled(course, LATER)
        for days, values in enumerate(underway.ACUTE_EXIT):
            at = LATER + timedelta(days=days)
            underway.score(course, values, now=at, who=team.asha)
        underway.screen(course, now=LATER, who=team.asha)
        after = LATER + timedelta(days=len(underway.ACUTE_EXIT))
        assert not is_settled(course, after)
        assert reassessed(team, course, after)
        assert is_settled(course, after)


def test_whoever_came_since_unsettles_it(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        assert is_settled(course, LATER)
        pass_lead_to(team, team.ben, now=LATER)
        assert not is_settled(course, LATER)
        assert reassessed(team, course, LATER)
        assert is_settled(course, LATER)


@pytest.mark.feature("RM-02")
def test_a_lead_who_cannot_log_in_unsettles_it(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        standing.remind_anew(course.pk, actor=team.asha.actor(), now=NOW)
        assert is_settled(course, LATER)
        team.asha.user.is_active = False
        team.asha.user.save(update_fields=["is_active"])
        assert team.asha.practitioner_role.is_registered(LATER)
        assert not is_settled(course, LATER)
        assert reassessed(team, course, LATER)
        assert not is_settled(course, LATER), "who hears it now is asked each time"
        assert not reassessed(team, course, LATER)


def test_a_lane_that_lost_its_practitioner_unsettles_it(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id == team.chloe.practitioner_role.id
        CareTeamMember.objects.filter(practitioner_role=lane.practitioner_role_id).update(
            until=LATER, ended_because="left"
        )
        after = LATER + timedelta(hours=1)
        assert not is_settled(course, after)
        assert reassessed(team, course, after)


def test_time_alone_unsettles_a_stage_that_stalls(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        at, found = NOW, []
        for days in range(0, 400, 20):
            at = NOW + timedelta(days=days)
            settled = is_settled(course, at)
            changed = reassessed(team, course, at)
            assert not (settled and changed), f"settled, and changed after {days} days"
            found.append(changed)
        assert is_settled(course, at)


def test_the_sweep_writes_nothing_about_settled_courses(
    team: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with team.acting():
        course = underway.start(team)
        standing.remind_anew(course.pk, actor=team.asha.actor(), now=NOW)
        before = traces(course)
    looked_at: list[UUID] = []
    monkeypatch.setattr(standing, "reassess", lambda course_id, **_: looked_at.append(course_id))
    assert consuming.check_standings(now=LATER) == 1
    assert looked_at == []
    with team.acting():
        assert traces(course) == before
        assert underway.stay(course).checked_at == LATER
    assert consuming.check_standings(now=LATER) == 0


@pytest.fixture
def three_settled(committed_cast: Cast) -> list[Course]:
    """Three courses of three patients, which a look would leave as they are."""
    cast = committed_cast
    patients = [cast.patient, *(make_patient(cast.asha) for _ in range(2))]
    with cast.acting():
        courses = [underway.start(replace(cast, patient=patient)) for patient in patients]
        for course in courses:
            standing.remind_anew(course.pk, actor=cast.asha.actor(), now=NOW)
    return courses


@pytest.fixture
def looked_at(three_settled: list[Course], monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Which of these three courses are looked at one by one."""
    found: list[UUID] = []
    monkeypatch.setattr(standing, "reassess", lambda course_id, **_: found.append(course_id))
    return found


def test_many_courses_are_looked_over_by_two_at_once(
    committed_cast: Cast,
    three_settled: list[Course],
    looked_at: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[UUID]] = []
    together, glance = Barrier(2), looking_again.glance

    def watched(ids: list[UUID], *, now: datetime) -> list[looking_again.Glance]:
        together.wait(timeout=60)
        assert not gc.isenabled()
        asked.append(ids)
        return glance(ids, now=now)

    monkeypatch.setattr(consuming, "glance", watched)
    assert consuming.check_standings(now=LATER, most=2) == 3
    assert (sorted(map(len, asked)), looked_at) == ([1, 2], [])
    assert {one for batch in asked for one in batch} == {course.pk for course in three_settled}
    with committed_cast.acting():
        assert {underway.stay(course).checked_at for course in three_settled} == {LATER}
    assert gc.isenabled()


@pytest.mark.parametrize("failing", [1, 2], ids=["the smaller", "the larger"])
def test_a_batch_that_fails_is_looked_at_one_by_one(
    looked_at: list[UUID], monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    failed: list[UUID] = []
    glance = looking_again.glance

    def broken(ids: list[UUID], *, now: datetime) -> list[looking_again.Glance]:
        if len(ids) == failing:
            failed.extend(ids)
            raise OperationalError("the connection is gone")
        return glance(ids, now=now)

    monkeypatch.setattr(consuming, "glance", broken)
    assert consuming.check_standings(now=LATER, most=2) == 3
    assert len(failed) == failing
    assert looked_at == failed
    assert gc.isenabled()


def test_whoever_cannot_look_leaves_the_rest_to_the_other(
    looked_at: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    together, glance = Barrier(2), looking_again.glance
    broken: list[list[UUID]] = []

    def half(ids: list[UUID], *, now: datetime) -> list[looking_again.Glance]:
        if current_thread() is main_thread():
            found = glance(ids, now=now)
            if together.n_waiting or not broken:
                together.wait(timeout=60)
            return found
        broken.append(ids)
        together.wait(timeout=60)
        raise OperationalError("no second connection is left")

    monkeypatch.setattr(consuming, "glance", half)
    assert consuming.check_standings(now=LATER, most=1) == 3
    assert looked_at == [course_id for [course_id] in broken]
    assert len(looked_at) == 1


def test_looking_over_ends_at_half_of_the_time_that_is_left(
    three_settled: list[Course], looked_at: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[float] = []

    def unsettled(due: list[Any], _: int, *, now: datetime, until: float) -> tuple[int, list[Any]]:
        ends.append(until)
        return 0, due

    monkeypatch.setattr(consuming, "monotonic", lambda: 100.0)
    monkeypatch.setattr(consuming, "PATIENCE", 60.0)
    monkeypatch.setattr(consuming, "_looked_over", unsettled)
    assert consuming.check_standings(now=LATER) == 3
    assert ends == [130.0]
    assert sorted(looked_at) == sorted(course.pk for course in three_settled)


def test_a_course_that_somebody_holds_is_left_to_them(
    committed_cast: Cast,
    three_settled: list[Course],
    admin_connection: psycopg.Connection,
    looked_at: list[UUID],
) -> None:
    held, *others = three_settled
    admin_connection.execute(
        "SELECT FROM care_plans_stagestay WHERE course_id = %s FOR NO KEY UPDATE", [held.pk]
    )
    assert consuming.check_standings(now=LATER, most=2) == 3
    assert looked_at == []
    with committed_cast.acting():
        assert {underway.stay(course).checked_at for course in others} == {LATER}
        assert underway.stay(held).checked_at < LATER
    admin_connection.rollback()
    assert consuming.check_standings(now=LATER) == 1
    with committed_cast.acting():
        assert underway.stay(held).checked_at == LATER


def test_the_longest_unseen_are_looked_at_first_however_many_are_due(
    committed_cast: Cast, three_settled: list[Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[UUID]] = []

    def watched(ids: list[UUID], *, now: datetime) -> list[looking_again.Glance]:
        asked.append(ids)
        return looking_again.glance(ids, now=now)

    newest, *older = [course.pk for course in three_settled]
    with committed_cast.acting():
        for course_id in older:
            stay = StageStay.objects.filter(course_id=course_id)
            stay.update(checked_at=NOW - timedelta(hours=1))
    monkeypatch.setattr(consuming, "DUE", 2)
    monkeypatch.setattr(consuming, "glance", watched)
    assert consuming.check_standings(now=LATER, most=1) == 3
    assert sorted(asked[:2]) == sorted([course_id] for course_id in older)
    assert asked[2:] == [[newest]]


def test_nothing_is_begun_once_patience_is_over(
    looked_at: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[UUID]] = []

    def nothing(ids: list[UUID], *, now: datetime) -> list[looking_again.Glance]:
        asked.append(ids)
        return []

    monkeypatch.setattr(consuming, "glance", nothing)
    monkeypatch.setattr(consuming, "PATIENCE", 0.0)
    assert consuming.check_standings(now=LATER, most=1) == 1
    assert len(looked_at) == 1
    assert len(asked) < 3, "each of two began one"


@pytest.mark.feature("PW-03")
@pytest.mark.parametrize("what", ["care_plans.content.stages.Stage.is_timed", "goals"])
def test_what_time_alone_may_change_is_never_settled(
    team: Cast, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with team.acting():
        course = underway.start(team)
        reassessed(team, course, LATER)
        assert is_settled(course, LATER)
        if what == "goals":
            monkeypatch.setattr("care_plans.achieving.waits_for_time", lambda _: True)
        else:
            monkeypatch.setattr(what, property(lambda _: True))
        assert not is_settled(course, LATER)


@pytest.mark.feature("DP-01")
def test_what_failed_during_intake_is_made_up_for(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    def suggested() -> set[str]:
        with cast.acting():
            return set(course.recommendations.values_list("rule", flat=True))

    with cast.acting():
        course = underway.apply(cast)
    assert consuming.check_intakes(now=NOW) == 0, "nothing was measured yet"
    answers = {"scores": [{"measure": "phq9", "item": 9, "value": "1"}]}
    with monkeypatch.context() as broken:
        broken.setattr(standing, "reassess", fail)
        with time_machine.travel(NOW, tick=False):
            sent = a_patient(cast).client.post("/api/v1/me/assessments", answers)
        assert sent.status_code == 201, sent.content
        assert consuming.check_intakes(now=NOW) == 1, "one that fails holds up no other"
    assert suggested() == set()
    assert consuming.check_intakes(now=LATER) == 1
    assert "safety.suicide-risk" in suggested()
    with cast.acting():
        underway.screen(course, now=LATER, who=cast.asha)
        underway.move(cast, course, "start", now=LATER)
    assert consuming.check_intakes(now=LATER) == 0
