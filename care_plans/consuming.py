"""Taking in what became of referrals, and looking again at what only time has changed.

A step of a referral leaves a row that waits here (`processed_at` empty). Whoever finds it lets
the lane follow the referral as it stands now, so that the order of the steps, a second worker or
a second run change nothing.
"""

import gc
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import batched
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, connections

from care_plans import reminders, staffing, standing
from care_plans.looking_again import glance
from care_plans.models import Course, Lane, StageStay
from coordination.actors import Actor
from coordination.statements import is_among
from coordination.tenancy import acting_in
from referrals.models import ReferralTransition

BATCH = 500
LOOK_AGAIN_AFTER = timedelta(hours=1)
#: so many courses that are due are looked up at once: no index says which, since it would have to
#: be kept with every look (docs/adr/0072)
DUE = 50 * BATCH
#: seconds that one sweep goes on; the next one takes up what it has not begun by then
PATIENCE = 45.0

#: a course, and its organization
type _Place = tuple[UUID, UUID]

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
            take_in(step_id, organization_id, now=now)
    except Exception:
        # it still waits, and is tried again in the next run
        log.exception("referral_step_not_taken_in", step=str(step_id))
        return False
    return True


def check_standings(*, now: datetime, most: int = BATCH) -> int:
    """Look again at the courses that nobody looked at for an hour; return how many.

    The longest unseen come first, `most` of an organization at a time. Once `PATIENCE` is over, no
    more are begun than one batch or one course each; what was not looked at by then is the first
    of the next run. Looking over takes half of the time that is left at most, so that those that
    are not settled have their turn.
    """
    until, looked_at = monotonic() + PATIENCE, 0
    while True:
        due = _look_up(
            "SELECT * FROM care_plans_stays_to_check(%s, %s)", [now - LOOK_AGAIN_AFTER, DUE]
        )
        begun = monotonic()
        settled, unsettled = _looked_over(due, most, now=now, until=begun + (until - begun) / 2)
        looked_at += settled
        for course_id, organization_id in unsettled:
            _look_again(course_id, organization_id, now=now)
            looked_at += 1
            if monotonic() > until:
                return looked_at
        if len(due) < DUE or monotonic() > until:
            return looked_at


def check_intakes(*, now: datetime, most: int = BATCH) -> int:
    """Look again at the courses in intake of which anything was measured; return how many.

    Time alone changes nothing there, and no stay says when anybody looked last: this only makes up
    for a look that failed when a patient answered. `most` are taken at a time.
    """
    looked_at, last = 0, UUID(int=0)
    while True:
        found = _look_up("SELECT * FROM care_plans_intakes_to_check(%s, %s)", [last, most])
        for course_id, organization_id in found:
            _look_again(course_id, organization_id, now=now)
            last = course_id
        looked_at += len(found)
        if len(found) < most:
            return looked_at


def _looked_over(
    due: list[_Place], most: int, *, now: datetime, until: float
) -> tuple[int, list[_Place]]:
    """Look over courses as `_glanced_over`; return how many were settled, and the others.

    Of several batches two are looked over at once: while one waits for the database the other one
    is judged. Whoever cannot look one over leaves the rest to the other.
    """
    waiting = deque(_batches(due, most))
    settled, unsettled = 0, list[_Place]()

    def take_turns() -> list[tuple[int, list[_Place]]]:
        done = []
        while waiting:
            try:
                course_ids, organization_id = waiting.popleft()
            except IndexError:  # the other one took the last
                break
            left = _glanced_over(course_ids, organization_id, now=now)
            others = course_ids if left is None else left
            found = [(course_id, organization_id) for course_id in others]
            done.append((len(course_ids) - len(found), found))
            if left is None or monotonic() > until:
                break
        return done

    def beside() -> list[tuple[int, list[_Place]]]:
        try:
            return take_turns()
        finally:
            connections.close_all()  # this thread's own

    with _uncollected(), ThreadPoolExecutor(1) as other:
        found = other.submit(beside) if len(waiting) > 1 else None
        for count, left in [*take_turns(), *(found.result() if found is not None else ())]:
            settled += count
            unsettled += left
    return settled, unsettled


