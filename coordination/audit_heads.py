"""The heads of the chains, kept where the database cannot reach: one JSON line for each seal."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from coordination.models import AuditSeal


class Head(NamedTuple):
    """What a chain ended with at some moment; `line` is where the file says so."""

    organization_id: UUID
    sequence: int
    hash: bytes
    line: int


class NotAHead(ValueError):
    """A line of the file that nobody but this software should have written, and did not."""


def heads_file() -> Path:
    """Return where heads are written."""
    return Path(settings.AUDIT_HEADS_FILE)


def export(seal: AuditSeal) -> None:
    """Append a seal's head, and return when it is on the disk."""
    head = {
        "organization": str(seal.organization_id),
        "sequence": seal.sequence,
        "hash": bytes(seal.hash).hex(),
        "sealed_at": seal.sealed_at.isoformat(),
    }
    path = heads_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(head).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def exported(path: Path) -> Iterator[Head | NotAHead]:
    """Return the heads in a file one by one; a line that is none comes as `NotAHead`."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                said = json.loads(line)
                yield Head(
                    UUID(said["organization"]),
                    int(said["sequence"]),
                    bytes.fromhex(said["hash"]),
                    number,
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                yield NotAHead(f"line {number} of {path} is not a head")
