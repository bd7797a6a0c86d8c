"""Recording scores: one sitting, all of it or nothing, and corrections that keep the original."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from care_plans import safety_alerts, scope, standing
from care_plans.models import Assessment, Course, Measure, Score
from care_plans.recording import (
    course_within_reach,
    digest,
    moment,
    pointer,
    refuse,
)
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor, Role
from coordination.idempotency import KeyReused, usable_key
from coordination.models import Patient, PractitionerRole
from coordination.own_access import own_record
from coordination.problems import Denied, FieldError, Invalid, NotAllowed, NotFound
from coordination.withheld import must_be_shown

MAX_SCORES = 200
#: a score has at most four decimals and six digits before them, as its column does
_LIMIT, _SMALLEST = Decimal(1_000_000), Decimal("0.0001")
_MAX_ITEM = 1000


class AssessmentNotFound(NotFound):
    """No such assessment, or none that this actor has a reason to see."""

    type = "assessment-not-found"


class ReplacedAlready(NotAllowed):
    """Somebody corrected this assessment before; correct the correction instead."""

    type = "replaced-already"


@dataclass(frozen=True, slots=True)
class NewScore:
    """A value to record, of a measure's slug, and of a side where it is taken per side.

    It is of one item or of one subscale, and without either the total.
    """

    measure: str
    value: Decimal
    side: str = ""
    item: int | None = None
    subscale: str = field(default="", repr=False)


@transaction.atomic
def record_assessment(
    patient_id: UUID,
    *,
    scores: Sequence[NewScore],
    course_id: UUID | None = None,
    effective_at: datetime | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Assessment, bool]:
    """Record one sitting, as evidence for a course or as the patient's history without one.

    With a `key` that was used for the same content the earlier assessment is returned; the flag
    says whether it is new. Raises `PatientNotFound`, `Invalid` with a pointer to each wrong value,
    `Denied` outside the measures' disciplines, `CourseEnded`, `KeyReused`, and `NotOpenToYou` where
    what the key was used for is withheld. All or nothing.
    """
    patient = patient_for(actor, patient_id, now=now)
    must_go_on(patient)
    course = _course_of(patient, course_id, actor=actor, now=now)
    if course is not None:
        standing.hold(course.id)
    new = _New(patient, course, tuple(scores), effective_at, usable_key(key))
    return _write(new, actor=actor, now=now)


@transaction.atomic
def record_own_assessment(
    *, scores: Sequence[NewScore], key: str = "", actor: Actor, now: datetime
) -> tuple[Assessment, bool]:
    """Record what a patient answers of themselves; it is evidence for the one course under way.

    With several courses, or none, it belongs to the patient's history. Raises `NoOwnRecord` for a
    login that is no patient's, and what recording raises; `Denied` for a measure that a
    practitioner takes.
    """
    patient = own_record(actor)
    must_go_on(patient)
    underway = list(Course.objects.underway().filter(patient=patient)[:2])
    course = underway[0] if len(underway) == 1 else None
    if course is not None:
        course = standing.hold(course.id)
    new = _New(patient, course, tuple(scores), None, usable_key(key))
    return _write(new, actor=actor, now=now)


@transaction.atomic
def replace_assessment(
    assessment_id: UUID,
    *,
    scores: Sequence[NewScore],
    reason: str,
    effective_at: datetime | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Assessment, bool]:
    """Correct an assessment by a new one; the old stays readable, marked as entered in error.

    No scores at all withdraw it; no time means the time of the old one. Raises what recording
    raises, `AssessmentNotFound`, and `ReplacedAlready` when there is a correction.
    """
    old = assessment_for(actor, assessment_id, now=now)
    if old.course_id is not None:
        standing.hold(old.course_id)
    if not reason.strip():
        raise Invalid.field("/reason", "Say what was wrong.")
    new = _New(
        old.patient,
        old.course,
        tuple(scores),
        effective_at or old.effective_at,
        usable_key(key),
        replaces=old,
        reason=reason,
    )
    return _write(new, actor=actor, now=now)


def assessment_for(actor: Actor, assessment_id: UUID, *, now: datetime) -> Assessment:
    """Return an assessment within the actor's reach, or raise `AssessmentNotFound`."""
    rows = Assessment.objects.select_related("patient", "course", "replaced_by")
    found: Assessment | None = owned_by_patient(rows, actor, now).filter(pk=assessment_id).first()
    if found is None:
        raise AssessmentNotFound("There is no such assessment within your reach.")
    return found


