"""What people are told about referrals, and when it is no longer worth telling.

Each message is about one work item: a new work item is a new matter, so whoever is asked after a
decline hears of it, and whatever was said of the former one is cancelled.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from coordination.actors import Actor
from coordination.models import AccessGrant, CareTeamMember, PractitionerRole, WorkItem, current
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue, schedulers
from referrals.models import Referral

WAITING = "referral.waiting"
ASSIGNED = "referral.assigned"
REPORTED = "referral.reported"


def _holds_while(condition: Q, otherwise: str) -> Callable[[UUID, datetime], Verdict]:
    def still_holds(work_item_id: UUID, now: datetime) -> Verdict:
        # `referral` is the request whose present work item this is: an earlier one has none.
        if WorkItem.objects.filter(condition, pk=work_item_id, referral__status="active").exists():
            return Verdict(holds=True)
        return Verdict(holds=False, reason=otherwise)

    return still_holds


def _asked(work_item_id: UUID, to: Recipient, now: datetime) -> bool:
    """Ask whether this practitioner's answer is still waited for."""
    own = PractitionerRole.objects.filter(practitioner__roles=to.practitioner_role_id)
    return WorkItem.objects.filter(pk=work_item_id, owner__in=own).exists()


def _disclosed(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Return the work items of the referrals that nothing withholds from the actor."""
    return WorkItem.objects.filter(referral__in=Referral.objects.within_reach(actor, now))


def register_kinds() -> None:
    """Tell the outbox what this app may say."""
    register(
        MessageKind(
            name=WAITING,
            purpose="work",
            audience="every scheduler of the organization",
            subject_line="A referral waits for assignment",
            text="A referral waits in the queue for somebody to be assigned.",
            disclosed=_disclosed,
            still_holds=_holds_while(
                Q(status="requested", owner=None), "no-longer-waits-for-assignment"
            ),
        )
    )
    register(
        MessageKind(
            name=ASSIGNED,
            purpose="work",
            audience="the practitioner to whom it is assigned",
            subject_line="A referral waits for your answer",
            text="A referral was assigned to you and waits for you to accept or decline it.",
            disclosed=_disclosed,
            still_holds=_holds_while(
                Q(status="requested", owner__isnull=False), "no-longer-waits-for-an-answer"
            ),
            concerns=_asked,
        )
    )
    register(
        MessageKind(
            name=REPORTED,
            purpose="care",
            audience="who made the referral, or the present lead once the referrer has left",
            subject_line="A report waits for your acknowledgement",
            text="The report on a referral is there and waits for your acknowledgement.",
            disclosed=_disclosed,
            still_holds=_holds_while(Q(status="completed"), "no-longer-waits-for-acknowledgement"),
        )
    )


def tell(referral: Referral, item: WorkItem, *, actor: Actor, now: datetime) -> list[UUID]:
    """Enqueue what the present state of a referral makes worth saying; return the messages' ids."""
    kind, recipients = _due(referral, item, now)
    if kind is None:
        return []
    return enqueue(
        kind=kind,
        subject_id=item.id,
        occurrence=now.isoformat(),
        recipients=recipients,
        due_at=now,
        patient_id=referral.patient_id,
        path=f"/referrals/{referral.id}",
        actor=actor,
        now=now,
    )


def untell(work_item_ids: Iterable[UUID], *, because: str, actor: Actor, now: datetime) -> int:
    """Cancel what still waits to be said about these work items; return how many messages."""
    return cancel(subject_ids=work_item_ids, reason=because, actor=actor, now=now)


def _due(referral: Referral, item: WorkItem, now: datetime) -> tuple[str | None, list[Recipient]]:
    if referral.status != Referral.Status.ACTIVE:
        return None, []
    match item.status, item.owner_id:
        case WorkItem.Status.REQUESTED, None:
            return WAITING, schedulers(now=now)
        case WorkItem.Status.REQUESTED, owner_id:
            return ASSIGNED, [Recipient(practitioner_role_id=owner_id)]
        case WorkItem.Status.COMPLETED, _:
            return REPORTED, [Recipient(practitioner_role_id=_acknowledger(referral, now))]
    return None, []


def _acknowledger(referral: Referral, now: datetime) -> UUID:
    """Return who is to acknowledge: a referrer who no longer sees the patient cannot."""
    asked: UUID = referral.requested_by_id
    sees = AccessGrant.objects.filter(
        current(now), patient_id=referral.patient_id, practitioner_role_id=asked
    )
    if sees.exists():
        return asked
    lead: UUID | None = (
        CareTeamMember.objects.filter(
            patient_id=referral.patient_id, role=CareTeamMember.Role.LEAD, until=None
        )
        .values_list("practitioner_role_id", flat=True)
        .first()
    )
    return lead or asked
