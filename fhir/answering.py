"""Taking an R4 QuestionnaireResponse for a sitting: what it answers, and what is wrong with it.

What stands in it and is not understood is kept with it, word for word, and given back; but nothing
that would change its meaning is passed over.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from care_plans.assessing import Occasion
from care_plans.models import Assessment, MeasureVersion
from care_plans.sittings import NewAbsence, NewScore
from coordination.problems import FieldError, Invalid, pointer
from fhir.importing.elements import Wrong, cleaned
from fhir.questionnaires import (
    ABSENT,
    ACC_STAGE,
    ACC_STAGES,
    CANONICAL,
    COURSE,
    POINT,
    REASON,
    STAGE,
)

#: elements that are read here, and those that are kept and given back
_READ = {"resourceType", "extension", "questionnaire", "status", "subject", "authored", "item"}
_KEPT = {"id", "meta", "language", "text", "identifier", "author", "source"}
_ITEM = {"linkId", "answer", "extension", "text", "definition", "id"}
_MOST_ITEMS = 500
#: a sitting is recorded when it is complete
COMPLETE = ("completed", "amended")
#: which question a linkId names, however it is written
_NUMBER_OF = re.compile(r"[0-9]{1,4}$")
_VALUES = ("valueInteger", "valueDecimal")


@dataclass(frozen=True, slots=True)
class Sitting:
    """A response as the engine takes it."""

    patient_id: UUID
    scores: tuple[NewScore, ...]
    absent: tuple[NewAbsence, ...]
    occasion: Occasion
    course_id: UUID | None
    effective_at: datetime | None
    received: Mapping[str, Any]
    places: tuple[int, ...]
    """Which item each of the scores stands in."""

    def found_in(self, error: Invalid) -> Invalid:
        """Return what the engine finds wrong with the scores, by the items of the response."""
        moved = [FieldError(self._moved(one.pointer), one.detail) for one in error.errors]
        return Invalid(error.detail, errors=moved)

    def _moved(self, at: str) -> str:
        parts = at.split("/")
        if parts[1:2] != ["scores"] or len(parts) < 3:
            return {"/effective_at": "/authored", "/course": "/extension"}.get(at, at)
        return pointer("item", self.places[int(parts[2])])


@dataclass(slots=True)
class _Sheet:
    """The answers of one side while they are gathered."""

    values: dict[tuple[int | None, str], tuple[Decimal, int]] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    named: dict[int, int] = field(default_factory=dict)
    taking: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def sitting(resource: Any) -> Sitting:
    """Return what a QuestionnaireResponse says. Raises `Invalid` that points to what is wrong."""
    try:
        received = cleaned(resource, "")
    except Wrong as error:
        raise Invalid.field("", str(error)) from error
    if not isinstance(received, dict) or received.get("resourceType") != "QuestionnaireResponse":
        raise Invalid.field("/resourceType", "This is no QuestionnaireResponse.")
    for name in received:
        if name.lstrip("_") not in _READ | _KEPT:
            raise Invalid.field(pointer(name), "This element is not taken here.")
    if received.get("status") not in COMPLETE:
        raise Invalid.field("/status", f"One of: {', '.join(COMPLETE)}.")
    version = _version(received.get("questionnaire"))
    said = dict(_extensions(received.get("extension"), "/extension"))
    sheets = _sheets(received.get("item"))
    _must_be_asked(version, sheets)
    return Sitting(
        patient_id=_id_of(received.get("subject"), "Patient", "/subject"),
        scores=tuple(_scores(version, sheets)),
        absent=tuple(_absent(version, sheets)),
        occasion=_occasion(said),
        course_id=_id_of(said[COURSE], "EpisodeOfCare", "/extension") if COURSE in said else None,
        effective_at=_moment(received.get("authored")),
        received=received,
        places=tuple(place for sheet in sheets.values() for _, place in sheet.values.values()),
    )


def _version(canonical: Any) -> MeasureVersion:
    """Return the version that is answered: one without a number is the present one."""
    at = "/questionnaire"
    if not isinstance(canonical, str) or not canonical.startswith(CANONICAL):
        raise Invalid.field(at, f"A questionnaire from here is named {CANONICAL}….")
    slug, _, number = canonical.removeprefix(CANONICAL).partition("|")
    rows = MeasureVersion.objects.filter(measure__slug=slug).select_related("measure")
    found = rows.order_by("-version").first()
    if number:
        known = number.isascii() and number.isdigit() and len(number) < 7
        found = rows.filter(version=int(number)).first() if known else None
    if found is None:
        raise Invalid.field(at, "There is no such questionnaire, or no such version of it.")
    return found


def _id_of(reference: Any, kind: str, at: str) -> UUID:
    text = reference.get("reference") if isinstance(reference, dict) else None
    name, _, found = text.partition("/") if isinstance(text, str) else ("", "", "")
    try:
        if name == kind:
            return UUID(found)
    except ValueError:
        pass
    raise Invalid.field(at, f"A reference to {kind}/ and an id from here is needed.")


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Invalid.field("/authored", "This is no FHIR dateTime.") from error
    if at.tzinfo is None:
        raise Invalid.field("/authored", "A time with its zone is needed.")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise Invalid.field("/authored", "This lies outside the calendar.") from error


def _extensions(rows: Any, at: str) -> Iterator[tuple[str, Any]]:
    """Yield what each extension of ours says; what others say is kept unread."""
    if rows is None:
        return
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid.field(at, "This is no list of extensions.")
    seen: set[str] = set()
    for number, row in enumerate(rows):
        url = row.get("url")
        if url not in (COURSE, POINT, STAGE, ACC_STAGE, ABSENT, REASON):
            continue
        if url in seen:
            raise Invalid.field(f"{at}/{number}", "This is said twice.")
        seen.add(url)
        yield url, row.get("valueReference" if url == COURSE else "valueCode")


def _occasion(said: Mapping[str, Any]) -> Occasion:
    named = said.get(POINT)
    by_acc = ACC_STAGES.get(said[ACC_STAGE]) if isinstance(said.get(ACC_STAGE), str) else None
    if ACC_STAGE in said and by_acc is None:
        raise Invalid.field("/extension", f"A stage of ACC is one of: {', '.join(ACC_STAGES)}.")
    if named is not None and by_acc not in (None, named):
        raise Invalid.field("/extension", "Two collection points are named.")
    point = named if named is not None else by_acc or Assessment.CollectionPoint.AD_HOC
    stage = said.get(STAGE, "")
    if not isinstance(point, str) or not isinstance(stage, str):
        raise Invalid.field("/extension", "A code is a text.")
    return Occasion(point, stage)


def _sheets(items: Any) -> dict[str, _Sheet]:
    if not isinstance(items, list) or not 0 < len(items) <= _MOST_ITEMS:
        raise Invalid.field("/item", f"A list of 1 to {_MOST_ITEMS} items is needed.")
    sheets: dict[str, _Sheet] = {}
    wrong: list[FieldError] = []
    for number, item in enumerate(items):
        try:
            _read(item, number, sheets)
        except (ValueError, InvalidOperation) as error:
            wrong.append(FieldError(pointer("item", number), str(error)))
    for sheet in sheets.values():
        if any((number, "") not in sheet.values for number in sheet.labels):
            wrong.append(FieldError("/item", "Only an item that is answered is named."))
        if sheet.taking and not sheet.values:
            wrong.append(FieldError("/item", "A method or an instrument is of a value."))
    if wrong:
        raise Invalid("The response is not valid: nothing was recorded.", errors=wrong)
    return sheets


def _must_be_asked(version: MeasureVersion, sheets: Mapping[str, _Sheet]) -> None:
    """Refuse an item that the questionnaire has not, although nobody answered it."""
    scoring = version.definition.scoring
    for sheet in sheets.values():
        for number, place in sheet.named.items():
            if number < 1 or (scoring is not None and number > scoring.items):
                raise Invalid.field(pointer("item", place), "There is no such item.")


def as_sent(received: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what can be read of a response's answers, as scores, whatever is wrong with it."""
    measure = str(received.get("questionnaire"))[:200].partition("|")[0].rpartition(":")[2]
    items = received.get("item")
    return [
        {"measure": measure, "item": int(number[0]) if number else None, "value": value}
        for item in (items if isinstance(items, list) else [])[:_MOST_ITEMS]
        if isinstance(item, dict) and not str(item.get("linkId")).startswith("subscale")
        for number in [_NUMBER_OF.search(str(item.get("linkId"))[:40])]
        for value in _values(item.get("answer"))
    ]


