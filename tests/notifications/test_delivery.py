"""Sending: what is claimed, what is retried, what has failed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from coordination.models import new_id
from coordination.tenancy import acting_in
from notifications import delivery, kinds
from notifications.channels import CHANNELS
from notifications.channels.contract import Letter, NotDelivered
from notifications.kinds import MessageKind
from notifications.models import Attempt, Message
from tests.cast import NOW, Cast
from tests.notifications.said import Truth, enqueue, messages, ordinary_kind

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


class Scripted:
    """A channel that does what the test says, and keeps what it was given."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)
        self.letters: list[Letter] = []

    def deliver(self, letter: Letter) -> str:
        self.letters.append(letter)
        answer = self.answers.pop(0) if self.answers else "accepted"
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scripted]:
    """Replace the mail channel."""

    def use(*answers: str | BaseException) -> Scripted:
        channel = Scripted(*answers)
        monkeypatch.setitem(CHANNELS, "email", channel)
        return channel

    return use


def _sweep(now: datetime = LATER, channel: str = "email", **more: Any) -> int:
    return delivery.deliver_due(channel, clock=lambda: now, **more)


def _attempts(cast: Cast) -> list[tuple[str, str]]:
    with cast.acting():
        return list(Attempt.objects.order_by("id").values_list("outcome", "response"))


