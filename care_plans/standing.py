"""Where a course stands: what its stage still lacks, which lane holds it up, and who is told.

`reassess` is called whenever something that matters was recorded, and by a sweep for what only
time changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from care_plans import achieving, activities, lanes, recommending, releasing, reminders, staffing
from care_plans import facts as facts_of_courses
from care_plans.content.sourced import STAGES
from care_plans.evaluation import Asked, Outcomes, outcomes, readiness
from care_plans.evidence import Facts, Outcome, Readiness
from care_plans.models import Course, Lane, LaneSignOff, StageStay
from coordination.actors import Actor

Standing = StageStay.Standing


@dataclass(frozen=True, slots=True)
class Judgement:
    """A course's readiness, what that makes of its stay, and the lanes that hold it up."""

    readiness: Readiness
    standing: StageStay.Standing
    blocked_by: tuple[str, ...]


def judge(courses: Iterable[Course], *, now: datetime) -> Mapping[UUID, Judgement]:
    """Judge courses by what is recorded, without changing anything.

    Takes a number of queries that does not depend on how many courses they are; their
    `pathway_version` must have been fetched with them.
    """
    wanted = list(courses)
    gathered = facts_of_courses.gather(wanted, now=now)
    return {course.id: judged(course, gathered[course.id], now) for course in wanted}


def judged(course: Course, facts: Facts, now: datetime) -> Judgement:
    """Judge a course by facts that were gathered already."""
    definition = course.pathway_version.definition
    return Judgement(
        readiness(definition, facts, now),
        *stands(outcomes(Asked(definition, facts, now)), facts),
    )


def stands(found: Outcomes, facts: Facts) -> tuple[StageStay.Standing, tuple[str, ...]]:
    """Return how a course stands by its readiness, and the lanes that hold it up."""
    holding = tuple(
        sorted(
            name
            for name, lane in facts.lanes.items()
            if (lane.needed and lane.ready is False)
            or (found.criteria_met and lane.needed is not False and lane.ready is None)
        )
    )
    if found.safety is Outcome.NOT_MET:
        return Standing.STOPPED, holding
    if found.whole is Outcome.MET:
        return Standing.READY, ()
    return (Standing.BLOCKED if holding else Standing.WORKING), holding


