"""The two state machines as one table: `(part, status, action)` says where to, who, with what.

The request (FHIR ServiceRequest) and the work item (FHIR Task) live separately: a decline ends
the work item and leaves the request active. Every action on the work also needs an active request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from coordination.refusals import Words


class Party(StrEnum):
    """Who somebody is to one referral; the words stand in refusals."""

    REFERRER = "the referrer"
    LEAD = "the patient's lead"
    ASSIGNEE = "the one to whom it is assigned"
    SCHEDULER = "a scheduler"
    SOFTWARE = "the plan itself"


class Needs(StrEnum):
    """What must be there besides the status: sent along, or how the referral stands."""

    REASON = "a coded reason"
    REPORT = "a report with its outcome"
    NO_OWNER = "that nobody is assigned"
    AN_OWNER = "that somebody is assigned"
    NO_CLAIM = "that no claim is running"
    OWN_CLAIM = "a running claim of yours"
    NO_OTHERS_CLAIM = "that no other scheduler's claim is running"
    REPORTED = "the report back"
    UNREPORTED = "that nobody reported back yet"


#: what a referral says of itself where it lacks one of them
LACKING: Mapping[Needs, str] = {
    Needs.NO_OWNER: "is assigned to somebody",
    Needs.AN_OWNER: "is assigned to nobody",
    Needs.NO_CLAIM: "is claimed by a scheduler at this moment",
    Needs.OWN_CLAIM: "is not claimed by you at this moment",
    Needs.NO_OTHERS_CLAIM: "is claimed by another scheduler at this moment",
    Needs.REPORTED: "has no report back yet",
    Needs.UNREPORTED: "was reported on",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table."""

    to: str
    who: frozenset[Party]
    needs: tuple[Needs, ...] = ()


_REFERRER = frozenset({Party.REFERRER})
_ASKING_SIDE = frozenset({Party.REFERRER, Party.LEAD})
_PLANNING = frozenset({Party.REFERRER, Party.LEAD, Party.SOFTWARE})
_SCHEDULER = frozenset({Party.SCHEDULER})
_ASSIGNEE = frozenset({Party.ASSIGNEE})
_EITHER = frozenset({Party.ASSIGNEE, Party.SCHEDULER})

Key = tuple[str, str, str]

MOVES: Mapping[Key, Move] = {
    ("request", "draft", "submit"): Move("active", _REFERRER),
    ("request", "draft", "revoke"): Move("revoked", _PLANNING, (Needs.REASON,)),
    ("request", "active", "hold"): Move("on_hold", _PLANNING, (Needs.UNREPORTED, Needs.REASON)),
    ("request", "on_hold", "resume"): Move("active", _PLANNING),
    ("request", "active", "revoke"): Move("revoked", _PLANNING, (Needs.UNREPORTED, Needs.REASON)),
    ("request", "on_hold", "revoke"): Move("revoked", _PLANNING, (Needs.REASON,)),
    ("request", "active", "acknowledge"): Move("completed", _ASKING_SIDE, (Needs.REPORTED,)),
    ("work", "requested", "claim"): Move("requested", _SCHEDULER, (Needs.NO_OWNER, Needs.NO_CLAIM)),
    ("work", "requested", "release"): Move("requested", _SCHEDULER, (Needs.OWN_CLAIM,)),
    ("work", "requested", "assign"): Move(
        "requested", _SCHEDULER, (Needs.NO_OWNER, Needs.NO_OTHERS_CLAIM)
    ),
    ("work", "requested", "reroute"): Move(
        "requested", _SCHEDULER, (Needs.NO_OWNER, Needs.NO_OTHERS_CLAIM)
    ),
    ("work", "requested", "accept"): Move("accepted", _ASSIGNEE),
    ("work", "requested", "decline"): Move("rejected", _ASSIGNEE, (Needs.REASON,)),
    ("work", "requested", "requeue"): Move("cancelled", _SCHEDULER, (Needs.AN_OWNER, Needs.REASON)),
    ("work", "accepted", "start"): Move("in_progress", _ASSIGNEE),
    ("work", "accepted", "requeue"): Move("cancelled", _EITHER, (Needs.REASON,)),
    ("work", "in_progress", "complete"): Move("completed", _ASSIGNEE, (Needs.REPORT,)),
    ("work", "in_progress", "requeue"): Move("cancelled", _EITHER, (Needs.REASON,)),
}

PART_OF: Mapping[str, str] = {action: part for part, _, action in MOVES}

_ACTIONS: Mapping[str, str] = {
    "submit": "sent",
    "hold": "put on hold",
    "resume": "resumed",
    "revoke": "revoked",
    "acknowledge": "acknowledged",
    "claim": "claimed",
    "release": "released",
    "assign": "assigned",
    "reroute": "assigned by the ranking",
    "accept": "accepted",
    "decline": "declined",
    "requeue": "given back to the queue",
    "start": "begun",
    "complete": "reported on",
}
#: how each of the two machines speaks, by its part
WORDS: Mapping[str, Words] = {
    "request": Words(
        subject="This referral",
        states={
            "draft": "is a draft",
            "active": "was sent",
            "on_hold": "is on hold",
            "completed": "was acknowledged",
            "revoked": "was revoked",
        },
        actions=_ACTIONS,
    ),
    "work": Words(
        subject="This referral",
        states={
            "requested": "waits to be accepted",
            "accepted": "was accepted",
            "in_progress": "is being worked on",
            "completed": "was reported on",
            "rejected": "was declined",
            "cancelled": "was taken out of this person's hands",
        },
        actions=_ACTIONS,
    ),
}

#: how each action is called in the event feed once it has happened
HAPPENED: Mapping[str, str] = {
    "open": "opened",
    "submit": "submitted",
    "hold": "held",
    "resume": "resumed",
    "revoke": "revoked",
    "acknowledge": "acknowledged",
    "claim": "claimed",
    "release": "released",
    "assign": "assigned",
    "reroute": "assigned",
    "accept": "accepted",
    "decline": "declined",
    "requeue": "requeued",
    "start": "started",
    "complete": "reported",
}


def allowed_to(action: str) -> frozenset[Party]:
    """Return everybody who may do this in some status."""
    return frozenset().union(*(move.who for key, move in MOVES.items() if key[2] == action))
