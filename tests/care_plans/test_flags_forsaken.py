"""A red flag whose holder may not practise any more, or cannot log in, is the lead's again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, get_ident
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
import time_machine
from django.db import connections

from care_plans import hand_offs, lapses, leading, open_flags, red_flags, safety_alerts
from care_plans.hand_off_moves import Answer
from care_plans.models import Course, RedFlag, SafetyAlert
from coordination import care_team
from coordination.logins import close_login
from coordination.models import HandOff, Membership, WorkItem
from coordination.tenancy import acting_in
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.calling import answer, put_on_call
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")
URL = "/api/v1/red-flags"
DAY = timedelta(days=1)
LATER = NOW + 2 * DAY
TEAR, TINGLING = "sudden-severe-pain", "numbness-or-tingling"


@pytest.fixture
def course(cast: Cast) -> Course:
    """A course of Asha's, with Ben in the team."""
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.ben.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW,
        )
        return course


def found_by(cast: Cast, course: Course, who: Person, flag: str = TEAR) -> RedFlag:
    with cast.acting():
        red_flags.record_screen(course.id, answers={flag: "present"}, actor=who.actor(), now=NOW)
        return RedFlag.objects.get(flag=flag)


def lapse(cast: Cast, who: Person) -> None:
    role = who.practitioner_role
    type(role).objects.filter(pk=role.pk).update(registered_until=NOW.date())


def close(cast: Cast, who: Person) -> None:
    close_login(who.user, now=NOW)


def leave(cast: Cast, who: Person) -> None:
    Membership.objects.filter(user=who.user, role="practitioner").update(until=NOW + DAY)


GONE = [
    pytest.param(lapse, id="registration"),
    pytest.param(close, id="login"),
    pytest.param(leave, id="membership"),
]


def told(found: RedFlag, who: Person, kind: str) -> int:
    to = {"to_practitioner_role": who.practitioner_role, "channel": "email"}
    return Message.objects.filter(kind=kind, subject_id=found.pk, **to).count()


@pytest.mark.feature("DP-02")
@pytest.mark.parametrize("goes", GONE)
@pytest.mark.parametrize(("flag", "kind"), [(TEAR, "stop"), (TINGLING, "review")])
def test_what_a_member_took_up_comes_back_to_the_lead(
    cast: Cast, course: Course, goes: Callable[[Cast, Person], None], flag: str, kind: str
) -> None:
    found = found_by(cast, course, cast.asha, flag)
    taken = cast.ben.client.post(f"{URL}/{found.pk}/acknowledge")
    assert taken.status_code == 200, taken.content
    assert lapses.check_lapses(now=LATER) == 0
    with cast.acting():
        goes(cast, cast.ben)
    assert lapses.check_lapses(now=LATER) == 1
    assert lapses.check_lapses(now=LATER) == 0
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        assert found.work_item.owner == cast.asha.practitioner_role
        assert found.work_item.status == "requested"
        assert WorkItem.objects.filter(subject_id=found.pk, status="cancelled").count() == 2
        # once when it was found, and once more now that it is hers again
        assert told(found, cast.asha, f"red-flag.{kind}") == 2
        assert told(found, cast.asha, "red-flag.overdue") == (1 if kind == "stop" else 0)
    with time_machine.travel(LATER, tick=False), cast.acting():
        again = open_flags.acknowledge(found.pk, actor=cast.asha.actor(LATER), now=LATER)
        assert again.acknowledged_by == cast.asha.practitioner_role


@pytest.mark.feature("DP-02")
def test_what_its_finder_owed_comes_to_the_lead(cast: Cast, course: Course) -> None:
    asha = cast.asha.practitioner_role
    with cast.acting():
        type(asha).objects.filter(pk=asha.pk).update(registered_until=NOW.date() - DAY)
    found = found_by(cast, course, cast.ben)
    with cast.acting():
        type(asha).objects.filter(pk=asha.pk).update(registered_until=None)
        lapse(cast, cast.ben)
    lapses.check_lapses(now=LATER)
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        assert found.work_item.owner == asha
        # as one of a lane when it was found, and now that it is her work
        assert told(found, cast.asha, "red-flag.stop") == 2


