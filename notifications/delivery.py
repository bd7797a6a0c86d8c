"""Sending what is due: claim, look again, send, write down what came of it.

Claiming, deciding and marking are separate short transactions, and the channel is called outside
all of them. A worker may be killed between any two statements: the claim it held goes stale and
the message is queued again. A mail is thereby repeated only if the worker died (or lost the
database) between the server's acceptance and our commit, and then with the same Message-ID.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from coordination.tenancy import acting_in
from notifications import recheck
from notifications.channels import CHANNELS
from notifications.channels.contract import Letter, NotDelivered
from notifications.models import Attempt, Message, MessageQuerySet

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Outcome = Attempt.Outcome

#: How many one sweep claims. A hundred are claimed about as fast as five hundred (a row costs
#: 21 instead of 18 microseconds), and a worker that dies leaves fewer to wait for the stale sweep.
BATCH = 100
#: How long a sweep goes on; what it has not begun by then is free for others.
PATIENCE = timedelta(seconds=30)
#: A claim this old belongs to a dead worker: more than a sweep and a whole conversation last.
STALE_AFTER = timedelta(minutes=2)
#: Tries until a message has failed for good; with the waits below they span two days.
MAX_TRIES = 20
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=4)
#: What concerns somebody's safety goes out as soon as the channel is back; two days as well.
LONGEST_SAFETY_WAIT = timedelta(minutes=5)
MAX_SAFETY_TRIES = 580

_WITH_RECIPIENT = (
    "organization",
    "patient",
    "to_user",
    "to_patient",
    "to_practitioner_role__location",
    "to_practitioner_role__practitioner__user",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this worker alone may send; `claimed_at` proves it."""

    message_id: UUID
    organization_id: UUID
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class _Begun:
    letter: Letter
    channel: str
    is_safety: bool
    tries: int
    begun_at: datetime


def backoff(tries: int, *, is_safety: bool = False) -> timedelta:
    """Return how long to wait after so many tries: 30 seconds, doubled each time.

    Four hours at most, and five minutes for what concerns somebody's safety.
    """
    if tries < 1:
        return timedelta()
    doubled: timedelta = FIRST_WAIT * 2 ** min(tries - 1, 20)
    return min(doubled, LONGEST_SAFETY_WAIT if is_safety else LONGEST_WAIT)


def deliver_due(channel: str, *, clock: Clock, limit: int = BATCH) -> int:
    """Send what is due by a channel, and return how many messages were dealt with.

    At most `limit` are claimed. When the channel turns out to be down, or the sweep has lasted
    long enough, the rest is put back. Raises OperationalError or InterfaceError when the database
    fails.
    """
    claims = claim(channel, now=clock(), limit=limit)
    for done, one in enumerate(claims):
        now = clock()
        if now - one.claimed_at > PATIENCE:
            release(claims[done:], until=now)
            return done
        try:
            down = _attend(one, clock)
        except (OperationalError, InterfaceError):
            # If the database does not even take them back, the claims go stale.
            with suppress(OperationalError, InterfaceError):
                release(claims[done:], until=clock())
            raise
        if down:
            release(claims[done + 1 :], until=clock() + FIRST_WAIT)
            return done + 1
    return len(claims)


def claim(channel: str, *, now: datetime, limit: int = BATCH) -> list[Claim]:
    """Take what is due, of whatever organization, so that no other worker does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, organization_id FROM notifications_due(%s, %s, %s)",
            [channel, now, limit],
        )
        return [Claim(message, organization, now) for message, organization in cursor.fetchall()]


def release(claims: Sequence[Claim], *, until: datetime) -> None:
    """Put back claimed messages that were not begun; they are due again at `until`."""
    of = attrgetter("organization_id")
    for organization_id, group in groupby(sorted(claims, key=of), key=of):
        held = list(group)
        with acting_in(organization_id):
            Message.objects.filter(
                pk__in=[one.message_id for one in held],
                status=Message.Status.SENDING,
                claimed_at=held[0].claimed_at,
            ).update(status=Message.Status.QUEUED, claimed_at=None, next_at=until)


def requeue_stale(*, now: datetime, limit: int = BATCH) -> int:
    """Queue again what dead workers had claimed, and return how many messages.

    What was begun counts as a try, with an attempt that says it was lost: a message that kills
    its worker each time waits longer and fails in the end.
    """
    before = now - STALE_AFTER
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, organization_id FROM notifications_stale(%s, %s)", [before, limit]
        )
        found = cursor.fetchall()
    return sum(_requeue(message, organization, before, now) for message, organization in found)


def _requeue(message_id: UUID, organization_id: UUID, before: datetime, now: datetime) -> int:
    with acting_in(organization_id):
        stale = Message.objects.filter(
            pk=message_id, status=Message.Status.SENDING, claimed_at__lt=before
        )
        message = stale.select_for_update(skip_locked=True).first()
        if message is None:
            return 0
        if message.begun_at is None:
            stale.update(status=Message.Status.QUEUED, claimed_at=None)
        else:
            _record(message_id, organization_id, message.begun_at, Outcome.LOST, "", now)
            wait = backoff(message.tries - 1, is_safety=message.is_safety)
            _put_off(stale, message, "the worker ended", wait=wait, now=now)
    log.warning("message_requeued", message=str(message_id))
    return 1


def _attend(one: Claim, clock: Clock) -> bool:
    try:
        return _deliver(one, clock)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("message_not_decided", message=str(one.message_id))
        _mark_undecided(one, type(error).__name__, now=clock())
        return False


def _deliver(one: Claim, clock: Clock) -> bool:
    """Carry one message as far as it goes now; True: the channel takes nobody's."""
    begun = _begin(one, now=clock())
    if begun is None:
        return False
    try:
        response = _call(begun)
    except NotDelivered as refusal:
        _mark_refused(one, begun, refusal, now=clock())
        return refusal.channel_down
    _mark_sent(one, begun, response, now=clock())
    return False


