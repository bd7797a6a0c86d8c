"""Putting messages into the outbox, and taking them out again before they are sent.

A message is a row, written in the transaction that made it necessary: if that one is undone, so
is the message. The broker is only nudged, after the commit; whoever forgets to nudge loses
nothing but a few seconds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from time import monotonic
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from coordination.actors import Actor, Role
from coordination.models import Membership, current
from coordination.statements import read
from notifications.kinds import MessageKind, kind_named
from notifications.models import Channel, Message
from notifications.recipients import Recipient, by_person

__all__ = [
    "Recipient",
    "Told",
    "cancel",
    "enqueue",
    "nudge",
    "people_told",
    "people_told_of",
    "schedulers",
]

log = structlog.get_logger(__name__)

LEAVE_ALONE = 10  # seconds
_left_alone_until = 0.0


def enqueue(
    *,
    kind: str,
    subject_id: UUID,
    occurrence: str,
    recipients: Iterable[Recipient],
    due_at: datetime,
    patient_id: UUID | None,
    path: str,
    actor: Actor,
    now: datetime,
    skip_if_past: bool = False,
) -> list[UUID]:
    """Write one message per person and channel in the current transaction; return new ids.

    The same kind, subject, occurrence, person and channel is written once: a repeat, also one
    whose message was sent or cancelled long ago, or one to another hat or role of the same
    person, creates nothing. Something that happens anew needs a new `occurrence`. `patient_id` is
    whom it is about: a recipient who may not see that patient when it is due gets nothing. `path`
    begins with `/` and holds no health data: the mail links to it. A patient has no inbox here,
    so is written to by mail only.

    `skip_if_past` is for what was to be said at a planned time: if that has gone by already, it
    is not said at all, instead of at once. Raises `UnknownKind`, and ValueError for a path that
    leads elsewhere, an empty occurrence, a time without zone, or a patient who would be told of
    another.
    """
    registered = kind_named(kind)
    _check(occurrence, path, due_at)
    if skip_if_past and due_at < now:
        return []
    wanted = [
        Message(
            organization_id=actor.organization_id,
            kind=kind,
            purpose=registered.purpose,
            is_safety=registered.safety,
            channel=channel,
            person=person,
            to_user_id=to.user_id,
            to_practitioner_role_id=to.practitioner_role_id,
            to_patient_id=to.patient_id,
            as_role=to.as_role,
            subject_id=subject_id,
            occurrence=occurrence,
            patient_id=_about(to, patient_id),
            path=path,
            created_at=now,
            due_at=due_at,
            next_at=due_at,
        )
        for person, to, channel in _addressed(registered, recipients)
    ]
    created = _insert(wanted)
    if due_at <= now:
        for channel in sorted({message.channel for message in created}):
            _nudge_once(channel)
    return [message.id for message in created]


def cancel(
    *,
    subject_ids: Iterable[UUID],
    kinds: Iterable[str] | None = None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Cancel what still waits to be said about these subjects, and return how many messages.

    A message that is just being sent is past cancelling; if its channel fails, it is asked again
    whether it still holds. `reason` is a short phrase without health data; it must say something.
    """
    if not reason.strip():
        raise ValueError("A cancelled message says why.")
    waiting = Message.objects.waiting().filter(subject_id__in=list(subject_ids))
    if kinds is not None:
        waiting = waiting.filter(kind__in=list(kinds))
    cancelled: int = waiting.filter(organization_id=actor.organization_id).update(
        status=Message.Status.CANCELLED, reason=reason
    )
    if cancelled:
        log.info("messages_cancelled", count=cancelled, actor=actor.label, at=now.isoformat())
    return cancelled


def people_told(*, kind: str, subject_id: UUID) -> set[UUID]:
    """Return the persons to whom this was said of a subject, or will be unless it is cancelled."""
    found = Message.objects.filter(kind=kind, subject_id=subject_id)
    return set(found.exclude(status=Message.Status.CANCELLED).values_list("person", flat=True))


@dataclass(frozen=True, slots=True)
class Told:
    """Whom one thing was written for, once and for all, and for whom that was not cancelled."""

    persons: frozenset[UUID]
    standing: frozenset[UUID]


