"""The one function through which a referral moves, and what follows from each move.

In one transaction: compare-and-swap on the request and on its work item, the history, the access
that comes or goes, the messages that are cancelled or become due, audit and feed. Every action
first writes the referral's row, so two of them on one referral never interleave; the one that
comes second finds the row changed and is `Stale`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from coordination import care_team
from coordination.access import patient_for
from coordination.actors import Actor
from coordination.models import OPEN_WORK, WorkItem
from coordination.problems import Invalid, NotFound, Stale
from referrals import reminders
from referrals.assignment import choose, keep_decision
from referrals.circle import end_access, give_access, is_in_team
from referrals.history import make_known, open_work, write_step
from referrals.models import Referral, ReferralReport
from referrals.moves import Move
from referrals.permission import Report, Step, lead_role_of, permitted

CLAIM_LASTS = timedelta(minutes=15)
_LATE_ENTRY = ("start", "complete")


class ReferralNotFound(NotFound):
    """No such referral, or none that this actor may see."""

    type = "referral-not-found"


def referral_for(actor: Actor, referral_id: UUID, *, now: datetime) -> Referral:
    """Return one referral within the actor's reach, or raise `ReferralNotFound`."""
    found: Referral | None = (
        Referral.objects.within_reach(actor, now)
        .select_related("work_item")
        .filter(pk=referral_id)
        .first()
    )
    if found is None:
        raise ReferralNotFound("There is no such referral within your reach.")
    return found


def perform(
    referral_id: UUID,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    reason_code: str = "",
    to: UUID | None = None,
    report: Report | None = None,
    effective_at: datetime | None = None,
) -> Referral:
    """Take one action of `moves.MOVES` on a referral and return it as it is afterwards.

    `to` is the practitioner role that `assign` chooses; `report` comes with `complete`;
    `effective_at` (aware, not in the future) says when work entered late began or ended. Raises
    `ReferralNotFound`, `Denied`, `NotAllowed`, `Invalid`, and `Stale` when somebody else was
    faster; then nothing has changed.
    """
    with transaction.atomic():
        referral = referral_for(actor, referral_id, now=now)
        step = Step(
            action=action,
            referral=referral,
            item=referral.work_item,
            actor=actor,
            now=now,
            effective_at=_effective(referral, action, effective_at, now),
            reason_code=reason_code,
            to=to,
            report=report,
        )
        move = permitted(step)
        _FOLLOW[action](step, move)
        make_known(referral, action, actor=actor, now=now, detail=_detail(step))
        return referral


def _effective(
    referral: Referral, action: str, effective_at: datetime | None, now: datetime
) -> datetime:
    if effective_at is None:
        return now
    if action not in _LATE_ENTRY:
        raise Invalid.field("/effective_at", "This happens when it is entered.")
    if not referral.requested_at <= effective_at <= now:
        raise Invalid.field("/effective_at", "Not before the request, and not in the future.")
    return effective_at


def _submit(step: Step, move: Move) -> None:
    referral = step.referral
    item = open_work(
        referral.id, referral.patient_id, due_at=referral.needed_by, actor=step.actor, now=step.now
    )
    _move_request(step, move, work_item=item)
    _say_opened(step, item)


def _hold(step: Step, move: Move) -> None:
    _move_request(step, move)
    _untell(step, [step.work.id])


def _resume(step: Step, move: Move) -> None:
    _move_request(step, move)
    reminders.tell(step.referral, step.work, actor=step.actor, now=step.now)


def _revoke(step: Step, move: Move) -> None:
    _move_request(step, move)
    if step.item is not None and step.item.status in OPEN_WORK:
        _end_work(step, WorkItem.Status.CANCELLED)
    _leave_nothing(step)


def _acknowledge(step: Step, move: Move) -> None:
    signed_as = (
        step.referral.requested_by_id
        if step.referral.requested_by_id in step.actor.practitioner_role_ids
        else lead_role_of(step)
    )
    _move_request(step, move, acknowledged_by_id=signed_as, acknowledged_at=step.now)
    _leave_nothing(step)


def _claim(step: Step, move: Move) -> None:
    _move_work(step, move, claimed_by_id=step.actor.user_id, claimed_until=step.now + CLAIM_LASTS)


def _release(step: Step, move: Move) -> None:
    _move_work(step, move, claimed_by_id=None, claimed_until=None)


def _assign(step: Step, move: Move) -> None:
    chosen, ranked = choose(step)
    owner_id = chosen.candidate.practitioner_role_id
    _move_work(
        step,
        move,
        owner_id=owner_id,
        assigned_at=step.now,
        claimed_by_id=None,
        claimed_until=None,
    )
    keep_decision(step, chosen, ranked)
    give_access(step.work, owner_id=owner_id, actor=step.actor, now=step.now)
    _untell(step, [step.work.id])
    reminders.tell(step.referral, step.work, actor=step.actor, now=step.now)


