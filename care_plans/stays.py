"""Staying in a stage: what begins with it, what a pause stretches, and what ends with it."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from care_plans import activities, lanes, reminders, staffing
from care_plans import facts as facts_of_courses
from care_plans.content.sourced import Duration
from care_plans.models import Course, StageStay
from coordination.actors import Actor


def enter(
    course: Course, stage: str, *, effective_at: datetime, actor: Actor, now: datetime
) -> StageStay:
    """Begin a stay: decide the lanes, plan activities, staff or refer, tell everybody.

    The course must be active in this stage already, its former stay ended.
    """
    definition = course.pathway_version.definition
    name: Any = stage
    content = definition.stage(name)
    severity: Any = course.severity
    review = content.review.after
    stay = StageStay.objects.create(
        organization_id=course.organization_id,
        course=course,
        stage=stage,
        sequence=StageStay.objects.filter(course=course).count() + 1,
        entered_at=effective_at,
        recorded_at=now,
        expected_until=effective_at + _days(content.weeks(severity).stay),
        review_at=effective_at + _days(review) if isinstance(review, Duration) else None,
        standing_since=now,
        checked_at=now,
    )
    facts = facts_of_courses.gather([course], now=now)[course.id]
    lanes.decide_lanes(
        course,
        definition,
        name,
        facts,
        keep_decisions=stay.sequence == 1,  # they were made about this stage, during intake
        only_add=False,
        entered_at=effective_at,
        now=now,
    )
    activities.plan_stage(course, definition, name, stay.sequence, facts, now=now)
    activities.stop_unneeded(course, now=now)
    staffing.withdraw(
        staffing.unneeded(course), reason_code="no_longer_needed", actor=actor, now=now
    )
    staffing.staff(course, stay, content.referring, entered_at=effective_at, actor=actor, now=now)
    reminders.stage_entered(course, stay, actor=actor, now=now)
    return stay


def leave(
    course: Course, stay: StageStay, *, effective_at: datetime, actor: Actor, now: datetime
) -> None:
    """End a stay: stop what was not completed, and take back what was still to be said."""
    StageStay.objects.filter(pk=stay.pk, left_at=None).update(left_at=effective_at)
    activities.stop_open_activities(course, because="The stage has ended.", now=now)
    reminders.take_back(stay.pk, because="the stage has ended", actor=actor, now=now)


def stretch(course: Course, stay: StageStay, by: timedelta, *, actor: Actor, now: datetime) -> None:
    """Move what is expected of a stay on by the length of a pause, and plan its alerts anew.

    The standing is open again until the course is next looked at: what the pause took back of
    it is thereby news to everybody.
    """
    StageStay.objects.filter(pk=stay.pk).update(
        expected_until=F("expected_until") + by,
        review_at=F("review_at") + by,
        plan=F("plan") + 1,
        standing=StageStay.Standing.WORKING,
        standing_since=now,
        blocked_by=[],
    )
    stay.refresh_from_db()
    reminders.plan_anew(course, stay, actor=actor, now=now)


def expect_anew(course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> None:
    """Time a stay by the course's present version and severity, keeping what pauses have added."""
    definition = course.pathway_version.definition
    name: Any = stay.stage
    severity: Any = course.severity
    paused = _paused_since(stay)
    content = definition.stage(name)
    since, review = stay.entered_at + paused, content.review.after
    StageStay.objects.filter(pk=stay.pk).update(
        expected_until=since + _days(content.weeks(severity).stay),
        review_at=since + _days(review) if isinstance(review, Duration) else None,
        plan=F("plan") + 1,
    )
    stay.refresh_from_db()
    reminders.plan_anew(course, stay, actor=actor, now=now)


def _paused_since(stay: StageStay) -> timedelta:
    """Return how long the course was paused during this stay."""
    total, began = timedelta(), None
    moves = stay.course.transitions.filter(action__in=["pause", "resume"])
    for move in moves.filter(effective_at__gte=stay.entered_at).order_by("recorded_at", "id"):
        if move.action == "pause":
            began = move.effective_at
        elif began is not None:
            total, began = total + (move.effective_at - began), None
    return total


def _days(duration: Duration) -> timedelta:
    return timedelta(days=duration.days)