_TOLD = """
SELECT subject_id, kind, occurrence, channel, array_agg(person),
    coalesce(array_agg(person) FILTER (WHERE status <> 'cancelled'), '{}')
FROM notifications_message
WHERE subject_id = ANY(%b) AND kind = ANY(%s) AND channel = ANY(%s)
GROUP BY subject_id, kind, occurrence, channel
"""


def people_told_of(
    subject_ids: Sequence[UUID], kinds: Sequence[str]
) -> dict[UUID, dict[tuple[str, str], Told]]:
    """Return, by subject, what was said of it: by kind and occurrence, to whom.

    Whatever a person is told goes out by the kind's first channel too, so that this one is asked.
    """
    channels = {kind: str(kind_named(kind).channels[0]) for kind in kinds}
    rows = read(_TOLD, list(subject_ids), list(channels), list(set(channels.values())))
    found: dict[UUID, dict[tuple[str, str], Told]] = {}
    for subject_id, kind, occurrence, channel, persons, standing in rows:
        if channel == channels[kind]:
            said = found.setdefault(subject_id, {})
            said[kind, occurrence] = Told(frozenset(persons), frozenset(standing))
    return found


def schedulers(*, now: datetime) -> list[Recipient]:
    """Return who schedules in the organization that the current transaction acts in."""
    found = (
        Membership.objects.filter(current(now), role=Role.SCHEDULER)
        .filter(user__is_active=True)
        .order_by("since", "id")
        .values_list("user_id", flat=True)
    )
    return [Recipient(user_id=user_id, as_role=Role.SCHEDULER) for user_id in found]


def _nudge_once(channel: str) -> None:
    """Wake a worker after the commit: once, however many messages the transaction writes."""
    wanted = _nudge_of(channel)
    # what a savepoint that was undone had asked for is not among these any more
    if all(asked is not wanted for _, asked, _ in transaction.get_connection().run_on_commit):
        transaction.on_commit(wanted)


@cache
def _nudge_of(channel: str) -> Callable[[], None]:
    return partial(nudge, channel)


def nudge(channel: str) -> None:
    """Wake a worker for what is due; without a broker, the next beat does.

    A broker that did not answer is left alone for a while: each question costs seconds.
    """
    global _left_alone_until  # noqa: PLW0603 - one process, one broker
    if monotonic() < _left_alone_until:
        return
    try:
        current_app.send_task(
            "notifications.tasks.deliver_due", kwargs={"channel": channel}, retry=False
        )
    except (OperationalError, OSError) as error:
        _left_alone_until = monotonic() + LEAVE_ALONE
        log.warning("broker_not_reached", channel=channel, error=type(error).__name__)


def _check(occurrence: str, path: str, due_at: datetime) -> None:
    if not occurrence.strip():
        raise ValueError("An occurrence has a name.")
    if not path.startswith("/") or path.startswith("//") or not path.isprintable():
        raise ValueError("A path begins with one slash and stays in Continuum.")
    if due_at.tzinfo is None:
        raise ValueError("A due time has a zone.")


def _about(to: Recipient, patient_id: UUID | None) -> UUID | None:
    if to.patient_id is not None and patient_id not in (None, to.patient_id):
        raise ValueError("Nobody is written to about another patient.")
    return to.patient_id or patient_id


def _addressed(
    kind: MessageKind, recipients: Iterable[Recipient]
) -> Iterator[tuple[UUID, Recipient, str]]:
    for person, to in by_person(recipients).items():
        for channel in kind.channels:
            if channel == Channel.IN_APP and to.patient_id is not None:
                continue
            yield person, to, channel


def _insert(wanted: list[Message]) -> list[Message]:
    # In one order, so that two transactions that say the same to the same people wait for each
    # other instead of deadlocking.
    wanted.sort(key=lambda m: (m.channel, str(m.person)))
    Message.objects.bulk_create(wanted, ignore_conflicts=True)
    written = set(
        Message.objects.filter(pk__in=[message.pk for message in wanted]).values_list(
            "pk", flat=True
        )
    )
    return [message for message in wanted if message.pk in written]
