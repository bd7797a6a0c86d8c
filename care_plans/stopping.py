"""Which open red flags stop a course, or block its next move, as far as a reader may know.

A flag that endangers the person stops all their courses. Whoever may not read where it was found is
told that something of the person stops this one, and no more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from care_plans.content.safety import BLOCKS_PROGRESSION, OF_PATIENT, STOPS_LOADING, Urgency
from care_plans.disclosing import disclose
from care_plans.models import Course, RedFlag, RedFlagAnswer
from care_plans.red_flags import with_words
from coordination.actors import Actor

WITHHELD_STOP = "Something of this person stops it; what, and where it was found, is withheld."


@dataclass(frozen=True, slots=True)
class Stop:
    """A red flag that holds a course up; `red_flag` is None where it is withheld."""

    sentence: str
    red_flag: RedFlag | None = None
    is_of_other_course: bool | None = None


def stops(course: Course, *, actor: Actor, now: datetime) -> list[Stop]:
    """Return what stops a course, the most pressing first; all that is withheld is one stop.

    Of a course that has ended it is what stays open: a review of it ends with it.
    """
    which = Q(urgency__in=_values(OF_PATIENT))
    if course.status != Course.Status.DISCHARGED:
        which |= Q(course=course, urgency__in=_values(BLOCKS_PROGRESSION))
    return _stops(which, course.patient_id, course, actor, now)


def left_open(patient_id: UUID, *, actor: Actor, now: datetime) -> list[Stop]:
    """Return what endangers a person still, whatever of their care has ended, likewise."""
    return _stops(Q(urgency__in=_values(OF_PATIENT)), patient_id, None, actor, now)


def loading_stops(course: Course, *, actor: Actor, now: datetime) -> list[Stop]:
    """Return what holds the loading of a course, likewise."""
    which = Q(urgency__in=_values(STOPS_LOADING))
    return _stops(which, course.patient_id, course, actor, now)


def _values(urgencies: Iterable[Urgency]) -> list[str]:
    return [one.value for one in urgencies]


def _stops(
    which: Q, patient_id: UUID, course: Course | None, actor: Actor, now: datetime
) -> list[Stop]:
    rows = RedFlag.objects.filter(which, patient_id=patient_id).exclude(
        status=RedFlag.Status.CLEARED
    )
    shown = with_words(disclose(rows, actor, now))
    urgencies = list(RedFlagAnswer.Urgency.values)
    found = sorted(shown, key=lambda row: (urgencies.index(row.urgency), row.found_at, row.pk))
    told = [_told(row, course) for row in found]
    hidden = rows.exclude(pk__in=[row.pk for row in found]).exists()
    return [*told, *([Stop(WITHHELD_STOP)] if hidden else [])]


def _told(row: RedFlag, course: Course | None) -> Stop:
    is_of_other = None if course is None else row.course_id != course.pk
    named = f'on the course "{row.course.condition}"'
    where = "on this course" if is_of_other is False else named
    urgency = row.urgency.replace("_", " ")
    return Stop(f"Open red flag {where}: {row.flag} ({urgency}).", row, is_of_other)
