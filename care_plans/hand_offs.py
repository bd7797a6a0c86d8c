"""Handing the lead over: offered, reviewed, acknowledged; until then the sender answers.

One function takes each step of `hand_off_moves.MOVES`. In one transaction: the patient's lock,
compare-and-swap on the work item, the history, the access that comes or goes, the lead itself,
messages, audit and feed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from care_plans import hand_off_reminders as reminders
from care_plans import open_flags, recommending
from care_plans.hand_off_evidence import MOST, checked, gathered
from care_plans.hand_off_moves import HAPPENED, Answer, Move, permitted
from care_plans.telling import tell
from coordination import audit, care_team
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor, Role
from coordination.models import AccessGrant, HandOff, HandOffStep, PractitionerRole, WorkItem
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from coordination.reaching import can_be_told


class HandOffNotFound(NotFound):
    """No such hand-off, or none that this actor may see."""

    type = "hand-off-not-found"


class HandOffOpen(NotAllowed):
    """One hand-off of this patient waits already; `hand_off` says which."""

    type = "hand-off-open"


def hand_off_for(actor: Actor, hand_off_id: UUID, *, now: datetime) -> HandOff:
    """Return a hand-off of a patient within reach, or raise `HandOffNotFound`."""
    rows = HandOff.objects.select_related(
        "patient", "work_item", "sender__location", "sender__practitioner"
    )
    found = owned_by_patient(rows, actor, now, view="directory").filter(pk=hand_off_id).first()
    if found is None:
        raise HandOffNotFound("There is no such hand-off within your reach.")
    return found


@transaction.atomic
def offer(
    patient_id: UUID,
    *,
    to_id: UUID,
    because: str,
    note: str = "",
    evidence: Sequence[Mapping[str, Any]] | None = None,
    due_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> HandOff:
    """Ask a practitioner to take over the lead; the present lead stays accountable until then.

    `evidence` names records to review (default: what is under way). `due_at` is when it counts as
    overdue (default: `HAND_OFF_HOURS` from now). Raises `Denied` for others than the lead and
    schedulers, `HandOffOpen`, `Invalid`, `NotAllowed` before intake.
    """
    patient = patient_for(actor, patient_id, now=now, view="directory", lock=True)
    must_go_on(patient)
    former = care_team.lead_of(patient)
    if former is None:
        raise NotAllowed("This patient has no lead yet; open intake first.")
    if Role.SCHEDULER not in actor.roles and (
        former.practitioner_role_id not in actor.practitioner_role_ids
    ):
        raise Denied("Only the lead or a scheduler hands the lead over.", rule="team.hand-over")
    _none_open(patient_id)
    role = _receiver(to_id, former.practitioner_role, now=now)
    if due_at is not None and due_at <= now:
        raise Invalid.field("/due_at", "This has gone by already.")
    named = gathered(patient_id)
    if evidence is not None:
        named = checked(patient_id, evidence, actor=actor, now=now)
    if len(named) > MOST:
        raise Invalid.field("/evidence", f"At most {MOST} records.")
    hand_off = HandOff(
        organization_id=actor.organization_id,
        patient=patient,
        sender=former.practitioner_role,
        cause=HandOff.Cause.OFFERED,
        because=because,
        note=note,
        evidence=named,
        is_urgent=not can_be_told(former.practitioner_role, now),
        opened_at=now,
        due_at=due_at or now + timedelta(hours=settings.HAND_OFF_HOURS),
    )
    return _open(hand_off, role, actor=actor, now=now)


@transaction.atomic
def open_for_lapse(patient_id: UUID, *, actor: Actor, now: datetime) -> HandOff | None:
    """Open an urgent hand-off, or make the open one urgent, where the lead has lapsed.

    That is a lead who may not practise any more, or cannot log in. It waits for a scheduler to
    name somebody. Returns None when there is nothing to do: safe to repeat.
    """
    patient = patient_for(actor, patient_id, now=now, lock=True)
    former = care_team.lead_of(patient)
    if former is None or can_be_told(former.practitioner_role, now):
        return None
    due_at = now + timedelta(hours=settings.HAND_OFF_URGENT_HOURS)
    found = _open_one(patient_id)
    if found is not None:
        return _hurry(found, due_at, actor=actor, now=now)
    hand_off = HandOff(
        organization_id=actor.organization_id,
        patient=patient,
        sender=former.practitioner_role,
        cause=_cause(former.practitioner_role, now),
        evidence=gathered(patient_id),
        is_urgent=True,
        opened_at=now,
        due_at=due_at,
    )
    return _open(hand_off, None, actor=actor, now=now)


@transaction.atomic
def perform(
    hand_off_id: UUID, action: str, answer: Answer | None = None, *, actor: Actor, now: datetime
) -> HandOff:
    """Take one action of `MOVES` and return the hand-off as it is afterwards.

    While the lead has lapsed, whoever declines or is withdrawn leaves the hand-off open: it waits
    for a scheduler again. Raises `HandOffNotFound`, `Denied`, `NotAllowed`, `Invalid`, and `Stale`
    when somebody else was faster; then nothing has changed.
    """
    given = answer or Answer()
    patient_id = hand_off_for(actor, hand_off_id, now=now).patient_id
    patient_for(actor, patient_id, now=now, view="directory", lock=True)
    hand_off = hand_off_for(actor, hand_off_id, now=now)
    move = permitted(hand_off, action, given, actor=actor, now=now)
    if action == "assign":
        _assign(hand_off, given, actor=actor, now=now)
    else:
        _answer(hand_off, action, move, given, actor=actor, now=now)
    _tell(f"hand-off.{HAPPENED[action]}", hand_off, given.reason_code, actor=actor, now=now)
    return hand_off


def withdraw_offer(patient_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Withdraw what the lead offered for a plan that is closed; safe to repeat.

    One that is urgent stays: the patient still has nobody who may answer for them. The patient's
    row must be locked.
    """
    found = _open_one(patient_id)
    if found is not None and not found.is_urgent:
        software = Actor.system("care_plans.plans", actor.organization_id)
        perform(found.pk, "withdraw", actor=software, now=now)


