"""A lead who cannot log in has lapsed, whatever the college says: somebody else must take over."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from care_plans import (
    hand_off_reminders,
    hand_offs,
    lapses,
    leading,
    progress,
    recommending,
    red_flags,
    reminders,
    standing,
)
from care_plans.hand_off_moves import Answer
from care_plans.leading import LeadLapsed
from care_plans.models import Recommendation, RedFlag
from coordination.logins import close_login
from coordination.models import (
    AuditEvent,
    CareTeamMember,
    HandOff,
    Membership,
    Practitioner,
    User,
    WorkItem,
)
from coordination.reaching import can_be_told
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.handing import opened_hand_off
from tests.care_plans.test_hand_offs import lapse, leads, offer, take, told
from tests.cast import NOW, Cast, Person, make_patient

DAY = timedelta(days=1)
TEAR = "sudden-severe-pain"
Change = Callable[[Person], Any]


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


def closed(who: Person) -> None:
    close_login(who.user, now=NOW)


def opened(who: Person) -> None:
    User.objects.filter(pk=who.user.pk).update(is_active=True)


def left(who: Person) -> None:
    Membership.objects.filter(user=who.user, role="practitioner").update(until=NOW)


def back(who: Person) -> None:
    Membership.objects.filter(user=who.user, role="practitioner").update(until=None)


def unlinked(who: Person) -> None:
    Practitioner.objects.filter(roles=who.practitioner_role).update(user=None)


def linked(who: Person) -> None:
    Practitioner.objects.filter(roles=who.practitioner_role).update(user=who.user)


GONE = pytest.mark.parametrize("goes", [closed, left, unlinked])


def roles_told(kind: str) -> set[Any]:
    rows = Message.objects.filter(kind=kind, to_practitioner_role__isnull=False)
    return set(rows.values_list("to_practitioner_role_id", flat=True))


def traces() -> list[Any]:
    """Return all that a sweep may leave."""
    return [
        set(HandOff.objects.values_list("id", "closed_at", "work_item_id", "is_urgent")),
        set(WorkItem.objects.values_list("id", "status", "owner_id")),
        set(Message.objects.values_list("id", "status")),
        AuditEvent.objects.count(),
    ]


@pytest.mark.feature("PT-07")
@GONE
def test_it_opens_one_urgent_hand_off_that_somebody_else_takes_over(
    cast: Cast, goes: Change
) -> None:
    with cast.acting():
        course = underway.start(cast)
        goes(cast.asha)
        assert cast.asha.practitioner_role.is_registered(NOW)
    assert lapses.check_lapses(now=NOW) == 1
    with cast.acting():
        waiting = HandOff.objects.get()
        assert (waiting.is_urgent, waiting.cause) == (True, "cannot_log_in")
        assert waiting.work_item.owner is None
        assert told(hand_off_reminders.WAITING) == {cast.sam.user.id}
        assert cast.sam.user.id in told(reminders.OVERDUE)
        assert underway.stay(course).left_at is None
        before = traces()
    assert lapses.check_lapses(now=NOW) == 0
    with cast.acting():
        assert traces() == before
    ben, gus = (str(who.practitioner_role.id) for who in (cast.ben, cast.gus))
    take(cast.sam, str(waiting.id), "assign", practitioner_role=ben)
    take(cast.ben, str(waiting.id), "decline", reason_code="absent")
    refused = take(cast.sam, str(waiting.id), "withdraw", code=409)
    assert "registration" not in refused["detail"]
    take(cast.sam, str(waiting.id), "assign", practitioner_role=gus)
    take(cast.gus, str(waiting.id), "accept", evidence_reviewed=True)
    assert leads(cast) == ["Gus"]
    with cast.acting():
        team = CareTeamMember.objects.filter(patient=cast.patient)
        assert team.get(until=None).practitioner_role == cast.gus.practitioner_role
        former = team.get(practitioner_role=cast.asha.practitioner_role)
        assert former.ended_because == "The lead cannot log in"
    assert lapses.check_lapses(now=NOW) == 0


@pytest.mark.feature("PT-07")
@pytest.mark.parametrize(("goes", "comes"), [(closed, opened), (left, back), (unlinked, linked)])
def test_it_is_over_when_the_lead_can_log_in_again(cast: Cast, goes: Change, comes: Change) -> None:
    with cast.acting():
        goes(cast.asha)
    assert lapses.check_lapses(now=NOW) == 1
    with cast.acting():
        comes(cast.asha)
    assert lapses.check_lapses(now=NOW) == 1
    assert lapses.check_lapses(now=NOW) == 0
    with cast.acting():
        assert HandOff.objects.get().outcome == "withdrawn"
        goes(cast.asha)
    assert leads(cast) == ["Asha"]
    later = NOW + DAY
    assert lapses.check_lapses(now=later) == 1
    with cast.acting():
        assert HandOff.objects.get(closed_at=None).opened_at == later


@pytest.mark.feature("PT-07")
@GONE
def test_it_hurries_what_was_offered(cast: Cast, goes: Change) -> None:
    with cast.acting():
        opened_hand_off(cast)
        goes(cast.asha)
    assert lapses.check_lapses(now=NOW + timedelta(hours=1)) == 1
    assert lapses.check_lapses(now=NOW + timedelta(hours=1)) == 0
    with cast.acting():
        hand_off = HandOff.objects.get()
        assert (hand_off.is_urgent, hand_off.cause) == (True, "offered")
        assert hand_off.due_at == NOW + timedelta(hours=25)
        assert cast.sam.user.id in told(hand_off_reminders.WAITING)


@pytest.mark.feature("PT-07")
def test_it_is_urgent_what_is_offered_for_them(cast: Cast) -> None:
    with cast.acting():
        closed(cast.asha)
    assert offer(cast, cast.sam, cast.ben)["is_urgent"]


@pytest.mark.feature("PT-07")
@GONE
def test_it_says_of_a_registration_only_what_is_true(cast: Cast, goes: Change) -> None:
    with cast.acting():
        lapse(cast.asha)
        goes(cast.asha)
    lapses.check_lapses(now=NOW)
    with cast.acting():
        assert HandOff.objects.get().cause == "registration_lapsed"
        lapse(cast.asha, last=NOW.date() + 300 * DAY)
    assert lapses.check_lapses(now=NOW) == 0, "it is not over while they cannot log in"


@pytest.mark.feature("PT-07")
def test_it_overrides_no_gate_meanwhile(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
        closed(cast.asha)
        request = progress.Request(action="advance", override=True, reason="It is time.")
        with pytest.raises(LeadLapsed) as refused:
            progress.perform(course.id, request, actor=cast.chloe.actor(), now=NOW)
        assert "cannot log in" in refused.value.detail
        course.refresh_from_db()
        assert course.stage == "acute"


@pytest.mark.feature("DP-01")
def test_whoever_is_named_meanwhile_hears_what_the_lead_was_to_hear(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, side="right")
        underway.score(course, {"nprs": "8"}, now=NOW, who=cast.asha)
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
        made = Recommendation.objects.get(course=course, kind="severity")
        closed(cast.asha)
    lapses.check_lapses(now=NOW)
    with cast.acting():
        waiting = HandOff.objects.get()
        named = Answer(to=cast.gus.practitioner_role.pk)
        hand_offs.perform(waiting.pk, "assign", named, actor=cast.sam.actor(), now=NOW)
        to_gus = {"to_practitioner_role": cast.gus.practitioner_role, "channel": "email"}
        assert Message.objects.filter(kind=recommending.MADE, subject_id=made.pk, **to_gus).exists()


@pytest.mark.feature("DP-02")
@GONE
def test_a_finding_is_its_finder_s_meanwhile_and_told_to_whoever_is_named(
    cast: Cast, goes: Change
) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
        opened_hand_off(cast, to=cast.gus)
        goes(cast.asha)
        answers = {TEAR: "present"}
        red_flags.record_screen(course.id, answers=answers, actor=cast.chloe.actor(), now=NOW)
        found = RedFlag.objects.get()
        assert found.work_item is not None
        assert found.work_item.owner == cast.chloe.practitioner_role
        both = {cast.gus.practitioner_role.id, cast.chloe.practitioner_role.id}
        assert both <= roles_told("red-flag.stop")


def test_it_asks_in_the_query_that_finds_the_lead(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with cast.acting():
        lead = cast.asha.practitioner_role
        with django_assert_num_queries(1):
            told_now = leading.told_as_lead(cast.patient.id, now=NOW)
        assert [to.practitioner_role_id for to in told_now] == [lead.id]
        with django_assert_num_queries(1):
            assert leading.leads(cast.patient.id, {lead.id}, now=NOW)
        with django_assert_num_queries(1):
            assert can_be_told(lead, NOW)


@pytest.mark.feature("PT-07")
def test_it_opens_one_for_each_patient_however_many_sweep_at_once(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        underway.start(cast)
    patients = [cast.patient, *(make_patient(cast.asha) for _ in range(2))]
    with cast.acting():
        closed(cast.asha)
    begin = threading.Barrier(4)

    def sweep() -> None:
        begin.wait(10)
        lapses.check_lapses(now=NOW)
        connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with cast.acting():
        opened_for = HandOff.objects.values_list("patient_id", flat=True)
        assert sorted(opened_for) == sorted(patient.pk for patient in patients)
        calls = Message.objects.filter(kind=hand_off_reminders.WAITING, channel="email")
        assert calls.count() == len(patients)
        before = traces()
    assert lapses.check_lapses(now=NOW) == 0
    with cast.acting():
        assert traces() == before