def test_it_sends_what_is_due_and_nothing_else(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    enqueue(cast.asha, due_at=LATER + timedelta(seconds=1))
    assert _sweep() == 1
    assert len(mail.outbox) == 1
    assert _sweep() == 0
    assert len(mail.outbox) == 1


def test_it_says_where_and_when_something_waits_and_no_more(cast: Cast, kind: MessageKind) -> None:
    (by_mail,) = [one for one in enqueue(cast.dmitri) if _channel(cast, one) == "email"]
    _sweep()
    sent = mail.outbox[0]
    assert sent.to == [cast.dmitri.user.email]
    assert sent.subject == "Riverside: Something is waiting for you"
    assert "http://127.0.0.1:8000/courses/1\n" in sent.body
    assert "Monday 23 November 2026, 07:00 (PST)" in sent.body  # the time at his location
    assert sent.extra_headers["Message-ID"] == f"<{by_mail}@continuum.example>"


def _channel(cast: Cast, message_id: Any) -> str:
    with cast.acting():
        return str(Message.objects.get(pk=message_id).channel)


def test_it_names_no_patient_in_a_mail(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha, patient_id=cast.patient.id)
    _sweep()
    said = str(mail.outbox[0].message())
    assert cast.patient.family_name not in said
    assert cast.patient.given_name not in said
    assert str(cast.patient.id) not in said


def test_it_writes_down_what_came_of_a_try(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    _sweep()
    sent = messages(cast.asha)["email"]
    assert (sent.status, sent.sent_at, sent.tries) == ("sent", LATER, 1)
    assert _attempts(cast) == [("accepted", "accepted")]


def test_it_becomes_visible_in_the_application(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    with cast.acting():
        assert not Message.objects.inbox().exists()
    _sweep(channel="in_app")
    with cast.acting():
        assert Message.objects.inbox().get().sent_at == LATER


def test_it_waits_longer_after_each_failure(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    channel = scripted(NotDelivered("450 4.2.1 Busy"), NotDelivered("TimeoutError"))
    enqueue(cast.asha)
    _sweep(LATER)
    assert messages(cast.asha)["email"].next_at == LATER + timedelta(seconds=30)
    assert _sweep(LATER + timedelta(seconds=29)) == 0
    _sweep(LATER + timedelta(seconds=30))
    assert messages(cast.asha)["email"].next_at == LATER + timedelta(seconds=90)
    _sweep(LATER + timedelta(seconds=90))
    sent = messages(cast.asha)["email"]
    assert (sent.status, sent.tries, sent.due_at) == ("sent", 3, NOW)
    assert len({letter.message_id for letter in channel.letters}) == 1
    assert _attempts(cast) == [
        ("retry", "450 4.2.1 Busy"),
        ("retry", "TimeoutError"),
        ("accepted", "accepted"),
    ]


def test_it_does_not_try_again_what_was_refused_for_good(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    scripted(NotDelivered("550 5.1.1 Unknown", permanent=True))
    enqueue(cast.asha)
    _sweep()
    failed = messages(cast.asha)["email"]
    assert (failed.status, failed.reason) == ("failed", "refused: 550 5.1.1 Unknown")
    assert _sweep(LATER + timedelta(days=30)) == 0
    assert _attempts(cast) == [("refused", "550 5.1.1 Unknown")]


def test_it_gives_up_after_two_days_and_says_so(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    scripted(*[NotDelivered("451 Later")] * 50)
    enqueue(cast.asha)
    now, tried = LATER, 0
    while messages(cast.asha)["email"].status == "queued":
        now = messages(cast.asha)["email"].next_at.replace(tzinfo=NOW.tzinfo)
        tried += _sweep(max(now, LATER))
    assert tried == delivery.MAX_TRIES
    assert messages(cast.asha)["email"].reason == "given up after 20 tries: 451 Later"
    assert timedelta(hours=40) < now - LATER < timedelta(hours=60)


def test_it_asks_again_before_each_retry(
    cast: Cast, kind: MessageKind, truth: Truth, scripted: Callable[..., Scripted]
) -> None:
    channel = scripted(NotDelivered("450 Busy"))
    enqueue(cast.asha)
    _sweep(LATER)
    truth.verdict = kinds.Verdict(holds=False, reason="done meanwhile")
    _sweep(LATER + timedelta(minutes=1))
    assert len(channel.letters) == 1
    assert messages(cast.asha)["email"].reason == "done meanwhile"


def test_it_leaves_the_others_alone_while_the_channel_is_down(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    channel = scripted(NotDelivered("ConnectionRefusedError", channel_down=True))
    for _ in range(3):
        enqueue(cast.asha)
    enqueue(cast.olu)
    assert _sweep() == 1
    assert len(channel.letters) == 1
    with cast.acting():
        waiting = Message.objects.filter(channel="email", status="queued")
        assert sorted(waiting.values_list("tries", flat=True)) == [0, 0, 1]
    assert _sweep(LATER + timedelta(seconds=29)) == 0
    assert _sweep(LATER + timedelta(seconds=30)) == 4
    assert len(channel.letters) == 5


def test_it_goes_on_when_one_message_cannot_be_decided(
    cast: Cast, kind: MessageKind, truth: Truth, register: Callable[[MessageKind], MessageKind]
) -> None:
    broken = Truth(error=ZeroDivisionError("with the patient's name in it"))
    register(ordinary_kind(broken, name="test.broken"))
    enqueue(cast.asha, kind="test.broken")
    enqueue(cast.sam)
    assert _sweep() == 2
    assert len(mail.outbox) == 1
    with cast.acting():
        put_off = Message.objects.get(kind="test.broken", channel="email")
    assert (put_off.status, put_off.tries) == ("queued", 1)
    assert ("retry", "ZeroDivisionError") in _attempts(cast)


def test_it_puts_off_a_kind_that_this_version_does_not_know(cast: Cast, truth: Truth) -> None:
    kinds.register(ordinary_kind(truth))
    try:
        enqueue(cast.asha)
    finally:
        kinds.unregister("test.review")
    _sweep()
    assert messages(cast.asha)["email"].status == "queued"
    assert _attempts(cast) == [("retry", "UnknownKind")]


def test_it_survives_a_channel_that_breaks(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    scripted(KeyError("a defect"))
    enqueue(cast.asha)
    enqueue(cast.sam)
    _sweep()
    with cast.acting():
        found = Message.objects.filter(channel="email").order_by("id")
        assert [one.status for one in found] == ["queued", "sent"]


def test_it_stops_when_it_has_lasted_long_enough(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    channel = scripted()
    for _ in range(3):
        enqueue(cast.asha)
    moments = iter([LATER, LATER, LATER, LATER, *[LATER + timedelta(seconds=31)] * 9])
    delivery.deliver_due("email", clock=lambda: next(moments))
    assert len(channel.letters) == 1
    with cast.acting():
        assert Message.objects.filter(channel="email", status="queued", tries=0).count() == 2
    assert _sweep(LATER + timedelta(seconds=31)) == 2


@pytest.mark.feature("DP-02")
def test_what_concerns_safety_goes_first_and_never_waits_long(
    cast: Cast,
    kind: MessageKind,
    register: Callable[[MessageKind], MessageKind],
    scripted: Callable[..., Scripted],
) -> None:
    register(replace(kind, name="test.danger", subject_line="Look now", safety=True))
    waiting = [enqueue(cast.asha, due_at=NOW - timedelta(hours=one)) for one in range(5)]
    danger = enqueue(cast.asha, kind="test.danger", due_at=NOW)
    claimed = [one.message_id for one in delivery.claim("email", now=NOW, limit=3)]
    assert claimed[0] in danger
    assert [one in waiting[place] for one, place in zip(claimed[1:], (4, 3), strict=True)] == [
        True,
        True,
    ]
    # the longest outage puts it off no longer than this
    assert delivery.backoff(20) == timedelta(hours=4)
    assert delivery.backoff(20, is_safety=True) == timedelta(minutes=5)


def test_safety_is_not_given_up_sooner_for_being_tried_more_often(
    cast: Cast,
    kind: MessageKind,
    register: Callable[[MessageKind], MessageKind],
    scripted: Callable[..., Scripted],
) -> None:
    register(replace(kind, name="test.danger", safety=True))
    scripted(*[NotDelivered("no route", channel_down=True)] * 600)
    enqueue(cast.asha, kind="test.danger")
    now, last = NOW, NOW
    while _sweep(now):
        with cast.acting():
            sent = Message.objects.get(channel="email")
        last, now = now, max(sent.next_at, now)
        if sent.status == "failed":
            break
    assert sent.status == "failed"
    assert timedelta(days=2) <= last - NOW <= timedelta(days=2, hours=1)


def test_it_queues_again_what_a_dead_worker_had_claimed(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    delivery.claim("email", now=LATER)
    assert _sweep(LATER + timedelta(hours=1)) == 0
    assert delivery.requeue_stale(now=LATER + timedelta(seconds=119)) == 0
    assert delivery.requeue_stale(now=LATER + timedelta(seconds=121)) == 1
    assert messages(cast.asha)["email"].tries == 0
    assert _attempts(cast) == []
    assert _sweep(LATER + timedelta(seconds=121)) == 1
    assert len(mail.outbox) == 1


def test_it_counts_a_try_that_a_dead_worker_had_begun(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    scripted(KeyboardInterrupt())
    enqueue(cast.asha)
    with pytest.raises(KeyboardInterrupt):
        _sweep()
    later = LATER + timedelta(minutes=3)
    delivery.requeue_stale(now=later)
    again = messages(cast.asha)["email"]
    assert (again.status, again.tries, again.next_at) == ("queued", 1, later)
    assert _attempts(cast) == [("lost", "")]


def test_it_gives_up_on_a_message_that_kills_every_worker(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    scripted(*[KeyboardInterrupt()] * 50)
    enqueue(cast.asha)
    now = LATER
    for _ in range(delivery.MAX_TRIES):
        with pytest.raises(KeyboardInterrupt):
            _sweep(now)
        delivery.requeue_stale(now=now + timedelta(minutes=3))
        now += timedelta(hours=5)
    assert messages(cast.asha)["email"].reason == "given up after 20 tries: the worker ended"


def test_it_sends_nothing_once_its_claim_was_given_away(
    cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    channel = scripted()
    enqueue(cast.asha)
    (slow,) = delivery.claim("email", now=LATER)
    delivery.requeue_stale(now=LATER + timedelta(minutes=3))
    assert _sweep(LATER + timedelta(minutes=3)) == 1
    assert delivery._begin(slow, now=LATER + timedelta(minutes=4)) is None
    assert len(channel.letters) == 1


@pytest.mark.feature("RM-03")
def test_it_sends_each_message_once_when_eight_sweep_at_the_same_time(
    committed_cast: Cast, kind: MessageKind, scripted: Callable[..., Scripted]
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    cast, channel = committed_cast, scripted()
    for _ in range(40):
        enqueue(cast.asha)

    def sweep(_: int) -> int:
        try:
            return _sweep(limit=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(sweep, range(16))) == 40
    assert len(channel.letters) == len({letter.message_id for letter in channel.letters}) == 40


def test_it_is_not_in_a_transaction_while_it_sends(
    committed_cast: Cast, kind: MessageKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []

    class Watching(Scripted):
        def deliver(self, letter: Letter) -> str:
            inside.append(connection.in_atomic_block)
            return super().deliver(letter)

    monkeypatch.setitem(CHANNELS, "email", Watching())
    enqueue(committed_cast.asha)
    _sweep()
    assert inside == [False]


def test_it_serves_two_organizations_each_inside_its_own(
    cast: Cast, kind: MessageKind, truth: Truth
) -> None:
    enqueue(cast.asha, subject_id=(ours := new_id()))
    enqueue(cast.olu, subject_id=(theirs := new_id()))
    assert _sweep() == 2
    assert [one.to for one in mail.outbox] == [[cast.asha.user.email], [cast.olu.user.email]]
    assert {subject for subject, _ in truth.asked} == {ours, theirs}
    with acting_in(cast.harbour.id):
        assert Message.objects.filter(subject_id=ours).count() == 0
        assert Attempt.objects.count() == 1


def test_the_sweep_sees_nothing_of_a_message_but_its_id(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_due('email', %s, 10)", [LATER])
        assert [column.name for column in cursor.description] == [
            "message_id",
            "organization_id",
        ]
        cursor.execute("SELECT count(*) FROM notifications_message")
        assert cursor.fetchone() == (0,)


def test_backoff_doubles_up_to_four_hours() -> None:
    waits = [delivery.backoff(tries).total_seconds() for tries in range(13)]
    assert waits[:4] == [0, 30, 60, 120]
    assert waits[-3:] == [14400.0] * 3
