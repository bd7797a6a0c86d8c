"""Clinical notes: drafted, signed, and from then on amended beside the original.

A psychotherapist's note is closed by default to everybody but its author and the psychotherapists
in the circle of care (`coordination.disclosure`); the database sees to the code that says so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from care_plans.authorship import about, author_of
from care_plans.encounters import encounters_visible_to
from care_plans.models import ClinicalNote, Encounter
from care_plans.recording import moment
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.corrections import with_statements
from coordination.disclosure import named_to
from coordination.models import Discipline, Patient
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale, VersionMismatch
from coordination.refusals import Words, actions_from

Status = ClinicalNote.Status
Sensitivity = ClinicalNote.Sensitivity

#: (status, action) -> status; `supersede` is what signing an amendment does to the original
MOVES: Mapping[tuple[str, str], Status] = {
    (Status.DRAFT, "sign"): Status.SIGNED,
    (Status.DRAFT, "mark-in-error"): Status.ENTERED_IN_ERROR,
    (Status.SIGNED, "mark-in-error"): Status.ENTERED_IN_ERROR,
    (Status.SIGNED, "supersede"): Status.SUPERSEDED,
}
WORDS = Words(
    subject="This note",
    states={
        Status.DRAFT: "is a draft",
        Status.SIGNED: "was signed",
        Status.SUPERSEDED: "was replaced by its amendment",
        Status.ENTERED_IN_ERROR: "was marked as entered in error",
    },
    actions={
        "edit": "edited",
        "sign": "signed",
        "mark-in-error": "marked as entered in error",
        "supersede": "amended",
    },
)


class NoteNotFound(NotFound):
    """No such note, or none that this actor may read."""

    type = "clinical-note-not-found"


def notes_visible_to(
    actor: Actor, now: datetime, *, narrow: Any = owned_by_patient
) -> QuerySet[ClinicalNote, ClinicalNote]:
    """Return the notes that the actor may read."""
    rows = ClinicalNote.objects.select_related("author__practitioner")
    found = narrow(rows, actor, now)
    named = {
        "encounter_shown": named_to(Encounter, actor, now, at="encounter_id"),
        "amends_shown": named_to(ClinicalNote, actor, now, at="amends_id"),
        "amended_by_shown": named_to(ClinicalNote, actor, now, at="amended_by__pk"),
    }
    return with_statements(found.annotate(**named), actor, now)


def note_for(actor: Actor, note_id: UUID, *, now: datetime) -> ClinicalNote:
    """Return a note that the actor may read, or raise `NoteNotFound`."""
    note = notes_visible_to(actor, now).filter(pk=note_id).first()
    if note is None:
        raise NoteNotFound("There is no such note within your reach.")
    return note


@transaction.atomic
def write_note(
    patient_id: UUID,
    *,
    text: str,
    written_at: datetime | None = None,
    encounter_id: UUID | None = None,
    course_id: UUID | None = None,
    author_id: UUID | None = None,
    is_restricted: bool = False,
    sign: bool = False,
    actor: Actor,
    now: datetime,
) -> ClinicalNote:
    """Write a note of one's own, as a draft or signed at once.

    `written_at` is the time that it is about (none: now). `is_restricted` closes it to all but
    the author and the author's discipline; a psychotherapist's note always is. Raises
    `PatientNotFound`, `Denied`, `Invalid`.
    """
    patient = patient_for(actor, patient_id, now=now)
    must_go_on(patient)
    role = author_of("note.write", patient, author_id, actor=actor, now=now)
    fields = about(patient, course_id, actor=actor, now=now)
    note = ClinicalNote.objects.create(
        **fields,
        encounter_id=_encounter(encounter_id, patient, actor, now),
        author=role,
        discipline=role.discipline,
        sensitivity=sensitivity_of(role.discipline, is_restricted=is_restricted),
        text=_words(text),
        written_at=_written(written_at, fields, now),
    )
    _tell("clinical-note.written", note, actor=actor, now=now, action=audit.Action.CREATE)
    return _move(note, "sign", actor=actor, now=now) if sign else note


@transaction.atomic
def edit_note(
    note_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> ClinicalNote:
    """Change a draft of one's own. Raises `VersionMismatch`, and `NotAllowed` once it is signed."""
    note = own_note(note_id, "edit", actor=actor, now=now)
    if note.status != Status.DRAFT:
        raise _refused(note, "edit")
    changes: dict[str, Any] = dict(fields)
    if "text" in changes:
        changes["text"] = _words(changes["text"])
    if "written_at" in changes:
        whose = {"patient": note.patient, "course": note.course}
        changes["written_at"] = _written(changes["written_at"], whose, note.recorded_at)
    written = ClinicalNote.objects.filter(pk=note.pk, version=version, status=Status.DRAFT).update(
        **changes, version=F("version") + 1, updated_at=now
    )
    if not written:
        raise VersionMismatch("This draft changed meanwhile: read it again.")
    note.refresh_from_db()
    _tell("clinical-note.edited", note, actor=actor, now=now, action=audit.Action.UPDATE)
    return note