def _assign(hand_off: HandOff, given: Answer, *, actor: Actor, now: datetime) -> None:
    if given.to is None:
        raise Invalid.field("/practitioner_role", "Say who is to take over.")
    role = _receiver(given.to, hand_off.sender, now=now)
    item = hand_off.work_item
    _change(item, owner=role, assigned_at=now)
    _give_access(item, actor=actor, now=now)
    _step(hand_off, "assign", item.status, actor=actor, now=now)
    reminders.take_back(item, because="hand-off.assign", actor=actor, now=now)
    reminders.ask(hand_off, actor=actor, now=now)
    open_flags.follow_lead(hand_off.patient_id, actor=actor, now=now)
    recommending.tell_lead(hand_off.patient_id, actor=actor, now=now)


def _answer(
    hand_off: HandOff, action: str, move: Move, given: Answer, *, actor: Actor, now: datetime
) -> None:
    item, before = hand_off.work_item, hand_off.work_item.status
    receiver = item.owner
    _change(item, status=move.to, closed_at=now)
    _end_access(item, now=now)
    _step(hand_off, action, before, reason_code=given.reason_code, actor=actor, now=now)
    reminders.take_back(item, because=f"hand-off.{action}", actor=actor, now=now)
    if action == "accept":
        assert receiver is not None
        because = hand_off.because or hand_off.get_cause_display()
        care_team.change_lead(hand_off.patient, receiver, because=because, actor=actor, now=now)
        open_flags.follow_lead(hand_off.patient_id, actor=actor, now=now)
        recommending.tell_lead(hand_off.patient_id, actor=actor, now=now)
    elif not actor.is_software and not can_be_told(hand_off.sender, now):
        _wait_again(hand_off, actor=actor, now=now)
        return
    _close(hand_off, action, now=now)
    if action != "withdraw":
        reminders.answered(hand_off, actor=actor, now=now)


def _wait_again(hand_off: HandOff, *, actor: Actor, now: datetime) -> None:
    """Nobody stands behind a lapsed lead: somebody else must be named."""
    item = _work(hand_off, None, now=now)
    due_at = max(hand_off.due_at, now)
    HandOff.objects.filter(pk=hand_off.pk, closed_at=None).update(
        work_item=item, is_urgent=True, due_at=due_at
    )
    hand_off.work_item, hand_off.is_urgent, hand_off.due_at = item, True, due_at
    reminders.ask(hand_off, actor=actor, now=now)


def _close(hand_off: HandOff, action: str, *, now: datetime) -> None:
    outcome = HandOff.Outcome(HAPPENED[action])
    closed = HandOff.objects.filter(pk=hand_off.pk, closed_at=None).update(
        closed_at=now, outcome=outcome
    )
    if not closed:
        raise Stale("Somebody else answered this hand-off first; look at it again.")
    hand_off.closed_at, hand_off.outcome = now, outcome


