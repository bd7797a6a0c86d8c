"""Taking in what became of referrals, and looking again at what only time has changed.

A step of a referral leaves a row that waits here (`processed_at` empty). Whoever finds it lets
the lane follow the referral as it stands now, so that the order of the steps, a second worker or
a second run change nothing.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from care_plans import reminders, staffing, standing
from care_plans.models import Lane, StageStay
from coordination.actors import Actor
from coordination.tenancy import acting_in
from referrals.models import ReferralTransition

BATCH = 500
LOOK_AGAIN_AFTER = timedelta(hours=1)

log = structlog.get_logger(__name__)


def consume_referral_steps(*, now: datetime, most: int = BATCH) -> int:
    """Take in the oldest steps that wait, of every organization; return how many were tried.

    Steps that cannot be taken in are passed over and tried again in the next run: however many
    they are, up to `most` others are taken in.
    """
    tried: set[UUID] = set()
    taken_in = 0
    while taken_in < most:
        found = _look_up("SELECT * FROM referrals_unprocessed(%s)", [most + len(tried)])
        fresh = [row for row in found if row[0] not in tried][: most - taken_in]
        if not fresh:
            break
        for step_id, organization_id in fresh:
            tried.add(step_id)
            taken_in += _tried(step_id, organization_id, now=now)
    return len(tried)


def _tried(step_id: UUID, organization_id: UUID, *, now: datetime) -> bool:
    try:
        with acting_in(organization_id):
            _take_in(step_id, organization_id, now=now)
    except Exception:
        log.exception("referral_step_not_taken_in", step=str(step_id))
        return False
    return True


def check_standings(*, now: datetime, most: int = BATCH) -> int:
    """Look again at the courses that nobody looked at for an hour; return how many."""
    found = _look_up(
        "SELECT * FROM care_plans_stays_to_check(%s, %s)", [now - LOOK_AGAIN_AFTER, most]
    )
    for course_id, organization_id in found:
        try:
            with acting_in(organization_id):
                actor = Actor.system("care_plans.standing", organization_id)
                standing.reassess(course_id, actor=actor, now=now)
                standing.remind_anew(course_id, actor=actor, now=now)
        except Exception:
            # It comes round again later, so that it does not hold up the others.
            log.exception("course_not_checked", course=str(course_id))
            with acting_in(organization_id):
                StageStay.objects.filter(course_id=course_id, left_at=None).update(checked_at=now)
    return len(found)


def _look_up(sql: str, arguments: list[Any]) -> list[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _take_in(step_id: UUID, organization_id: UUID, *, now: datetime) -> None:
    # Another worker that holds the row is taking it in; one that has done so left it marked.
    step = (
        ReferralTransition.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("referral__work_item")
        .filter(pk=step_id, processed_at=None)
        .first()
    )
    if step is None:
        return
    # The sweep may have begun before the step was made, and must not look at the time before it.
    now = max(now, step.recorded_at)
    actor = Actor.system("care_plans.consuming", organization_id)
    lane = Lane.objects.filter(referral_id=step.referral_id).first()
    if lane is not None:
        _follow(lane, step, actor=actor, now=now)
    ReferralTransition.objects.filter(pk=step.pk, processed_at=None).update(processed_at=now)


def _follow(lane: Lane, step: ReferralTransition, *, actor: Actor, now: datetime) -> None:
    course = standing.hold(lane.course_id)
    # Read under the lock: an earlier step may have been taken in while we waited for it.
    step.referral.refresh_from_db()
    came = staffing.take_in(step.referral, now=now)
    stay = standing.open_stay(course)
    if came is not None and stay is not None:
        reminders.stage_entered(course, stay, actor=actor, now=now)
    standing.reassess(course.pk, actor=actor, now=now)