@dataclass(frozen=True, slots=True)
class _New:
    patient: Patient
    course: Course | None
    scores: tuple[NewScore, ...]
    effective_at: datetime | None
    key: str
    replaces: Assessment | None = None
    reason: str = ""

    @property
    def digest(self) -> str:
        return digest(
            {
                "course": self.course and self.course.pk,
                "effective_at": self.effective_at,
                "scores": sorted(f"{score!r}{score.subscale}" for score in self.scores),
                "replaces": self.replaces and self.replaces.pk,
                "reason": self.reason,
            }
        )


def _course_of(
    patient: Patient, course_id: UUID | None, *, actor: Actor, now: datetime
) -> Course | None:
    if course_id is None:
        return None
    course = course_within_reach(actor, course_id, now=now)
    if course.patient_id != patient.pk:
        raise Invalid.field("/course", "This course is another patient's.")
    return course


def _write(new: _New, *, actor: Actor, now: datetime) -> tuple[Assessment, bool]:
    if earlier := _earlier(new, actor, now):
        return earlier, False
    if new.replaces is not None and new.replaces.entered_in_error:
        raise ReplacedAlready("This assessment was corrected already.")
    at = moment(new.effective_at, new.patient, new.course, now=now)
    measures = _checked(new)
    role = _role_within_scope([*measures.values(), *_measures_of(new.replaces)], actor)
    try:
        with transaction.atomic():
            assessment = _create(new, at, measures, role, actor=actor, now=now)
    except IntegrityError as error:
        # somebody else was faster with the same key, or with a correction of the same assessment
        if earlier := _earlier(new, actor, now):
            return earlier, False
        if new.replaces is not None:
            raise ReplacedAlready("Somebody else corrected this meanwhile.") from error
        raise
    _tell(new, assessment, actor=actor, now=now)
    safety_alerts.raise_for(assessment, actor=actor, now=now)
    if new.course is not None:
        standing.reassess(new.course.pk, actor=actor, now=now)
    return assessment, True


def _earlier(new: _New, actor: Actor, now: datetime) -> Assessment | None:
    if not new.key:
        return None
    found: Assessment | None = Assessment.objects.filter(patient=new.patient, key=new.key).first()
    if found is not None and Role.PATIENT not in actor.roles:
        must_be_shown(found, actor=actor, now=now)
    if found is not None and found.digest != new.digest:
        raise KeyReused("This idempotency key was used for another assessment.")
    return found


def _create(
    new: _New,
    at: datetime,
    measures: Mapping[str, Measure],
    role: PractitionerRole | None,
    *,
    actor: Actor,
    now: datetime,
) -> Assessment:
    assessment: Assessment = Assessment.objects.create(
        organization_id=actor.organization_id,
        patient=new.patient,
        course=new.course,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        effective_at=at,
        recorded_at=now,
        replaces=new.replaces,
        reason=new.reason,
        key=new.key,
        digest=new.digest,
    )
    Score.objects.bulk_create(
        Score(
            organization_id=actor.organization_id,
            assessment=assessment,
            measure=measures[score.measure],
            value=score.value,
            side=score.side,
            item=score.item,
            subscale=score.subscale,
        )
        for score in new.scores
    )
    return assessment


def _checked(new: _New) -> dict[str, Measure]:
    """Return the measures of the scores, or raise `Invalid` that names each wrong value."""
    if len(new.scores) > MAX_SCORES:
        raise Invalid.field("/scores", f"At most {MAX_SCORES} scores fit into one assessment.")
    if not new.scores and new.replaces is None:
        raise Invalid.field("/scores", "An assessment has at least one score.")
    named = {score.measure for score in new.scores if "\x00" not in score.measure}
    measures = {row.slug: row for row in Measure.objects.filter(slug__in=named)}
    refuse(_flaws(new.scores, measures), "The scores are not valid")
    return measures


