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
        container INTEGER, body TEXT, size INTEGER NOT NULL DEFAULT 0,
        digest TEXT NOT NULL DEFAULT '',
        fault TEXT NOT NULL DEFAULT '', patient TEXT, is_copy INTEGER NOT NULL DEFAULT 0,
        outcome TEXT, reason TEXT NOT NULL DEFAULT ''
    );
    -- each resource once for each of its names, however often the file holds it
    CREATE TABLE alias (
        name TEXT NOT NULL, file INTEGER NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL,
        seq INTEGER NOT NULL, PRIMARY KEY (name, file, system, value)
    ) WITHOUT ROWID;
    CREATE INDEX entry_patient ON entry (patient);
    CREATE INDEX entry_kind ON entry (kind, system, value);
    CREATE TABLE person (seq INTEGER PRIMARY KEY, patient TEXT NOT NULL);
"""
_KEPT = (
    "SELECT seq, file, kind, label, system, value, subject, updated, container, digest, fault, "
    "body FROM entry WHERE "
)
# Where the content is not asked for, it is not read either: it may be 16 MiB long.
_NAMED = _KEPT.replace("body FROM", "NULL FROM")
_DIRECTORY = """
    SELECT kind, system, value, seq FROM entry
    WHERE outcome IS NULL AND kind = ? AND (system, value, seq) > (?, ?, ?)
    ORDER BY kind, system, value, seq LIMIT 1000
"""
_UNCLAIMED = f"{_NAMED} outcome IS NULL AND patient IS NULL AND seq > ? ORDER BY seq LIMIT 500"
_COPIES = """
    WITH ranked AS (
        SELECT seq, row_number() OVER (
            PARTITION BY patient, kind, system, value ORDER BY updated DESC, seq DESC
        ) AS place
        FROM entry WHERE patient IS NOT NULL AND outcome IS NULL
    )
    UPDATE entry SET is_copy = 1 FROM ranked WHERE ranked.seq = entry.seq AND ranked.place > 1
"""
_PERSONS = """
    INSERT INTO person
    SELECT min(seq), patient FROM entry WHERE patient IS NOT NULL AND outcome IS NULL
    GROUP BY patient
"""
_FIRST = f"{_NAMED} patient = ? ORDER BY kind <> 'Patient', seq LIMIT 1"
_FAULTY = f"{_NAMED} patient = ? AND fault <> '' ORDER BY kind <> 'Patient', seq LIMIT 1"
# Two copies of one patient of which nothing says which is the later.
_TORN = """
    SELECT seq FROM entry one WHERE patient = :patient AND kind = 'Patient' AND is_copy = 1
    AND EXISTS (
        SELECT 1 FROM entry last WHERE last.patient = :patient AND last.kind = 'Patient'
        AND last.is_copy = 0 AND last.updated = one.updated AND last.digest <> one.digest
    ) LIMIT 1
