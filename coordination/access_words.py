"""How a patient's own access log puts things: `policy/access_log.yaml`.

Nothing of the software's own vocabulary reaches a patient: what has no words of its own is told by
its kind, and in the worst case as a part of the record.
"""

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter
from ruamel.yaml import YAML

from coordination.languages import ENGLISH, Language
from coordination.models import AuditEvent
from coordination.phrases import in_access_log

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


def every_text() -> set[str]:
    """Return all that the log may say, so that each of it has its translation."""
    flat = (WORDS.kinds, WORDS.resources, WORDS.reasons, WORDS.purposes, WORDS.people)
    said = {text for words in flat for text in words.values()}
    return said | {text for event in WORDS.events.values() for text in event} | {_SOMETHING}


def told(row: AuditEvent, language: Language = ENGLISH) -> Told:
    """Return what a row of the audit trail says was done, for the patient whom it is about."""
    known = WORDS.events.get(row.event)
    known = known or Told(WORDS.kinds[row.action], WORDS.resources.get(row.resource, _SOMETHING))
    return Told(in_access_log(known.done, language), in_access_log(known.what, language))


def purpose(row: AuditEvent, language: Language = ENGLISH) -> str:
    """Return what it was done for."""
    return in_access_log(WORDS.purposes[row.purpose], language)


def reason(row: AuditEvent, basis: str, language: Language = ENGLISH) -> str:
    """Return by what right it was done; `basis` is that for the patient who asks."""
    return in_access_log(_reason(row, basis), language)


def _reason(row: AuditEvent, basis: str) -> str:
    if basis.startswith("software:"):
        return WORDS.reasons["operator" if basis == _OPERATOR else "software"]
    if basis == AuditEvent.Basis.OVERRIDE and row.purpose == AuditEvent.Purpose.PRIVACY_REVIEW:
        # Rows of reviews were written so, and a row never changes.
        basis = AuditEvent.Basis.OVERSIGHT
    return WORDS.reasons.get(basis, WORDS.reasons["unresolved"])


def name_of(row: AuditEvent, person: str | None, language: Language = ENGLISH) -> str:
    """Return who did it: the person's name, with the portal that acted for them, if one did."""
    people = {name: in_access_log(text, language) for name, text in WORDS.people.items()}
    if row.user_id is None:
        return people["operator" if row.actor == _OPERATOR else "software"]
    who = person or people["gone"]
    _, _, portal = row.actor.partition(THROUGH)
    return people["through"].format(who=who, portal=portal) if portal else who
