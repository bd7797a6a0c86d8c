"""Letting an activity begin before what it waits for is there: the lead's word, for a reason."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from care_plans import leading, releasing, scope, standing
from care_plans.activities import activity_for
from care_plans.models import Activity, Course
from care_plans.telling import tell
from coordination.actors import Actor
from coordination.problems import Invalid, NotAllowed, Stale


@transaction.atomic
def release(activity_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Activity:
    """Let a waiting activity begin; who did it and why is kept, with what it waited for.

    It passes conditions and other activities, never a red flag. Raises `ActivityNotFound`,
    `Denied` for anybody but the lead, `LeadLapsed`, `Invalid` without a reason, and `NotAllowed`
    for what waits no more or whose course is not active.
    """
    activity = activity_for(actor, activity_id, now=now)
    scope.require("course.override", activity.course, actor=actor)
    course = standing.hold(activity.course_id)
    leading.must_not_have_lapsed(course.patient_id, now=now)
    if not reason.strip():
        raise Invalid.field("/reason", "Say why it need not wait.")
    if course.status != Course.Status.ACTIVE:
        raise NotAllowed("Activities are released while their course is active.")
    activity = activity_for(actor, activity_id, now=now)
    if activity.status != Activity.Status.NOT_STARTED:
        raise NotAllowed("This activity has begun, or has ended.")
    timing = releasing.looked_at(activity, now=now)
    if activity.released_at is not None:
        held = "a red flag, or a screen that is missing, may still hold its loading"
        raise NotAllowed(
            f"This activity waits for nothing: {held if activity.is_loading else 'it may begin'}."
        )
    waiting = Activity.objects.filter(
        pk=activity.pk, status=Activity.Status.NOT_STARTED, released_at=None
    )
    released = waiting.update(
        released_at=now,
        released_on=[finding.as_json() for finding in timing.start],
        due_from=now,
        released_by=actor.label,
        release_reason=reason,
    )
    if not released:
        raise Stale("Somebody else released or moved this activity first.")
    tell(
        "activity.released-early",
        subject="Activity",
        subject_id=activity.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        detail={"key": activity.key},
    )
    activity.refresh_from_db()
    return activity
