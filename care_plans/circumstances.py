"""Answers to what a pathway asks about the person's circumstances: which lanes they need, say."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from care_plans import scope, standing
from care_plans.content.condition import Asked
from care_plans.content.pathways import PathwayDefinition
from care_plans.models import CourseAnswer
from care_plans.recording import course_for, moment, refuse
from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor
from coordination.near_names import no_such
from coordination.problems import FieldError, pointer

TEXT_LENGTH = 2000


@transaction.atomic
def record_answers(
    course_id: UUID,
    *,
    answers: Mapping[str, Any],
    effective_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> list[CourseAnswer]:
    """Record answers by question; for each question the latest answer holds from then on.

    Raises `CourseNotFound`, `Invalid` with a pointer to each wrong answer, `Denied`, `CourseEnded`.
    """
    course = course_for(actor, course_id, now=now)
    role = scope.require("answer.record", course, actor=actor)
    standing.hold(course.pk)
    refuse(_flaws(answers, course.pathway_version.definition), "The answers are not valid")
    at = moment(effective_at, course.patient, course, now=now)
    rows = CourseAnswer.objects.bulk_create(
        CourseAnswer(
            organization_id=actor.organization_id,
            patient_id=course.patient_id,
            course=course,
            practitioner_role=role,
            actor=actor.label,
            user_id=actor.user_id,
            effective_at=at,
            recorded_at=now,
            question=question,
            answer=answer,
        )
        for question, answer in answers.items()
    )
    tell(
        "course.answered",
        subject="Course",
        subject_id=course.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        detail={"questions": sorted(answers)},
    )
    standing.reassess(course.pk, actor=actor, now=now)
    return rows


def _flaws(answers: Mapping[str, Any], definition: PathwayDefinition) -> Iterator[FieldError]:
    if not answers:
        yield FieldError("/answers", "There is nothing to record.")
    for question, answer in answers.items():
        asked = definition.context.get(question)
        if asked is None:
            words = no_such("This pathway asks no such question", question, definition.context)
            yield FieldError(pointer("answers", question), words)
        elif detail := _flaw(asked, answer):
            yield FieldError(pointer("answers", question), detail)


def _flaw(asked: Asked, answer: Any) -> str:
    if asked.type == "yes_no":
        return "" if isinstance(answer, bool) else "Answer true or false."
    if asked.type == "choice":
        fits = isinstance(answer, str) and answer in asked.choices
        return "" if fits else f"Answer one of: {', '.join(asked.choices)}."
    if not isinstance(answer, str) or not answer.strip() or "\x00" in answer:
        return "Answer in words."
    return "" if len(answer) <= TEXT_LENGTH else f"Use at most {TEXT_LENGTH} characters."
