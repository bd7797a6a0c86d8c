"""Conditions, scores and source documents in the words of `care_plans`."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from care_plans.models import Condition, SourceDocument
from fhir.importing.elements import Element, When, Wrong, coding_of, shown

LOINC = "http://loinc.org"
_FINAL = ("final", "amended", "corrected")
_OBSERVATION_STATUS = (
    "registered",
    "preliminary",
    *_FINAL,
    "cancelled",
    "entered-in-error",
    "unknown",
)
_KINDS = {
    "CarePlan": SourceDocument.Kind.CARE_PLAN,
    "CareTeam": SourceDocument.Kind.CARE_TEAM,
}
_PLACES = Decimal("0.0001")
_STATUS = re.compile(r"[a-z-]{1,32}")


class NotUsable(Exception):
    """The resource is sound FHIR, but there is nothing in it to import; the message says why."""


@dataclass(frozen=True, slots=True)
class ConditionRead:
    """What one Condition says."""

    code_system: str
    code: str
    display: str
    clinical_status: str
    onset_at: datetime | None
    abated_at: datetime | None
    in_error: bool
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """What one CarePlan or CareTeam says about itself; its content is kept as it came."""

    kind: str
    title: str
    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScoreRead:
    """What one Observation says: a value of the measure that has its LOINC code."""

    loinc: str
    value: Decimal
    effective_at: datetime
    in_error: bool
    notes: list[str] = field(default_factory=list)


def read_condition(resource: Element) -> ConditionRead:
    """Translate a Condition. Raises `Wrong`, `NotUsable`."""
    system, code, words = coding_of(resource.one("code"))
    if not words:
        raise NotUsable("it does not say which condition")
    _, verified, _ = coding_of(resource.one("verificationStatus"))
    _, status, _ = coding_of(resource.one("clinicalStatus"))
    if status and status not in Condition.ClinicalStatus.values:
        raise Wrong(f"Condition.clinicalStatus: {shown(status)} is no clinical status")
    notes: list[str] = []
    return ConditionRead(
        code_system=system,
        code=code,
        display=words,
        clinical_status=status or Condition.ClinicalStatus.UNKNOWN,
        onset_at=_moment(resource, "onset", notes),
        abated_at=_moment(resource, "abatement", notes),
        in_error=verified == "entered-in-error",
        notes=notes,
    )


def read_document(resource: Element) -> DocumentRead:
    """Translate the head of a CarePlan or CareTeam. Raises `Wrong`."""
    kind = resource.text("resourceType")
    status = resource.text("status")
    if status and not _STATUS.fullmatch(status):
        raise Wrong(f"{kind}.status: {shown(status)} is no status")
    notes: list[str] = []
    period = resource.one("period")
    return DocumentRead(
        kind=_KINDS[kind],
        title=_title(resource, kind),
        status=status,
        starts_at=_exact(period.when("start") if period else None, "its start", notes),
        ends_at=_exact(period.when("end") if period else None, "its end", notes),
        notes=notes,
    )


def loinc_codes(resource: Element) -> list[str]:
    """Return the LOINC codes of an Observation."""
    concept = resource.one("code")
    if concept is None:
        return []
    return [
        coding.text("code") for coding in concept.many("coding") if coding.text("system") == LOINC
    ]


def read_score(resource: Element, loinc: str) -> ScoreRead:
    """Translate an Observation of a measure's code. Raises `Wrong`, `NotUsable`."""
    status = resource.code("status", _OBSERVATION_STATUS)
    in_error = status == "entered-in-error"
    if status not in _FINAL and not in_error:
        raise NotUsable(f"its status is {status or 'missing'}, not final")
    notes: list[str] = []
    at = resource.when("effectiveDateTime") or resource.when("effectiveInstant")
    period = resource.one("effectivePeriod")
    if at is None and period is not None:
        at = period.when("end") or period.when("start")
    if at is None or at.at is None:
        raise NotUsable("it does not say on which day the score was taken")
    if len(at.text) == len("2020-01-01"):
        notes.append("the score has a day without a time: kept at noon UTC")
    value = _value(resource, required=not in_error, notes=notes)
    return ScoreRead(loinc, value, at.at, in_error, notes)


def _value(resource: Element, *, required: bool, notes: list[str]) -> Decimal:
    quantity = resource.one("valueQuantity")
    number = quantity.number("value") if quantity else resource.number("valueInteger")
    if number is None:
        if not required:
            return Decimal(0)
        raise NotUsable("it holds no number")
    if quantity is not None and quantity.text("comparator"):
        raise NotUsable(f"its value is {quantity.text('comparator')} a number, not the number")
    if abs(number) >= 1_000_000:
        raise NotUsable("its number is too large for a score")
    kept = number.quantize(_PLACES)
    if kept != number:
        notes.append("the score is kept to four decimal places")
    return kept


def _title(resource: Element, kind: str) -> str:
    if kind == "CareTeam":
        named = resource.text("name")
        reasons = [coding_of(part)[2] for part in resource.many("reasonCode")]
        return named or ", ".join(dict.fromkeys(part for part in reasons if part))
    words = [coding_of(part)[2] for part in resource.many("category")]
    return resource.text("title") or ", ".join(part for part in words if part)


def _moment(resource: Element, name: str, notes: list[str]) -> datetime | None:
    found = resource.when(f"{name}DateTime")
    period = resource.one(f"{name}Period")
    if found is None and period is not None:
        found = period.when("start") or period.when("end")
    if found is None and any(f"{name}{form}" in resource.value for form in ("Age", "Range")):
        notes.append(f"its {name} is an age and is left out")
    return _exact(found, f"its {name}", notes)


def _exact(found: When | None, what: str, notes: list[str]) -> datetime | None:
    if found is not None and found.at is None:
        notes.append(f"{what} {found.text} names no day and is left out")
    return found.at if found else None
