"""A condition on the plan: a pathway version applied, its severity, and how it is called."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from care_plans import lanes, scope, standing, stays
from care_plans.circumstances import record_answers
from care_plans.content.pathways import PathwayDefinition
from care_plans.content_review import ReviewStatus, review_due, review_status
from care_plans.editing import save_edit
from care_plans.models import (
    CarePlan,
    Course,
    CourseAnswer,
    Pathway,
    PathwayVersion,
    Severity,
    SeverityChange,
    Side,
)
from care_plans.plans import must_be_open, plan_for
from care_plans.recording import course_for, moment
from care_plans.signing import is_signed_for
from care_plans.telling import tell
from coordination import audit
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.idempotency import KeyReused, usable_key
from coordination.persons import records_of_person
from coordination.problems import FieldError, Invalid, NotAllowed, VersionMismatch
from coordination.withheld import must_be_shown


class UnknownVersion(Invalid):
    """There is no such published pathway version."""

    type = "unknown-pathway-version"


class StubOnly(Invalid):
    """The condition has no protocol here; one refers on."""

    type = "pathway-is-a-stub"


class UnsignedVersion(NotAllowed):
    """Nobody of this organization signed it, so it serves synthetic patients only."""

    type = "pathway-not-signed"


class ExpiredVersion(NotAllowed):
    """Its review is overdue, and the time of grace is over: nothing new begins on it."""

    type = "pathway-review-overdue"


class AlreadyUnderway(NotAllowed):
    """A course on this pathway and side is under way, and it is not what is asked for."""

    type = "course-already-underway"


@transaction.atomic
def apply_pathway(
    plan_id: UUID,
    *,
    pathway_version_id: UUID,
    severity: str,
    side: str = "",
    answers: Mapping[str, Any] | None = None,
    condition: str = "",
    effective_at: datetime | None = None,
    previous_id: UUID | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Course, bool]:
    """Begin intake of a course on a pathway version; the flag says whether it is new.

    The course gets its lanes, and the goals and activities of the first stage. Applying again,
    with the same key or while the course is under way, creates nothing and returns it.
    `effective_at` (aware, not in the future) is when intake began; `answers` are to questions of
    the pathway's `context`. `previous_id` is the course that this one follows, such as the one
    that ended with a new diagnosis; left out, it is the last one on the same pathway and side, on
    whatever plan of the same person: a re-entry.

    Raises `PlanNotFound`, `PlanClosed`, `Denied`, `Invalid`, `UnknownVersion`, `StubOnly`,
    `UnsignedVersion`, `ExpiredVersion`, `AlreadyUnderway`, `KeyReused`, and `NotOpenToYou` where
    the course that it would return is withheld from the actor.
    """
    plan = plan_for(actor, plan_id, now=now, lock=True)
    must_be_open(plan)
    version = _version(pathway_version_id)
    known = _known(plan, version, side, usable_key(key), actor=actor, now=now)
    if known is not None:
        _must_be_the_same(known, key, severity, answers or {}, condition, effective_at)
        return known, False
    definition = version.definition
    scope.require("course.apply", plan, actor=actor, disciplines=definition.diagnosis.may_diagnose)
    reviewed = must_be_in_force(plan, version, now)
    at = _checked(plan, definition, severity, side, effective_at, now)
    if previous_id is not None:
        previous: Course | None = _named(plan, previous_id, actor=actor, now=now)
    else:
        previous = _previous(plan, version, side)
    course = Course.objects.create(
        organization_id=actor.organization_id,
        care_plan=plan,
        patient_id=plan.patient_id,
        pathway_id=version.pathway_id,
        pathway_version=version,
        condition=condition or definition.condition.name,
        severity=severity,
        side=side,
        previous=previous,
        key=key,
        applied_at=at,
        recorded_at=now,
    )
    _write_severity(course, severity, "", at, actor=actor, now=now)
    lanes.create_lanes(course, definition)
    if answers:
        record_answers(course.id, answers=answers, effective_at=at, actor=actor, now=now)
    standing.prepare(course, actor=actor, now=now)
    _tell(
        "course.applied",
        course,
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        content_review=reviewed,
    )
    return course, True


def _version(version_id: UUID) -> PathwayVersion:
    version = PathwayVersion.objects.select_related("pathway").filter(pk=version_id).first()
    if version is None:
        _must_be_no_stub(version_id)
        raise UnknownVersion(
            "There is no such pathway version.",
            errors=[FieldError("/pathway_version", "There is no such pathway version.")],
        )
    return version


def _must_be_no_stub(pathway_id: UUID) -> None:
    stub = Pathway.objects.filter(pk=pathway_id, stub__isnull=False).first()
    if stub is not None:
        detail = (
            f"{stub.title} is a stub: no protocol for it is published, and it cannot be applied. "
            "Refer the patient on."
        )
        raise StubOnly(detail, errors=[FieldError("/pathway_version", detail)])


def _known(
    plan: CarePlan, version: PathwayVersion, side: str, key: str, *, actor: Actor, now: datetime
) -> Course | None:
    courses = Course.objects.filter(care_plan=plan)
    by_key: Course | None = courses.filter(key=key).first() if key else None
    if by_key is not None:
        must_be_shown(by_key, actor=actor, now=now)
        if (by_key.pathway_version_id, by_key.side) != (version.id, side):
            raise KeyReused("This key was used for another pathway version or side.")
        return by_key
    same = courses.underway().filter(pathway_id=version.pathway_id, side=side)
    underway: Course | None = same.first()
    if underway is None:
        return None
    must_be_shown(underway, actor=actor, now=now)
    if underway.pathway_version_id != version.id:
        raise AlreadyUnderway("A course on another version of this pathway is under way.")
    return underway


def _must_be_the_same(
    course: Course,
    key: str,
    severity: str,
    answers: Mapping[str, Any],
    condition: str,
    effective_at: datetime | None,
) -> None:
    """Refuse what asks for another course than was begun, rather than drop what it says."""
    if key and course.key == key:
        began = SeverityChange.objects.filter(course=course).order_by("recorded_at", "id")
        known: Any = CourseAnswer.objects.filter(
            course=course, effective_at=course.applied_at, recorded_at=course.recorded_at
        )
        same = (
            severity == began.values_list("severity", flat=True).first()
            and dict(answers) == dict(known.values_list("question", "answer"))
            and condition in ("", course.condition)
            and effective_at in (None, course.applied_at)
        )
        if not same:
            raise KeyReused("This key was used to apply the pathway with other particulars.")
        return
    if severity != course.severity:
        raise AlreadyUnderway(f"A course is under way, and it is {course.severity}.")
    recorded = CourseAnswer.objects.filter(course=course).values_list("question", "answer")
    if any(answer not in list(recorded) for answer in answers.items()):
        raise AlreadyUnderway("A course is under way: record other answers on it.")


def must_be_in_force(plan: CarePlan, version: PathwayVersion, now: datetime) -> str:
    """Refuse a version that may not be begun; return how it stands with its review."""
    due = review_due(version, plan.organization_id)
    status = review_status(due, today=now.date())
    if status == ReviewStatus.EXPIRED:
        raise ExpiredVersion(
            f"{version} was due for review on {due}, and the time of grace is over: a practitioner "
            "of your organization with the scope for it reviews it first.",
            rule="pathway.review-due",
        )
    if plan.patient.is_synthetic or is_signed_for(version, plan.organization_id):
        return str(status)
    raise UnsignedVersion(
        f"{version} is unsigned: it applies to synthetic patients only, until a practitioner of "
        "your organization with the scope for it signs it.",
        rule="pathway.signed",
    )


def _checked(
    plan: CarePlan,
    definition: PathwayDefinition,
    severity: str,
    side: str,
    effective_at: datetime | None,
    now: datetime,
) -> datetime:
    wrong = []
    if severity not in Severity.values:
        wrong.append(FieldError("/severity", f"One of: {', '.join(Severity.values)}."))
    if side not in ["", *Side.values]:
        wrong.append(FieldError("/side", f"One of: {', '.join(Side.values)}."))
    if definition.condition.side_required and not side:
        wrong.append(FieldError("/side", "This condition has a side: say which."))
    if wrong:
        raise Invalid(wrong[0].detail, errors=wrong)
    return moment(effective_at, plan.patient, None, now=now)


def _previous(plan: CarePlan, version: PathwayVersion, side: str) -> Course | None:
    earlier = _ended(plan).filter(pathway_id=version.pathway_id, side=side)
    latest: Course | None = earlier.order_by("-discharged_at", "-id").first()
    return latest


def _named(plan: CarePlan, previous_id: UUID, *, actor: Actor, now: datetime) -> Course:
    found: Course | None = owned_by_patient(_ended(plan), actor, now).filter(pk=previous_id).first()
    if found is None:
        raise Invalid.field(
            "/previous", "There is no course of this patient within your reach that has ended."
        )
    return found


def _ended(plan: CarePlan) -> QuerySet[Course, Course]:
    """Return the courses of the same person that have ended."""
    rows: QuerySet[Course, Course] = Course.objects.filter(
        patient__in=records_of_person(plan.patient), status=Course.Status.DISCHARGED
    )
    return rows


@transaction.atomic
def edit_course(
    course_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Course:
    """Change how a course is called, or its note. Raises `VersionMismatch`, `Denied`."""
    course = course_for(actor, course_id, now=now)
    scope.require("course.edit", course, actor=actor, disciplines=lanes.needed_disciplines(course))
    return save_edit(
        course,
        version=version,
        fields=fields,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
    )


@transaction.atomic
def change_severity(
    course_id: UUID,
    *,
    version: int,
    severity: str,
    reason: str,
    effective_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Course:
    """Say that a condition is more or less severe than before; the stage does not change.

    The open stay is timed anew by what now holds: an entry that is dated before a later one is
    history alone. Raises `VersionMismatch`, `Denied`, `Invalid`, and `NotAllowed`
    for a discharged course.
    """
    course = course_for(actor, course_id, now=now)
    scope.require(
        "course.change-severity",
        course,
        actor=actor,
        disciplines=lanes.needed_disciplines(course),
    )
    if course.status == Course.Status.DISCHARGED:
        raise NotAllowed("This course has ended.")
    if severity not in Severity.values:
        raise Invalid.field("/severity", f"One of: {', '.join(Severity.values)}.")
    at = effective_at or now
    if not course.applied_at <= at <= now:
        raise Invalid.field("/effective_at", "Not before the course, and not in the future.")
    # Entered late, it says how severe it was then; how severe it is now was said since.
    later = SeverityChange.objects.filter(course=course, effective_at__gt=at).exists()
    changed = Course.objects.filter(pk=course.pk, version=version).update(
        severity=course.severity if later else severity, version=version + 1, updated_at=now
    )
    if not changed:
        raise VersionMismatch("Somebody else edited this course meanwhile.")
    course.refresh_from_db()
    _write_severity(course, severity, reason, at, actor=actor, now=now)
    stay = standing.open_stay(course)
    if stay is not None:
        stays.expect_anew(course, stay, actor=actor, now=now)
    _tell("course.severity-changed", course, actor=actor, now=now, action=audit.Action.UPDATE)
    standing.reassess(course.pk, actor=actor, now=now)
    return course


def _write_severity(
    course: Course, severity: str, reason: str, at: datetime, *, actor: Actor, now: datetime
) -> None:
    SeverityChange.objects.create(
        organization_id=course.organization_id,
        course=course,
        severity=severity,
        reason=reason,
        actor=actor.label,
        user_id=actor.user_id,
        effective_at=at,
        recorded_at=now,
    )


def _tell(
    event: str,
    course: Course,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action,
    **more: str,
) -> None:
    tell(
        event,
        subject="Course",
        subject_id=course.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={
            "severity": course.severity,
            "side": course.side,
            "status": course.status,
            **more,
        },
    )
