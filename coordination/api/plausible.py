"""What no form means: line breaks in a name, control characters, days centuries away.

Whoever names what is none of several choices is told which there are.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.fields import empty

from coordination.api.zoned import ask_for_zone

#: the oldest day that anybody living or recently dead could be asked about
FIRST_YEAR = 1850
YEARS_AHEAD = 100
#: a field that takes no more than this is one line
ONE_LINE = 200
#: without NUL, which every text field refuses by itself
_CONTROLS = r"\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_IN_TEXT = re.compile(f"[{_CONTROLS}]")
_IN_ONE_LINE = re.compile(f"[{_CONTROLS}\\t\\n\\r\u2028\u2029]")


NO_DAY = "This is no day of the calendar: write year, month and day, such as 1990-02-28."
NO_BOOLEAN = "Write true or false, without quotation marks."
NO_MOMENT = (
    "This is no moment of the calendar: write day, time and offset from UTC, such as "
    "2026-03-01T09:00:00-05:00."
)


def no_such_choice(choices: Iterable[Any]) -> str:
    """Return the sentence that lists the choices; what was given is not said again."""
    return f"There is no such choice; there are: {', '.join(map(str, choices))}."


def watch(field: Any) -> Any:
    """Let a serializer, and every field within it, refuse what no form means; returns it."""
    for part in getattr(field, "fields", {}).values():
        watch(part)
    child = getattr(field, "child", None)
    if child is not None:
        watch(child)
    if isinstance(field, serializers.ChoiceField):
        field.error_messages["invalid_choice"] = no_such_choice(field.choices)
    if isinstance(field, serializers.DateTimeField):
        field.error_messages["invalid"] = NO_MOMENT
    elif isinstance(field, serializers.DateField):
        field.error_messages["invalid"] = NO_DAY
    if isinstance(field, serializers.BooleanField):
        _take_only_booleans(field)
    ask_for_zone(field)
    refuses = _refusal_of(field)
    if refuses is not None:
        field.validators = [*field.validators, refuses]
    return field


def _take_only_booleans(field: Any) -> None:
    """Let a field refuse what the library would take for a yes or a no: "yes", "t", 1."""
    read = field.run_validation

    def only(data: Any = empty) -> Any:
        if data is empty or data is None or isinstance(data, bool):
            return read(data)
        raise serializers.ValidationError(NO_BOOLEAN)

    field.run_validation = only


def _refusal_of(field: Any) -> Any:
    if isinstance(field, serializers.DateField | serializers.DateTimeField):
        return _refuse_far_days
    if type(field) is serializers.CharField and field.trim_whitespace:  # no password
        one_line = field.max_length is not None and field.max_length <= ONE_LINE
        return _refuse_lines if one_line else _refuse_controls
    return None


def _refuse_far_days(value: date) -> None:
    last = timezone.now().year + YEARS_AHEAD
    if not FIRST_YEAR <= value.year <= last:
        raise serializers.ValidationError(f"This lies before {FIRST_YEAR} or after {last}.")


def _refuse_controls(value: Any) -> None:
    if _IN_TEXT.search(str(value)):
        raise serializers.ValidationError("This contains control characters.")


def _refuse_lines(value: Any) -> None:
    if _IN_ONE_LINE.search(str(value)):
        raise serializers.ValidationError("This is one line, without control characters.")
