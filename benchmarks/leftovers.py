"""What an ended course left behind: everything that ought to have stopped with it and did not.

Counted by rows, whatever the code meant to do. What somebody works on until they report, and what
endangers the person (an urgent finding, an alert), is no matter of the course and stays.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from benchmarks.soaking import AFTERWARDS
from care_plans.flag_reminders import OF_COURSE
from care_plans.models import Activity, Course, Goal, Recommendation, RedFlag, StageStay
from coordination.models import OPEN_WORK, HandOff, WorkItem
from notifications.models import Attempt, Message
from referrals.models import Referral

_BEGUN = (WorkItem.Status.ACCEPTED, WorkItem.Status.IN_PROGRESS)


def subjects_of(course_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return for each thing of these courses that a message can be about, its course."""
    ids = list(course_ids)
    found: dict[UUID, UUID] = {one: one for one in ids}
    for model in (StageStay, Recommendation):
        rows: Any = model.objects.filter(course__in=ids)
        found |= dict(rows.values_list("id", "course_id"))
    soft = RedFlag.objects.filter(course__in=ids, urgency__in=OF_COURSE)
    found |= dict(soft.values_list("id", "course_id"))
    referrals: Any = Referral.objects.filter(condition_id__in=ids)
    asked: dict[UUID, UUID] = dict(referrals.values_list("id", "condition_id"))
    items = WorkItem.objects.filter(subject_id__in=asked).values_list("id", "subject_id")
    found |= {item: asked[referral] for item, referral in items}
    return found


def sent_after(ended: Mapping[UUID, datetime]) -> Counter[str]:
    """Count, by kind, what was begun to be said of courses after the moment at which each ended.

    The moment is one at which the end was committed for certain: what a worker had begun before
    was past stopping.
    """
    subjects = subjects_of(ended)
    tries = Attempt.objects.filter(message__subject_id__in=subjects).exclude(
        message__kind__in=AFTERWARDS
    )
    rows = tries.values_list("message__kind", "message__subject_id", "started_at")
    return Counter(kind for kind, subject, at in rows if at > ended[subjects[subject]])


def still_open(course_ids: Iterable[UUID]) -> Counter[str]:
    """Count, by name, what is still open of courses that have ended."""
    ids = list(course_ids)
    subjects = subjects_of(ids)
    referrals = Referral.objects.filter(condition_id__in=ids)
    waits = Q(work_item=None) | Q(work_item__status=WorkItem.Status.REQUESTED)
    found = {
        "course": Course.objects.filter(pk__in=ids).exclude(status="discharged"),
        "stay": StageStay.objects.filter(course__in=ids, left_at=None),
        "activity": Activity.objects.filter(
            course__in=ids, status__in=["not_started", "in_progress", "on_hold"]
        ),
        "goal": Goal.objects.filter(course__in=ids, status="in_progress"),
        "recommendation": Recommendation.objects.filter(course__in=ids, until=None),
        "referral": referrals.filter(waits, status__in=["draft", "active", "on_hold"]),
        "referral on hold": referrals.filter(status="on_hold"),
        "work": WorkItem.objects.filter(
            Q(pk__in=subjects) | Q(subject_id__in=subjects), status__in=OPEN_WORK
        ).exclude(status__in=_BEGUN),
        "message": Message.objects.filter(
            subject_id__in=subjects, status__in=["queued", "sending"]
        ).exclude(kind__in=AFTERWARDS),
        "false success": Activity.objects.filter(
            course__in=ids, status="completed", updated_at__gte=F("course__discharged_at")
        ),
    }
    counted = Counter({name: rows.count() for name, rows in found.items()})
    return +counted


def offers_open(patient_ids: Iterable[UUID]) -> int:
    """Count the hand-offs that somebody offered and that outlived the plan."""
    return HandOff.objects.filter(
        patient__in=list(patient_ids), closed_at=None, is_urgent=False
    ).count()
