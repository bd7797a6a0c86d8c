"""Read a YAML file so that everything in it still knows its file and line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from care_plans.content.composing import composed
from care_plans.content.refusals import nearest, refusal
from coordination import near_names
from coordination.problems import Problem

type Where = tuple[str | int, ...]
type Data = dict[str, Any] | list[Any] | str | int | float | bool | None

#: many times what the longest file has that ships
LARGEST_FILE = 500_000
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

#: how the types name themselves, where a key should stand
_KIND = re.compile(r"^\[key\]$|^(function-\w+|literal|constrained-\w+|nullable|lax-or-strict)\[")

PROJECT = Path(__file__).resolve().parents[2]


class Flaw(NamedTuple):
    """One thing wrong with a file, and where."""

    file: Path
    line: int
    path: str
    detail: str

    def __str__(self) -> str:
        where = f"{shown(self.file)}:{self.line}: "
        return where + (f"{self.path}: {self.detail}" if self.path else self.detail)


class ContentInvalid(Problem):
    """Files are wrong; `flaws` names all that is wrong in them, in the order of the lines."""

    type = "content-invalid"
    title = "The clinical content is not valid"
    status = 400

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(sorted(set(flaws)))
        super().__init__("\n".join(str(flaw) for flaw in self.flaws))


@dataclass(frozen=True)
class Located:
    """Plain data with the file and line of each of its parts.

    `origin` has the parts that do not stand where the file has them, by where they stand.
    """

    file: Path
    data: Data
    places: Mapping[Where, tuple[Path, int]]
    origin: Mapping[Where, Where] = field(default_factory=dict)

    def original(self, path: Where) -> Where:
        """Return where a part stood in the file, before wrong parts were left out of the data."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origin:
                return (*self.origin[path[:end]], *path[end:])
        return path

    def flaw(self, path: Where, detail: str) -> Flaw:
        """Describe something wrong at a path; a missing part is reported at its parent's line."""
        path = self.original(path)
        known = path
        while known and known not in self.places:
            known = known[:-1]
        file, line = self.places.get(known, (self.file, 1))
        return Flaw(file, line, dotted(path), detail)


def shown(file: Path) -> str:
    """Return a file's name as a reader would type it in the project's folder."""
    return str(file.relative_to(PROJECT)) if file.is_relative_to(PROJECT) else str(file)


def dotted(path: Where) -> str:
    """Write a path the way people do: `stages.acute.exit.all_of[1].measure`."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return words.removeprefix(".")


def read_yaml(file: Path) -> Located:
    """Read one YAML file. Raises ContentInvalid when it is not readable as YAML."""
    try:
        tree = composed(_text_of(file))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(str(error.problem or error.context).split())
        raise _unreadable(file, f"is not valid YAML: {problem}", line) from error
    except (OSError, YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise _unreadable(file, f"cannot be read: {problem}") from error
    if not isinstance(tree, CommentedMap):
        raise _unreadable(file, "is not a mapping of keys to values")
    places = {path: (file, line) for path, line in _lines(tree, (), 1)}
    return Located(file, _plain(tree), places)


def _text_of(file: Path) -> str:
    """Return what a file says. Raises ContentInvalid for one that is too large, or no text."""
    if file.stat().st_size > LARGEST_FILE:
        most = f"{LARGEST_FILE // 1_000} kB"
        raise _unreadable(file, f"is larger than {most}, which no pathway comes near")
    data = file.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unreadable(file, "is not written in UTF-8: save it as such", line) from error
    if (at := _NO_TEXT.search(text)) is not None:
        line = text.count("\n", 0, at.start()) + 1
        raise _unreadable(file, f"holds U+{ord(at[0]):04X}, which is no part of a text", line)
    return text


def _unreadable(file: Path, detail: str, line: int = 1) -> ContentInvalid:
    return ContentInvalid([Flaw(file, line, "", detail)])


def _lines(node: Any, path: Where, line: int) -> Iterator[tuple[Where, int]]:
    yield path, line
    if isinstance(node, CommentedMap):
        for key, child in node.items():
            # a key that a merge (`<<`) brought in stands on no line of this mapping
            at = node.lc.key(key)[0] + 1 if key in (node.lc.data or ()) else line
            yield from _lines(child, (*path, str(key)), at)
    elif isinstance(node, CommentedSeq):
        for number, child in enumerate(node):
            yield from _lines(child, (*path, number), node.lc.item(number)[0] + 1)


def _plain(node: Any) -> Data:
    if isinstance(node, Mapping):
        return {str(key): _plain(child) for key, child in node.items()}
    if isinstance(node, str):
        return " ".join(node.split())
    if isinstance(node, Sequence):
        return [_plain(child) for child in node]
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    return str(node)  # a date or another scalar that JSON does not know


def parsed[M: BaseModel](model: type[M], located: Located) -> M:
    """Build a definition. Raises ContentInvalid with every flaw that its types reveal."""
    try:
        return model.model_validate(located.data)
    except ValidationError as error:
        raise ContentInvalid([flaw for _, flaw in flaws_of(located, error, model)]) from error


def flaws_of(
    located: Located, error: ValidationError, model: type[BaseModel]
) -> Iterator[tuple[Where, Flaw]]:
    """Yield what the types of a model say of data: the path in it, and the flaw."""
    broken = {path_of(found) for found in error.errors()}
    for found in error.errors(include_url=False):
        path = path_of(found)
        below = any(len(other) > len(path) and other[: len(path)] == path for other in broken)
        if found["type"] == "too_short" and below:
            continue  # the list only looks short because its items were refused
        if found["type"] == "literal_error" and isinstance(found["input"], dict) and below:
            continue  # what it may be besides one of some words is refused below
        hint = nearest(path, model) if found["type"] == "extra_forbidden" else ""
        yield path, located.flaw(path, refusal(found) + hint)


def path_of(found: ErrorDetails) -> Where:
    """Return where a refusal stands: without what names the kind of a criterion rather than a key.

    A key that nobody knows is itself, whatever it looks like.
    """
    loc = found["loc"]
    whole = len(loc) - (found["type"] == "extra_forbidden")
    return tuple(
        part
        for number, part in enumerate(loc)
        if number == whole
        or not (isinstance(part, str) and (part[:1] == "<" or _KIND.search(part)))
    )


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Say that a name is not known, with the nearest that is."""
    meant = near_names.nearest(name, known)
    hint = f'; did you mean "{meant}"?' if meant else ""
    return f'unknown {kind} "{name}"{hint}'