def _batches(due: list[_Place], most: int) -> list[tuple[list[UUID], UUID]]:
    """Return the courses of each organization by so many, those with the longest unseen first."""
    places: dict[UUID, list[tuple[int, UUID]]] = {}
    for number, (course_id, organization_id) in enumerate(due):
        places.setdefault(organization_id, []).append((number, course_id))
    found = [
        (some[0][0], [course_id for _, course_id in some], organization_id)
        for organization_id, every in places.items()
        for some in batched(every, most)
    ]
    return [(course_ids, organization_id) for _, course_ids, organization_id in sorted(found)]


def _glanced_over(
    course_ids: list[UUID], organization_id: UUID, *, now: datetime
) -> list[UUID] | None:
    """Note of courses that are as they were that they were looked at; return the others.

    None means that this failed: each of them is to be looked at by itself instead.

    Nothing is held meanwhile: whoever changes a course after it was read looks at it themselves.
    One that somebody holds at this moment is left to them, and comes round again.
    """
    try:
        with acting_in(organization_id):
            settled = _settled(course_ids, now=now)
            theirs = StageStay.objects.select_for_update(skip_locked=True, no_key=True).filter(
                is_among("id", settled.values()), left_at=None, checked_at__lt=now
            )
            StageStay.objects.filter(pk__in=theirs.values("pk")).update(checked_at=now)
    except Exception:
        # each of them is looked at by itself instead
        log.exception("courses_not_glanced_over", organization=str(organization_id))
        return None
    return [course_id for course_id in course_ids if course_id not in settled]


def _settled(course_ids: list[UUID], *, now: datetime) -> dict[UUID, UUID]:
    """Return the open stay of each course that is as it was when it was last looked at."""
    seen = glance(course_ids, now=now)
    return {one.course.id: one.stay.id for one in seen if one.is_settled(now)}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector from looking through a batch over and over: it holds no circles.

    Nothing of the batch may be left when this ends, or it is looked through once more.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _look_again(course_id: UUID, organization_id: UUID, *, now: datetime) -> None:
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


def _look_up(sql: str, arguments: list[Any]) -> list[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def take_in(step_id: UUID, organization_id: UUID, *, now: datetime) -> None:
    """Let a lane follow its referral, of which a step waits; act in its organization.

    It follows the referral as it stands, so every step of it that waits is taken in at once.
    A step that was taken in, or is being taken in, changes nothing.
    """
    # Another worker that holds the row is taking it in; one that has done so left it marked.
    waiting = ReferralTransition.objects.select_for_update(of=("self",), skip_locked=True).filter(
        processed_at=None
    )
    step = waiting.select_related("referral__work_item").filter(pk=step_id).first()
    if step is None:
        return
    # Before the referral is read: a step that comes after it was not taken in.
    steps = dict(waiting.filter(referral_id=step.referral_id).values_list("pk", "recorded_at"))
    # The sweep may have begun before the steps were made, and must not look at the time before.
    now = max(now, *steps.values())
    actor = Actor.system("care_plans.consuming", organization_id)
    lane = Lane.objects.filter(referral_id=step.referral_id).first()
    if lane is not None:
        _follow(lane, step, actor=actor, now=now)
    ReferralTransition.objects.filter(is_among("id", list(steps))).update(processed_at=now)


def _follow(lane: Lane, step: ReferralTransition, *, actor: Actor, now: datetime) -> None:
    course = standing.hold(lane.course_id)
    # Read under the lock: an earlier step may have been taken in while we waited for it.
    step.referral.refresh_from_db()
    came = staffing.take_in(step.referral, now=now)
    if course.status == Course.Status.DISCHARGED:
        return  # who did the lane is history; a step of a referral changes no goal
    stay = standing.open_stay(course)
    if came is not None and stay is not None:
        reminders.stage_entered(course, stay, actor=actor, now=now)
    standing.reassess(course.pk, actor=actor, now=now)
