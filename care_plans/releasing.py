"""Releasing activities: what waited may begin, and what its stop condition ends is stopped.

Whoever looks at a course first records it, under the course's lock: whoever completed what was
waited for, whoever recorded a score, or the sweep that looks again at what only time has changed.
Until then the same code answers a reader, and whoever begins: nobody waits for a sweep.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from care_plans import facts as facts_of_courses
from care_plans.clinic_days import ClinicDays, clinic_days
from care_plans.disclosing import explain
from care_plans.evidence import Facts, Outcome
from care_plans.models import Activity, Course, StageStay
from care_plans.telling import tell
from care_plans.timing import Clock, Planned, Timing
from coordination.actors import Actor
from coordination.care_team import lead_of
from coordination.problems import NotAllowed

Status = Activity.Status
IS_OVER = "Its stop condition is met."
_BEGUN = (Status.IN_PROGRESS, Status.ON_HOLD)


class ActivityWaits(NotAllowed):
    """Something that must come first has not; `waits_for` says what."""

    type = "activity-waits"
    title = "This activity waits"


def rows_of(stay: StageStay) -> QuerySet[Activity, Activity]:
    """Return the activities of a stay with what their timing is reckoned by."""
    rows = Activity.objects.filter(course_id=stay.course_id, sequence=stay.sequence)
    return rows.select_related("lane__practitioner_role__location").order_by("id")


def clock_of(
    course: Course, stay: StageStay, rows: Iterable[Activity], facts: Facts, now: datetime
) -> Clock:
    """Return what the timing of a stay's activities is asked of; `rows` are all of them."""
    stage: Any = stay.stage
    planned = {
        row.key: Planned(row.id, row.status, row.began_at, row.ended_at)
        for row in rows
        if row.sequence == stay.sequence
    }
    return Clock(course.pathway_version.definition, stage, facts, planned, now)


def days_of(row: Activity, leads_at: ClinicDays) -> ClinicDays:
    """Return the days of the location where an activity is done: its lane's, or the lead's."""
    role = row.lane.practitioner_role
    return clinic_days(role.location) if role is not None else leads_at


def leads_days(course: Course) -> ClinicDays:
    """Return the days of the location where the course's lead works."""
    lead = lead_of(course.patient)
    return clinic_days(lead.practitioner_role.location if lead is not None else None)


def follow(course: Course, stay: StageStay, facts: Facts, *, now: datetime) -> None:
    """Stop what is over and release what waits no more, in the present stay; safe to repeat.

    The course must be active, and its row locked.
    """
    stage: Any = stay.stage
    if not course.pathway_version.definition.stage(stage).is_timed:
        _release_all(stay)
        return
    rows = list(rows_of(stay))
    leads_at = leads_days(course)
    clock = clock_of(course, stay, rows, facts, now)
    for row in rows:
        timing = clock.timing(row.key, days_of(row, leads_at))
        if row.status in _BEGUN and timing.is_over:
            _stop(row, course, timing, now=now)
    # what was stopped just now may be what another one waited for
    clock = clock_of(course, stay, rows, facts, now)
    for row in rows:
        if row.status == Status.NOT_STARTED and row.released_at is None:
            timing = clock.timing(row.key, days_of(row, leads_at))
            if timing.outcome is Outcome.MET:
                _release(row, course, timing, now=now)


def _release_all(stay: StageStay) -> None:
    """Release the activities of a stage in which nothing waits, since the stay began."""
    waiting = Activity.objects.filter(
        course_id=stay.course_id, sequence=stay.sequence, status=Status.NOT_STARTED
    )
    waiting.filter(released_at=None).update(released_at=stay.entered_at, due_from=stay.entered_at)


def _release(row: Activity, course: Course, timing: Timing, *, now: datetime) -> None:
    row.released_at = min(timing.since or now, now)
    row.released_on = [finding.as_json() for finding in timing.start]
    row.due_from, row.due_until = timing.due_from or row.released_at, timing.due_until
    # it says nothing of what people edit: nobody's edit is behind because of it
    row.save(update_fields=["released_at", "released_on", "due_from", "due_until"])
    if timing.start:
        _tell("activity.released", row, course, now=now, detail={"key": row.key})


