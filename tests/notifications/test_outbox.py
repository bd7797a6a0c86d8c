"""Putting messages into the outbox and taking them out."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from celery import Celery, current_app
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import TestCase

from coordination.models import PractitionerRole, new_id
from coordination.tenancy import acting_in
from notifications import outbox
from notifications.kinds import KindRefused, MessageKind, UnknownKind
from notifications.models import Message
from notifications.outbox import Recipient
from tests.cast import NOW, Cast
from tests.notifications.said import Truth, addressed, enqueue, ordinary_kind

pytestmark = pytest.mark.django_db


def _count(cast: Cast) -> int:
    with cast.acting():
        return int(Message.objects.count())


def test_it_writes_one_message_per_recipient_and_channel(cast: Cast, kind: MessageKind) -> None:
    created = enqueue(cast.asha, addressed(cast.asha), addressed(cast.sam))
    assert len(created) == 4
    with cast.acting():
        assert set(Message.objects.values_list("pk", flat=True)) == set(created)


@pytest.mark.feature("RM-06")
def test_it_writes_the_same_occurrence_once(cast: Cast, kind: MessageKind) -> None:
    subject = new_id()
    first = enqueue(cast.asha, subject_id=subject)
    again = enqueue(cast.asha, subject_id=subject, now=NOW + timedelta(days=3))
    assert (len(first), again, _count(cast)) == (2, [], 2)


@pytest.mark.feature("RM-06")
def test_it_writes_the_same_occurrence_once_even_after_it_was_cancelled(
    cast: Cast, kind: MessageKind
) -> None:
    subject = new_id()
    enqueue(cast.asha, subject_id=subject)
    _cancel(cast, subject)
    assert enqueue(cast.asha, subject_id=subject) == []


def test_it_nudges_once_for_all_that_a_transaction_says(cast: Cast, kind: MessageKind) -> None:
    with TestCase.captureOnCommitCallbacks() as nudges:
        enqueue(cast.asha)
        enqueue(cast.asha, addressed(cast.sam))
    assert len(nudges) == 2  # one for each channel


def test_it_nudges_for_what_is_said_after_a_savepoint_was_undone(
    cast: Cast, kind: MessageKind
) -> None:
    with TestCase.captureOnCommitCallbacks() as nudges:
        with pytest.raises(LookupError), transaction.atomic():
            enqueue(cast.asha)
            raise LookupError
        assert nudges == []
        enqueue(cast.asha)
    assert len(nudges) == 2


def test_it_writes_another_occurrence_and_another_subject(cast: Cast, kind: MessageKind) -> None:
    subject = new_id()
    enqueue(cast.asha, subject_id=subject)
    assert len(enqueue(cast.asha, subject_id=subject, occurrence="second")) == 2
    assert len(enqueue(cast.asha, subject_id=new_id())) == 2


@pytest.mark.feature("RM-06")
def test_it_writes_one_occurrence_once_when_twenty_say_it_at_the_same_time(
    committed_db: None, cast: Cast, kind: MessageKind
) -> None:
    subject = new_id()

    def say(_: int) -> list[UUID]:
        try:
            return enqueue(cast.asha, addressed(cast.sam), addressed(cast.ben), subject_id=subject)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        created = [one for ids in pool.map(say, range(20)) for one in ids]
    assert len(created) == _count(cast) == 4


@pytest.mark.feature("RM-06")
@pytest.mark.parametrize("at_once", [True, False])
def test_it_writes_once_to_one_person_under_several_hats(
    cast: Cast, kind: MessageKind, at_once: bool
) -> None:
    role = cast.asha.practitioner_role
    with cast.acting():
        second = PractitionerRole.objects.create(
            organization=cast.riverside,
            practitioner=role.practitioner,
            location=cast.uptown,
            discipline="kinesiology",
            college="Test college (fictional)",
            registration_number="TEST-second",
            registered_from=role.registered_from,
        )
    hats = [
        Recipient(user_id=cast.asha.user.id, as_role="scheduler"),
        addressed(cast.asha),
        Recipient(practitioner_role_id=second.id),
    ]
    subject = new_id()
    for said in [hats] if at_once else [hats[1:2], hats[:1], hats[2:]]:
        enqueue(cast.asha, *said, subject_id=subject)
    with cast.acting():
        found = list(Message.objects.values_list("to_practitioner_role_id", "person"))
    assert found == [(role.id, cast.asha.user.id)] * 2, "as a practitioner, once by each channel"


@pytest.mark.feature("RM-06")
def test_it_writes_once_to_one_person_when_two_hats_are_told_at_the_same_time(
    committed_db: None, cast: Cast, kind: MessageKind
) -> None:
    subject = new_id()
    hats = [Recipient(user_id=cast.asha.user.id), addressed(cast.asha)]

    def say(turn: int) -> list[UUID]:
        try:
            return enqueue(cast.asha, hats[turn % 2], subject_id=subject)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        created = [one for ids in pool.map(say, range(10)) for one in ids]
    assert len(created) == _count(cast) == 2


def test_it_refuses_a_kind_that_nobody_registered(cast: Cast) -> None:
    with pytest.raises(UnknownKind):
        enqueue(cast.asha, kind="nobody.registered")
    assert _count(cast) == 0


def test_it_refuses_to_register_a_kind_twice(
    kind: MessageKind, register: Callable[[MessageKind], MessageKind], truth: Truth
) -> None:
    with pytest.raises(KindRefused):
        register(ordinary_kind(truth))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Has Spaces"},
        {"purpose": "marketing"},
        {"channels": ("pigeon",)},
        {"channels": ()},
        {"text": ""},
        {"subject_line": "Two\nlines"},
    ],
)
def test_it_refuses_a_kind_that_could_not_be_sent(truth: Truth, changes: dict[str, Any]) -> None:
    with pytest.raises(KindRefused):
        ordinary_kind(truth, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "https://elsewhere.example/"},
        {"path": "//elsewhere.example/"},
        {"path": "/a\r\nBcc: somebody"},
        {"occurrence": " "},
        {"due_at": NOW.replace(tzinfo=None)},
    ],
)
def test_it_refuses_what_could_not_be_sent(
    cast: Cast, kind: MessageKind, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        enqueue(cast.asha, **changes)
    assert _count(cast) == 0


@pytest.mark.parametrize("named", [{}, {"user_id": new_id(), "patient_id": new_id()}])
def test_it_refuses_a_recipient_who_is_nobody_or_two(named: dict[str, UUID]) -> None:
    with pytest.raises(ValueError, match="just one"):
        Recipient(**named)  # type: ignore[arg-type] # wrong on purpose


def test_it_skips_what_was_planned_for_a_time_gone_by(cast: Cast, kind: MessageKind) -> None:
    past = NOW - timedelta(seconds=1)
    assert enqueue(cast.asha, due_at=past, skip_if_past=True) == []
    assert _count(cast) == 0
    assert len(enqueue(cast.asha, due_at=NOW, skip_if_past=True)) == 2


def test_it_writes_to_a_patient_by_mail_only(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha, Recipient(patient_id=cast.patient.id), patient_id=cast.patient.id)
    with cast.acting():
        assert [message.channel for message in Message.objects.all()] == ["email"]


def _cancel(cast: Cast, *subjects: UUID, kinds: list[str] | None = None) -> int:
    with cast.acting():
        return outbox.cancel(
            subject_ids=subjects,
            kinds=kinds,
            reason="moved",
            actor=cast.asha.actor(),
            now=NOW,
        )


def test_it_cancels_what_still_waits_and_says_why(cast: Cast, kind: MessageKind) -> None:
    subject, other = new_id(), new_id()
    enqueue(cast.asha, subject_id=subject)
    enqueue(cast.asha, subject_id=other)
    assert _cancel(cast, subject) == 2
    assert _cancel(cast, subject) == 0
    with cast.acting():
        told = set(Message.objects.values_list("subject_id", "status", "reason"))
    assert told == {(subject, "cancelled", "moved"), (other, "queued", "")}


def test_it_cancels_only_the_kinds_named(cast: Cast, kind: MessageKind) -> None:
    subject = new_id()
    enqueue(cast.asha, subject_id=subject)
    assert _cancel(cast, subject, kinds=["another.kind"]) == 0


def test_it_undoes_the_message_with_the_transaction(
    committed_db: None, cast: Cast, kind: MessageKind
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(cast.asha)
        raise RuntimeError
    assert _count(cast) == 0


def test_it_names_the_schedulers_of_this_organization(cast: Cast) -> None:
    with cast.acting():
        found = outbox.schedulers(now=NOW)
    assert found == [Recipient(user_id=cast.sam.user.id, as_role="scheduler")]
    with acting_in(cast.harbour.id):
        assert outbox.schedulers(now=NOW) == []


def test_it_never_shows_another_organization_a_message(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    with acting_in(cast.harbour.id):
        assert Message.objects.count() == 0
        assert Message.objects.update(reason="mine") == 0


def test_it_cannot_write_to_a_practitioner_of_another_organization(
    cast: Cast, kind: MessageKind
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        enqueue(cast.asha, addressed(cast.olu))


def test_the_database_refuses_an_impossible_move(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    with (
        cast.acting(),
        pytest.raises(ProgrammingError, match="Invalid transition"),
        transaction.atomic(),
    ):
        Message.objects.update(status="sent", sent_at=NOW)


def test_the_database_refuses_to_forget_a_message(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    with (
        cast.acting(),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        Message.objects.all().delete()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Listen, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("trouble", ["refuses", "is silent"])
def test_it_goes_on_without_a_broker(
    committed_cast: Cast,
    kind: MessageKind,
    monkeypatch: pytest.MonkeyPatch,
    silent_port: int,
    trouble: str,
) -> None:
    broker = f"redis://127.0.0.1:{1 if trouble == 'refuses' else silent_port}/0"
    broken = Celery("broken", broker=broker, set_as_current=False)
    broken.conf.broker_transport_options = current_app.conf.broker_transport_options | {
        "socket_timeout": 0.2
    }
    monkeypatch.setattr(outbox, "current_app", broken)
    monkeypatch.setattr(outbox, "_left_alone_until", 0.0)
    started = monotonic()
    for _ in range(20):
        assert len(enqueue(committed_cast.asha)) == 2
    assert monotonic() - started < 5
    assert _count(committed_cast) == 40
