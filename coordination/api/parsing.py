"""Reading request bodies: whatever is not JSON that we could store and print again is refused."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from math import isinf
from typing import Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

_LONGEST_NAME = 100
_MOST_DIGITS = 4300  # beyond which Python reads none
_STRING = r'"(?:[^"\\]|\\.)*+"'
_NUMBERS = re.compile(
    _STRING + r"|(?P<wrong>NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)", re.DOTALL | re.ASCII
)
#: a pair; half of one; any other escape, whose backslash may be escaped itself
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<wrong>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: no NaN, no half of a surrogate pair, no bottomless nesting.

    A member that is given twice is refused: of two answers that contradict each other, nobody can
    say which was meant, and the last one would count in silence.
    """

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body. Raises `ParseError`, which answers 400 and says what is wrong where."""
        body: bytes = stream.read()
        try:
            text = body.decode()  # RFC 8259 knows no other encoding, whatever a header says
        except UnicodeDecodeError as error:
            raise ParseError(_said("this is not UTF-8", body[: error.start].decode())) from error
        try:
            data = json.loads(
                text,
                parse_constant=_refuse,
                parse_int=_whole,
                parse_float=_fraction,
                object_pairs_hook=_once,
            )
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
        except json.JSONDecodeError as error:
            raise ParseError(_said(error.msg, text[: error.pos])) from error
        except _Twice as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except _NoNumber as error:
            raise ParseError(_said(str(error), text[: _first_wrong_number(text)])) from error
        if half := _half_a_pair(text):
            raise ParseError(_said("half of a surrogate pair", text[: half.start()]))
        return data


class _Twice(ValueError):
    """An object with two members of one name."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        raise _Twice(f"a member is given twice: {shown}")
    return found


class _NoNumber(ValueError):
    """A number that we could not store or print again."""


def _refuse(constant: str) -> NoReturn:
    raise _NoNumber(f"{constant} is no JSON number")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _NoNumber(f"a number of more than {_MOST_DIGITS} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    if len(digits) > _MOST_DIGITS:
        raise _NoNumber(f"a number of more than {_MOST_DIGITS} digits")
    number = float(digits)
    if isinf(number):
        raise _NoNumber("a number too large to be kept")
    return number


def _first_wrong_number(text: str) -> int:
    """Return where the number stands at which reading stopped: the first that we refuse."""
    for found in _NUMBERS.finditer(text):
        number = found["wrong"] or ""
        try:
            _read_number(number)
        except _NoNumber:
            return found.start()
    return 0


def _read_number(number: str) -> None:
    if number[-1:] in {"N", "y"}:
        _refuse(number)
    if number:
        (_whole if number.lstrip("-").isdecimal() else _fraction)(number)


def _half_a_pair(text: str) -> re.Match[str] | None:
    if "\\ud" not in text.lower():
        return None
    return next((found for found in _ESCAPES.finditer(text) if found["wrong"]), None)


def _said(what: str, before: str) -> str:
    """Say what is wrong and where, and never the text that the decoder stumbled over."""
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return f"JSON parse error - {what}: line {line} column {column}"