def _flaws(scores: Sequence[NewScore], measures: Mapping[str, Measure]) -> Iterator[FieldError]:
    seen: set[tuple[str, str, int | None, str]] = set()
    for number, score in enumerate(scores):
        measure = measures.get(score.measure)
        if measure is None:
            words = "There is no such measure; `GET /api/v1/measures` lists them."
            yield FieldError(pointer("scores", number, "measure"), words)
            continue
        for name, detail in _flaws_of(score, measure):
            yield FieldError(pointer("scores", number, name), detail)
        place = (score.measure, score.side, score.item, score.subscale)
        if place in seen:
            yield FieldError(pointer("scores", number), "This is scored twice in one assessment.")
        seen.add(place)


def _flaws_of(score: NewScore, measure: Measure) -> Iterator[tuple[str, str]]:
    if measure.side_required and score.side not in Score.Side.values:
        yield "side", "This measure is taken per side: left or right."
    if not measure.side_required and score.side:
        yield "side", "This measure is not taken per side."
    yield from _flaws_of_part(score, measure)
    if not score.value.is_finite() or abs(score.value) >= _LIMIT:
        yield "value", "This is no number that a score can have."
    elif score.value % _SMALLEST:
        yield "value", "A score has at most four decimals."
    elif score.subscale:
        yield from _flaws_of_subscale(score, measure)
    elif score.item is None and not measure.definition.accepts(score.value):
        yield "value", _range(measure)
    elif score.item is not None and not _may_be_item(score.value, measure):
        yield "value", "An item's score lies between 0 and the maximum of its measure."


def _flaws_of_part(score: NewScore, measure: Measure) -> Iterator[tuple[str, str]]:
    if score.item is not None and not 1 <= score.item <= _MAX_ITEM:
        yield "item", "There is no such item."
    if score.subscale and score.item is not None:
        yield "subscale", "A score is of an item or of a subscale, not of both."


def _flaws_of_subscale(score: NewScore, measure: Measure) -> Iterator[tuple[str, str]]:
    subscales = measure.definition.subscales
    if score.subscale not in subscales:
        known = ", ".join(sorted(subscales)) or "none"
        yield "subscale", f"There is no such subscale of {measure.slug}; it has: {known}."
        return
    low, high = subscales[score.subscale]
    if not low <= score.value <= high:
        yield "value", f"{measure.slug}, {score.subscale} lies between {low} and {high}."


def _may_be_item(value: Decimal, measure: Measure) -> bool:
    """How an item is scored is not part of the content; it never exceeds the whole."""
    return value >= 0 and (measure.maximum is None or value <= measure.maximum)


def _range(measure: Measure) -> str:
    of = measure.definition
    high = "no upper limit" if of.maximum is None else f"at most {of.maximum}"
    steps = f", in steps of {of.step}" if of.step else ""
    return f"A score of {measure.slug} is at least {of.minimum}, {high}{steps}."


def _measures_of(assessment: Assessment | None) -> list[Measure]:
    """Return what a correction takes back, which needs the same scope as taking it."""
    if assessment is None:
        return []
    return [score.measure for score in assessment.scores.select_related("measure")]


def _role_within_scope(measures: Sequence[Measure], actor: Actor) -> PractitionerRole | None:
    """Return the role in which the actor takes these measures; None for software, for patients."""
    if actor.is_software:
        return None
    if Role.PATIENT in actor.roles:
        _must_be_self_reported(measures)
        return None
    roles = scope.permitted("assessment.record", actor=actor)
    mine = {role.discipline for role in roles}
    for measure in measures:
        allowed = measure.definition.disciplines
        if mine.isdisjoint(allowed):
            raise Denied(
                f"{measure.slug} is taken by a registered practitioner of: {', '.join(allowed)}.",
                rule="scope.assessment.record",
            )
    taking = {name for measure in measures for name in measure.definition.disciplines}
    fitting = [role for role in roles if role.discipline in taking]
    return (fitting or roles)[0]


def _must_be_self_reported(measures: Sequence[Measure]) -> None:
    for measure in measures:
        if not measure.definition.self_reported:
            raise Denied(
                f"{measure.slug} is taken by a practitioner.", rule="assessment.self-reported"
            )


def _tell(new: _New, assessment: Assessment, *, actor: Actor, now: datetime) -> None:
    tell(
        "assessment.replaced" if new.replaces else "assessment.recorded",
        subject="Assessment",
        subject_id=assessment.pk,
        patient_id=new.patient.pk,
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        detail={
            "measures": sorted({score.measure for score in new.scores}),
            "replaces": str(new.replaces.pk) if new.replaces else None,
        },
    )
