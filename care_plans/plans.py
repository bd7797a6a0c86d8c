"""The one plan of a patient: opened once, edited together, closed when nothing is under way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from care_plans import activities, closing, hand_offs, progress, scope
from care_plans.disclosing import disclose
from care_plans.editing import save_edit
from care_plans.models import CarePlan, Course
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.care_team import lead_of
from coordination.models import Patient
from coordination.persons import records_of_person
from coordination.problems import NotAllowed, NotFound, Stale
from coordination.withheld import NotOpenToYou, must_be_shown, must_be_told_all


class PlanNotFound(NotFound):
    """No such plan, or none that this actor has a reason to see."""

    type = "care-plan-not-found"


class NoLead(NotAllowed):
    """A plan needs somebody accountable: open intake first."""

    type = "no-lead"


class PlanClosed(NotAllowed):
    """The plan is closed; nothing is added to it any more."""

    type = "care-plan-closed"


class CoursesUnderway(NotAllowed):
    """A plan closes only when each of its courses is discharged."""

    type = "courses-underway"


def plan_for(actor: Actor, plan_id: UUID, *, now: datetime, lock: bool = False) -> CarePlan:
    """Return a plan within the actor's reach, or raise `PlanNotFound`.

    `lock` holds the plan until the transaction ends: what is applied to it happens in turn.
    """
    plans = owned_by_patient(CarePlan.objects.select_related("patient"), actor, now)
    if lock:
        plans = plans.select_for_update(of=("self",))
    plan = plans.filter(pk=plan_id).first()
    if plan is None:
        raise PlanNotFound("There is no such care plan within your reach.")
    return plan


@transaction.atomic
def open_plan(patient_id: UUID, *, actor: Actor, now: datetime) -> tuple[CarePlan, bool]:
    """Open the patient's plan, or find the one that is open; the flag says whether it is new.

    Raises `PatientNotFound`, `NoLead` when intake was never opened, `Denied`, and `NotOpenToYou`
    where the open plan is withheld from the actor.
    """
    patient = patient_for(actor, patient_id, now=now, lock=True)
    must_go_on(patient)
    found = CarePlan.objects.filter(patient=patient, status=CarePlan.Status.OPEN).first()
    if found is not None:
        must_be_shown(found, actor=actor, now=now)
        return found, False
    plan = CarePlan(
        organization_id=actor.organization_id,
        patient=patient,
        previous=_previous(patient),
        opened_at=now,
        recorded_at=now,
    )
    scope.require("plan.open", plan, actor=actor)
    if lead_of(patient) is None:
        raise NoLead("This patient has no lead; open intake and name one first.")
    plan.save(force_insert=True)
    _tell("care-plan.opened", plan, actor=actor, now=now, action=audit.Action.CREATE)
    return plan, True


def _previous(patient: Patient) -> CarePlan | None:
    """Return the plan that ended last, on any record of the same person."""
    closed = CarePlan.objects.filter(
        patient__in=records_of_person(patient), status=CarePlan.Status.CLOSED
    )
    latest: CarePlan | None = closed.order_by("-closed_at", "-id").first()
    return latest


@transaction.atomic
def edit_plan(
    plan_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> CarePlan:
    """Change what every lane must know. Raises `VersionMismatch`, `PlanClosed`, `Denied`."""
    plan = plan_for(actor, plan_id, now=now)
    scope.require("plan.edit", plan, actor=actor)
    must_be_open(plan)
    return save_edit(
        plan, version=version, fields=fields, patient_id=plan.patient_id, actor=actor, now=now
    )


@transaction.atomic
def close_plan(
    plan_id: UUID,
    *,
    outcome: str = "",
    reason: str = "",
    end_courses: bool = False,
    actor: Actor,
    now: datetime,
) -> CarePlan:
    """Close a plan with its outcome, and stop everything that it started.

    Without an `outcome` it follows from those of its courses. `end_courses` ends with this
    outcome, for this reason, whatever is under way (what never began as never begun); else each
    course must have been discharged. An offer to hand the lead over is withdrawn.

    Raises `CoursesUnderway` for those that the actor reads, `PlanClosed`, `Invalid` for an outcome
    that the courses do not bear out, and `NotOpenToYou` for whom anything of the patient is
    withheld, whether or not a course of theirs is under way.
    """
    patient_id = plan_for(actor, plan_id, now=now).patient_id
    # The patient's lock comes first, as in everything that takes both.
    patient_for(actor, patient_id, now=now, lock=True)
    plan = plan_for(actor, plan_id, now=now, lock=True)
    scope.require("plan.close", plan, actor=actor)
    must_be_open(plan)
    underway = Course.objects.filter(care_plan=plan).underway()
    if not end_courses and disclose(underway, actor, now).exists():
        raise CoursesUnderway("Discharge every course of this plan first.")
    must_be_told_all(plan.patient_id, actor=actor, now=now)
    if not end_courses and underway.exists():
        raise NotOpenToYou
    if end_courses:
        _end_courses(plan, outcome, reason, actor=actor, now=now)
    closed = CarePlan.objects.filter(pk=plan.pk, status=CarePlan.Status.OPEN).update(
        status=CarePlan.Status.CLOSED,
        closed_at=now,
        outcome=closing.of_plan(plan, outcome),
        reason=reason,
        version=F("version") + 1,
        updated_at=now,
    )
    if not closed:
        raise Stale("Somebody else closed this plan meanwhile.")
    hand_offs.withdraw_offer(plan.patient_id, actor=actor, now=now)
    plan.refresh_from_db()
    _tell("care-plan.closed", plan, actor=actor, now=now, action=audit.Action.ACT)
    return plan


def _end_courses(plan: CarePlan, outcome: str, reason: str, *, actor: Actor, now: datetime) -> None:
    """End whatever is under way; a course that never began is no failure of its treatment."""
    for course in activities.lock_courses(plan.patient_id):
        if course.care_plan_id != plan.pk or course.status == Course.Status.DISCHARGED:
            continue
        never = course.started_at is None and outcome in closing.OF_A_START
        asked = progress.Request(
            action="discharge",
            reason=reason,
            outcome=Course.Outcome.NEVER_STARTED if never else outcome,
        )
        progress.perform(course.pk, asked, actor=actor, now=now)


def must_be_open(plan: CarePlan) -> None:
    """Raise `PlanClosed` for a plan that is closed."""
    if plan.status != CarePlan.Status.OPEN:
        raise PlanClosed("This plan is closed.")


def _tell(event: str, plan: CarePlan, *, actor: Actor, now: datetime, action: audit.Action) -> None:
    tell(
        event,
        subject="CarePlan",
        subject_id=plan.id,
        patient_id=plan.patient_id,
        actor=actor,
        now=now,
        action=action,
    )
