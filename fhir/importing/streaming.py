"""A JSON document that is larger than memory: its `entry` list one by one, the rest at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import ijson

from fhir.importing.elements import MAX_DEPTH, NAME

# Deeper than any resource that would be accepted, so that the message names the element.
_DEEPEST = MAX_DEPTH * 4
# One resource is held in memory as a whole; what is larger than this is none.
MAX_ENTRY = 16 * 1024 * 1024
# Nor is what has more parts: a few bytes of empty objects take a hundred times as much memory.
MAX_PARTS = 200_000
_SCALARS = {"string", "number", "boolean", "null"}


class Readable(Protocol):
    """What gives its bytes part by part."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next part, nothing at the end."""


class TooDeep(ValueError):
    """Lists within lists without end: somebody means harm, or a program ran wild."""


@dataclass(frozen=True, slots=True)
class Head:
    """The document's other members; comes last, whatever their order in the file."""

    value: dict[str, Any]


def read_document(stream: Readable) -> Iterator[Any]:
    """Yield each element of the top-level `entry` list, then the `Head`.

    Raises ValueError where the JSON is broken, is no object, or goes on after its end.
    """
    watched = _Watched(stream)
    events = iter(ijson.basic_parse(watched, buf_size=1 << 16))
    try:
        for member in _members(events):
            watched.since = 0
            yield member
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise ValueError(_first_line(error)) from error


class _Watched:
    """A stream that ends when a single entry does not."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.since = 0

    def read(self, size: int = -1) -> bytes:
        """Read on, as long as the present entry may become a resource."""
        data = self._stream.read(size)
        self.since += len(data)
        if self.since > MAX_ENTRY:
            raise ValueError(f"a single entry is longer than {MAX_ENTRY} bytes")
        return data


def _members(events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    event, _ = next(events)
    if event != "start_map":
        raise ValueError("the file holds a list or a single value, not a resource")
    head: dict[str, Any] = {}
    budget = Budget()
    for key, name in events:
        if key == "end_map":
            break
        _refuse_again(head, name)
        event, value = next(events)
        is_bundle = head.get("resourceType", "Bundle") == "Bundle"
        if name == "entry" and event == "start_array" and is_bundle:
            head[name] = []
            yield from _elements(events)
        else:
            head[name] = _build(event, value, events, budget)
    for _ in events:
        raise ValueError("there is more after the end of the resource")
    yield Head(head)


def _elements(events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    for event, value in events:
        if event == "end_array":
            return
        yield _build(event, value, events, Budget())


@dataclass(slots=True)
class Budget:
    """How many parts one entry, or all that stands beside the entries, has had so far."""

    parts: int = 0

    def spend(self) -> None:
        """Count one part more; raises ValueError beyond measure."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise ValueError(f"a single entry has more than {MAX_PARTS} parts")


def _build(event: str, value: Any, events: Iterator[tuple[str, Any]], budget: Budget) -> Any:
    """Build one value without recursion, so that depth cannot exhaust the stack."""
    if event in _SCALARS:
        return value
    root: Any = {} if event == "start_map" else []
    open_values, names = [root], [""]
    while open_values:
        event, value = next(events)
        budget.spend()
        if event in ("end_map", "end_array"):
            open_values.pop()
            names.pop()
        elif event == "map_key":
            names[-1] = value
        else:
            part = {} if event == "start_map" else [] if event == "start_array" else value
            _put(open_values[-1], names[-1], part)
            if event not in _SCALARS:
                if len(open_values) >= _DEEPEST:
                    raise TooDeep(f"it is nested more than {_DEEPEST} deep")
                open_values.append(part)
                names.append("")
    return root


def _put(container: Any, name: str, part: Any) -> None:
    if isinstance(container, dict):
        _refuse_again(container, name)
        container[name] = part
    else:
        container.append(part)


def _refuse_again(container: dict[str, Any], name: str) -> None:
    """Refuse a member that is there already: two readers would each believe another one."""
    if name in container:
        raise ValueError(f"a member stands twice in one object{named(name)}")
    if len(container) >= MAX_PARTS:
        raise ValueError(f"one object has more than {MAX_PARTS} members")


def named(name: str) -> str:
    """Return a member's name for a message, nothing where it could be about somebody."""
    return f" ({name})" if NAME.fullmatch(name) else ""


def _first_line(error: Exception) -> str:
    words: Any = error.args[0] if error.args else error
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    return text.strip().splitlines()[0]
