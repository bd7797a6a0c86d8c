"""What hangs on a patient: conditions, source documents, and scores from before Continuum."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models.functions import Left, Length

from care_plans import safety_alerts
from care_plans.models import Assessment, Condition, Measure, Score, SourceDocument
from coordination.actors import Actor
from coordination.models import Patient
from coordination.problems import Problem
from fhir.importing.outcomes import Outcome, What
from fhir.importing.records import ConditionRead, DocumentRead, ScoreRead

_LONGEST_KEY = 150
_DIGEST = 16  # as many characters of a digest stand in a key


class BelongsElsewhere(Problem):
    """A resource of this name hangs on another patient here."""

    type = "import-belongs-elsewhere"


@dataclass(frozen=True, slots=True)
class Record[Read]:
    """A resource that hangs on a patient: what names it, what it says, and its content."""

    seq: int
    name: str
    digest: str
    read: Read
    content: dict[str, Any]


@dataclass(slots=True)
class History:
    """All such resources of one patient."""

    conditions: list[Record[ConditionRead]] = field(default_factory=list)
    documents: list[Record[DocumentRead]] = field(default_factory=list)
    scores: list[Record[ScoreRead]] = field(default_factory=list)


def write_history(
    patient: Patient, history: History, *, actor: Actor, now: datetime
) -> list[Outcome]:
    """Write what is new or changed in the current transaction. Raises `BelongsElsewhere`.

    No plan is opened and nobody gets access; scores belong to no course.
    """
    return [
        *_write_conditions(patient, history.conditions, now=now),
        *_write_documents(patient, history.documents, now=now),
        *_write_scores(patient, history.scores, actor=actor, now=now),
    ]


def _write_conditions(
    patient: Patient, records: list[Record[ConditionRead]], *, now: datetime
) -> list[Outcome]:
    names = [record.name for record in records]
    known = {row.source_key: row for row in Condition.objects.filter(source_key__in=names)}
    outcomes, new = [], []
    for record in records:
        row = known.get(record.name)
        if row is not None:
            outcomes.append(_update_condition(patient, row, record, now=now))
        elif record.read.in_error:
            outcomes.append(Outcome(record.seq, "skipped", ["its source entered it in error"]))
        else:
            new.append(_condition(patient, record, now=now))
            outcomes.append(Outcome(record.seq, "imported", record.read.notes))
    Condition.objects.bulk_create(new)
    return outcomes


def _condition(patient: Patient, record: Record[ConditionRead], *, now: datetime) -> Condition:
    return Condition(
        organization_id=patient.organization_id,
        patient=patient,
        origin=Condition.Origin.IMPORTED,
        source_key=record.name,
        recorded_at=now,
        **_said(record),
    )


def _said(record: Record[ConditionRead]) -> dict[str, Any]:
    read = record.read
    status = Condition.ClinicalStatus.INACTIVE if read.in_error else read.clinical_status
    return {
        "code_system": read.code_system,
        "code": read.code,
        "display": read.display,
        "clinical_status": status,
        "onset_at": read.onset_at,
        "abated_at": read.abated_at,
        "source_digest": record.digest,
    }


def _update_condition(
    patient: Patient, row: Condition, record: Record[ConditionRead], *, now: datetime
) -> Outcome:
    _must_hang_on(patient, row.patient_id, record)
    if row.source_digest == record.digest:
        return Outcome(record.seq, "skipped", ["unchanged"])
    Condition.objects.filter(pk=row.pk).update(recorded_at=now, **_said(record))
    notes = list(record.read.notes)
    if record.read.in_error:
        notes.append("its source withdrew it (entered in error): kept as inactive")
    return Outcome(record.seq, "updated", notes)


def _write_documents(
    patient: Patient, records: list[Record[DocumentRead]], *, now: datetime
) -> list[Outcome]:
    names = [record.name for record in records]
    by_name = dict(zip(names, records, strict=True))
    known: dict[str, set[str]] = {}
    for row in SourceDocument.objects.filter(source_key__in=names).only(
        "source_key", "source_digest", "patient_id"
    ):
        known.setdefault(row.source_key, set()).add(row.source_digest)
        _must_hang_on(patient, row.patient_id, by_name[row.source_key])
    outcomes, new = [], []
    for record in records:
        versions = known.get(record.name, set())
        if record.digest in versions:
            outcomes.append(Outcome(record.seq, "skipped", ["unchanged"]))
            continue
        new.append(_document(patient, record, now=now))
        what: What = "updated" if versions else "imported"
        outcomes.append(Outcome(record.seq, what, record.read.notes))
    SourceDocument.objects.bulk_create(new)
    return outcomes


def _document(patient: Patient, record: Record[DocumentRead], *, now: datetime) -> SourceDocument:
    return SourceDocument(
        organization_id=patient.organization_id,
        patient=patient,
        kind=record.read.kind,
        title=record.read.title,
        status=record.read.status,
        starts_at=record.read.starts_at,
        ends_at=record.read.ends_at,
        content=record.content,
        source_key=record.name,
        source_digest=record.digest,
        recorded_at=now,
    )


def _write_scores(
    patient: Patient, records: list[Record[ScoreRead]], *, actor: Actor, now: datetime
) -> list[Outcome]:
    if not records:
        return []
    measures = measured()
    names = [_short_key(record.name) for record in records]
    known = {
        row.key: row
        for row in Assessment.objects.filter(patient=patient, course=None)
        # the key without its last part, which is the digest: see `_Scores.add`
        .alias(name=Left("key", Length("key") - _DIGEST - 1))
        .filter(name__in=names)
        .select_related("replaced_by")
    }
    standing = {
        key.rpartition("@")[0]: row for key, row in known.items() if not row.entered_in_error
    }
    writer = _Scores(patient, measures, known, standing, actor, now)
    outcomes = [writer.add(record) for record in records]
    Assessment.objects.bulk_create(writer.assessments)
    Score.objects.bulk_create(writer.scores)
    return _with_alerts(outcomes, writer)


def measured() -> dict[str, tuple[Measure, int | None]]:
    """Return by LOINC code the measure that it is of, and the item, None for the total."""
    found: dict[str, tuple[Measure, int | None]] = {}
    for measure in Measure.objects.exclude(loinc=""):
        loinc = measure.definition.loinc
        for item, code in (loinc.items if loinc else {}).items():
            found[code] = (measure, item)
        found[measure.loinc] = (measure, None)
    return found


def _with_alerts(outcomes: list[Outcome], writer: "_Scores") -> list[Outcome]:
    """Call for help where a recent score asks for it, and say in the report what did.

    History is no cry for help: nobody is called at night for an answer of long ago, and who imports
    it reads which scores were of that kind.
    """
    since = writer.now - timedelta(days=settings.SAFETY_RECENT_DAYS)
    told: dict[int, str] = {}
    for seq, assessment, score in writer.written:
        rules = safety_alerts.met_by(score.measure, [score])
        if rules and assessment.effective_at >= since:
            safety_alerts.raise_for(assessment, actor=writer.actor, now=writer.now)
            told[seq] = "somebody must act on it: a safety alert was raised"
        elif rules:
            told[seq] = "it asked for action when it was taken: no alert, it is too old"
    return [
        replace(one, reasons=[*one.reasons, told[one.seq]]) if one.seq in told else one
        for one in outcomes
    ]


@dataclass(slots=True)
class _Scores:
    """Collects the sittings of one patient, so that they are written together."""

    patient: Patient
    measures: dict[str, tuple[Measure, int | None]]
    known: dict[str, Assessment]
    standing: dict[str, Assessment]
    actor: Actor
    now: datetime
    assessments: list[Assessment] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    written: list[tuple[int, Assessment, Score]] = field(default_factory=list)

    def add(self, record: Record[ScoreRead]) -> Outcome:
        """Add one score, unless it is known, impossible or withdrawn."""
        name = _short_key(record.name)
        key = f"{name}@{record.digest[:_DIGEST]}"
        if key in self.known:
            return Outcome(record.seq, "skipped", ["unchanged"])
        before = self.standing.get(name)
        if record.read.in_error and before is None:
            return Outcome(record.seq, "skipped", ["its source entered it in error"])
        measure, item = self.measures[record.read.loinc]
        impossible = "" if record.read.in_error else self._impossibility(measure, item, record.read)
        if impossible:
            return Outcome(record.seq, "skipped", [impossible])
        self._write(record, key, before, measure, item)
        return Outcome(record.seq, "updated" if before else "imported", record.read.notes)

    def _impossibility(self, measure: Measure, item: int | None, read: ScoreRead) -> str:
        if read.effective_at > self.now:
            return "its time lies in the future"
        if measure.side_required:
            return f"{measure.slug} needs to know of which side"
        scoring = measure.definition.scoring
        if item is not None and scoring is not None:
            is_answer = scoring.accepts(read.value)
            return "" if is_answer else f"{read.value.normalize():f} is no answer to this item"
        highest = measure.maximum
        if read.value < measure.minimum or (highest is not None and read.value > highest):
            return f"{read.value.normalize():f} is no value of {measure.slug}"
        return ""

    def _write(
        self,
        record: Record[ScoreRead],
        key: str,
        before: Assessment | None,
        measure: Measure,
        item: int | None,
    ) -> None:
        assessment = Assessment(
            organization_id=self.patient.organization_id,
            patient=self.patient,
            actor=self.actor.label,
            effective_at=min(record.read.effective_at, self.now),
            recorded_at=self.now,
            replaces=before,
            reason="Its source corrected it." if before else "",
            key=key,
            digest=record.digest,
        )
        self.assessments.append(assessment)
        if not record.read.in_error:
            score = Score(
                organization_id=self.patient.organization_id,
                assessment=assessment,
                measure=measure,
                measure_version=measure.version,
                value=record.read.value,
                item=item,
            )
            self.scores.append(score)
            self.written.append((record.seq, assessment, score))


def _short_key(name: str) -> str:
    return name if len(name) <= _LONGEST_KEY else f"sha256:{sha256(name.encode()).hexdigest()}"


def _must_hang_on(patient: Patient, patient_id: Any, record: Record[Any]) -> None:
    if patient_id != patient.id:
        raise BelongsElsewhere(
            f"{record.name} hangs on another patient here; if ids come from different systems, "
            "say which with --source."
        )
