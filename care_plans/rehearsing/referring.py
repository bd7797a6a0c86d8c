"""How the played people take a referral on, from wherever real people have left it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from care_plans.rehearsing.scene import Scene, practising
from coordination.actors import Actor
from coordination.models import OPEN_WORK, WorkItem
from referrals.assignment import NobodyToAsk
from referrals.lifecycle import perform
from referrals.models import Referral
from referrals.reasons import RequeueReason


@dataclass(frozen=True, slots=True)
class _Step:
    """What comes next in the life of a referral, and who does it."""

    action: str
    actor: Actor
    reason_code: str = ""


def take_up(referral_id: UUID, *, scene: Scene, lead: Actor, now: datetime) -> bool:
    """Let somebody have accepted a referral, or its report be acknowledged; say whether it moved.

    What rests is resumed, what waits is assigned to the first of the ranking, and whoever is asked
    accepts, unless they may not practise any more: then the next one is asked. Where nobody is
    left to be asked it goes on waiting, and its lane stands in the way of the stage.
    """
    moved = False
    with suppress(NobodyToAsk):
        while (step := _next_step(referral_id, scene, lead, now)) is not None:
            perform(
                referral_id, step.action, actor=step.actor, now=now, reason_code=step.reason_code
            )
            moved = True
    return moved


def _next_step(referral_id: UUID, scene: Scene, lead: Actor, now: datetime) -> _Step | None:
    rows = Referral.objects.select_related(
        "work_item__owner__practitioner", "work_item__owner__location"
    )
    referral: Referral = rows.get(pk=referral_id)
    item = referral.work_item
    if referral.status == Referral.Status.ON_HOLD:
        return _Step("resume", scene.software)
    if referral.status != Referral.Status.ACTIVE or item is None:
        return None
    if item.status == WorkItem.Status.COMPLETED:
        return _Step("acknowledge", lead) if _is_known_to(lead, referral, now) else None
    if item.owner is None:
        return _Step("assign", scene.desk)
    if item.status in OPEN_WORK and not item.owner.is_registered(now):
        return _Step("requeue", scene.desk, RequeueReason.REGISTRATION_LAPSED)
    if item.status == WorkItem.Status.REQUESTED:
        return _Step("accept", practising(item.owner))
    return None


def _is_known_to(lead: Actor, referral: Referral, now: datetime) -> bool:
    """Say whether the lead may know of a referral: what is withheld is for others to close."""
    found: bool = Referral.objects.within_reach(lead, now).filter(pk=referral.pk).exists()
    return found
