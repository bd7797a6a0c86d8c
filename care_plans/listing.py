"""What the list of courses shows, to the circle of care and to those who schedule."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    When,
)

from care_plans.models import Course, Lane, StageStay
from coordination.access import IsAnyOf, within_reach
from coordination.actors import Actor, Role
from coordination.disclosure import disclosed_to, named_to
from coordination.models import CareTeamMember, current
from referrals.models import Referral

Rows = QuerySet[Any, Any]


def listed_courses(actor: Actor, now: datetime) -> Rows:
    """Return the courses that the actor may find, each with what a list shows of it.

    A practitioner finds those of the circle. A scheduler finds all of the organization in the
    directory view: `discloses` is false there, and of the lanes only those that are needed come
    along, with who does them or the referral that looks for somebody.
    """
    return (
        Course.objects.filter(
            within_reach(actor, now, view="directory"),
            disclosed_to(Course, actor, now, view="directory"),
        )
        .annotate(
            discloses=_clinical(Course, actor, now),
            previous_shown=named_to(Course, actor, now, at="previous_id"),
        )
        .select_related("patient", "pathway", "pathway_version")
        .defer("pathway_version__content")
        .prefetch_related(
            Prefetch("stays", _open_stays(actor, now), to_attr="open_stays"),
            Prefetch("lanes", _lanes(actor, now), to_attr="listed_lanes"),
            Prefetch("patient__care_team", _leads(actor, now), to_attr="leads"),
        )
    )


def lanes_at_work(actor: Actor, now: datetime, *, discipline: str) -> Rows:
    """Return the needed lanes of a discipline that nothing withholds from the actor."""
    lanes = Lane.objects.filter(discipline=discipline, needed=Lane.Needed.NEEDED)
    return lanes.filter(disclosed_to(Lane, actor, now, view="directory"))


def _clinical(model: Any, actor: Actor, now: datetime, *, path: str = "patient_id") -> Any:
    """Say of each row that the directory view finds whether the clinical view finds it too."""
    if Role.SCHEDULER not in actor.roles:
        # for everybody else the two views are one
        return ExpressionWrapper(Q(organization_id=actor.organization_id), BooleanField())
    seen = within_reach(actor, now, path=path) & disclosed_to(model, actor, now)
    return Case(When(seen, then=True), default=False, output_field=BooleanField())


def _open_stays(actor: Actor, now: datetime) -> Rows:
    held_up = Lane.objects.filter(
        IsAnyOf(F("discipline"), OuterRef("blocked_by")),
        disclosed_to(Lane, actor, now),
        course=OuterRef("course_id"),
    )
    holding = ArraySubquery(held_up.order_by("discipline").values("discipline"))
    late = Q(course__status=Course.Status.ACTIVE, expected_until__lt=now)
    return (
        StageStay.objects.filter(left_at=None)
        .annotate(overdue=ExpressionWrapper(late, BooleanField()), holding=holding)
        .order_by("sequence")
    )


def _lanes(actor: Actor, now: datetime) -> Rows:
    lanes = Lane.objects.filter(disclosed_to(Lane, actor, now, view="directory"))
    if Role.SCHEDULER in actor.roles:
        clinical = _clinical(Lane, actor, now, path="course__patient_id")
        lanes = lanes.annotate(discloses=clinical)
        lanes = lanes.filter(Q(discloses=True) | Q(needed=Lane.Needed.NEEDED))
    return (
        lanes.select_related("practitioner_role__practitioner")
        .prefetch_related(
            Prefetch("referral", _open_referrals(actor, now), to_attr="open_referral")
        )
        .order_by("order", "discipline")
    )


def _open_referrals(actor: Actor, now: datetime) -> Rows:
    open_states = [Referral.Status.ACTIVE, Referral.Status.ON_HOLD]
    rows = Referral.objects.filter(status__in=open_states)
    found: Rows = rows.filter(
        Q(work_item__owner_id__in=actor.practitioner_role_ids)
        | disclosed_to(Referral, actor, now, view="directory")
    )
    return found.select_related("work_item__owner__practitioner")


def _leads(actor: Actor, now: datetime) -> Rows:
    return (
        CareTeamMember.objects.filter(
            current(now),
            disclosed_to(CareTeamMember, actor, now, view="directory"),
            role=CareTeamMember.Role.LEAD,
        )
        .select_related("practitioner_role__practitioner")
        .order_by("since", "id")
    )
