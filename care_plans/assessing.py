"""Recording scores: one sitting, all of it or nothing, and corrections that keep the original."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from care_plans import safety_alerts, scope, standing
from care_plans.collecting import must_fit_course
from care_plans.models import AbsentScore, Assessment, Course, Measure, MeasureVersion, Score
from care_plans.own_reports import course_reported, must_be_self_reported
from care_plans.recording import course_of, digest, moment
from care_plans.sittings import NewAbsence, NewScore, check, completed, versions_of
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor, Role
from coordination.idempotency import KeyReused, usable_key
from coordination.models import Patient, PractitionerRole
from coordination.own_access import own_record
from coordination.problems import Denied, Invalid, NotAllowed, NotFound
from coordination.withheld import must_be_shown

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a sitting was taken when it was: a collection point, and the stage that it is for."""

    point: str = Assessment.CollectionPoint.AD_HOC
    stage: str = ""


class AssessmentNotFound(NotFound):
    """No such assessment, or none that this actor has a reason to see."""

    type = "assessment-not-found"


class ReplacedAlready(NotAllowed):
    """Somebody corrected this assessment before; correct the correction instead."""

    type = "replaced-already"


@transaction.atomic
def record_assessment(
    patient_id: UUID,
    *,
    scores: Sequence[NewScore],
    absent: Sequence[NewAbsence] = (),
    occasion: Occasion = Occasion(),
    received: Mapping[str, Any] | None = None,
    course_id: UUID | None = None,
    effective_at: datetime | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Assessment, bool]:
    """Record one sitting, as evidence for a course or as the patient's history without one.

    What its items make is scored by the version of the measure; what they do not make, and what is
    `absent`, has a coded reason instead of a value. `received` is the resource that it came as.
    With a `key` that was used for the same content the earlier assessment is returned; the flag
    says whether it is new. Raises `PatientNotFound`, `Invalid` with a pointer to each wrong value,
    `Denied` outside the measures' disciplines, `CourseEnded`, `KeyReused`, and `NotOpenToYou` where
    what the key was used for is withheld. All or nothing.
    """
    patient = patient_for(actor, patient_id, now=now)
    must_go_on(patient)
    course = course_of(patient, course_id, actor=actor, now=now)
    if course is not None:
        standing.hold(course.id)
    new = _New(
        patient,
        course,
        tuple(scores),
        effective_at,
        usable_key(key),
        absent=tuple(absent),
        occasion=occasion,
        received=received,
    )
    return _write(new, actor=actor, now=now)


@transaction.atomic
def record_own_assessment(
    *,
    scores: Sequence[NewScore],
    course_id: UUID | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Assessment, bool]:
    """Record what a patient answers of themselves, as evidence for the course that they name.

    Unnamed, it is evidence for the one course under way; with several, or none, it belongs to the
    patient's history. Repeated with its key it is what it was, whatever has become of the course.
    Raises `NoOwnRecord` for a login that is no patient's, `Invalid` that says which courses can be
    named, what recording raises, and `Denied` for a measure that a practitioner takes.
    """
    patient = own_record(actor)
    must_go_on(patient)
    new = _New(patient, None, tuple(scores), None, usable_key(key))
    before = Assessment.objects.filter(patient=patient, key=new.key).first() if new.key else None
    if before is not None and course_id in (None, before.course_id):
        return _write(replace(new, course=before.course), actor=actor, now=now)
    asked = {score.measure for score in scores}
    while (found := course_reported(patient, course_id, asked)) is not None:
        held = standing.hold(found.pk)
        if held.status != Course.Status.DISCHARGED:
            new = replace(new, course=held)
            break
        # somebody ended it before we held it: what is said is heard all the same
    return _write(new, actor=actor, now=now)


