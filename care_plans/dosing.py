"""Levels of loading: one step up when the level's gate is met, down at any time for a reason."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from care_plans import facts as facts_of_courses
from care_plans import leading, scope, standing
from care_plans.activities import activity_for, must_be_safe, require_for
from care_plans.content.pathways import DoseLevel, PathwayDefinition
from care_plans.counting import said_in_stay
from care_plans.disclosing import explain
from care_plans.evaluation import evaluate, may_load
from care_plans.evidence import Facts, Finding, Outcome
from care_plans.models import Activity, Course, DoseChange
from care_plans.telling import tell
from coordination.actors import Actor
from coordination.problems import Invalid, NotAllowed, VersionMismatch

Direction = DoseChange.Direction


class DoseHeld(NotAllowed):
    """The gate of the next level is not met or not known; `finding` says what is missing."""

    type = "dose-held"
    title = "The next level waits"


@transaction.atomic
def change_dose(
    activity_id: UUID,
    *,
    version: int,
    to_level: str,
    reason: str = "",
    override: bool = False,
    actor: Actor,
    now: datetime,
) -> Activity:
    """Take an activity to another of its pathway's dose levels; the trace is kept.

    Up goes one level at a time, when the level's gate is met by what was said in the present stay
    and no hard stop is open; the lead may override the gate, never the stop, for a reason. Down
    goes to any level, for a reason.
    Raises `ActivityNotFound`, `Denied`, `Invalid`, `NotAllowed` for an activity without a dose
    or that has ended, `DoseHeld`, `LoadingHeld`, `VersionMismatch`.
    """
    activity = activity_for(actor, activity_id, now=now)
    role = require_for("activity.dose", activity, actor)
    course = standing.hold(activity.course_id)
    _must_go_on(activity, course)
    levels = [level.id for level in course.pathway_version.definition.dose_levels]
    if to_level not in levels:
        raise Invalid.field("/to_level", f"One of: {', '.join(levels)}.")
    # a level that the version does not have (any more) lies above all that it has
    known = activity.dose_level in levels
    here = levels.index(activity.dose_level) if known else len(levels)
    there = levels.index(to_level)
    if here == there:
        raise Invalid.field("/to_level", "The activity is at this level already.")
    finding, overridden = None, False
    if there > here:
        if there > here + 1:
            raise NotAllowed(f"Levels are taken one by one: the next is {levels[here + 1]}.")
        finding, overridden = _gate(
            activity, course, to_level, override=override, reason=reason, actor=actor, now=now
        )
    elif not reason.strip():
        raise Invalid.field("/reason", "Say why it goes back.")
    changed = Activity.objects.filter(pk=activity.pk, version=version).update(
        dose_level=to_level, version=version + 1, updated_at=now
    )
    if not changed:
        raise VersionMismatch("Somebody else edited this activity meanwhile.")
    change = DoseChange.objects.create(
        organization_id=activity.organization_id,
        activity=activity,
        from_level=activity.dose_level,
        to_level=to_level,
        direction=Direction.UP if there > here else Direction.DOWN,
        finding=finding.as_json() if finding else None,
        overridden=overridden,
        reason=reason,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    tell(
        "activity.dose-changed",
        subject="Activity",
        subject_id=activity.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        detail={
            "change": str(change.pk),
            "from": change.from_level,
            "to": change.to_level,
            "overridden": overridden,
        },
    )
    activity.refresh_from_db()
    return activity


def level_above(level: str, definition: PathwayDefinition) -> DoseLevel | None:
    """Return the level that comes after one; None above the last, and for one that is not known."""
    known = [one.id for one in definition.dose_levels]
    above = known.index(level) + 1 if level in known else len(known)
    return definition.dose_levels[above] if above < len(known) else None


def holding(
    level: DoseLevel,
    activity: Activity,
    definition: PathwayDefinition,
    facts: Facts,
    now: datetime,
) -> tuple[Finding, ...]:
    """Return the trace of each thing that keeps an activity from going up to a level now."""
    asked = [may_load(definition, facts, now)] if activity.is_loading else []
    if level.gate is not None:
        asked.append(evaluate(level.gate, definition, said_in_stay(facts), now))
    return tuple(finding for finding in asked if finding.outcome is not Outcome.MET)


def _must_go_on(activity: Activity, course: Course) -> None:
    if not activity.dose_level:
        raise NotAllowed("This activity has no dose level.")
    ended = activity.status in (Activity.Status.COMPLETED, Activity.Status.STOPPED)
    if ended or course.status != Course.Status.ACTIVE:
        raise NotAllowed("The dose changes only while the course is active and it goes on.")


def _gate(
    activity: Activity,
    course: Course,
    to_level: str,
    *,
    override: bool,
    reason: str,
    actor: Actor,
    now: datetime,
) -> tuple[Finding | None, bool]:
    if activity.is_loading:
        must_be_safe(course, actor=actor, now=now)
    definition = course.pathway_version.definition
    gate = next(level.gate for level in definition.dose_levels if level.id == to_level)
    if gate is None:
        return None, False
    facts = said_in_stay(facts_of_courses.gather([course], now=now)[course.id])
    finding = evaluate(gate, definition, facts, now)
    if finding.outcome is Outcome.MET:
        return finding, False
    if not override:
        (told,) = explain([finding], course.patient_id, actor=actor, now=now)
        raise DoseHeld(f"The gate of {to_level} is not met: {told['sentence']}", finding=told)
    leading.must_not_have_lapsed(course.patient_id, now=now)
    scope.require("course.override", course, actor=actor)
    if not reason.strip():
        raise Invalid.field("/reason", "An override says why.")
    return finding, True
