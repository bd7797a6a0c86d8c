"""What was read, kept on disk until it is written: memory stays bounded however large the files.

A private SQLite database without a name: it spills to a temporary file that is unlinked at once,
so that nothing of a patient stays behind, even after a kill.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fhir.importing.references import Identity, ways_to_read

_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -16000;
    CREATE TABLE file (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY, file INTEGER NOT NULL, entry INTEGER, line INTEGER,
        kind TEXT NOT NULL DEFAULT '', label TEXT NOT NULL DEFAULT '',
        system TEXT NOT NULL DEFAULT '', value TEXT NOT NULL DEFAULT '',
        subject TEXT NOT NULL DEFAULT '', updated TEXT NOT NULL DEFAULT '',
        container INTEGER, body TEXT, digest TEXT NOT NULL DEFAULT '',
        fault TEXT NOT NULL DEFAULT '', patient TEXT,
        outcome TEXT, reason TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE alias (name TEXT NOT NULL, file INTEGER NOT NULL, seq INTEGER NOT NULL);
    CREATE INDEX alias_name ON alias (name);
    CREATE INDEX entry_patient ON entry (patient);
    CREATE INDEX entry_kind ON entry (kind, system, value);
"""
_KEPT = (
    "SELECT seq, file, kind, label, system, value, subject, updated, container, body, digest, "
    "fault FROM entry WHERE "
)
_DIRECTORY = (
    f"{_KEPT} outcome IS NULL AND kind IN ('Practitioner', 'Organization') "
    "ORDER BY kind, system, value, seq"
)
_OF_PATIENT = f"{_KEPT} outcome IS NULL AND patient = ? ORDER BY kind <> 'Patient', seq"
_UNCLAIMED = f"{_KEPT} outcome IS NULL AND patient IS NULL AND seq > ? ORDER BY seq LIMIT 500"
_ADD = """
    INSERT INTO entry (file, entry, line, kind, label, system, value, subject, updated, container,
                       body, digest, fault, patient, outcome, reason)
    VALUES (:file, :entry, :line, :kind, :label, :system, :value, :subject, :updated, :container,
            :body, :digest, :fault, :patient, :outcome, :reason)
"""
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("entry", "line", "container", "patient", "outcome"), None),
    **dict.fromkeys(
        ("kind", "label", "system", "value", "subject", "updated", "fault", "reason"), ""
    ),
}


class Ambiguous(Exception):
    """A reference could mean resources of several files."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource as it was kept; `body` is None when it is faulty."""

    seq: int
    file: int
    kind: str
    label: str
    system: str
    value: str
    subject: str
    updated: str
    container: int | None
    body: dict[str, Any] | None
    digest: str
    fault: str

    @property
    def identity(self) -> Identity:
        """Return what names it for good."""
        return Identity(self.system, self.value)


