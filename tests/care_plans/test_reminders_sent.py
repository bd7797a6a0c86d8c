"""What arrives of all that is to be said about a course, and what is held back at the last look."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core import mail

from care_plans import consuming, reminders
from care_plans.models import Course
from coordination import care_team
from coordination.actors import Role
from coordination.models import Membership
from notifications import delivery, recheck
from notifications.models import Message
from referrals.lifecycle import perform
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person
from tests.leading import pass_lead_to

LATER = NOW + timedelta(weeks=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def team(cast: Cast) -> Cast:
    """Let Chloé care for the patient beside Asha."""
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
    return cast


def send(now: datetime) -> None:
    """Send all that is due at a time."""
    for channel in ("email", "in_app"):
        while delivery.deliver_due(channel, clock=lambda: now):
            pass


def arrived(cast: Cast, kind: str, *, channel: str = "email") -> list[Person]:
    """Return who was sent a kind of message."""
    people = {who.user.id: who for who in cast.everybody.values()}
    with cast.acting():
        found = Message.objects.filter(kind=kind, channel=channel, status="sent", to_patient=None)
        return [people[person] for person in found.values_list("person", flat=True)]


def same(found: list[Person], *wanted: Person) -> bool:
    return sorted(who.user.email for who in found) == sorted(who.user.email for who in wanted)


@pytest.mark.feature("RM-02")
@pytest.mark.parametrize("kind", reminders.PLANNED)
def test_it_delivers_a_planned_alert_at_its_time_and_not_before(team: Cast, kind: str) -> None:
    with team.acting():
        stay = underway.stay(underway.start(team))
    at = stay.expected_until if kind == reminders.OVERDUE else stay.review_at
    assert at is not None
    send(at - timedelta(seconds=1))
    assert arrived(team, kind) == []
    mail.outbox.clear()
    send(at)
    wanted = [team.asha, team.sam] if kind == reminders.OVERDUE else [team.asha, team.chloe]
    for channel in ("email", "in_app"):
        assert same(arrived(team, kind, channel=channel), *wanted)
    assert {to for one in mail.outbox for to in one.to} >= {who.user.email for who in wanted}
    before = len(mail.outbox)
    consuming.check_standings(now=at + 2 * HOUR)
    send(at + 2 * HOUR)
    assert same(arrived(team, kind), *wanted)
    assert len(mail.outbox) == before


def _decided(found: list[Message], now: datetime) -> set[str]:
    return {type(recheck.decide(message, now=now)).__name__ for message in found}


CHANGES: dict[str, Callable[[Cast, Course], object]] = {
    "paused": lambda cast, course: underway.move(
        cast, course, "pause", now=LATER + HOUR, reason="travels"
    ),
    "left": lambda cast, course: underway.move(cast, course, "advance", now=LATER + HOUR),
    "discharged": lambda cast, course: underway.move(
        cast, course, "discharge", now=LATER + HOUR, reason="done", outcome="not_achieved"
    ),
}


@pytest.mark.feature("RM-04")
@pytest.mark.parametrize("change", CHANGES)
def test_it_says_nothing_of_a_stay_that_was_about_to_be_said(team: Cast, change: str) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        underway.meet_acute_exit(team, course, now=LATER)
        underway.say_ready(team, course, now=LATER)
        stay = underway.stay(course)
        at = max(stay.expected_until, stay.review_at or LATER)
        kinds = (reminders.ENTERED, reminders.READY, *reminders.PLANNED)
        # as a worker holds them that has claimed them before the change
        held = list(Message.objects.filter(kind__in=kinds, subject_id=stay.id))
        assert {message.kind for message in held} == set(kinds)
        assert _decided(held, at) == {"Send"}
        CHANGES[change](team, course)
        assert _decided(held, at) == {"Suppress"}
    send(at)
    assert arrived(team, reminders.READY) == []


@pytest.mark.feature("RM-04")
def test_it_spares_a_lane_that_has_said_ready_meanwhile(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        underway.meet_acute_exit(team, course, now=LATER)
        third = underway.lane(course, "massage_therapy")
        lane_only = team.chloe.practitioner_role
        blocked = Message.objects.filter(kind=reminders.BLOCKED, to_practitioner_role=lane_only)
        assert blocked.count() == 2
        underway.sign(team.chloe, third, now=LATER + HOUR)
        assert underway.stay(course).blocked_by == ["physiotherapy"]
    send(LATER + HOUR)
    assert same(arrived(team, reminders.BLOCKED), team.asha)
    with team.acting():
        assert {(m.status, m.reason) for m in blocked} == {("suppressed", "no-longer-concerned")}


@pytest.mark.feature("RM-04")
@pytest.mark.parametrize("kind", [reminders.OVERDUE, reminders.READY, reminders.BLOCKED])
def test_it_tells_the_present_lead_and_not_the_former_one(team: Cast, kind: str) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        if kind != reminders.OVERDUE:
            underway.meet_acute_exit(team, course, now=LATER)
        if kind == reminders.BLOCKED:
            underway.sign(team.asha, underway.lane(course, "physiotherapy"), now=LATER)
        if kind == reminders.READY:
            underway.say_ready(team, course, now=LATER)
        pass_lead_to(team, team.ben, now=LATER)
        at = underway.stay(course).expected_until + 2 * HOUR
    for hours in (2, 4):
        consuming.check_standings(now=LATER + hours * HOUR)
    send(LATER + 4 * HOUR if kind != reminders.OVERDUE else at)
    others = {reminders.OVERDUE: [team.sam], reminders.READY: [], reminders.BLOCKED: [team.chloe]}
    assert same(arrived(team, kind), team.ben, *others[kind])


def test_it_tells_a_practitioner_who_takes_a_lane_that_the_lane_is_waited_for(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE)
        underway.meet_acute_exit(cast, course, now=LATER)
        underway.sign(cast.asha, underway.lane(course, "physiotherapy"), now=LATER)
        underway.take(cast, course, cast.chloe, now=LATER + HOUR)
    consuming.consume_referral_steps(now=LATER + 2 * HOUR)
    for hours in (4, 6):
        consuming.check_standings(now=LATER + hours * HOUR)
    send(LATER + 6 * HOUR)
    assert same(arrived(cast, reminders.BLOCKED), cast.asha, cast.chloe)


@pytest.mark.feature("RM-04")
@pytest.mark.parametrize("action", ["accept", "decline", "revoke"])
def test_it_says_nothing_of_a_referral_that_has_moved_on(cast: Cast, action: str) -> None:
    with cast.acting():
        course = underway.start(cast)
        referral_id = underway.lane(course, "massage_therapy").referral_id
        assert referral_id is not None
        waiting = list(Message.objects.filter(kind="referral.waiting"))
        perform(
            referral_id,
            "assign",
            to=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
        asked = list(Message.objects.filter(kind="referral.assigned"))
        assert (_decided(waiting, NOW), _decided(asked, NOW)) == ({"Suppress"}, {"Send"})
        who = cast.asha if action == "revoke" else cast.chloe
        reason = {"accept": "", "decline": "no_capacity", "revoke": "entered_in_error"}[action]
        perform(referral_id, action, actor=who.actor(), now=NOW + HOUR, reason_code=reason)
        assert _decided(asked, NOW + HOUR) == {"Suppress"}
    send(NOW + HOUR)
    assert arrived(cast, "referral.assigned") == []
    assert same(arrived(cast, "referral.waiting"), *([cast.sam] if action == "decline" else []))


@pytest.mark.feature("RM-06")
def test_it_tells_a_lead_who_also_schedules_once(team: Cast) -> None:
    with team.acting():
        Membership.objects.create(
            organization=team.riverside,
            user=team.asha.user,
            role=Role.SCHEDULER,
            since=NOW - timedelta(days=1),
        )
        stay = underway.stay(underway.start(team))
    send(stay.expected_until)
    for kind in (reminders.ENTERED, reminders.OVERDUE):
        for channel in ("email", "in_app"):
            assert arrived(team, kind, channel=channel).count(team.asha) == 1