@transaction.atomic
def replace_assessment(
    assessment_id: UUID,
    *,
    scores: Sequence[NewScore],
    reason: str,
    absent: Sequence[NewAbsence] = (),
    occasion: Occasion | None = None,
    received: Mapping[str, Any] | None = None,
    course_id: UUID | None = None,
    effective_at: datetime | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Assessment, bool]:
    """Correct an assessment by a new one; the old stays readable, marked as entered in error.

    No scores at all withdraw it; no course, time or occasion mean those of the old one. Naming
    another course makes it evidence for that one alone. It is scored by the version that the old
    one was scored by, unless it names another. Raises what recording raises, `AssessmentNotFound`,
    and `ReplacedAlready` when there is a correction.
    """
    old = assessment_for(actor, assessment_id, now=now)
    course = course_of(old.patient, course_id, actor=actor, now=now) or old.course
    # always in the same order, so that no two corrections wait for each other
    for held in sorted({one.pk for one in (old.course, course) if one is not None}):
        standing.hold(held)
    if not reason.strip():
        raise Invalid.field("/reason", "Say what was wrong.")
    new = _New(
        old.patient,
        course,
        tuple(scores),
        effective_at or old.effective_at,
        usable_key(key),
        absent=tuple(absent),
        occasion=occasion or Occasion(old.collection_point, old.stage),
        received=received,
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
    absent: tuple[NewAbsence, ...] = ()
    occasion: Occasion = Occasion()
    received: Mapping[str, Any] | None = None
    replaces: Assessment | None = None
    reason: str = ""

    @property
    def courses(self) -> list[Course]:
        """Return the courses whose evidence it changes."""
        before = self.replaces.course if self.replaces is not None else None
        return list({one.pk: one for one in (before, self.course) if one is not None}.values())

    @property
    def said_of(self) -> datetime | None:
        """Return the time for which it corrects what its course has already."""
        old = self.replaces
        return old.effective_at if old is not None and old.course == self.course else None

    @property
    def digest(self) -> str:
        more = {
            "absent": sorted(map(repr, self.absent)),
            "occasion": repr(self.occasion) if self.occasion != Occasion() else "",
            "received": self.received,
        }
        return digest(
            {
                "course": self.course and self.course.pk,
                "effective_at": self.effective_at,
                "scores": sorted(score.said for score in self.scores),
                "replaces": self.replaces and self.replaces.pk,
                "reason": self.reason,
                # a digest from before there was any of these stays the same
                **{name: said for name, said in more.items() if said},
            }
        )


def _write(new: _New, *, actor: Actor, now: datetime) -> tuple[Assessment, bool]:
    if earlier := _earlier(new, actor, now):
        return earlier, False
    if new.replaces is not None and new.replaces.entered_in_error:
        raise ReplacedAlready("This assessment was corrected already.")
    at = moment(new.effective_at, new.patient, new.course, corrects=new.said_of, now=now)
    must_fit_course(new.occasion.point, new.occasion.stage, new.course, at)
    if not new.scores and not new.absent and new.replaces is None:
        raise Invalid.field("/scores", "An assessment has at least one score.")
    versions = versions_of(new.scores, new.absent, new.replaces)
    check(new.scores, new.absent, versions)
    measures = versions.by_slug
    scores, absent = completed(new.scores, new.absent, measures)
    taken = [version.measure for version in measures.values()]
    role = _role_within_scope([*taken, *_measures_of(new.replaces)], actor)
    whole = replace(new, scores=scores, absent=absent)
    try:
        with transaction.atomic():
            assessment = _create(new, whole, at, measures, role, actor=actor, now=now)
    except IntegrityError as error:
        # somebody else was faster with the same key, or with a correction of the same assessment
        if earlier := _earlier(new, actor, now):
            return earlier, False
        if new.replaces is not None:
            raise ReplacedAlready("Somebody else corrected this meanwhile.") from error
        raise
    _tell(new, assessment, actor=actor, now=now)
    safety_alerts.raise_for(assessment, actor=actor, now=now)
    for course in new.courses:
        _look_again(course, actor=actor, now=now)
    return assessment, True


def _look_again(course: Course, *, actor: Actor, now: datetime) -> None:
    """Let the course follow what was recorded.

    What follows of a patient's own words is done by the software, since no patient refers or
    plans. Should it fail, their answers and the alert that they raise are kept all the same: the
    hourly look at every course, and at what is measured in intake, makes up for it.
    """
    if Role.PATIENT not in actor.roles:
        standing.reassess(course.pk, actor=actor, now=now)
        return
    software = Actor.system("care_plans.assessing", actor.organization_id)
    try:
        with transaction.atomic():
            standing.reassess(course.pk, actor=software, now=now)
    except Exception:
        # what the patient answered stands; the sweep looks at the course again
        log.exception("course_not_looked_at_again", course=str(course.pk))


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
    whole: _New,
    at: datetime,
    measures: Mapping[str, MeasureVersion],
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
        collection_point=new.occasion.point,
        stage=new.occasion.stage,
        received=new.received,
    )
    _write_scores(assessment, whole, measures)
    return assessment


def _write_scores(
    assessment: Assessment, whole: _New, measures: Mapping[str, MeasureVersion]
) -> None:
    Score.objects.bulk_create(
        Score(
            organization_id=assessment.organization_id,
            assessment=assessment,
            measure=measures[score.measure].measure,
            measure_version=measures[score.measure].version,
            value=score.value,
            side=score.side,
            item=score.item,
            subscale=score.subscale,
            is_computed=score.is_computed,
            method=score.method,
            instrument=score.instrument,
            label=score.label,
        )
        for score in whole.scores
    )
    AbsentScore.objects.bulk_create(
        AbsentScore(
            organization_id=assessment.organization_id,
            assessment=assessment,
            measure=measures[one.measure].measure,
            measure_version=measures[one.measure].version,
            side=one.side,
            subscale=one.subscale,
            reason=one.reason,
        )
        for one in whole.absent
    )


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
        must_be_self_reported(measures)
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
            "measures": sorted(
                {one.measure for one in new.scores} | {one.measure for one in new.absent}
            ),
            "replaces": str(new.replaces.pk) if new.replaces else None,
        },
    )
