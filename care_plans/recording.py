"""What every finding has in common on its way in: its course, its time, and its key."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from care_plans.models import Course
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import Patient
from coordination.problems import FieldError, Invalid, NotAllowed, NotFound, first_of


class CourseNotFound(NotFound):
    """No such course, or none that this actor has a reason to see."""

    type = "course-not-found"


class CourseEnded(NotAllowed):
    """The course had ended by the time that the finding is about."""

    type = "course-ended"


def course_for(actor: Actor, course_id: UUID, *, now: datetime) -> Course:
    """Return a course within the actor's reach, or raise `CourseNotFound`."""
    courses = Course.objects.select_related(
        "pathway_version", "pathway", "care_plan", "patient"
    ).defer("pathway_version__content")
    course: Course | None = owned_by_patient(courses, actor, now).filter(pk=course_id).first()
    if course is None:
        raise CourseNotFound("There is no such course within your reach.")
    return course


def course_within_reach(actor: Actor, course_id: UUID, *, now: datetime) -> Course:
    """Return a course that a finding also names, or raise `Invalid` that points to `/course`."""
    try:
        return course_for(actor, course_id, now=now)
    except CourseNotFound as error:
        raise Invalid.field("/course", error.detail) from error


def course_of(
    patient: Patient, course_id: UUID | None, *, actor: Actor, now: datetime
) -> Course | None:
    """Return the course of a patient that a finding names, if any, or raise `Invalid`."""
    if course_id is None:
        return None
    course = course_within_reach(actor, course_id, now=now)
    if course.patient_id != patient.pk:
        raise Invalid.field("/course", "This course is another patient's.")
    return course


def moment(
    effective_at: datetime | None,
    patient: Patient,
    course: Course | None,
    *,
    corrects: datetime | None = None,
    now: datetime,
) -> datetime:
    """Return when a finding held; none means now.

    Late entry is welcome. Raises `Invalid` for the future or before the patient was born, and
    `CourseEnded` for a time after the course's discharge; what was recorded of a time before the
    discharge was entered late may still be put right (`corrects`: its time).
    """
    at = effective_at or now
    if at > now:
        raise Invalid.field("/effective_at", "This lies in the future.")
    if patient.birth_date is not None and at.astimezone(UTC).date() < patient.birth_date:
        raise Invalid.field("/effective_at", "This lies before the patient was born.")
    ended = course.discharged_at if course is not None else None
    if ended is not None and at > max(ended, corrects or ended):
        raise CourseEnded("The course was discharged before that.")
    return at


def digest(sent: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what was sent, so that a repeated key can be told from a reused one."""
    return sha256(json.dumps(sent, sort_keys=True, default=str).encode()).hexdigest()


def refuse(errors: Iterable[FieldError], what: str) -> None:
    """Raise `Invalid` with the errors, if there is one; then nothing at all is written."""
    found = first_of(errors)
    if found:
        raise Invalid(f"{what}: nothing was recorded.", errors=found)
