"""Bundles, NDJSON and single resources, gzipped or not, read as a stream of entries.

What a file is, its content says; the name only helps where the content leaves it open.
"""

import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from fhir.importing.streaming import Head, Readable, named, read_document

_NAMES = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")
_LINES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_MARKS = {
    b"PK\x03\x04": "it is a zip archive; unpack it first",
    b"<": "it is XML or HTML; only JSON is read",
    b"\xff\xfe": "it is not UTF-8",
    b"\xfe\xff": "it is not UTF-8",
}
_BLOCK = 1 << 16
_LONG_LINE = 1024 * 1024
# Records of people shrink to a twentieth or so; what shrinks to less than this was made to harm.
MAX_RATIO = 200
_RATIO_COUNTS_FROM = 16 * 1024 * 1024


class Unreadable(Exception):
    """Nothing of this file can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file, and whether somebody named it rather than only the folder that it lies in."""

    path: Path
    is_named: bool
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a bundle (counted from 0) or one line (from 1), or what is wrong with it."""

    resource: Any = None
    full_url: Any = None
    entry: int | None = None
    line: int | None = None
    method: str = ""
    fault: str = ""


def find_files(paths: list[Path]) -> Iterator[Found]:
    """Yield the files that the paths name, folders searched through, in a fixed order.

    Raises `Unreadable` for a path that leads nowhere.
    """
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=_refuse_folder):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    found = Path(folder, name)
                    if not name.startswith(".") and found.is_file():
                        yield Found(found, is_named=False, size=_size(found))
        elif path.is_file():
            yield Found(path, is_named=True, size=_size(path))
        else:
            raise Unreadable(f"{path}: there is no such file or folder")


def _refuse_folder(error: OSError) -> None:
    """Refuse a folder that cannot be listed: what lies in it would be missed in silence."""
    raise Unreadable(f"{error.filename}: {error.strerror}") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it went away meanwhile; reading it will say so


def looks_like_json(path: Path) -> bool:
    """Say whether a file by the wayside is meant: by its name, or by how its content begins."""
    if path.name.lower().endswith(_NAMES):
        return True
    try:
        with _opened(path) as (stream, _):
            return stream.peek(_BLOCK).lstrip()[:1] == b"{"
    except Unreadable:
        return False


def read_entries(path: Path) -> Iterator[tuple[Entry, int]]:
    """Yield each entry of a file, and how many bytes of the file were read so far.

    Raises `Unreadable` when the file breaks; what came before must then not be used either,
    since nobody knows what the lost part would have said about it.
    """
    with _opened(path) as (stream, raw):
        head = stream.peek(_BLOCK)
        if not head.strip():
            raise Unreadable("it is empty")
        for mark, reason in _MARKS.items():
            if head.startswith(mark):
                raise Unreadable(reason)
        if head.lstrip()[:1] not in (b"{", b"["):
            raise Unreadable("it is not JSON")
        reader = _lines if _has_lines(path, head) else _document
        before = _state(raw)
        for entry in reader(stream):
            yield entry, raw.tell()
        if _state(raw) != before:
            raise Unreadable("it was changed while it was read")


def _state(raw: BinaryIO) -> tuple[int, int]:
    found = os.fstat(raw.fileno())
    return found.st_size, found.st_mtime_ns


def _has_lines(path: Path, head: bytes) -> bool:
    first, newline, rest = head.lstrip().partition(b"\n")
    try:
        is_whole = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        is_whole = False
    if is_whole and newline and rest.lstrip()[:1] == b"{":
        return True
    if first.strip() in (b"{", b"["):
        return False
    return path.name.lower().endswith(_LINES)


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, as long as it could be the record of somebody."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._inner = gzip.GzipFile(fileobj=raw)
        self._size = 0

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on. Raises `Unreadable` when it grows beyond all measure."""
        data = self._inner.read(len(buffer))
        self._size += len(data)
        if self._size > settings.IMPORT_MAX_UNPACKED:
            raise Unreadable(f"it unpacks to more than {settings.IMPORT_MAX_UNPACKED} bytes")
        if self._size > max(_RATIO_COUNTS_FROM, MAX_RATIO * self._raw.tell()):
            raise Unreadable(
                f"it unpacks to more than {MAX_RATIO} times its size, as no record does"
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[io.BufferedReader, BinaryIO]]:
    try:
        with path.open("rb") as raw:
            packed = raw.peek(2)[:2] == b"\x1f\x8b"
            inner: Any = _Unpacked(raw) if packed else raw
            stream = io.BufferedReader(inner, _BLOCK)
            if stream.peek(3)[:3] == b"\xef\xbb\xbf":
                stream.read(3)
            yield stream, raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable(f"the compressed data is broken or cut off ({error})") from error
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def _document(stream: Readable) -> Iterator[Entry]:
    position = -1
    try:
        for part in read_document(stream):
            if isinstance(part, Head):
                yield from _ended(part, entries=position + 1)
            else:
                position += 1
                yield _entry(part, entry=position)
    except ValueError as error:
        after = f" after entry {position}" if position >= 0 else ""
        raise Unreadable(f"the JSON is broken{after}: {error}") from error