"""
_PERSON = "patient = ? AND is_copy = 0 AND kind = 'Patient'"
_SIZES = (
    "SELECT seq, size FROM entry WHERE patient = ? AND is_copy = 0 AND kind <> 'Patient' "
    "AND seq > ? ORDER BY seq LIMIT 500"
)
#: as much of one patient as is held in memory at once, in characters; one resource at least
_PART = 2 * 1024 * 1024
_ADD = """
    INSERT INTO entry (file, entry, line, kind, label, system, value, subject, updated, container,
                       body, size, digest, fault, patient, outcome, reason)
    VALUES (:file, :entry, :line, :kind, :label, :system, :value, :subject, :updated, :container,
            :body, :size, :digest, :fault, :patient, :outcome, :reason)
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
    """One resource as it was kept; `body` is None when it is faulty or was not asked for."""

    seq: int
    file: int
    kind: str
    label: str
    system: str
    value: str
    subject: str
    updated: str
    container: int | None
    digest: str
    fault: str
    body: dict[str, Any] | None

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
        kept = {"file": file, "body": text, "size": len(text or ""), "digest": digest}
        return self._insert(_ADD, {**_NOTHING, **kept, **columns})

    def add_alias(self, name: str, file: int, identity: Identity, seq: int) -> None:
        """Let other entries refer to an entry by this name."""
        self._db.execute(
            "INSERT OR IGNORE INTO alias VALUES (?, ?, ?, ?, ?)",
            [name, file, identity.system, identity.value, seq],
        )

    def forget(self, file: int) -> None:
        """Drop everything that was kept of a file, but not its name."""
        self._db.execute("DELETE FROM alias WHERE file = ?", [file])
        self._db.execute("DELETE FROM entry WHERE file = ?", [file])

    def resolve(self, reference: str, *, file: int, seq: int | None = None) -> Kept | None:
        """Return the entry that a reference means, without its content: of its own file first.

        Raises `Ambiguous` when that file, or several others, hold different resources of this
        name.
        """
        if reference.startswith("#"):
            return self._called(f"{seq}{reference}", file)
        for name in ways_to_read(reference):
            found = self._called(name, file)
            if found is not None:
                return found
        return None

    def _called(self, name: str, file: int) -> Kept | None:
        rows = self._db.execute(
            "SELECT seq FROM alias WHERE name = ? AND file = ? LIMIT 2", [name, file]
        ).fetchall()
        if len(rows) > 1:
            raise Ambiguous(f"{name} stands for different resources in this file")
        if not rows:
            rows = self._db.execute(
                "SELECT min(seq) FROM alias WHERE name = ? GROUP BY system, value LIMIT 2", [name]
            ).fetchall()
        if len(rows) > 1:
            raise Ambiguous(f"{name} stands for different resources in several of the files")
        if not rows:
            return None
        return self.named(rows[0][0])

    def named(self, seq: int) -> Kept:
        """Return one entry without its content."""
        return _kept(self._db.execute(_NAMED + "seq = ?", [seq]).fetchone())

    def get(self, seq: int) -> Kept:
        """Return one entry with its content."""
        return _kept(self._db.execute(_KEPT + "seq = ?", [seq]).fetchone())

    def directory(self) -> Iterator[Kept]:
        """Yield practitioners and organizations; those of one name follow one another."""
        for kind in ("Organization", "Practitioner"):
            at: Sequence[Any] = (kind, "", "", 0)
            while rows := self._db.execute(_DIRECTORY, at).fetchall():
                for row in rows:
                    yield self.get(row[3])
                at = rows[-1]

    def unclaimed(self) -> Iterator[list[Kept]]:
        """Yield what is open and belongs to no patient yet, some at a time, without content."""
        seq = 0
        while rows := self._db.execute(_UNCLAIMED, [seq]).fetchall():
            yield [_kept(row) for row in rows]
            seq = rows[-1][0]

    def gather(self) -> int:
        """Make ready to go through the patients, and return how many there are."""
        self._db.execute(_COPIES)
        self._db.execute(_PERSONS)
        (count,) = self._db.execute("SELECT count(*) FROM person").fetchone()
        return int(count)

    def patients(self) -> Iterator[Identity]:
        """Yield the patients of all open entries, in the order of reading."""
        seq = 0
        while rows := self._db.execute(
            "SELECT seq, patient FROM person WHERE seq > ? ORDER BY seq LIMIT 500", [seq]
        ).fetchall():
            for _, patient in rows:
                yield Identity(*json.loads(patient))
            seq = rows[-1][0]

    def fault_of(self, patient: Identity) -> tuple[Kept, str] | None:
        """Return the first entry that is wrong with a patient, and why; None if all are sound."""
        row = self._db.execute(_FAULTY, [_key(patient)]).fetchone()
        if row is not None:
            return (faulty := _kept(row)), faulty.fault
        row = self._db.execute(_TORN, {"patient": _key(patient)}).fetchone()
        if row is None:
            return None
        return self.named(row[0]), (
            "the files hold this patient more than once, each time otherwise, and no "
            "meta.lastUpdated says which is the latest"
        )

    def first_of(self, patient: Identity) -> Kept:
        """Return the first entry of a patient, their own resource if there is one."""
        row = self._db.execute(_FIRST, [_key(patient)]).fetchone()
        return _kept(row)

    def person_of(self, patient: Identity) -> Kept | None:
        """Return a patient's own resource, the latest copy of it."""
        row = self._db.execute(_KEPT + _PERSON, [_key(patient)]).fetchone()
        return None if row is None else _kept(row)

    def history_of(self, patient: Identity) -> Iterator[list[Kept]]:
        """Yield the latest copies of what hangs on a patient, so many as memory may hold."""
        seq, key = 0, _key(patient)
        while rows := self._db.execute(_SIZES, [key, seq]).fetchall():
            size, part = 0, []
            for number, length in rows:
                part.append(self.get(number))
                seq, size = number, size + length
                if size > _PART:
                    break
            yield part

    def settle_copies(self, patient: Identity) -> None:
        """Say of all but the latest copies that there are later ones."""
        self._db.execute(
            "UPDATE entry SET outcome = 'skipped', reason = 'the files hold it more than once' "
            "WHERE patient = ? AND is_copy = 1",
            [_key(patient)],
        )

    def reject_patient(self, patient: Identity, faulty: Kept, reason: str) -> None:
        """Reject all of a patient; the others say which entry is to blame."""
        because = f"its patient was not written, because of {faulty.label}: {reason}"
        self._db.execute(
            "UPDATE entry SET outcome = 'rejected', reason = iif(seq = ?, ?, ?) WHERE patient = ?",
            [faulty.seq, reason, because, _key(patient)],
        )

    def reopen(self, patient: Identity) -> None:
        """Take back what was said of a patient's entries: they were not written after all."""
        self._db.execute(
            "UPDATE entry SET outcome = NULL, reason = '' WHERE patient = ?", [_key(patient)]
        )

    def belongs_to(self, seq: int, patient: Identity) -> None:
        """Count an entry among those of a patient."""
        self._db.execute("UPDATE entry SET patient = ? WHERE seq = ?", [_key(patient), seq])

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

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """Yield how many entries of each kind had which outcome, the most frequent first."""
        yield from self._db.execute(
            "SELECT kind, outcome, count(*) FROM entry GROUP BY kind, outcome "
            "ORDER BY count(*) DESC, kind"
        )

    def reasons(self) -> Iterator[tuple[str, str, int]]:
        """Yield how many entries that were not rejected gave which reason, likewise."""
        yield from self._db.execute(
            "SELECT outcome, reason, count(*) FROM entry WHERE outcome <> 'rejected' "
            "AND reason <> '' GROUP BY outcome, reason ORDER BY count(*) DESC, reason"
        )

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
    columns[-1] = None if row[-1] is None else json.loads(row[-1])
    return Kept(*columns)


def written(body: dict[str, Any]) -> tuple[str, str]:
    """Return a resource as text, and the digest of what it says.

    `meta` does not count: a server changes it without the resource saying anything else.
    """
    said = {name: value for name, value in body.items() if name != "meta"}
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(body, ensure_ascii=False), sha256(canonical.encode()).hexdigest()