def _call(begun: _Begun) -> str:
    try:
        return CHANNELS[begun.channel].deliver(begun.letter)
    except NotDelivered:
        raise
    except Exception as error:
        log.exception("channel_broke", channel=begun.channel)
        raise NotDelivered(type(error).__name__) from error


def _begin(one: Claim, *, now: datetime) -> _Begun | None:
    """Look again, and either begin a try or put the message where it belongs."""
    with acting_in(one.organization_id):
        mine = _claimed(one)
        message = mine.select_related(*_WITH_RECIPIENT).first()
        if message is None:
            return None  # it took so long that the claim was given to somebody else
        match recheck.decide(message, now=now):
            case recheck.PutBack(until):
                mine.update(
                    status=Message.Status.QUEUED, claimed_at=None, due_at=until, next_at=until
                )
                return None
            case recheck.Suppress(reason):
                mine.update(status=Message.Status.SUPPRESSED, claimed_at=None, reason=reason)
                log.info("message_suppressed", message=str(message.id), reason=reason)
                return None
            case recheck.Send(letter):
                began = mine.update(claimed_at=now, begun_at=now, tries=F("tries") + 1)
                return _begun(letter, message, now) if began else None


def _mark_sent(one: Claim, begun: _Begun, response: str, *, now: datetime) -> None:
    with acting_in(one.organization_id):
        _record(
            one.message_id, one.organization_id, begun.begun_at, Outcome.ACCEPTED, response, now
        )
        kept = _held(one, begun).update(
            status=Message.Status.SENT, sent_at=now, claimed_at=None, begun_at=None
        )
    log.info(
        "message_sent" if kept else "message_sent_without_claim",
        message=str(one.message_id),
        channel=begun.channel,
    )


def _mark_refused(one: Claim, begun: _Begun, refusal: NotDelivered, *, now: datetime) -> None:
    outcome = Outcome.REFUSED if refusal.permanent else Outcome.RETRY
    response = str(refusal)
    with acting_in(one.organization_id):
        _record(one.message_id, one.organization_id, begun.begun_at, outcome, response, now)
        if refusal.permanent:
            _fail(_held(one, begun), f"refused: {response}")
        else:
            wait = backoff(begun.tries, is_safety=begun.is_safety)
            _put_off(_held(one, begun), begun, response, wait=wait, now=now)
    log.warning("message_not_sent", message=str(one.message_id), response=response)


def _mark_undecided(one: Claim, response: str, *, now: datetime) -> None:
    """Put off a message about which it could not be decided whether it holds: a defect of ours."""
    with acting_in(one.organization_id):
        message = _claimed(one).first()
        if message is not None:
            _record(message.id, one.organization_id, now, Outcome.RETRY, response, now)
            message.tries += 1
            wait = backoff(message.tries, is_safety=message.is_safety)
            _put_off(_claimed(one), message, response, wait=wait, now=now)


def _claimed(one: Claim) -> MessageQuerySet:
    found: MessageQuerySet = Message.objects.filter(
        pk=one.message_id, status=Message.Status.SENDING, claimed_at=one.claimed_at
    )
    return found


def _held(one: Claim, begun: _Begun) -> MessageQuerySet:
    found: MessageQuerySet = Message.objects.filter(
        pk=one.message_id, status=Message.Status.SENDING, begun_at=begun.begun_at
    )
    return found


def _begun(letter: Letter, message: Message, now: datetime) -> _Begun:
    return _Begun(letter, message.channel, message.is_safety, message.tries + 1, now)


def _put_off(
    rows: MessageQuerySet, tried: Message | _Begun, response: str, *, wait: timedelta, now: datetime
) -> None:
    tries = tried.tries
    if tries >= (MAX_SAFETY_TRIES if tried.is_safety else MAX_TRIES):
        _fail(rows, f"given up after {tries} tries: {response}", tries=tries)
        return
    rows.update(
        status=Message.Status.QUEUED,
        claimed_at=None,
        begun_at=None,
        next_at=now + wait,
        tries=tries,
    )


def _fail(rows: MessageQuerySet, reason: str, **changes: int) -> None:
    rows.update(
        status=Message.Status.FAILED, claimed_at=None, begun_at=None, reason=reason, **changes
    )


def _record(
    message_id: UUID,
    organization_id: UUID,
    started_at: datetime,
    outcome: Attempt.Outcome,
    response: str,
    now: datetime,
) -> None:
    Attempt.objects.create(
        organization_id=organization_id,
        message_id=message_id,
        started_at=started_at,
        finished_at=max(now, started_at),
        outcome=outcome,
        response=response,
    )