def _values(answers: Any) -> list[Any]:
    given = answers[:9] if isinstance(answers, list) else []
    return [value for one in given if isinstance(one, dict) for value in one.values()]


def _read(item: Any, place: int, sheets: dict[str, _Sheet]) -> None:
    """Add what one item says to its sheet; raises ValueError that says what is wrong with it."""
    if not isinstance(item, dict) or not isinstance(item.get("linkId"), str):
        raise ValueError("An item is an object with a linkId.")
    if other := {name.lstrip("_") for name in item} - _ITEM:
        raise ValueError(f"{min(other)[:40]} is not taken in an item.")
    parts = item["linkId"].split(".")
    side = parts.pop(0) if parts[0] in ("left", "right") else ""
    sheet = sheets.setdefault(side, _Sheet())
    answer = _answer(item.get("answer"))
    match parts:
        case ["item", number] if number.isascii() and number.isdigit():
            sheet.named[int(number)] = place
            if answer is not None:  # one without is a question that nobody answered
                _add(sheet.values, (int(number), ""), (_number(answer), place))
        case ["item", number, "label"] if number.isascii() and number.isdigit():
            _add(sheet.labels, int(number), _text(answer))
        case ["total"] | ["subscale", _]:
            part = parts[1] if len(parts) > 1 else ""
            if answer is None:
                _add(sheet.absent, part, _reason(item))
            else:
                _add(sheet.values, (None, part), (_number(answer), place))
        case ["method" | "instrument" as name]:
            _add(sheet.taking, name, _text(answer))
        case _:
            raise ValueError("There is no such linkId in this questionnaire.")


