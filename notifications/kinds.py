"""What can be said: each kind of message, registered by the app in which it happens.

An app calls `register` in its `AppConfig.ready()`. This app never names another: it asks the
registry, and refuses a kind that nobody registered.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from coordination.actors import Actor
from notifications.models import Channel, Purpose
from notifications.recipients import Recipient

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_registered: dict[str, "MessageKind"] = {}


class UnknownKind(LookupError):
    """Nobody registered a kind of this name."""


class KindRefused(ValueError):
    """A kind is registered twice, or what it says of itself makes no sense."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message still holds at the moment of sending.

    `reason` says why it does not; schedulers read it, so it is a short phrase without health
    data. A `not_before` in the future puts the message back to that time, whatever `holds` says.
    """

    holds: bool
    reason: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a mail to staff says of one subject besides the words of its kind, as neutral as they.

    `text` is whole sentences; `since` is the moment from which on it is so, where that is not when
    the message was due.
    """

    text: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One kind of message.

    `audience` says who gets it, for readers of the code. `subject_line` and `text` are neutral:
    they go out by mail, so they say nothing of anybody's health; `text` is one sentence.
    `still_holds(subject_id, now)` is asked just before sending, inside the organization.
    `concerns(subject_id, recipient, now)`, if given, is asked next: whether it is still this
    recipient's matter. `disclosed(actor, now)` returns the subjects that no consent directive
    withholds from a practitioner; a kind without it is not told to whom any directive is directed.
    `particulars(subject_id, occurrence)`, if given, is asked when a mail to staff is written.
    `forecast`, if given, lists what will be sent later. A `safety` kind heeds
    no preference.
    """

    name: str
    purpose: str
    audience: str
    subject_line: str
    text: str
    still_holds: Callable[[UUID, datetime], Verdict]
    concerns: Callable[[UUID, Recipient, datetime], bool] | None = None
    disclosed: Callable[[Actor, datetime], QuerySet[Any, Any]] | None = None
    particulars: Callable[[UUID, str], Particulars] | None = None
    forecast: Callable[..., Any] | None = None
    safety: bool = False
    channels: tuple[str, ...] = (Channel.EMAIL.value, Channel.IN_APP.value)

    def __post_init__(self) -> None:
        """Refuse a kind that could not be sent."""
        if not _NAME.fullmatch(self.name):
            raise KindRefused(f"{self.name!r} is not a name: small letters, digits and . _ -")
        if self.purpose not in Purpose.values:
            raise KindRefused(f"{self.name}: no purpose {self.purpose!r}")
        if self.safety and self.purpose == Purpose.COMMERCIAL:
            raise KindRefused(f"{self.name}: nobody's safety depends on an offer")
        if not self.channels or not set(self.channels) <= set(Channel.values):
            raise KindRefused(f"{self.name}: channels are some of {', '.join(Channel.values)}")
        for name in ("audience", "subject_line", "text"):
            said: str = getattr(self, name)
            if not said.strip() or "\n" in said or "\r" in said:
                raise KindRefused(f"{self.name}: {name} is one line, not empty")


def register(kind: MessageKind) -> None:
    """Let messages of this kind be enqueued; raises `KindRefused` if the name is taken."""
    if kind.name in _registered:
        raise KindRefused(f"The kind {kind.name} is registered already.")
    _registered[kind.name] = kind


def unregister(name: str) -> None:
    """Take a kind away again, as a test does with its own; raises `UnknownKind`."""
    kind_named(name)
    del _registered[name]


def kind_named(name: str) -> MessageKind:
    """Return the registered kind of this name; raises `UnknownKind`."""
    try:
        return _registered[name]
    except KeyError as error:
        raise UnknownKind(f"Nobody registered a kind of message named {name!r}.") from error


def headline(name: str) -> str:
    """Return the subject line of a kind, also of one that was registered once and is no more."""
    return _registered[name].subject_line if name in _registered else "A message"


def sentence(name: str) -> str:
    """Return what a kind says, also one that was registered once and is no more."""
    return _registered[name].text if name in _registered else "This message is out of date."


def registered() -> Iterator[MessageKind]:
    """Return every registered kind, by name."""
    return iter([_registered[name] for name in sorted(_registered)])