def _open(
    hand_off: HandOff, role: PractitionerRole | None, *, actor: Actor, now: datetime
) -> HandOff:
    hand_off.work_item = _work(hand_off, role, now=now)
    hand_off.save(force_insert=True)
    if role is not None:
        _give_access(hand_off.work_item, actor=actor, now=now)
    _step(hand_off, "open", "", actor=actor, now=now)
    reminders.ask(hand_off, actor=actor, now=now)
    _tell("hand-off.opened", hand_off, "", actor=actor, now=now, action=audit.Action.CREATE)
    return hand_off


def _hurry(hand_off: HandOff, due_at: datetime, *, actor: Actor, now: datetime) -> HandOff:
    if hand_off.is_urgent:
        return hand_off
    due_at = min(hand_off.due_at, due_at)
    HandOff.objects.filter(pk=hand_off.pk, closed_at=None).update(is_urgent=True, due_at=due_at)
    hand_off.is_urgent, hand_off.due_at = True, due_at
    _step(hand_off, "hurry", hand_off.work_item.status, actor=actor, now=now)
    reminders.ask(hand_off, actor=actor, now=now)
    _tell("hand-off.hurried", hand_off, "", actor=actor, now=now)
    return hand_off


def _open_one(patient_id: UUID) -> HandOff | None:
    return (
        HandOff.objects.filter(patient_id=patient_id, closed_at=None)
        .select_related("patient", "work_item", "sender__location")
        .first()
    )


def _none_open(patient_id: UUID) -> None:
    found = _open_one(patient_id)
    if found is not None:
        raise HandOffOpen(
            "A hand-off of this patient waits for an answer already.", hand_off=str(found.id)
        )


def _cause(lead: PractitionerRole, now: datetime) -> HandOff.Cause:
    """Say why a lead has lapsed: what is written of a registration is true of it."""
    if lead.is_registered(now):
        return HandOff.Cause.CANNOT_LOG_IN
    return HandOff.Cause.REGISTRATION_LAPSED


def _receiver(role_id: UUID, sender: PractitionerRole, *, now: datetime) -> PractitionerRole:
    role = care_team.role_named(role_id, pointer="/practitioner_role", now=now)
    if role.id == sender.id:
        raise care_team.AlreadyInTeam("This practitioner is the lead already.")
    return role


def _work(hand_off: HandOff, role: PractitionerRole | None, *, now: datetime) -> WorkItem:
    return WorkItem.objects.create(
        organization_id=hand_off.organization_id,
        patient_id=hand_off.patient_id,
        kind=WorkItem.Kind.HAND_OFF,
        subject_id=hand_off.id,
        owner=role,
        opened_at=now,
        assigned_at=now if role else None,
        due_at=hand_off.due_at,
    )


def _change(item: WorkItem, **changes: Any) -> None:
    unmoved = WorkItem.objects.filter(pk=item.pk, status=item.status, owner_id=item.owner_id)
    if unmoved.update(**changes) != 1:
        raise Stale("Somebody else answered this hand-off first; look at it again.")
    for name, value in changes.items():
        setattr(item, name, value)


def _give_access(item: WorkItem, *, actor: Actor, now: datetime) -> None:
    """Whoever is asked sees the patient: nobody takes over blindly."""
    assert item.owner_id is not None
    AccessGrant.objects.create(
        organization_id=actor.organization_id,
        patient_id=item.patient_id,
        practitioner_role_id=item.owner_id,
        basis=AccessGrant.Basis.HAND_OFF,
        source_id=item.id,
        since=now,
    )


def _end_access(item: WorkItem, *, now: datetime) -> None:
    AccessGrant.objects.filter(
        basis=AccessGrant.Basis.HAND_OFF, source_id=item.id, until=None
    ).update(until=now)


def _step(
    hand_off: HandOff,
    action: str,
    before: str,
    *,
    reason_code: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    HandOffStep.objects.create(
        organization_id=actor.organization_id,
        hand_off=hand_off,
        work_item=hand_off.work_item,
        action=action,
        from_status=before,
        to_status=hand_off.work_item.status,
        reason_code=reason_code,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )


def _tell(
    event: str,
    hand_off: HandOff,
    reason_code: str,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
) -> None:
    owner_id = hand_off.work_item.owner_id
    detail = {
        "cause": hand_off.cause,
        "reason": reason_code,
        "sender": str(hand_off.sender_id),
        "practitioner_role": str(owner_id) if owner_id else "",
        "evidence": len(hand_off.evidence),
    }
    tell(
        event,
        subject="HandOff",
        subject_id=hand_off.id,
        patient_id=hand_off.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={name: value for name, value in detail.items() if value},
    )
