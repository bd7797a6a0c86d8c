"""Each step of a referral, said three times: to its history, to the audit trail, to the feed."""

from datetime import datetime
from uuid import UUID

from coordination import audit, events
from coordination.actors import Actor
from coordination.models import WorkItem
from referrals.models import Referral, ReferralTransition
from referrals.moves import HAPPENED


def write_step(
    referral: Referral,
    *,
    part: str,
    action: str,
    from_status: str,
    to_status: str,
    item: WorkItem | None,
    actor: Actor,
    now: datetime,
    effective_at: datetime | None = None,
    reason_code: str = "",
) -> None:
    """Append one step of one part to the referral's history."""
    ReferralTransition.objects.create(
        organization_id=actor.organization_id,
        referral=referral,
        work_item=item,
        part=part,
        action=action,
        from_status=from_status,
        to_status=to_status,
        reason_code=reason_code,
        actor=actor.label,
        user_id=actor.user_id,
        effective_at=effective_at or now,
        recorded_at=now,
    )


def make_known(
    referral: Referral,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    detail: dict[str, str],
    created: bool = False,
) -> None:
    """Record one act in the audit trail and publish it; `detail` holds codes and ids only."""
    event = f"referral.{HAPPENED[action]}"
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.CREATE if created else audit.Action.ACT,
        event=event,
        resource="Referral",
        resource_id=referral.id,
        patient_ids=[referral.patient_id],
        detail={name: value for name, value in detail.items() if value},
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="Referral",
        subject_id=referral.id,
        patient_id=referral.patient_id,
    )


def open_work(
    referral_id: UUID, patient_id: UUID, *, due_at: datetime | None, actor: Actor, now: datetime
) -> WorkItem:
    """Put a new work item without owner into the schedulers' queue."""
    return WorkItem.objects.create(
        organization_id=actor.organization_id,
        patient_id=patient_id,
        kind=WorkItem.Kind.REFERRAL,
        subject_id=referral_id,
        opened_at=now,
        due_at=due_at,
    )
