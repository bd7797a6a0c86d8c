"""The table of a hand-off's steps, and whether one may be taken; nothing is changed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import TextChoices

from coordination.actors import Actor, Role
from coordination.models import HandOff, WorkItem
from coordination.problems import Denied, Invalid, NotAllowed
from coordination.refusals import Words, actions_from


class DeclineReason(TextChoices):
    """Why the one who was asked does not take over."""

    NO_CAPACITY = "no_capacity"
    OUTSIDE_SCOPE = "outside_scope"
    OTHER_DISCIPLINE = "other_discipline", "Another discipline should lead"
    NEEDS_INFORMATION = "needs_information"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    ABSENT = "absent"


class Party(StrEnum):
    """Who somebody is to one hand-off; the words stand in refusals."""

    SENDER = "the present lead"
    RECEIVER = "the one who is asked"
    SCHEDULER = "a scheduler"
    SOFTWARE = "the software"


class Needs(StrEnum):
    """What must be there besides the status."""

    NOBODY = "that nobody is named"
    REVIEWED = "the statement that the evidence was reviewed"
    REASON = "a coded reason"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table."""

    to: WorkItem.Status
    who: frozenset[Party]
    needs: tuple[Needs, ...] = ()


Status = WorkItem.Status
_ANSWERING = frozenset({Party.RECEIVER})

MOVES: Mapping[tuple[str, str], Move] = {
    (Status.REQUESTED, "assign"): Move(
        Status.REQUESTED, frozenset({Party.SCHEDULER}), (Needs.NOBODY,)
    ),
    (Status.REQUESTED, "accept"): Move(Status.COMPLETED, _ANSWERING, (Needs.REVIEWED,)),
    (Status.REQUESTED, "decline"): Move(Status.REJECTED, _ANSWERING, (Needs.REASON,)),
    (Status.REQUESTED, "withdraw"): Move(
        Status.CANCELLED, frozenset({Party.SENDER, Party.SCHEDULER, Party.SOFTWARE})
    ),
}
WORDS = Words(
    subject="This hand-off",
    states={
        Status.REQUESTED: "waits for an answer",
        Status.ACCEPTED: "was taken up",
        Status.IN_PROGRESS: "is under way",
        Status.COMPLETED: "was accepted",
        Status.REJECTED: "was declined",
        Status.CANCELLED: "was withdrawn",
    },
    actions={
        "assign": "given to a named person",
        "accept": "accepted",
        "decline": "declined",
        "withdraw": "withdrawn",
    },
)
HAPPENED: Mapping[str, str] = {
    "assign": "assigned",
    "accept": "accepted",
    "decline": "declined",
    "withdraw": "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes with a step: whom `assign` names, why, and whether the evidence was reviewed."""

    to: UUID | None = None
    reason_code: str = ""
    evidence_reviewed: bool = False


def permitted(
    hand_off: HandOff, action: str, given: Answer, *, actor: Actor, now: datetime
) -> Move:
    """Return the row of the table that this step follows.

    Raises `Denied` naming who may, `NotAllowed` when there is no such move from here, `Invalid`.
    """
    item = hand_off.work_item
    allowed = frozenset().union(*(move.who for key, move in MOVES.items() if key[1] == action))
    if not _parties(hand_off, actor) & allowed:
        names = " or ".join(sorted(allowed - {Party.SOFTWARE}))
        raise Denied(f"Only {names} may do this.", rule=f"hand-off.{action}")
    move = MOVES.get((item.status, action))
    if move is None or hand_off.closed_at is not None:
        raise NotAllowed(WORDS.refuse(item.status, action, actions_from(MOVES, item.status)))
    if Needs.NOBODY in move.needs and item.owner_id is not None:
        raise NotAllowed("Somebody is named already; withdraw it from them first.")
    if Needs.REVIEWED in move.needs and not given.evidence_reviewed:
        raise Invalid.field("/evidence_reviewed", "State that you reviewed the evidence.")
    if Needs.REASON in move.needs and given.reason_code not in DeclineReason.values:
        raise Invalid.field("/reason_code", f"One of: {', '.join(DeclineReason.values)}.")
    if action == "withdraw" and item.owner_id is None and not actor.is_software:
        raise NotAllowed(
            "The lead may not practise now, or cannot log in: name somebody to take over."
        )
    return move


def _parties(hand_off: HandOff, actor: Actor) -> set[Party]:
    mine = actor.practitioner_role_ids
    found = {Party.SOFTWARE} if actor.is_software else set[Party]()
    if Role.SCHEDULER in actor.roles:
        found.add(Party.SCHEDULER)
    if hand_off.sender_id in mine:
        found.add(Party.SENDER)
    if hand_off.work_item.owner_id in mine:
        found.add(Party.RECEIVER)
    return found
