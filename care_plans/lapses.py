"""What follows when a registration lapses or a login ends, and when a lead is there again.

Nobody does anything on the day on which it lapses, so a sweep looks for it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from care_plans import activities, hand_offs, open_flags, recommending, standing
from care_plans.models import Course
from coordination.access import patient_for
from coordination.actors import Actor
from coordination.tenancy import acting_in

BATCH = 200

log = structlog.get_logger(__name__)


def check_lapses(*, now: datetime, most: int = BATCH) -> int:
    """Open an urgent hand-off for each lapsed lead, and withdraw those no longer called for.

    A lead has lapsed who may not practise any more, or cannot log in. Whoever stands in for them
    is told what the lead was to hear. A red flag whose holder is gone in the same way is open
    again, told anew, and work of a lead who can look into it. Returns how many were looked at;
    safe to repeat.
    """
    lapsed = _look_up("SELECT * FROM coordination_lapsed_leads(%s, %s)", [now, most])
    for patient_id, organization_id in lapsed:
        _tried(_open, patient_id, organization_id, now=now)
    over = _look_up("SELECT * FROM coordination_lapses_over(%s, %s)", [now, most])
    for hand_off_id, organization_id in over:
        _tried(_withdraw, hand_off_id, organization_id, now=now)
    forsaken = _look_up("SELECT * FROM care_plans_flags_forsaken(%s, %s)", [now, most])
    for patient_id, organization_id in forsaken:
        _tried(_follow, patient_id, organization_id, now=now)
    return len(lapsed) + len(over) + len(forsaken)


def _open(patient_id: UUID, actor: Actor, now: datetime) -> None:
    with acting_in(actor.organization_id):
        hand_offs.open_for_lapse(patient_id, actor=actor, now=now)
    with acting_in(actor.organization_id):
        patient_for(actor, patient_id, now=now, lock=True)
        # before any flag, as whoever clears one does
        courses = [
            one.pk
            for one in activities.lock_courses(patient_id)
            if one.status == Course.Status.ACTIVE
        ]
        open_flags.follow_lead(patient_id, actor=actor, now=now)
        recommending.tell_lead(patient_id, actor=actor, now=now)
        for course_id in courses:
            standing.remind_anew(course_id, actor=actor, now=now)


def _withdraw(hand_off_id: UUID, actor: Actor, now: datetime) -> None:
    with acting_in(actor.organization_id):
        hand_offs.perform(hand_off_id, "withdraw", actor=actor, now=now)


def _follow(patient_id: UUID, actor: Actor, now: datetime) -> None:
    with acting_in(actor.organization_id):
        # a hand-off holds it as well: no flag goes to whoever has just handed over
        patient_for(actor, patient_id, now=now, lock=True)
        open_flags.follow_lead(patient_id, actor=actor, now=now)


def _tried(
    act: Callable[[UUID, Actor, datetime], None],
    subject_id: UUID,
    organization_id: UUID,
    *,
    now: datetime,
) -> None:
    try:
        act(subject_id, Actor.system("care_plans.lapses", organization_id), now)
    except Exception:
        # It comes round again at the next beat, and holds up nobody else's.
        log.exception("lapse_not_handled", subject=str(subject_id))


def _look_up(sql: str, arguments: list[Any]) -> list[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return [(row[0], row[1]) for row in cursor.fetchall()]