class Spool:
    """The entries of one import, and what became of each."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Give the disk back."""
        self._db.close()

    def add_file(self, path: str) -> int:
        """Remember a file and return its number."""
        return self._insert("INSERT INTO file (path) VALUES (?)", [path])

    def add(self, file: int, *, body: dict[str, Any] | None = None, **columns: Any) -> int:
        """Keep an entry and return its place in the order of reading."""
        text, digest = (None, "") if body is None else written(body)
        return self._insert(
            _ADD, {**_NOTHING, "file": file, "body": text, "digest": digest, **columns}
        )

    def add_alias(self, name: str, file: int, seq: int) -> None:
        """Let other entries refer to an entry by this name."""
        self._db.execute("INSERT INTO alias VALUES (?, ?, ?)", [name, file, seq])

    def forget(self, file: int) -> None:
        """Drop everything that was kept of a file, but not its name."""
        self._db.execute("DELETE FROM alias WHERE file = ?", [file])
        self._db.execute("DELETE FROM entry WHERE file = ?", [file])

    def resolve(self, reference: str, *, file: int, seq: int | None = None) -> Kept | None:
        """Return the entry that a reference means: of its own file first, then of any.

        Raises `Ambiguous` when several other files hold different resources of this name.
        """
        if reference.startswith("#"):
            return self._named(f"{seq}{reference}", file)
        for name in ways_to_read(reference):
            found = self._named(name, file)
            if found is not None:
                return found
        return None

    def _named(self, name: str, file: int) -> Kept | None:
        rows = self._db.execute(
            "SELECT a.seq, a.file, e.system, e.value FROM alias a JOIN entry e ON e.seq = a.seq "
            "WHERE a.name = ? ORDER BY a.file <> ?, a.seq LIMIT 50",
            [name, file],
        ).fetchall()
        if not rows:
            return None
        if rows[0][1] != file and len({(system, value) for _, _, system, value in rows}) > 1:
            raise Ambiguous(f"{name} stands for different resources in several of the files")
        return self.get(rows[0][0])

    def get(self, seq: int) -> Kept:
        """Return one entry."""
        return _kept(self._db.execute(_KEPT + "seq = ?", [seq]).fetchone())

    def directory(self) -> Iterator[Kept]:
        """Yield practitioners and organizations; those of one name follow one another."""
        for row in self._db.execute(_DIRECTORY).fetchall():
            yield _kept(row)

    def of_patient(self, patient: Identity) -> list[Kept]:
        """Return what is open of one patient, their own resources first."""
        return [_kept(row) for row in self._db.execute(_OF_PATIENT, [_key(patient)])]

    def unclaimed(self) -> Iterator[Kept]:
        """Yield what is open and belongs to no patient yet; the caller may claim it meanwhile."""
        seq = 0
        while rows := self._db.execute(_UNCLAIMED, [seq]).fetchall():
            for row in rows:
                yield _kept(row)
            seq = rows[-1][0]

    def belongs_to(self, seq: int, patient: Identity) -> None:
        """Count an entry among those of a patient."""
        self._db.execute("UPDATE entry SET patient = ? WHERE seq = ?", [_key(patient), seq])

    def patients(self) -> list[Identity]:
        """Return the patients of all open entries, in the order of reading."""
        rows = self._db.execute(
            "SELECT patient FROM entry WHERE patient IS NOT NULL AND outcome IS NULL "
            "GROUP BY patient ORDER BY min(seq)"
        )
        return [Identity(*json.loads(row[0])) for row in rows]

    def settle(self, seq: int, outcome: str, reason: str = "") -> None:
        """Say what became of an entry."""
        self._db.execute(
            "UPDATE entry SET outcome = ?, reason = ? WHERE seq = ?", [outcome, reason, seq]
        )

    def settle_open(self, outcome: str, reason: str) -> None:
        """Say what became of all entries about which nothing was said."""
        self._db.execute(
            "UPDATE entry SET outcome = ?, reason = ? WHERE outcome IS NULL", [outcome, reason]
        )

    def items(self) -> Iterator[tuple[str, int | None, int | None, str, str, str]]:
        """Yield file, entry, line, label, outcome and reason of all, in the order of reading."""
        yield from self._db.execute(
            "SELECT f.path, e.entry, e.line, e.label, e.outcome, e.reason "
            "FROM entry e JOIN file f ON f.id = e.file ORDER BY e.seq"
        )

    def counts(self) -> list[tuple[str, str, str, int]]:
        """Return how many entries of each kind had which outcome for which reason."""
        return self._db.execute(
            "SELECT kind, outcome, reason, count(*) FROM entry GROUP BY kind, outcome, reason "
            "ORDER BY count(*) DESC, kind, reason"
        ).fetchall()

    def _insert(self, statement: str, values: Sequence[Any] | dict[str, Any]) -> int:
        found = self._db.execute(statement, values).lastrowid
        assert found is not None, "SQLite gives every inserted row a number"
        return found


def readable(text: str) -> str:
    """Return a text that can be printed and stored, whatever was in it."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _key(identity: Identity) -> str:
    return json.dumps([identity.system, identity.value])


def _kept(row: Sequence[Any]) -> Kept:
    columns = [*row]
    columns[9] = None if row[9] is None else json.loads(row[9])
    return Kept(*columns)


def written(body: dict[str, Any]) -> tuple[str, str]:
    """Return a resource as text, and the digest of what it says.

    `meta` does not count: a server changes it without the resource saying anything else.
    """
    said = {name: value for name, value in body.items() if name != "meta"}
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(body, ensure_ascii=False), sha256(canonical.encode()).hexdigest()