def _stop(row: Activity, course: Course, timing: Timing, *, now: datetime) -> None:
    assert timing.stop is not None
    row.status, row.because, row.stopped_on = Status.STOPPED, IS_OVER, timing.stop.as_json()
    row.ended_at = max(now, row.began_at or now)
    Activity.objects.filter(pk=row.pk).update(
        status=row.status,
        because=row.because,
        stopped_on=row.stopped_on,
        ended_at=row.ended_at,
        version=F("version") + 1,
        updated_at=now,
    )
    _tell("activity.over", row, course, now=now, detail={"key": row.key, "status": row.status})


def _tell(
    event: str, row: Activity, course: Course, *, now: datetime, detail: dict[str, Any]
) -> None:
    tell(
        event,
        subject="Activity",
        subject_id=row.pk,
        patient_id=course.patient_id,
        actor=Actor.system("care_plans.releasing", course.organization_id),
        now=now,
        detail=detail,
    )


def follow_move(activity: Activity, *, now: datetime) -> None:
    """Let the others of its stay follow what became of an activity; its course is locked."""
    course, stay = activity.course, _open_stay(activity)
    if stay is not None and _is_timed(course, stay):
        facts = facts_of_courses.gather([course], now=now)[course.id]
        follow(course, stay, facts, now=now)


def must_be_released(activity: Activity, *, actor: Actor, now: datetime) -> None:
    """Raise `ActivityWaits` while an activity waits; release it if it has just ceased to.

    What was released does not begin either while its stop condition is met. Its course must be
    active, and locked.
    """
    course, stay = activity.course, _open_stay(activity)
    if activity.released_at is not None and (stay is None or not _is_timed(course, stay)):
        return
    timing = looked_at(activity, now=now)
    waits_for = timing.waits_for if activity.released_at is None else timing.over
    if waits_for:
        _refuse("This activity waits", waits_for, course, actor=actor, now=now)


def looked_at(activity: Activity, *, now: datetime) -> Timing:
    """Release what waits no more, and return how an activity of the present stay stands then.

    Its course must be active, and locked.
    """
    course, stay = activity.course, _open_stay(activity)
    assert stay is not None
    facts = facts_of_courses.gather([course], now=now)[course.id]
    follow(course, stay, facts, now=now)
    activity.refresh_from_db(fields=["released_at"])
    return _timing(activity, course, stay, facts, now)


def must_be_completable(activity: Activity, *, actor: Actor, now: datetime) -> None:
    """Raise `ActivityWaits` while something must be over before this activity is completed."""
    course, stay = activity.course, _open_stay(activity)
    if stay is None or not _is_timed(course, stay):
        return
    facts = facts_of_courses.gather([course], now=now)[course.id]
    finish = _timing(activity, course, stay, facts, now).finish
    open_ones = tuple(finding for finding in finish if finding.outcome is not Outcome.MET)
    if open_ones:
        _refuse("This activity cannot be completed yet", open_ones, course, actor=actor, now=now)


def _refuse(words: str, findings: Any, course: Course, *, actor: Actor, now: datetime) -> None:
    told = explain(findings, course.patient_id, actor=actor, now=now)
    sentences = dict.fromkeys(finding["sentence"] for finding in told)
    raise ActivityWaits(f"{words}: {' '.join(sentences)}", waits_for=told)


def _timing(
    activity: Activity, course: Course, stay: StageStay, facts: Facts, now: datetime
) -> Timing:
    rows = list(rows_of(stay))
    (row,) = [row for row in rows if row.pk == activity.pk]
    clock = clock_of(course, stay, rows, facts, now)
    return clock.timing(row.key, days_of(row, leads_days(course)))


def _is_timed(course: Course, stay: StageStay) -> bool:
    stage: Any = stay.stage
    return course.pathway_version.definition.stage(stage).is_timed


def _open_stay(activity: Activity) -> StageStay | None:
    return StageStay.objects.filter(
        course_id=activity.course_id, left_at=None, sequence=activity.sequence
    ).first()
