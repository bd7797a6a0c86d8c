"""A real Celery worker, killed at any moment: nothing is lost, little is doubled."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import psutil
import pytest

from notifications import delivery, outbox
from notifications.kinds import MessageKind
from notifications.models import Attempt, Message
from tests.cast import Cast
from tests.notifications.said import addressed, enqueue

if TYPE_CHECKING:
    from tests.servers.programs import Program, SmtpServer, StartWorker

KIND = ("-I", "tests.notifications.in_worker")
MESSAGES = 60
KILLS = 20


def _now() -> datetime:
    return datetime.now(UTC)


def _enqueue(cast: Cast, count: int) -> list[UUID]:
    found: list[UUID] = []
    for _ in range(count):
        now = _now()
        to = [addressed(cast.asha), addressed(cast.sam)]
        found += enqueue(cast.asha, *to, patient_id=cast.patient.id, due_at=now, now=now)
    return found


def _open(cast: Cast) -> int:
    with cast.acting():
        return int(Message.objects.filter(status__in=["queued", "sending"]).count())


def _work_off(cast: Cast, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while _open(cast):
        assert time.monotonic() < deadline, f"{_open(cast)} messages are left"
        _nudge()
        time.sleep(0.2)


def _nudge() -> None:
    # Other tests of this run may share the broker, and their workers take a nudge of ours.
    for channel in ("email", "in_app"):
        outbox.nudge(channel)


def _arrivals(smtp: "SmtpServer") -> Counter[UUID]:
    ids = [str(one.message["Message-ID"]) for one in smtp.mails]
    return Counter(UUID(one.strip("<>").partition("@")[0]) for one in ids)


def _by_channel(cast: Cast, channel: str) -> set[UUID]:
    with cast.acting():
        return set(Message.objects.filter(channel=channel).values_list("id", flat=True))


def _accepted(cast: Cast) -> Counter[UUID]:
    with cast.acting():
        accepted = Attempt.objects.filter(outcome="accepted")
        return Counter(accepted.values_list("message_id", flat=True))


def test_it_sends_by_itself_what_is_due(
    committed_cast: Cast, kind: MessageKind, smtp: "SmtpServer", celery_worker: "StartWorker"
) -> None:
    celery_worker(*KIND)
    _enqueue(committed_cast, 1)
    _work_off(committed_cast)
    assert set(_arrivals(smtp).values()) == {1}
    assert set(_arrivals(smtp)) == _by_channel(committed_cast, "email")


def test_it_sends_what_became_due_while_nobody_worked(
    committed_cast: Cast,
    kind: MessageKind,
    smtp: "SmtpServer",
    celery_worker: "StartWorker",
    celery_beat: "StartWorker",
) -> None:
    now = _now()
    enqueue(committed_cast.asha, due_at=now + timedelta(seconds=1), now=now)
    celery_worker(*KIND)
    celery_beat()
    smtp.wait_for_mails(1)


def test_it_sends_each_message_once_with_two_workers(
    committed_cast: Cast, kind: MessageKind, smtp: "SmtpServer", celery_worker: "StartWorker"
) -> None:
    _enqueue(committed_cast, 40)
    celery_worker(*KIND, "--hostname=one@%h")
    celery_worker(*KIND, "--hostname=two@%h")
    _work_off(committed_cast)
    arrivals = _arrivals(smtp)
    assert set(arrivals) == _by_channel(committed_cast, "email")
    assert set(arrivals.values()) == set(_accepted(committed_cast).values()) == {1}


def _children(worker: "Program") -> list[psutil.Process]:
    """Return the living processes that work; their parent replaces the dead every few seconds."""
    found = psutil.Process(worker.process.pid).children()
    return [one for one in found if one.status() != psutil.STATUS_ZOMBIE]


def _begun(cast: Cast) -> set[UUID]:
    with cast.acting():
        return set(Message.objects.filter(begun_at__isnull=False).values_list("id", flat=True))


def _kill_all(worker: "Program", cast: Cast, chance: random.Random) -> int:
    """Kill three processes, each while messages are being sent, then the rest; return how many."""
    killed = 0
    for _ in range(3):
        left_by_the_dead = _begun(cast)
        _nudge()
        _wait(lambda: _begun(cast) - left_by_the_dead)  # noqa: B023 - asked before it changes
        time.sleep(chance.uniform(0, 0.04))
        killed += _kill(chance.choice(_children(worker) or [None]))
    while alive := _children(worker):
        killed += sum(_kill(one) for one in alive)
    return killed


def _kill(victim: psutil.Process | None) -> bool:
    with suppress(psutil.NoSuchProcess):
        if victim is not None:
            victim.kill()
            _wait(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE)
            return True
    return False


def _wait(until: Callable[[], object], *, seconds: float = 3) -> None:
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        time.sleep(0.002)


@pytest.mark.feature("RM-03")
def test_it_loses_nothing_and_doubles_only_mails_when_the_worker_is_killed(
    committed_cast: Cast,
    kind: MessageKind,
    smtp: "SmtpServer",
    celery_worker: "StartWorker",
    capsys: pytest.CaptureFixture[str],
) -> None:
    chance = random.Random()
    smtp.hang = 0.01
    _enqueue(committed_cast, MESSAGES)
    worker = celery_worker(*KIND, "--concurrency=4")
    kills = 0
    while kills < KILLS:
        kills += _kill_all(worker, committed_cast, chance)
        # Every claim made before this moment was a dead process's.
        delivery.requeue_stale(now=_now() + delivery.STALE_AFTER, limit=1000)
        _make_due(committed_cast)
        _wait(lambda: len(_children(worker)) == 4, seconds=20)
    worker.kill()
    delivery.requeue_stale(now=_now() + delivery.STALE_AFTER, limit=1000)
    _make_due(committed_cast)
    celery_worker(*KIND)
    _work_off(committed_cast, seconds=120)
    arrivals, mails = _arrivals(smtp), _by_channel(committed_cast, "email")
    accepted = _accepted(committed_cast)
    with committed_cast.acting():
        lost_tries = Attempt.objects.filter(outcome="lost").count()
        shown = Message.objects.inbox().count()
    doubled = sum(arrivals.values()) - len(arrivals)
    with capsys.disabled():
        print(  # noqa: T201 - raw arrivals are reported, not only judged
            f"\n{kills} kills, {lost_tries} of them during a try; {len(mails)} mails: "
            f"{sum(arrivals.values())} raw arrivals, {len(mails - set(arrivals))} lost, "
            f"{doubled} doubled; {shown} messages in inboxes"
        )
    assert set(arrivals) == mails
    assert len(mails) == shown == MESSAGES * 2
    assert doubled <= lost_tries <= kills + 1
    assert set(accepted.values()) == {1}
    assert set(accepted) == mails | _by_channel(committed_cast, "in_app")


def _make_due(cast: Cast) -> None:
    """Spare the test the waits between tries."""
    with cast.acting():
        Message.objects.waiting().filter(next_at__gt=_now()).update(next_at=_now())
