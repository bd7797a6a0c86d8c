"""What the types of a definition refuse, in sentences for whoever wrote the file."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from coordination import near_names

_LONG = 60
#: how like a key has to be to be taken for a slip of the pen
_NEAR = 0.75

_A_LIST = "is not a list: begin each item with a dash, or write [a, b]"
_A_MAPPING = "is not a mapping of keys to values"
_A_NUMBER = "is not a number"
_A_TEXT = "is not a text"
#: what is said of each kind of refusal that the types know; `{}` stands for what they ask
_SAID: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not a key known here",
    "tuple_type": _A_LIST,
    "list_type": _A_LIST,
    "dict_type": _A_MAPPING,
    "model_type": _A_MAPPING,
    "model_attributes_type": _A_MAPPING,
    "mapping_type": _A_MAPPING,
    "string_type": _A_TEXT,
    "decimal_type": _A_NUMBER,
    "decimal_parsing": _A_NUMBER,
    "decimal_max_digits": _A_NUMBER,
    "float_parsing": _A_NUMBER,
    "float_type": _A_NUMBER,
    "finite_number": "is not a number that ends",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "too_short": "is empty, and has to name at least {min_length}",
    "too_long": "has more than {max_length} items",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "is shorter than {min_length} characters",
    "greater_than": "is not more than {gt}",
    "greater_than_equal": "is less than {ge}",
    "less_than": "is not less than {lt}",
    "less_than_equal": "is more than {le}",
    "literal_error": "is none of {expected}",
    "enum": "is none of {expected}",
}
_PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]*$": "small letters, digits and underscores, a letter first",
    r"^[a-z][a-z0-9-]*$": "small letters, digits and hyphens, a letter first",
    r"^\d+\.\d+\.\d+$": "three numbers, such as 1.0.0",
    r"^seed-[a-z0-9-]+$": "a row of the source's inventory, such as seed-x-1",
    r"^[a-z]{2}(-[A-Z]{2})?$": "a language, such as en-CA",
}


def refusal(found: Mapping[str, Any]) -> str:
    """Say in a sentence what one refusal of the types means, with what was found."""
    kind, value, asked = found["type"], found["input"], found.get("ctx", {})
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(asked["pattern"])
        said = f"has another shape than {wanted}" if wanted else "has another shape"
    elif kind in _SAID:
        said = _SAID[kind].format_map(asked)
    else:
        plain = str(found["msg"]).removeprefix("Value error, ")
        said = plain[:1].lower() + plain[1:]
    silent = kind in ("missing", "extra_forbidden") or isinstance(value, dict | list | tuple)
    return said if silent else f"{said} (found {_shown(value)})"


def nearest(path: tuple[str | int, ...], model: type[BaseModel]) -> str:
    """Return which key may have been meant by one that is not known, as a question, or nothing."""
    *_, key = path
    found = near_names.nearest(str(key), _keys_of(model), likeness=_NEAR)
    return f'; did you mean "{found}"?' if found else ""


@cache
def _keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return every key that a definition knows at any depth."""
    found: set[str] = set()
    waiting, seen = [model.model_json_schema()], 0
    while seen < len(waiting):
        part = waiting[seen]
        seen += 1
        found |= set(part.get("properties", {}))
        waiting += part.get("$defs", {}).values()
    return tuple(sorted(found))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