def _add[K, V](known: dict[K, V], key: K, value: V) -> None:
    if key in known:
        raise ValueError("This is answered twice.")
    known[key] = value


def _answer(answers: Any) -> Mapping[str, Any] | None:
    if answers is None:
        return None
    if not isinstance(answers, list) or len(answers) != 1 or not isinstance(answers[0], dict):
        raise ValueError("An item has one answer.")
    if other := {name.lstrip("_") for name in answers[0]} - {*_VALUES, "valueString", "id"}:
        raise ValueError(f"{min(other)[:40]} is not taken in an answer.")
    found: Mapping[str, Any] = answers[0]
    return found


def _number(answer: Mapping[str, Any] | None) -> Decimal:
    values = [answer[name] for name in _VALUES if name in answer] if answer is not None else []
    if len(values) != 1 or isinstance(values[0], bool) or not isinstance(values[0], int | float):
        raise ValueError("The answer is a number: valueInteger or valueDecimal.")
    return Decimal(str(values[0]))


def _text(answer: Mapping[str, Any] | None) -> str:
    found = (answer or {}).get("valueString")
    if not isinstance(found, str):
        raise ValueError("The answer is a text: valueString.")
    return found


def _reason(item: Mapping[str, Any]) -> str:
    said = dict(_extensions(item.get("extension"), "/item"))
    found = said.get(REASON, said.get(ABSENT))
    if not isinstance(found, str):
        raise ValueError("Without an answer, the code of the reason is needed.")
    return found


def _scores(version: MeasureVersion, sheets: Mapping[str, _Sheet]) -> Iterator[NewScore]:
    for side, sheet in sheets.items():
        for (item, subscale), (value, _) in sheet.values.items():
            yield NewScore(
                measure=version.measure.slug,
                value=value,
                side=side,
                item=item,
                subscale=subscale,
                label=sheet.labels.get(item, "") if item is not None else "",
                version=version.version,
                method=sheet.taking.get("method", ""),
                instrument=sheet.taking.get("instrument", ""),
            )


def _absent(version: MeasureVersion, sheets: Mapping[str, _Sheet]) -> Iterator[NewAbsence]:
    for side, sheet in sheets.items():
        for subscale, reason in sheet.absent.items():
            yield NewAbsence(version.measure.slug, reason, side, subscale)
