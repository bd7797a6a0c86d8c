"""What another version of a pathway says differently, place by place, in words for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: what says nothing about care: who wrote it, in which form, from which shared file
_ASIDE = frozenset({"format", "version", "common", "families"})

type Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two versions differ; `before` and `after` as they stand there.

    `place` names the items of a list by their id where they have one, so that what only moved is
    no difference: `stages.acute.exit.all_of.pain.at_most`.
    """

    place: str
    kind: Kind
    before: Any
    after: Any


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Return every difference between two contents, in the order of their places."""
    found = _between(_aside(old), _aside(new), "")
    return sorted(found, key=lambda one: one.place)


def _aside(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in _ASIDE}


def _between(old: Any, new: Any, place: str) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(old, new, place)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _mappings(_named(old), _named(new), place)
    elif old != new or type(old) is not type(new):
        yield Difference(place, "changed", old, new)


def _mappings(old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Iterator[Difference]:
    for key in {*old, *new}:
        here = f"{place}.{key}" if place else str(key)
        if key not in new:
            yield Difference(here, "removed", old[key], None)
        elif key not in old:
            yield Difference(here, "added", None, new[key])
        else:
            yield from _between(old[key], new[key], here)


def _named(items: list[Any]) -> dict[str, Any]:
    """Name the items of a list: by id, or by what they say, or by where they stand."""
    named: dict[str, Any] = {}
    for number, item in enumerate(items):
        own = item.get("id") or item.get("text") if isinstance(item, Mapping) else item
        name = str(own) if isinstance(own, str | int) and str(own) not in named else str(number)
        named[name] = item
    return named
