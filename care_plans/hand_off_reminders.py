"""What people are told about a hand-off, and when it is no longer worth telling.

Each message but the answer is about one work item: whoever is asked after a decline hears of a
new matter.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from coordination.actors import Actor
from coordination.disclosure import disclosed_to
from coordination.models import HandOff, PractitionerRole, WorkItem
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue, schedulers

OPENED = "hand-off.opened"
WAITING = "hand-off.waiting"
AGEING = "hand-off.ageing"
ANSWERED = "hand-off.answered"


def _holds_while(condition: Q) -> Callable[[UUID, datetime], Verdict]:
    def still_holds(work_item_id: UUID, now: datetime) -> Verdict:
        waits = Q(pk=work_item_id, status=WorkItem.Status.REQUESTED)
        if WorkItem.objects.filter(waits & condition).exists():
            return Verdict(holds=True)
        return Verdict(holds=False, reason="no-longer-waits-for-an-answer")

    return still_holds


def _once_answered(hand_off_id: UUID, now: datetime) -> Verdict:
    return Verdict(holds=HandOff.objects.filter(pk=hand_off_id).exists())


def _asked(work_item_id: UUID, to: Recipient, now: datetime) -> bool:
    own = PractitionerRole.objects.filter(practitioner__roles=to.practitioner_role_id)
    return WorkItem.objects.filter(pk=work_item_id, owner__in=own).exists()


def _hand_offs(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return HandOff.objects.filter(disclosed_to(HandOff, actor, now))


def _items(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return WorkItem.objects.filter(hand_off__in=_hand_offs(actor, now))


def register_kinds() -> None:
    """Tell the outbox what may be said about hand-offs."""
    for kind in (
        MessageKind(
            name=OPENED,
            purpose="work",
            audience="the practitioner who is asked to take over the lead",
            subject_line="A hand-off waits for your answer",
            text="You are asked to take over the lead for a patient; accept or decline it.",
            still_holds=_holds_while(Q(owner__isnull=False)),
            concerns=_asked,
            disclosed=_items,
        ),
        MessageKind(
            name=WAITING,
            purpose="work",
            audience="every scheduler, when nobody is named or the lead has lapsed",
            subject_line="A patient's lead must be taken over",
            text="A lead can no longer answer for a plan; somebody must take over.",
            still_holds=_holds_while(Q(owner=None) | Q(hand_off__is_urgent=True)),
        ),
        MessageKind(
            name=AGEING,
            purpose="work",
            audience="whoever is asked, the sender; the schedulers too when it is urgent",
            subject_line="A hand-off is overdue",
            text="A hand-off has not been answered in time; nobody has taken over the plan yet.",
            still_holds=_holds_while(Q()),
            disclosed=_items,
        ),
        MessageKind(
            name=ANSWERED,
            purpose="work",
            audience="the sender; the schedulers too when it is urgent",
            subject_line="A hand-off was answered",
            text="A hand-off was answered; what became of it is in Continuum.",
            still_holds=_once_answered,
            disclosed=_hand_offs,
        ),
    ):
        register(kind)


def ask(hand_off: HandOff, *, actor: Actor, now: datetime) -> None:
    """Tell whoever is to act on the present work item, and plan what is said once it is overdue."""
    item, named = hand_off.work_item, _named(hand_off)
    if named:
        _say(OPENED, hand_off, item.id, named, now, actor=actor, now=now)
    watching = schedulers(now=now) if hand_off.is_urgent or not named else []
    if watching:
        _say(WAITING, hand_off, item.id, watching, now, actor=actor, now=now)
    late = max(hand_off.due_at, now)
    informed = [*named, Recipient(practitioner_role_id=hand_off.sender_id), *watching]
    _say(AGEING, hand_off, item.id, informed, late, actor=actor, now=now)


def answered(hand_off: HandOff, *, actor: Actor, now: datetime) -> None:
    """Tell the sender what became of it; the schedulers too when it is urgent."""
    told = [Recipient(practitioner_role_id=hand_off.sender_id)]
    if hand_off.is_urgent:
        told += schedulers(now=now)
    _say(ANSWERED, hand_off, hand_off.id, told, now, actor=actor, now=now)


def take_back(item: WorkItem, *, because: str, actor: Actor, now: datetime) -> int:
    """Cancel what still waits to be said about a work item; return how many messages."""
    return cancel(subject_ids=[item.id], reason=because, actor=actor, now=now)


def _named(hand_off: HandOff) -> list[Recipient]:
    owner_id = hand_off.work_item.owner_id
    return [Recipient(practitioner_role_id=owner_id)] if owner_id else []


def _say(
    kind: str,
    hand_off: HandOff,
    subject_id: UUID,
    recipients: Iterable[Recipient],
    due_at: datetime,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    enqueue(
        kind=kind,
        subject_id=subject_id,
        occurrence=f"{due_at.isoformat()}",
        recipients=recipients,
        due_at=due_at,
        patient_id=hand_off.patient_id,
        path=f"/patients/{hand_off.patient_id}",
        actor=actor,
        now=now,
    )
