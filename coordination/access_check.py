"""Might this person do that to this patient? Each fence in turn, for who keeps the rules.

Nothing is tried: the fences are asked as they would be, for somebody else and at this moment. What
depends on the record that an address names is said to depend on it, and never guessed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from coordination import audit, scope
from coordination.access import patient_for, patients_visible_to
from coordination.actors import Actor, Role, actor_for
from coordination.disclosure import View, opened_by, something_withheld
from coordination.models import Membership, Patient, User
from coordination.persons import records_of_person
from coordination.problems import Denied, NotFound
from coordination.rules import REACH, rule_named
from coordination.scope_table import TABLE, NotClinical, Position

type Fence = Literal["role", "scope", "reach", "consent"]
type Passes = Literal["yes", "no", "depends"]


class PersonNotFound(NotFound):
    """Nobody with this login ever belonged to the organization."""

    type = "person-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is to be called: `basename.action`, by which hats, and how the address sees patients."""

    action: str
    hats: frozenset[Role]
    writes: bool
    view: View | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one fence says; `rule` is what it would refuse with."""

    fence: Fence
    passes: Passes
    rule: str = ""
    says: str


def check(
    call: Call, *, user_id: UUID, patient_id: UUID | None, actor: Actor, now: datetime
) -> list[Step]:
    """Return what each fence says of this person, this call and this patient, in their order.

    A patient is named by privacy officers only, as in their oversight of the register. Raises
    `PersonNotFound`, `PatientNotFound`.
    """
    person = User.objects.filter(pk=user_id).first()
    if person is None or not Membership.objects.filter(user=person).exists():
        raise PersonNotFound("Nobody with this login belongs to your organization.")
    patient = None
    if patient_id is not None:
        patient = patient_for(actor, patient_id, now=now, view="oversight")
    them = actor_for(person, actor.organization_id, now=now)
    steps = [_by_role(call, them)]
    if call.writes:
        steps.append(_by_scope(call, them, patient))
    if patient is not None and call.view is not None:
        steps += _by_patient(call.view, them, patient, now)
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.READ,
        event="access.checked",
        resource="Membership",
        patient_ids=[patient.pk] if patient else [],
        detail={"user": str(person.pk), "action": call.action},
    )
    return steps


def verdict(steps: Collection[Step]) -> Passes:
    """Return what the fences come to together: one that refuses suffices."""
    said = {step.passes for step in steps}
    return "no" if "no" in said else "depends" if "depends" in said else "yes"


def _by_role(call: Call, them: Actor) -> Step:
    if worn := sorted(str(hat) for hat in them.roles & call.hats):
        return Step(fence="role", passes="yes", says=f"May call it as {', '.join(worn)}.")
    return _refused("role", f"role.{call.action}")


def _by_scope(call: Call, them: Actor, patient: Patient | None) -> Step:
    target = TABLE.actions.get(call.action)
    if isinstance(target, NotClinical):
        return Step(fence="scope", passes="yes", says=f"Not asked: {target.not_clinical}.")
    try:
        scope.admit(call.action, actor=them, hats=call.hats)
    except Denied as denied:
        return _refused("scope", denied.rule)
    if target is None or not them.practitioner_roles:
        return Step(fence="scope", passes="yes", says="Not asked of this role.")
    entry = TABLE.entries[target]
    positions = _positions(them, patient)
    bound = {one.discipline for one in positions if entry.lacking(one, among=[]) is None}
    free = {
        one.discipline for one in positions if entry.lacking(one, among=[one.discipline]) is None
    }
    if not free - scope.taken_away(target):
        return _refused("scope", f"scope.{target}")
    if patient is None and (entry.team or entry.who != "practitioner"):
        return Step(fence="scope", passes="depends", says="Depends on who they are to the patient.")
    if not bound - scope.taken_away(target):
        says = f"Depends on the record: it must be a matter of theirs, among {entry.among}."
        return Step(fence="scope", passes="depends", says=says)
    return Step(fence="scope", passes="yes", says=f"{entry.says}: allowed by the table.")


def _positions(them: Actor, patient: Patient | None) -> list[Position]:
    if patient is not None:
        return [position for _, position in scope.positions(them, patient.pk)]
    return [
        Position(discipline=role.discipline, is_lead=True, in_team=True)
        for role in them.practitioner_roles
    ]


def _by_patient(view: View, them: Actor, patient: Patient, now: datetime) -> list[Step]:
    if not patients_visible_to(them, now, view=view).filter(pk=patient.pk).exists():
        return [_refused("reach", REACH)]
    reach = Step(fence="reach", passes="yes", says=f"The patient is in reach, in the {view} view.")
    if not something_withheld(them, now, [patient.pk], view=view):
        return [reach, Step(fence="consent", passes="yes", says=_nothing(them, patient, now))]
    says = "Depends on the record: a directive of the patient's is directed at them."
    return [reach, Step(fence="consent", passes="depends", rule=REACH, says=says)]


def _nothing(them: Actor, patient: Patient, now: datetime) -> str:
    """Say why nothing is withheld: there is nothing, or they broke the glass."""
    opened = opened_by(them, now).filter(patient_id__in=records_of_person(patient))
    override = opened.order_by("until").last()
    if override is None:
        return "No directive is directed at them."
    return f"What the patient locked away is open to them by an override, until {override.until}."


def _refused(fence: Fence, name: str) -> Step:
    rule = rule_named(name)
    return Step(fence=fence, passes="no", rule=name, says=rule.says if rule else "")
