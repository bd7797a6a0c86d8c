"""How activities stand in time, as a reader may know it: what each waits for, when it is due."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from care_plans import facts as facts_of_courses
from care_plans.clinic_days import ClinicDays
from care_plans.content.sourced import STAGES
from care_plans.disclosing import disclose, hidden_evidence, withhold_all
from care_plans.evaluation import evaluate
from care_plans.evidence import Finding, Outcome
from care_plans.models import Activity, Course, Lane, PathwayVersion, StageStay
from care_plans.releasing import clock_of, days_of, leads_days
from care_plans.timing import Clock, Timing
from coordination.actors import Actor
from coordination.disclosure import something_withheld

Status = Activity.Status
_ENDED = (Status.COMPLETED, Status.STOPPED)
#: why nothing begins while the course is not active
_RESTS: Mapping[str, str] = {
    Course.Status.INTAKE: "The course has not been started.",
    Course.Status.PAUSED: "The course is paused.",
    Course.Status.DISCHARGED: "The course has ended.",
}


def timed[R: Iterable[Any]](rows: R, *, actor: Actor, now: datetime) -> R:
    """Give each activity its `timing` as the reader may know it; return the rows.

    They may be of several courses and stays of one patient. What has not been recorded yet is
    reckoned: nobody waits for a sweep. The number of queries does not depend on how many they are.
    """
    wanted = list(rows)
    courses = _courses({row.course_id for row in wanted})
    stays = {
        stay.course_id: stay
        for stay in StageStay.objects.filter(course_id__in=courses, left_at=None)
    }
    clocks, days = _clocks(courses, stays, wanted, now)
    told = []
    for row in wanted:
        course, clock = courses[row.course_id], clocks.get((row.course_id, row.sequence))
        found = clock.timing(row.key, days[row.pk]) if clock is not None else None
        row.timing = _told(row, course, found, now)
        told.append((row, course.patient_id))
    _withhold(told, actor=actor, now=now)
    return rows


def unplanned(course: Course, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Return the activities of a course's present stage that it does not have, and why.

    Either their lane is not needed (or nobody knows), or the condition on which they apply is not
    met, or not known to be. What stands in lanes that are withheld from the reader is left out.
    """
    if course.status == Course.Status.DISCHARGED:
        return []
    stay = StageStay.objects.filter(course=course, left_at=None).first()
    stage: Any = stay.stage if stay is not None else STAGES[0]
    rows = Activity.objects.filter(course=course, sequence=stay.sequence if stay else 1)
    known = set(rows.values_list("key", flat=True))
    shown = disclose(Lane.objects.filter(course=course), actor, now)
    lanes = {lane.discipline: lane for lane in shown}
    facts = facts_of_courses.gather([course], now=now)[course.pk]
    definition = course.pathway_version.definition
    told = [
        {
            "key": one.id,
            "text": one.text,
            "stage": stage,
            "lane": lanes[name].pk,
            "discipline": name,
            "needed": lanes[name].needed,
            "source": [*lane.source, *one.source],
            "applicability": evaluate(one.when, definition, facts, now).as_json()
            if one.when is not None
            else None,
        }
        for name, lane in definition.stage(stage).lanes.items()
        if name in lanes
        for one in lane.activities
        if one.id not in known
    ]
    traces = [one["applicability"] for one in told]
    hidden = hidden_evidence(traces, course.patient_id, actor=actor, now=now)
    return [withhold_all(one, hidden) for one in told]


def _courses(ids: set[UUID]) -> dict[UUID, Course]:
    versions = Prefetch("pathway_version", PathwayVersion.objects.defer("content"))
    rows = Course.objects.filter(pk__in=ids).select_related("patient")
    return {course.pk: course for course in rows.prefetch_related(versions)}


def _clocks(
    courses: Mapping[UUID, Course],
    stays: Mapping[UUID, StageStay],
    wanted: list[Any],
    now: datetime,
) -> tuple[dict[tuple[UUID, int], Clock], dict[UUID, ClinicDays]]:
    """Return a clock for each open stay that anything asked for belongs to, and everyone's days."""
    live = {row.course_id for row in wanted if row.status not in _ENDED} & stays.keys()
    facts = facts_of_courses.gather([courses[one] for one in live], now=now) if live else {}
    siblings: defaultdict[UUID, list[Activity]] = defaultdict(list)
    for row in Activity.objects.filter(course_id__in=live).select_related(
        "lane__practitioner_role__location"
    ):
        siblings[row.course_id].append(row)
    leads: dict[UUID, ClinicDays] = {}
    for one in live:
        patient_id = courses[one].patient_id
        if patient_id not in leads:
            leads[patient_id] = leads_days(courses[one])
    days = {
        row.pk: days_of(row, leads[courses[one].patient_id])
        for one in live
        for row in siblings[one]
    }
    clocks = {
        (one, stays[one].sequence): clock_of(
            courses[one], stays[one], siblings[one], facts[one], now
        )
        for one in live
    }
    return clocks, {row.pk: days.get(row.pk, ClinicDays()) for row in wanted}


def _told(row: Any, course: Course, found: Timing | None, now: datetime) -> dict[str, Any]:
    """Return what the API says of an activity; `found` is None for one of a past stay."""
    timing = found or Timing()
    resting = () if course.status == Course.Status.ACTIVE else (_rests(course),)
    waiting = row.status == Status.NOT_STARTED
    reckoned = waiting and not resting and found is not None and timing.outcome is Outcome.MET
    kept = row.released_at is not None
    over = timing.over if waiting else ()
    released = reckoned or (kept and not over)
    waits_for = () if not waiting or reckoned else over if kept else (*resting, *timing.waits_for)
    return {
        "released": released,
        "released_at": row.released_at if kept else timing.since if reckoned else None,
        "released_by": row.released_by,
        "release_reason": row.release_reason,
        "waits_for": [finding.as_json() for finding in waits_for],
        "applicability": timing.applicability.as_json() if timing.applicability else None,
        "start": row.released_on if kept else [finding.as_json() for finding in timing.start],
        "stop": row.stopped_on or (timing.stop.as_json() if timing.stop else None),
        "finish": [finding.as_json() for finding in timing.finish],
        "due_from": row.due_from if kept else timing.due_from,
        "due_until": row.due_until if kept else timing.due_until,
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "calendar": timing.days.told() if found is not None else None,
    }


def _rests(course: Course) -> Finding:
    return Finding("CourseStatus", Outcome.NOT_MET, _RESTS[course.status])


def _withhold(told: list[tuple[Any, UUID]], *, actor: Actor, now: datetime) -> None:
    """Take out of each trace what rests on something that is withheld from the reader."""
    for patient_id in {patient_id for _, patient_id in told}:
        rows = [row for row, whose in told if whose == patient_id]
        if not something_withheld(actor, now, [patient_id]):
            continue
        traces = [trace for row in rows for trace in _traces(row.timing)]
        hidden = hidden_evidence(traces, patient_id, actor=actor, now=now)
        for row in rows:
            row.timing = withhold_all(row.timing, hidden)


def _traces(timing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    single = [timing[name] for name in ("applicability", "stop") if timing[name] is not None]
    return [*timing["waits_for"], *timing["start"], *timing["finish"], *single]
