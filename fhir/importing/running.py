"""An import from the first byte to the last patient."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from uuid import UUID

from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from coordination.actors import Actor
from coordination.duplicates import IdentifierTaken
from coordination.problems import Problem
from coordination.tenancy import acting_in
from fhir.importing.directory import entry_id, write_directory
from fhir.importing.elements import Element, Wrong
from fhir.importing.files import Found, find_files
from fhir.importing.histories import History, Record, measured
from fhir.importing.outcomes import Outcome
from fhir.importing.patients import read_patient
from fhir.importing.reading import read_file
from fhir.importing.records import (
    NotUsable,
    loinc_codes,
    read_condition,
    read_document,
    read_score,
)
from fhir.importing.references import Identity, identities_meant, kind_referred_to, shown_reference
from fhir.importing.spool import Ambiguous, Kept, Spool
from fhir.importing.writing import Person, known_identities, write_patient

Advance = Callable[[str, int, int], None]
_TRIES = 5
_IN_THE_WAY = {"40P01", "40001", "55P03"}  # deadlock, serialization, lock not available


class Interrupted(Exception):
    """The import stopped before its end; what was written before is whole and stays."""


class DiskFull(Exception):
    """What became of the entries cannot be kept; the patients written so far are whole."""


class Import:
    """One import into one organization; `spool` holds what became of each entry."""

    def __init__(
        self, spool: Spool, *, actor: Actor, now: datetime, source: str, advance: Advance
    ) -> None:
        self.spool = spool
        self.actor = actor
        self.now = now
        self.source = source
        self.advance = advance
        with acting_in(actor.organization_id):
            self.measured = set(measured())

    def run(self, paths: list[Path]) -> None:
        """Read all files, then write the directory, then patient by patient.

        Raises `Unreadable` for a path that leads nowhere, before anything is written, and
        `Interrupted` when the database goes away, each entry's outcome being in the spool, and
        `DiskFull` when that has no room.
        """
        try:
            self._run(list(find_files(paths)))
        except sqlite3.Error as error:
            raise DiskFull(
                f"The import's temporary data cannot be kept in {gettempdir()} ({error}): free "
                "some space, or set SQLITE_TMPDIR to another folder, and import again. The "
                "patients written so far are whole."
            ) from error

    def _run(self, files: list[Found]) -> None:
        self._read(files)
        try:
            write_directory(
                self.spool,
                actor=self.actor,
                now=self.now,
                advance=lambda: self.advance("directory", 0, 0),
            )
            self._claim()
            self._write()
        except (OperationalError, InterfaceError, InternalError) as error:
            self.spool.settle_open("rejected", "not reached: the database went away")
            raise Interrupted(f"The database went away: {error}") from error

    def _read(self, files: list[Found]) -> None:
        total = sum(found.size for found in files)
        before = 0
        for found in files:
            read_file(
                self.spool,
                found,
                source=self.source,
                measured=self.measured,
                advance=partial(self._has_read, before, total),
            )
            before += found.size
            self._has_read(before, total, 0)

    def _has_read(self, before: int, total: int, of_this: int) -> None:
        self.advance("reading", before + of_this, total)

    def _claim(self) -> None:
        """Find out whose each condition, score and document is."""
        for some in self.spool.unclaimed():
            elsewhere = [kept for kept in some if not self._claim_within(kept)]
            self._claim_elsewhere(elsewhere)

    def _claim_within(self, kept: Kept) -> bool:
        """Give an entry to its patient of these files; False if it may mean one from before."""
        if not kept.subject:
            self._unclaimed(kept, "rejected", f"{kept.kind}.subject: is missing")
            return True
        try:
            found = self.spool.resolve(kept.subject, file=kept.file, seq=kept.seq)
        except Ambiguous as ambiguous:
            self._unclaimed(kept, "rejected", str(ambiguous))
            return True
        kind = found.kind if found else kind_referred_to(kept.subject)
        if kind not in ("", "Patient"):
            what = f"its subject is no patient but a {kind[:40]}"
            self._unclaimed(kept, "skipped", what)
        elif found is not None:
            self.spool.belongs_to(kept.seq, found.identity)
        else:
            return False
        return True

    def _claim_elsewhere(self, some: list[Kept]) -> None:
        """Give entries to patients who are known here; one question to the database for all."""
        meant = {kept.seq: self._meant(kept.subject) for kept in some}
        wanted = {each for found in meant.values() for each in found}
        known: set[Identity] = set()
        if wanted:
            # a transaction for these alone: one for all would be idle for as long as we read
            with acting_in(self.actor.organization_id):
                known = known_identities(wanted)
        for kept in some:
            identity = next((each for each in meant[kept.seq] if each in known), None)
            if identity is not None:
                self.spool.belongs_to(kept.seq, identity)
                continue
            subject = shown_reference(kept.subject)
            what = f"its subject {subject} is neither in these files nor known here"
            self._unclaimed(kept, "rejected", what)

    def _unclaimed(self, kept: Kept, outcome: str, reason: str) -> None:
        self.spool.settle(kept.seq, outcome, kept.fault or reason)

    def _meant(self, reference: str) -> list[Identity]:
        system, separator, value = reference.removeprefix("Patient?identifier=").partition("|")
        if reference.startswith("Patient?identifier=") and separator:
            return [Identity(system, value)]
        return identities_meant(reference, self.source)

    def _write(self) -> None:
        count = self.spool.gather()
        for done, identity in enumerate(self.spool.patients()):
            self.advance("patients", done, count)
            try:
                self._write_one(identity)
            except BaseException:
                self.spool.reopen(identity)
                raise
        self.advance("patients", count, count)

    def _write_one(self, identity: Identity) -> None:
        fault = self.spool.fault_of(identity)
        if fault is not None:
            self.spool.reject_patient(identity, *fault)
            return
        try:
            self._insist(partial(self._attempt, identity))
        except _Faulty as faulty:
            self.spool.reject_patient(identity, faulty.kept, str(faulty))
        except Problem as problem:
            self.spool.reject_patient(identity, self.spool.first_of(identity), problem.detail)
        except (DataError, IntegrityError, InternalError, ProgrammingError) as error:
            said = f"the database refused it: {_said(error)}"
            self.spool.reject_patient(identity, self.spool.first_of(identity), said)

    def _attempt(self, identity: Identity) -> None:
        kept = self.spool.person_of(identity)
        person = None if kept is None else self._person(kept)
        write_patient(
            identity,
            person,
            self._history(identity),
            settle=self._settle,
            actor=self.actor,
            now=self.now,
        )
        self.spool.settle_copies(identity)

    def _settle(self, outcome: Outcome) -> None:
        self.spool.settle(outcome.seq, outcome.what, outcome.reason)

    def _insist(self, write: Callable[[], None]) -> None:
        """Write again when another import was in the way; the last refusal stands."""
        for _ in range(_TRIES - 1):
            try:
                return write()
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _IN_THE_WAY:
                    raise
            except (IntegrityError, IdentifierTaken):
                # Another import wrote the same patient under another name meanwhile: look again.
                return write()
        return write()

    def _history(self, identity: Identity) -> Iterator[History]:
        """Read what hangs on a patient, part by part; raises `_Faulty` for what is wrong."""
        for part in self.spool.history_of(identity):
            history = History()
            for kept in part:
                try:
                    _add(history, kept, kept.body or {}, self.measured)
                except Wrong as wrong:
                    raise _Faulty(kept, str(wrong)) from wrong
                except NotUsable as reason:
                    self.spool.settle(kept.seq, "skipped", str(reason))
            yield history

    def _person(self, kept: Kept) -> Person:
        resource = Element(kept.body or {}, "Patient")
        try:
            read = read_patient(resource, today=self.now.date(), now=self.now)
        except Wrong as wrong:
            raise _Faulty(kept, str(wrong)) from wrong
        person = Person(kept.seq, kept.digest, read)
        for reference in read.physicians:
            physician_id = self._physician(kept, reference)
            if physician_id is not None:
                return Person(kept.seq, kept.digest, read, physician_id)
        if read.physicians:
            read.notes.append("the family physician is not in these files")
        return person

    def _physician(self, kept: Kept, reference: str) -> UUID | None:
        try:
            found = self.spool.resolve(reference, file=kept.file, seq=kept.seq)
        except Ambiguous:
            return None
        if found is None:
            return None
        with acting_in(self.actor.organization_id):
            try:
                return entry_id(self.spool.get(found.seq))
            except Wrong:
                return None  # its own entry is rejected, and says why


class _Faulty(Exception):
    """One resource of a patient is wrong, so that none of them is written."""

    def __init__(self, kept: Kept, fault: str) -> None:
        super().__init__(fault)
        self.kept = kept


def _add(history: History, kept: Kept, body: dict[str, object], measured: Collection[str]) -> None:
    resource = Element(body, kept.kind)
    name = str(kept.identity)
    if kept.kind == "Condition":
        condition = read_condition(resource)
        history.conditions.append(Record(kept.seq, name, kept.digest, condition, body))
    elif kept.kind == "Observation":
        loinc = next(code for code in loinc_codes(resource) if code in measured)
        score = read_score(resource, loinc)
        history.scores.append(Record(kept.seq, name, kept.digest, score, body))
    else:
        document = read_document(resource)
        history.documents.append(Record(kept.seq, name, kept.digest, document, body))


def _said(error: Exception) -> str:
    """Say which rule of the database was broken; its own words may quote what was refused."""
    cause = error.__cause__
    rule = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return str(rule or type(cause or error).__name__)
