"""An import from the first byte to the last patient."""

import sqlite3
from collections.abc import Callable, Collection, Iterable
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

from care_plans.models import Measure
from coordination.actors import Actor
from coordination.problems import Problem
from coordination.tenancy import acting_in
from fhir.importing.directory import entry_id, write_directory
from fhir.importing.elements import Element, Wrong
from fhir.importing.files import Found, find_files
from fhir.importing.histories import History, Record
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
from fhir.importing.writing import Person, known_patient, write_patient

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
            self.measured = set(Measure.objects.exclude(loinc="").values_list("loinc", flat=True))

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
        except (OperationalError, InterfaceError) as error:
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
        with acting_in(self.actor.organization_id):
            for kept in self.spool.unclaimed():
                try:
                    patient, outcome, reason = self._patient_of(kept)
                except Ambiguous as ambiguous:
                    patient, outcome, reason = None, "rejected", str(ambiguous)
                if patient is not None:
                    self.spool.belongs_to(kept.seq, patient)
                else:
                    self.spool.settle(kept.seq, outcome, kept.fault or reason)

    def _patient_of(self, kept: Kept) -> tuple[Identity | None, str, str]:
        reference = kept.subject
        if not reference:
            return None, "rejected", f"{kept.kind}.subject: is missing"
        found = self.spool.resolve(reference, file=kept.file, seq=kept.seq)
        kind = found.kind if found else kind_referred_to(reference)
        if kind not in ("", "Patient"):
            return None, "skipped", f"its subject is no patient but a {kind[:40]}"
        if found is not None:
            return found.identity, "", ""
        for identity in self._meant(reference):
            if known_patient(identity) is not None:
                return identity, "", ""
        subject = shown_reference(reference)
        what = f"its subject {subject} is neither in these files nor known here"
        return None, "rejected", what

    def _meant(self, reference: str) -> Iterable[Identity]:
        system, separator, value = reference.removeprefix("Patient?identifier=").partition("|")
        if reference.startswith("Patient?identifier=") and separator:
            return [Identity(system, value)]
        return identities_meant(reference, self.source)

    def _write(self) -> None:
        patients = self.spool.patients()
        for done, identity in enumerate(patients):
            self.advance("patients", done, len(patients))
            kept = self.spool.of_patient(identity)
            for outcome in self._write_one(identity, kept):
                self.spool.settle(outcome.seq, outcome.what, outcome.reason)
        self.advance("patients", len(patients), len(patients))

    def _write_one(self, identity: Identity, kept: list[Kept]) -> list[Outcome]:
        try:
            person, history, skipped = self._translate(kept)
        except _Faulty as faulty:
            return _rejected(kept, faulty.seq, str(faulty))
        try:
            written = self._insist(
                lambda: write_patient(identity, person, history, actor=self.actor, now=self.now)
            )
        except Problem as problem:
            return _rejected(kept, kept[0].seq, problem.detail)
        except (DataError, IntegrityError, InternalError, ProgrammingError) as error:
            return _rejected(kept, kept[0].seq, f"the database refused it: {_said(error)}")
        return skipped + written

    def _insist(self, write: Callable[[], list[Outcome]]) -> list[Outcome]:
        """Write again when another import was in the way; the last refusal stands."""
        for _ in range(_TRIES - 1):
            try:
                return write()
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _IN_THE_WAY:
                    raise
        return write()

    def _translate(self, kept: list[Kept]) -> tuple[Person | None, History, list[Outcome]]:
        """Read all resources of one patient; raises `_Faulty` for the first that is wrong."""
        person, history, outcomes = None, History(), []
        latest = _latest(kept)
        for each in kept:
            if each.fault or each.body is None:
                raise _Faulty(each.seq, each.fault)
            if latest[each.kind, each.identity] != each.seq:
                outcomes.append(Outcome(each.seq, "skipped", ["the files hold it more than once"]))
                continue
            try:
                if each.kind == "Patient":
                    person = self._person(each, each.body, person)
                else:
                    _add(history, each, each.body, self.measured)
            except Wrong as wrong:
                raise _Faulty(each.seq, str(wrong)) from wrong
            except NotUsable as reason:
                outcomes.append(Outcome(each.seq, "skipped", [str(reason)]))
        return person, history, outcomes

    def _person(self, kept: Kept, body: dict[str, object], before: Person | None) -> Person:
        assert before is None, "the copies of a patient share one identity"
        resource = Element(body, "Patient")
        read = read_patient(resource, today=self.now.date(), now=self.now)
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
            return entry_id(found)


class _Faulty(Exception):
    """One resource of a patient is wrong, so that none of them is written."""

    def __init__(self, seq: int, fault: str) -> None:
        super().__init__(fault)
        self.seq = seq


def _latest(kept: list[Kept]) -> dict[tuple[str, Identity], int]:
    """Return the entry that counts of each resource that the files hold more than once."""
    ordered = sorted(kept, key=lambda each: (each.updated, each.seq))
    return {(each.kind, each.identity): each.seq for each in ordered}


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


def _rejected(kept: list[Kept], seq: int, reason: str) -> list[Outcome]:
    """Reject all of a patient; the others say which entry is to blame."""
    faulty = next(each for each in kept if each.seq == seq)
    because = f"its patient was not written, because of {faulty.label}: {reason}"
    return [
        Outcome(each.seq, "rejected", [reason if each.seq == seq else because]) for each in kept
    ]


def _said(error: Exception) -> str:
    """Say which rule of the database was broken; its own words may quote what was refused."""
    cause = error.__cause__
    rule = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return str(rule or type(cause or error).__name__)
