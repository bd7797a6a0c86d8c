"""How a patient's own access log puts things: `policy/access_log.yaml`.

Nothing of the software's own vocabulary reaches a patient: what has no words of its own is told by
its kind, and in the worst case as a part of the record.
"""

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter
from ruamel.yaml import YAML

from coordination.models import AuditEvent

FILE = Path(__file__).parent / "policy" / "access_log.yaml"
#: between the login and the portal that acts for it, in the actor of an audit row
THROUGH = " through "
_SOMETHING = "a part of your record"
_OPERATOR = "software:operator"


class Told(NamedTuple):
    """What was done, and to what."""

    done: str
    what: str


class Words(BaseModel):
    """Everything that the log says, by what the audit trail calls it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: dict[str, str]
    resources: dict[str, str]
    events: dict[str, Told]
    reasons: dict[str, str]
    purposes: dict[str, str]
    people: dict[str, str]


WORDS = TypeAdapter(Words).validate_python(YAML(typ="safe", pure=True).load(FILE))


def told(row: AuditEvent) -> Told:
    """Return what a row of the audit trail says was done, for the patient whom it is about."""
    known = WORDS.events.get(row.event)
    return known or Told(WORDS.kinds[row.action], WORDS.resources.get(row.resource, _SOMETHING))


def reason(row: AuditEvent, basis: str) -> str:
    """Return by what right it was done; `basis` is that for the patient who asks."""
    if basis.startswith("software:"):
        return WORDS.reasons["operator" if basis == _OPERATOR else "software"]
    if basis == AuditEvent.Basis.OVERRIDE and row.purpose == AuditEvent.Purpose.PRIVACY_REVIEW:
        # Rows of reviews were written so, and a row never changes.
        basis = AuditEvent.Basis.OVERSIGHT
    return WORDS.reasons.get(basis, WORDS.reasons["unresolved"])


def name_of(row: AuditEvent, person: str | None) -> str:
    """Return who did it: the person's name, with the portal that acted for them, if one did."""
    if row.user_id is None:
        return WORDS.people["operator" if row.actor == _OPERATOR else "software"]
    who = person or WORDS.people["gone"]
    _, _, portal = row.actor.partition(THROUGH)
    return WORDS.people["through"].format(who=who, portal=portal) if portal else who
