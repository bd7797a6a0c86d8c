"""What was found to endanger a person, on whichever of their courses."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from care_plans.content.safety import OF_PATIENT, STOPS_LOADING
from care_plans.models import RedFlag, RedFlagAnswer
from coordination.access import IsAnyOf
from coordination.statements import is_among


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


def dangers_of(courses: Iterable[_OfPatient], now: datetime) -> defaultdict[UUID, list[Danger]]:
    """Return by patient each screen that found what endangers them.

    That a course has ended clears nothing: only a clinician's decision does.
    """
    found: defaultdict[UUID, list[Danger]] = defaultdict(list)
    patients = is_among("patient_id", {course.patient_id for course in courses})
    endangering = [urgency.value for urgency in OF_PATIENT]
    present = RedFlagAnswer.objects.filter(
        patients,
        answer=RedFlagAnswer.Answer.PRESENT,
        urgency__in=endangering,
        screen__effective_at__lte=now,
    ).exclude(Exists(clearing(now)))
    rows = present.values_list("patient_id", "screen_id", "screen__course_id", "urgency").distinct()
    # a version adopted since may call a flag more urgent than its screen did
    flags = RedFlag.objects.filter(patients, urgency__in=endangering, found_at__lte=now)
    lifted = flags.exclude(cleared_at__lte=now)
    more = lifted.values_list("patient_id", "screen_id", "course_id", "urgency")
    for patient_id, screen_id, course_id, urgency in dict.fromkeys((*rows, *more)):
        found[patient_id].append(Danger(screen_id, course_id, urgency))
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
