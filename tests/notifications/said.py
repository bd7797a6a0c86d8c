"""A kind of message for tests, and a short way to enqueue it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from coordination.models import new_id
from coordination.tenancy import acting_in
from notifications import outbox
from notifications.kinds import MessageKind, Verdict
from notifications.models import Message
from notifications.outbox import Recipient
from tests.cast import NOW, Person


@dataclass
class Truth:
    """What a test kind answers when it is asked whether a message still holds."""

    verdict: Verdict = field(default_factory=lambda: Verdict(holds=True))
    error: Exception | None = None
    asked: list[tuple[UUID, datetime]] = field(default_factory=list)

    def tell(self, subject_id: UUID, now: datetime) -> Verdict:
        """Answer as the test has decided."""
        self.asked.append((subject_id, now))
        if self.error is not None:
            raise self.error
        return self.verdict


def ordinary_kind(truth: Truth, **changes: Any) -> MessageKind:
    """Return a kind of work message that goes by both channels."""
    plain = MessageKind(
        name="test.review",
        purpose="work",
        audience="whoever the test names",
        subject_line="Something is waiting for you",
        text="Something in Continuum is waiting for your review.",
        still_holds=truth.tell,
    )
    return replace(plain, **changes)


def enqueue(person: Person, *recipients: Recipient, **changes: Any) -> list[UUID]:
    """Enqueue in the person's organization, to the person unless the test names others."""
    given: dict[str, Any] = {
        "kind": "test.review",
        "subject_id": new_id(),
        "occurrence": "first",
        "recipients": recipients or [addressed(person)],
        "due_at": NOW,
        "patient_id": None,
        "path": "/courses/1",
        "now": NOW,
    }
    with acting_in(person.organization.id):
        return outbox.enqueue(**(given | {"actor": person.actor(given["now"])} | changes))


def addressed(person: Person) -> Recipient:
    """Return the person as a recipient: by the practitioner role, if there is one."""
    if person.role is not None:
        return Recipient(practitioner_role_id=person.role.id)
    return Recipient(user_id=person.user.id)


def messages(person: Person) -> dict[str, Message]:
    """Return the messages of the person's organization by channel; each channel has just one."""
    with acting_in(person.organization.id):
        found = list(Message.objects.order_by("id"))
    assert len({message.channel for message in found}) == len(found)
    return {message.channel: message for message in found}