@pytest.mark.feature("DP-02")
@pytest.mark.parametrize("goes", GONE)
def test_what_no_lead_may_take_is_open_again_and_told_anew(
    cast: Cast, course: Course, goes: Callable[[Cast, Person], None]
) -> None:
    found = found_by(cast, course, cast.asha)
    cast.ben.client.post(f"{URL}/{found.pk}/acknowledge")
    with cast.acting():
        lapse(cast, cast.asha)
    assert lapses.check_lapses(now=LATER) == 1  # the hand-off of the lead
    with cast.acting():
        role = cast.dmitri.practitioner_role
        named = Answer(to=role.pk)
        waiting = HandOff.objects.get(closed_at=None)
        sam = cast.sam.actor(LATER)
        hand_offs.perform(waiting.pk, "assign", named, actor=sam, now=LATER)
        before = told(found, cast.dmitri, "red-flag.stop")
        goes(cast, cast.ben)
    assert lapses.check_lapses(now=LATER) == 1
    assert lapses.check_lapses(now=LATER) == 0
    with cast.acting():
        found.refresh_from_db()
        assert (found.status, found.acknowledged_by, found.work_item) == ("open", None, None)
        assert not WorkItem.objects.filter(subject_id=found.pk, closed_at=None).exists()
        assert told(found, cast.dmitri, "red-flag.stop") == before + 1
        # whoever can look into it again has it
        asha = cast.asha.practitioner_role
        type(asha).objects.filter(pk=asha.pk).update(registered_until=None)
    lapses.check_lapses(now=LATER)
    assert lapses.check_lapses(now=LATER) == 0
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        assert found.work_item.owner == asha


@pytest.mark.feature("DP-02")
def test_it_goes_to_nobody_who_has_just_handed_over(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        for person in (cast.ben, cast.dmitri):
            role = person.practitioner_role
            care_team.join(
                cast.patient.id, practitioner_role_id=role.pk, actor=cast.asha.actor(), now=NOW
            )
        found = found_by(cast, course, cast.asha)
        open_flags.acknowledge(found.pk, actor=cast.ben.actor(), now=NOW)
        leave(cast, cast.ben)
        offered = hand_offs.offer(
            cast.patient.id,
            to_id=cast.dmitri.practitioner_role.pk,
            because="moves",
            actor=cast.asha.actor(),
            now=NOW,
        )
    reached, go_on, read_it = Event(), Event(), Answer(evidence_reviewed=True)
    read, sweeping = leading.lead_role, set[int]()

    def slowly(patient_id: UUID) -> Any:
        lead = read(patient_id)
        if get_ident() in sweeping:
            reached.set()
            go_on.wait(5)  # whoever holds the patient lets nobody in meanwhile
        return lead

    def sweep() -> None:
        sweeping.add(get_ident())
        with patch.object(leading, "lead_role", slowly):
            lapses.check_lapses(now=LATER)
        connections.close_all()

    def accept() -> None:
        reached.wait(10)
        with cast.acting():
            dmitri = cast.dmitri.actor(LATER)
            hand_offs.perform(offered.pk, "accept", read_it, actor=dmitri, now=LATER)
        go_on.set()
        connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(sweep), pool.submit(accept)]:
            done.result()
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        assert found.work_item.owner == cast.dmitri.practitioner_role


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("goes", GONE)
def test_an_alert_is_open_again_too(
    cast: Cast, course: Course, goes: Callable[[Cast, Person], None]
) -> None:
    put_on_call(cast, cast.farah)
    answer(cast, item_9=1)
    with cast.acting():
        alert = SafetyAlert.objects.get()
        safety_alerts.acknowledge(alert.pk, actor=cast.ben.actor(), now=NOW)
    assert safety_alerts.escalate(now=LATER) == 0
    with acting_in(cast.riverside.id):
        goes(cast, cast.ben)
    assert safety_alerts.escalate(now=LATER) == 1
    assert safety_alerts.escalate(now=LATER) == 0
    with cast.acting():
        alert.refresh_from_db()
        assert (alert.status, alert.rung, alert.acknowledged_by) == ("open", 1, None)
        calls: dict[str, Any] = {"kind": "safety.alert-reopened", "channel": "email"}
        to = Message.objects.filter(**calls, occurrence=f"{alert.pk}:1")
        assert cast.farah.practitioner_role.id in to.values_list(
            "to_practitioner_role_id", flat=True
        )