@transaction.atomic
def reassess(course_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Bring an active course up to date with what is recorded; safe to repeat.

    Conditional lanes that have become needed get their activities and their referral, lanes
    that lost their practitioner get another, and whoever must know is told where it stands.
    Call it after recording scores, answers or screens, in the same transaction.
    """
    course = hold(course_id)
    stay = open_stay(course)
    if stay is None:
        prepare(course, actor=actor, now=now)
    elif course.status == Course.Status.ACTIVE:
        facts = _catch_up(course, stay, actor=actor, now=now)
        recommending.follow(course, facts, actor=actor, now=now)
        achieving.follow(course, facts, actor=actor, now=now)
        _settle(course, stay, judged(course, facts, now), actor=actor, now=now)
    else:
        # what is found while a course rests is suggested all the same; nothing else follows
        facts = facts_of_courses.gather([course], now=now)[course.id]
        recommending.follow(course, facts, actor=actor, now=now)
        achieving.follow(course, facts, actor=actor, now=now)
        StageStay.objects.filter(pk=stay.pk).update(checked_at=now)


def hold(course_id: UUID) -> Course:
    """Return a course, holding its row until the transaction ends, so that moves take turns."""
    rows = (
        Course.objects.select_for_update(of=("self",), no_key=True)
        .select_related("pathway_version", "pathway", "patient")
        .defer("pathway_version__content")
    )
    # Whoever waited while the course was given another version finds no row, since PostgreSQL
    # joins the new row with the version that it had before; asked again, it finds the course.
    course: Course | None = rows.filter(pk=course_id).first()
    return course if course is not None else rows.get(pk=course_id)


def open_stay(course: Course) -> StageStay | None:
    """Return the stay that the course is in; None in intake and after discharge."""
    return StageStay.objects.filter(course=course, left_at=None).first()


@transaction.atomic
def remind_anew(course_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Tell whoever leads and works on an active course now what it has come to.

    Those who were to be told already are told once; safe to repeat.
    """
    course = hold(course_id)
    stay = open_stay(course)
    if stay is not None and course.status == Course.Status.ACTIVE:
        reminders.say_anew(course, stay, actor=actor, now=now)


def prepare(course: Course, *, actor: Actor, now: datetime) -> None:
    """During intake, plan the first stage: its lanes follow the answers. Safe to repeat."""
    if course.status == Course.Status.DISCHARGED:
        # what is corrected or entered late still says how far its goals had come
        facts = facts_of_courses.gather([course], now=now)[course.id]
        achieving.follow(course, facts, actor=actor, now=now)
    if course.status != Course.Status.INTAKE:
        return
    definition, first = course.pathway_version.definition, STAGES[0]
    facts = facts_of_courses.gather([course], now=now)[course.id]
    lanes.decide_lanes(
        course, definition, first, facts, keep_decisions=True, only_add=False, now=now
    )
    activities.plan_stage(course, definition, first, 1, facts, now=now)
    recommending.follow(course, facts, actor=actor, now=now)
    achieving.follow(course, facts, actor=actor, now=now)


def _catch_up(course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> Facts:
    """Let lanes, activities and referrals follow the facts; return the facts as they are then."""
    definition = course.pathway_version.definition
    stage: Any = stay.stage
    facts = facts_of_courses.gather([course], now=now)[course.id]
    changed = lanes.decide_lanes(
        course, definition, stage, facts, keep_decisions=True, only_add=True, now=now
    )
    activities.plan_stage(course, definition, stage, stay.sequence, facts, now=now)
    came = staffing.staff(course, stay, definition.stage(stage).referring, actor=actor, now=now)
    if changed or came:
        reminders.stage_entered(course, stay, actor=actor, now=now)
        facts = facts_of_courses.gather([course], now=now)[course.id]
    releasing.follow(course, stay, facts, now=now)
    return facts


def _settle(
    course: Course, stay: StageStay, found: Judgement, *, actor: Actor, now: datetime
) -> None:
    news = _news(stay, found)
    stay.standing, stay.blocked_by = found.standing, list(found.blocked_by)
    stay.checked_at = now
    if news is not None:
        stay.standing_since = now
    stay.save(update_fields=["standing", "blocked_by", "checked_at", "standing_since"])
    if news is not None:
        reminders.standing_changed(course, stay, news, actor=actor, now=now)


def _news(stay: StageStay, found: Judgement) -> Sequence[str] | None:
    """Return the lanes that hold the course up and were not told so yet; None: nothing new.

    That one of several lanes has answered is no news to those who still wait.
    """
    if stay.standing != found.standing:
        return found.blocked_by
    fresh = [name for name in found.blocked_by if name not in stay.blocked_by]
    return fresh if fresh and found.standing == Standing.BLOCKED else None


@transaction.atomic
def sign_off(
    lane_id: UUID,
    *,
    verdict: str,
    reason: str = "",
    effective_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> LaneSignOff:
    """Record whether a lane is ready for the next step, and tell who waits for it.

    Raises `LaneNotFound`, `Denied`, `NothingToSignOff`, `Invalid`.
    """
    course_id = lanes.lane_for(actor, lane_id, now=now).course_id
    hold(course_id)
    signed = lanes.write_sign_off(
        lanes.lane_for(actor, lane_id, now=now),
        verdict=verdict,
        reason=reason,
        effective_at=effective_at,
        actor=actor,
        now=now,
    )
    reassess(course_id, actor=actor, now=now)
    return signed


@transaction.atomic
def decide_lane(
    lane_id: UUID, *, version: int, needed: bool, reason: str, actor: Actor, now: datetime
) -> Lane:
    """Let the lead decide whether a lane is needed in this stage; its work follows.

    A lane that is needed after all gets its stopped activities back, and a further referral.
    Raises `LaneNotFound`, `Denied`, `Invalid`, `VersionMismatch`, and `NotAllowed` once the course
    has ended.
    """
    lane = lanes.lane_for(actor, lane_id, now=now)
    course = hold(lane.course_id)
    lane = lanes.write_decision(
        lane, version=version, needed=needed, reason=reason, actor=actor, now=now
    )
    if not needed:
        activities.stop_lane(lane, because=activities.NOT_NEEDED, now=now)
        staffing.withdraw([lane], reason_code="no_longer_needed", actor=actor, now=now)
    else:
        stay = open_stay(course)
        activities.reopen_lane(lane, sequence=stay.sequence if stay else 1, actor=actor, now=now)
        staffing.take_up_again(lane, now=now)
    reassess(lane.course_id, actor=actor, now=now)
    lane.refresh_from_db()
    return lane
