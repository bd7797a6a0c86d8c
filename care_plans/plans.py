"""The one plan of a patient: opened once, edited together, closed when nothing is under way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from care_plans import scope
from care_plans.disclosing import disclose
from care_plans.editing import save_edit
from care_plans.models import CarePlan, Course
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.care_team import lead_of
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
        organization_id=actor.organization_id, patient=patient, opened_at=now, recorded_at=now
    )
    scope.require("plan.open", plan, actor=actor)
    if lead_of(patient) is None:
        raise NoLead("This patient has no lead; open intake and name one first.")
    plan.save(force_insert=True)
    _tell("care-plan.opened", plan, actor=actor, now=now, action=audit.Action.CREATE)
    return plan, True


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
def close_plan(plan_id: UUID, *, actor: Actor, now: datetime) -> CarePlan:
    """Close a plan whose courses are all discharged.

    Raises `CoursesUnderway` for those that the actor reads, `PlanClosed`, and `NotOpenToYou` for
    whom anything of the patient is withheld, whether or not a course of theirs is under way.
    """
    plan = plan_for(actor, plan_id, now=now, lock=True)
    scope.require("plan.close", plan, actor=actor)
    must_be_open(plan)
    underway = Course.objects.filter(care_plan=plan).underway()
    if disclose(underway, actor, now).exists():
        raise CoursesUnderway("Discharge every course of this plan first.")
    must_be_told_all(plan.patient_id, actor=actor, now=now)
    if underway.exists():
        raise NotOpenToYou
    closed = CarePlan.objects.filter(pk=plan.pk, status=CarePlan.Status.OPEN).update(
        status=CarePlan.Status.CLOSED, closed_at=now, version=F("version") + 1, updated_at=now
    )
    if not closed:
        raise Stale("Somebody else closed this plan meanwhile.")
    plan.refresh_from_db()
    _tell("care-plan.closed", plan, actor=actor, now=now, action=audit.Action.ACT)
    return plan


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