def _accept(step: Step, move: Move) -> None:
    patient_id, owner_id = step.work.patient_id, step.work.owner_id
    assert owner_id is not None
    # The team's lock comes before the referral's, as in everything that takes both.
    patient = patient_for(step.actor, patient_id, now=step.now, view="directory", lock=True)
    _move_work(step, move)
    _untell(step, [step.work.id])
    if not is_in_team(patient_id, owner_id):
        care_team.admit_member(patient, owner_id, actor=step.actor, now=step.now)


def _send_back(step: Step, move: Move) -> None:
    _move_work(step, move, closed_at=step.now)
    end_access([step.work.id], now=step.now)
    _untell(step, [step.work.id])
    item = open_work(
        step.referral.id,
        step.referral.patient_id,
        due_at=step.referral.needed_by,
        actor=step.actor,
        now=step.now,
    )
    _change(step.referral, Referral.objects.filter(pk=step.referral.pk), work_item=item)
    _say_opened(step, item)


def _complete(step: Step, move: Move) -> None:
    assert step.report is not None
    assert step.work.owner_id is not None
    _move_work(step, move, request={"outcome": step.report.outcome}, closed_at=step.effective_at)
    ReferralReport.objects.create(
        organization_id=step.actor.organization_id,
        referral=step.referral,
        work_item=step.work,
        author_id=step.work.owner_id,
        text=step.report.text.strip(),
        outcome=step.report.outcome,
        written_at=step.effective_at,
        recorded_at=step.now,
    )
    reminders.tell(step.referral, step.work, actor=step.actor, now=step.now)


def _move_request(step: Step, move: Move, **changes: Any) -> None:
    before = step.referral.status
    unmoved = Referral.objects.filter(
        pk=step.referral.pk, status=before, work_item_id=step.referral.work_item_id
    )
    _change(step.referral, unmoved, status=move.to, moved_at=step.now, **changes)
    _write(step, "request", before, move.to, None)


def _move_work(
    step: Step, move: Move, *, request: Mapping[str, Any] | None = None, **changes: Any
) -> None:
    unmoved = Referral.objects.filter(
        pk=step.referral.pk, status=Referral.Status.ACTIVE, work_item_id=step.work.id
    )
    _change(step.referral, unmoved, moved_at=step.now, **(request or {}))
    before = step.work.status
    _change(step.work, _unmoved_work(step.work), status=move.to, **changes)
    _write(step, "work", before, move.to, step.work)


def _end_work(step: Step, to: str) -> None:
    before = step.work.status
    _change(
        step.work,
        _unmoved_work(step.work),
        status=to,
        closed_at=step.now,
        claimed_by_id=None,
        claimed_until=None,
    )
    _write(step, "work", before, to, step.work)


def _unmoved_work(item: WorkItem) -> QuerySet[WorkItem, WorkItem]:
    return WorkItem.objects.filter(
        pk=item.pk,
        status=item.status,
        owner_id=item.owner_id,
        claimed_by_id=item.claimed_by_id,
        claimed_until=item.claimed_until,
    )


def _change(row: Referral | WorkItem, unmoved: QuerySet[Any, Any], **changes: Any) -> None:
    if unmoved.update(**changes) != 1:
        raise Stale("Somebody else moved this referral first; look at it again.")
    for name, value in changes.items():
        setattr(row, name, value)


def _leave_nothing(step: Step) -> None:
    """End every access and message that any work item of this referral gave or called for."""
    ids = list(WorkItem.objects.filter(subject_id=step.referral.id).values_list("id", flat=True))
    end_access(ids, now=step.now)
    _untell(step, ids)


def _untell(step: Step, ids: list[UUID]) -> None:
    reminders.untell(ids, because=f"referral.{step.action}", actor=step.actor, now=step.now)


def _say_opened(step: Step, item: WorkItem) -> None:
    _write(step, "work", "", item.status, item, action="open")
    reminders.tell(step.referral, item, actor=step.actor, now=step.now)


def _write(
    step: Step, part: str, before: str, after: str, item: WorkItem | None, *, action: str = ""
) -> None:
    write_step(
        step.referral,
        part=part,
        action=action or step.action,
        from_status=before,
        to_status=after,
        item=item,
        actor=step.actor,
        now=step.now,
        effective_at=step.effective_at,
        reason_code="" if action else step.reason_code,
    )


def _detail(step: Step) -> dict[str, str]:
    owner_id = step.item.owner_id if step.item else None
    return {
        "part": step.part,
        "reason": step.reason_code,
        "work_item": str(step.item.id) if step.item else "",
        "practitioner_role": str(owner_id) if owner_id else "",
    }


_FOLLOW: Mapping[str, Callable[[Step, Move], None]] = {
    "submit": _submit,
    "hold": _hold,
    "resume": _resume,
    "revoke": _revoke,
    "acknowledge": _acknowledge,
    "claim": _claim,
    "release": _release,
    "assign": _assign,
    "reroute": _assign,
    "accept": _accept,
    "decline": _send_back,
    "requeue": _send_back,
    "start": _move_work,
    "complete": _complete,
}
