"""Reading FHIR elements with care: every wrong type says where it stands and what it is."""

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

MAX_DEPTH = 60
_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
# A report goes to terminals and logs: no name, no number of a card.
_HARMLESS = re.compile(r"[\d/.:+\-TZ]{1,25}|[A-Za-z0-9]{1,3}", re.ASCII)
NAME = re.compile(r"_?[a-z][A-Za-z]{0,39}", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{9}")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)


class Wrong(Exception):
    """An element is not what FHIR says it is; the message names it."""


@dataclass(frozen=True, slots=True)
class When:
    """A FHIR date or dateTime: its first day, and day and moment if it is that precise.

    A day without a time stands at noon UTC, which is the same day in every zone of Canada.
    """

    text: str
    first: date
    day: date | None
    at: datetime | None


def cleaned(value: Any, path: str, depth: int = 0) -> Any:
    """Return JSON that PostgreSQL can keep, or raise `Wrong` at the part that it cannot."""
    if depth > MAX_DEPTH:
        raise Wrong(f"{_short(path)}: is nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        return {
            _sound(key, path): cleaned(part, _below(path, key), depth + 1)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [cleaned(part, f"{path}[{n}]", depth + 1) for n, part in enumerate(value)]
    if isinstance(value, str):
        return _sound(value, path)
    if isinstance(value, Decimal | float):
        return _finite(value, path)
    if isinstance(value, int) and abs(value) >= 10**30:
        raise Wrong(f"{_short(path)}: the number is too large")
    return value


def _below(path: str, name: str) -> str:
    """Return the path to a member; a name that FHIR has not may be about somebody, or very long."""
    return _short(f"{path}.{name if NAME.fullmatch(name) else '?'}")


def _sound(text: str, path: str) -> str:
    if "\0" in text:
        raise Wrong(f"{_short(path)}: contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Wrong(f"{_short(path)}: contains half a character (a lone surrogate)") from error
    return text


def _finite(number: Decimal | float, path: str) -> float:
    try:
        found = float(number)
    except (OverflowError, ValueError) as error:
        raise Wrong(f"{_short(path)}: the number is too large") from error
    if not math.isfinite(found):
        raise Wrong(f"{_short(path)}: the number is too large")
    return found


def shown(value: str) -> str:
    """Quote a value that can only be a date or a code; anything else may be about somebody."""
    if _HARMLESS.fullmatch(value) and not _LONG_NUMBER.search(value):
        return repr(value)
    return "what stands there"


def _short(path: str) -> str:
    return path if len(path) <= 121 else f"{path[:120]}…"


@dataclass(frozen=True, slots=True)
class Element:
    """One object of a resource, and the path to it for messages."""

    value: dict[str, Any]
    path: str

    @classmethod
    def of(cls, value: Any, path: str) -> "Element":
        """Take an object; raises `Wrong` for anything else."""
        if not isinstance(value, dict):
            raise Wrong(f"{path}: is {_kind(value)}, not an object")
        return cls(value, path)

    def text(self, name: str, *, limit: int = 10_000) -> str:
        """Return a trimmed text, empty when absent."""
        found = self.value.get(name)
        if found is None:
            return ""
        if not isinstance(found, str):
            raise Wrong(f"{self.path}.{name}: is {_kind(found)}, not a text")
        if len(found) > limit:
            raise Wrong(f"{self.path}.{name}: is longer than {limit} characters")
        return found.strip()

    def code(self, name: str, allowed: Collection[str]) -> str:
        """Return one of the codes that FHIR allows here, empty when absent."""
        found = self.text(name)
        if found and found not in allowed:
            raise Wrong(f"{self.path}.{name}: {shown(found)} is none of {', '.join(allowed)}")
        return found

    def flag(self, name: str) -> bool | None:
        """Return true, false, or None when absent."""
        found = self.value.get(name)
        if found is None or isinstance(found, bool):
            return found
        raise Wrong(f"{self.path}.{name}: is {_kind(found)}, not true or false")

    def number(self, name: str) -> Decimal | None:
        """Return a number as precisely as it was written, None when absent."""
        found = self.value.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise Wrong(f"{self.path}.{name}: is {_kind(found)}, not a number")
        return Decimal(str(found))

    def one(self, name: str) -> "Element | None":
        """Return an object below, None when absent."""
        found = self.value.get(name)
        return None if found is None else Element.of(found, f"{self.path}.{name}")

    def many(self, name: str) -> "Iterator[Element]":
        """Yield each object of a list, none when absent."""
        for position, part in enumerate(self._list(name)):
            yield Element.of(part, f"{self.path}.{name}[{position}]")

    def texts(self, name: str) -> list[str]:
        """Return a list of trimmed texts without the empty ones."""
        found = []
        for position, part in enumerate(self._list(name)):
            # FHIR writes null where only an extension stands
            if part is not None and not isinstance(part, str):
                raise Wrong(f"{self.path}.{name}[{position}]: is {_kind(part)}, not a text")
            found.append((part or "").strip())
        return [part for part in found if part]

    def when(self, name: str) -> When | None:
        """Return a date or dateTime, None when absent."""
        text = self.text(name, limit=100)
        if not text:
            return None
        try:
            return _when(text)
        except (ValueError, OverflowError) as error:
            raise Wrong(f"{self.path}.{name}: {shown(text)} is no FHIR date") from error

    def _list(self, name: str) -> list[Any]:
        found = self.value.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise Wrong(f"{self.path}.{name}: is {_kind(found)}, not a list")
        return found


def _when(text: str) -> When:
    if _INSTANT.fullmatch(text):
        at = datetime.fromisoformat(text).astimezone(UTC)
        day = date.fromisoformat(text[:10])
        return When(text, day, day, at)
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    year, month, number = parts.groups()
    first = date(int(year), int(month or 1), int(number or 1))
    if number is None:
        return When(text, first, None, None)
    return When(text, first, first, noon(first))


def noon(day: date) -> datetime:
    """Return the middle of a day in UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def coding_of(concept: Element | None) -> tuple[str, str, str]:
    """Return system, code and the best words of a CodeableConcept; all empty when absent."""
    if concept is None:
        return "", "", ""
    words = concept.text("text")
    for coding in concept.many("coding"):
        code = coding.text("code", limit=64)
        if code:
            return coding.text("system"), code, words or coding.text("display") or code
        words = words or coding.text("display")
    return "", "", words


def _kind(value: Any) -> str:
    return "empty" if value is None else _KINDS.get(type(value), "a number")
