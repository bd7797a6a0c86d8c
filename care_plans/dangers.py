"""What was found to endanger a person, on whichever of their courses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet

from care_plans.content.safety import OF_PATIENT, STOPS_LOADING
from care_plans.models import RedFlag
from coordination.access import IsAnyOf


class _OfPatient(Protocol):
    """A course, or its row."""

    @property
    def id(self) -> UUID: ...

    @property
    def patient_id(self) -> UUID: ...


class Danger(NamedTuple):
    """A screen that found what endangers the person, on whichever course."""

    screen_id: UUID
    course_id: UUID
    urgency: str


def elsewhere(found: Iterable[Danger], course: _OfPatient, *, hard: bool) -> tuple[UUID, ...]:
    """Return the screens on other courses that found a hard stop, or something less urgent."""
    return tuple(
        one.screen_id
        for one in found
        if one.course_id != course.id and (one.urgency in STOPS_LOADING) is hard
    )


# a version adopted since may call a flag more urgent than its screen did
_DANGERS = """
SELECT a.patient_id, a.screen_id, s.course_id, a.urgency
FROM care_plans_redflaganswer a JOIN care_plans_redflagscreen s ON s.id = a.screen_id
WHERE a.patient_id = ANY(%b) AND a.answer = 'present' AND a.urgency = ANY(%s)
    AND s.effective_at <= %s AND NOT EXISTS (
    SELECT FROM care_plans_redflag f
    WHERE f.course_id = s.course_id AND f.flag = a.flag AND a.screen_id = ANY(f.found_in)
        AND f.status = 'cleared' AND f.cleared_at <= %s)
UNION
SELECT patient_id, screen_id, course_id, urgency
FROM care_plans_redflag
WHERE patient_id = ANY(%b) AND urgency = ANY(%s) AND found_at <= %s
    AND (cleared_at IS NULL OR cleared_at > %s)
ORDER BY screen_id
"""


def asking_for_dangers(patient_ids: Sequence[UUID], now: datetime) -> tuple[Any, ...]:
    """Return what to ask the database for each screen that found what endangers a patient.

    That a course has ended clears nothing: only a clinician's decision does.
    """
    endangering = [urgency.value for urgency in OF_PATIENT]
    return _DANGERS, *((list(patient_ids), endangering, now, now) * 2)


def by_patient(rows: Iterable[Any]) -> defaultdict[UUID, list[Danger]]:
    """Return by patient what was found, of the rows that `asking_for_dangers` is answered with."""
    found: defaultdict[UUID, list[Danger]] = defaultdict(list)
    for patient_id, *danger in rows:
        found[patient_id].append(Danger._make(danger))
    return found


def clearing(now: datetime) -> QuerySet[RedFlag, RedFlag]:
    """Return the decision that cleared an answer of a screen, to be asked for each answer."""
    return RedFlag.objects.filter(
        IsAnyOf(OuterRef("screen_id"), F("found_in")),
        course_id=OuterRef("screen__course_id"),
        flag=OuterRef("flag"),
        status=RedFlag.Status.CLEARED,
        cleared_at__lte=now,
    )