@transaction.atomic
def move_note(
    note_id: UUID, action: str, *, because: str = "", actor: Actor, now: datetime
) -> ClinicalNote:
    """Sign a draft of one's own, or mark a note as entered in error, with the reason.

    Raises `Denied` for somebody else's note, `NotAllowed`, `Invalid`, `Stale`.
    """
    note = own_note(note_id, action, actor=actor, now=now)
    if action == "mark-in-error" and not because.strip():
        raise Invalid.field("/because", "Say why.")
    return _move(note, action, because=because, actor=actor, now=now)


@transaction.atomic
def amend_note(
    note_id: UUID,
    *,
    text: str,
    because: str,
    written_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> ClinicalNote:
    """Sign a new note beside a signed one of one's own, which stays readable as superseded.

    Returns the amendment. Raises `Denied`, `NotAllowed` unless the original is signed and not
    amended yet, `Invalid`, `Stale`.
    """
    original = own_note(note_id, "amend", actor=actor, now=now)
    if (original.status, "supersede") not in MOVES:
        raise _refused(original, "supersede")
    if not because.strip():
        raise Invalid.field("/because", "Say why it is amended.")
    # two who amend at once run one after the other, and the second finds it superseded
    standing = ClinicalNote.objects.select_for_update(no_key=True, of=("self",))
    if not standing.filter(pk=original.pk, status=Status.SIGNED).exists():
        raise Stale("This note was amended meanwhile.")
    fields = about(original.patient, original.course_id, actor=actor, now=now)
    amendment = ClinicalNote.objects.create(
        **fields,
        encounter_id=original.encounter_id,
        author_id=original.author_id,
        discipline=original.discipline,
        sensitivity=original.sensitivity,
        amends=original,
        because=because,
        text=_words(text),
        written_at=_written(written_at or original.written_at, fields, now),
    )
    _tell("clinical-note.written", amendment, actor=actor, now=now, action=audit.Action.CREATE)
    _move(amendment, "sign", actor=actor, now=now)
    _move(original, "supersede", actor=actor, now=now)
    return amendment


def sensitivity_of(discipline: str, *, is_restricted: bool = False) -> str:
    """Return the code that closes what a discipline writes; empty when the circle may read it."""
    if discipline == Discipline.PSYCHOTHERAPY:
        return Sensitivity.PSYCHOTHERAPY
    return Sensitivity.RESTRICTED if is_restricted else ""


def own_note(note_id: UUID, action: str, *, actor: Actor, now: datetime) -> ClinicalNote:
    """Return a note that the actor wrote; raises `NoteNotFound`, or `Denied` for another's."""
    note = note_for(actor, note_id, now=now)
    if note.author_id not in actor.practitioner_role_ids:
        raise Denied("Only its author may do this to a note.", rule=f"note.{action}")
    return note


def _move(
    note: ClinicalNote, action: str, *, because: str = "", actor: Actor, now: datetime
) -> ClinicalNote:
    target = MOVES.get((note.status, action))
    if target is None:
        raise _refused(note, action)
    changes: dict[str, Any] = {"status": target, "version": F("version") + 1, "updated_at": now}
    if target == Status.SIGNED:
        changes["signed_at"] = now
    if because:
        changes["error_reason"] = because
    if not ClinicalNote.objects.filter(pk=note.pk, status=note.status).update(**changes):
        raise Stale("This note changed meanwhile.")
    note.refresh_from_db()
    _tell(f"clinical-note.{action}", note, actor=actor, now=now)
    return note


def _refused(note: ClinicalNote, action: str) -> NotAllowed:
    return NotAllowed(WORDS.refuse(note.status, action, actions_from(MOVES, note.status)))


def _encounter(
    encounter_id: UUID | None, patient: Patient, actor: Actor, now: datetime
) -> UUID | None:
    if encounter_id is None:
        return None
    found = encounters_visible_to(actor, now).filter(pk=encounter_id, patient=patient)
    if not found.exists():
        raise Invalid.field("/encounter", "There is no such encounter of this patient.")
    return encounter_id


def _words(text: str) -> str:
    if not text.strip():
        raise Invalid.field("/text", "A note says something.")
    return text


def _written(at: datetime | None, fields: Mapping[str, Any], now: datetime) -> datetime:
    try:
        # a note may be about the time after a course: what came of it, say
        return moment(at, fields["patient"], None, now=now)
    except Invalid as error:
        raise Invalid.field("/written_at", error.detail) from error


def _tell(
    event: str,
    note: ClinicalNote,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
) -> None:
    tell(
        event,
        subject="ClinicalNote",
        subject_id=note.pk,
        patient_id=note.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={"status": note.status},
    )