def _ended(head: Head, *, entries: int) -> Iterator[Entry]:
    kind = head.value.get("resourceType")
    if not isinstance(kind, str) or not kind:
        raise Unreadable("it is JSON, but not FHIR: it has no resourceType")
    if kind != "Bundle":
        if entries:
            raise Unreadable(f"it is a {kind} with entries, not a Bundle")
        yield Entry(resource=head.value, entry=0)
    elif not entries:
        yield Entry(fault="the Bundle has no entries", entry=0, method="NONE")


def _lines(stream: io.BufferedReader) -> Iterator[Entry]:
    number = 0
    while line := stream.readline(_LONG_LINE):
        number += 1
        if len(line) == _LONG_LINE:
            yield from _long_line(_Line(line, stream), number)
            continue
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            yield Entry(fault=f"the JSON is broken: {error}", line=number)
            continue
        if isinstance(value, dict) and value.get("resourceType") == "Bundle":
            yield from _inner_bundle(value, number)
        else:
            yield Entry(resource=value, line=number)


class _Line:
    """A line of any length, of which never more than a part is in memory."""

    def __init__(self, begun: bytes, stream: io.BufferedReader) -> None:
        self._begun = io.BytesIO(begun)
        self._stream = stream
        self._is_over = begun.endswith(b"\n")

    def read(self, size: int = _BLOCK, /) -> bytes:
        """Return the next part, nothing after the end of the line."""
        part = self._begun.read(size)
        if part or self._is_over or not size:
            return part
        part = self._stream.readline(size)
        self._is_over = not part or part.endswith(b"\n")
        return part


def _long_line(line: _Line, number: int) -> Iterator[Entry]:
    """Yield what a long line holds.

    Raises `Unreadable` where it breaks off amid the entries of a Bundle.
    """
    begun = False
    try:
        for entry in _document(line):
            begun = True
            yield replace(entry, line=number)
    except Unreadable as error:
        if begun:
            raise Unreadable(f"line {number}: {error}") from error
        yield Entry(fault=str(error), line=number)
    while line.read():
        pass


def _inner_bundle(bundle: dict[str, Any], number: int) -> Iterator[Entry]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        yield Entry(fault="Bundle.entry: is not a list", line=number)
        return
    for position, part in enumerate(entries):
        yield _entry(part, entry=position, line=number)


def _entry(part: Any, *, entry: int, line: int | None = None) -> Entry:
    if not isinstance(part, dict):
        return Entry(fault="the entry is not an object", entry=entry, line=line)
    request = part.get("request")
    method = request.get("method") if isinstance(request, dict) else ""
    return Entry(
        resource=part.get("resource"),
        full_url=part.get("fullUrl"),
        entry=entry,
        line=line,
        method=method if isinstance(method, str) else "",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a member that stands in it twice would mean what each reader likes."""
    value: dict[str, Any] = {}
    for name, part in pairs:
        if name in value:
            raise ValueError(f"a member stands twice in one object{named(name)}")
        value[name] = part
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")
