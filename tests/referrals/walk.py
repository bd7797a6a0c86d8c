"""Takes a referral of the cast's patient to any state, by the moves that lead there."""

from typing import Any
from uuid import UUID

from coordination.actors import Actor
from coordination.models import WorkItem
from referrals.lifecycle import perform
from referrals.models import Referral, ReferralReport, ReferralTransition
from referrals.permission import Report
from referrals.requests import Request, open_referral, request_referral
from tests.cast import NOW, Cast, Person

REPORT = Report("Settled after three visits; home programme given.", "goals_met")

#: how to reach each state of (request, work), from opening on
WAYS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("active", "waiting"): [],
    ("active", "claimed"): [("sam", "claim")],
    ("active", "requested"): [("sam", "assign")],
    ("active", "accepted"): [("sam", "assign"), ("chloe", "accept")],
    ("active", "in_progress"): [("sam", "assign"), ("chloe", "accept"), ("chloe", "start")],
    ("active", "completed"): [
        ("sam", "assign"),
        ("chloe", "accept"),
        ("chloe", "start"),
        ("chloe", "complete"),
    ],
    ("on_hold", "waiting"): [("asha", "hold")],
    ("on_hold", "requested"): [("sam", "assign"), ("asha", "hold")],
    ("on_hold", "accepted"): [("sam", "assign"), ("chloe", "accept"), ("asha", "hold")],
    ("on_hold", "in_progress"): [
        ("sam", "assign"),
        ("chloe", "accept"),
        ("chloe", "start"),
        ("asha", "hold"),
    ],
    ("completed", "completed"): [
        ("sam", "assign"),
        ("chloe", "accept"),
        ("chloe", "start"),
        ("chloe", "complete"),
        ("asha", "acknowledge"),
    ],
    ("revoked", "cancelled"): [("sam", "assign"), ("asha", "revoke")],
}
REASONS = {
    "decline": "no_capacity",
    "requeue": "no_answer",
    "hold": "patient_request",
    "revoke": "no_longer_needed",
}


def given_with(action: str) -> dict[str, Any]:
    """Return what a caller sends along with an action so that nothing is missing."""
    given: dict[str, Any] = {}
    if action in REASONS:
        given["reason_code"] = REASONS[action]
    if action == "complete":
        given["report"] = REPORT
    return given


def do(
    referral: Referral, action: str, who: Person | Actor, *, now: Any = NOW, **given: Any
) -> Referral:
    """Let somebody take one action, with all that it needs."""
    actor = who if isinstance(who, Actor) else who.actor(now)
    return perform(referral.id, action, actor=actor, now=now, **(given_with(action) | given))


def opened(cast: Cast, discipline: str = "massage_therapy", **changes: Any) -> Referral:
    """Open a referral that Asha asks for and has to acknowledge."""
    asked: dict[str, Any] = {
        "patient_id": cast.patient.id,
        "discipline": discipline,
        "key": f"course/acute/{discipline}",
        "reason_code": "stage-need",
        "requested_by_id": cast.asha.practitioner_role.id,
        "actor": Actor.system("care_plans.progress", cast.riverside.id),
        "now": NOW,
    }
    referral, _ = open_referral(**(asked | changes))
    return referral


def drafted(cast: Cast) -> Referral:
    """Keep a draft of Asha's."""
    referral, _ = request_referral(
        Request(discipline="massage_therapy", reason_code="tightness"),
        patient_id=cast.patient.id,
        requested_by_id=None,
        draft=True,
        actor=cast.asha.actor(),
        now=NOW,
    )
    return referral


def at(cast: Cast, request: str, work: str) -> Referral:
    """Return a referral in this state; the transaction must be in Riverside."""
    if request == "draft":
        return drafted(cast)
    referral = opened(cast)
    for name, action in WAYS[request, work]:
        do(referral, action, getattr(cast, name))
    return as_stored(referral.id)


def as_stored(referral_id: UUID) -> Referral:
    """Read a referral anew."""
    found: Referral = Referral.objects.select_related("work_item").get(pk=referral_id)
    return found


def work_of(referral: Referral) -> WorkItem:
    """Read the present work item of a referral anew."""
    item = as_stored(referral.id).work_item
    assert item is not None
    return item


def everything(referral: Referral) -> tuple[Any, ...]:
    """Return all that an action on a referral could change, to see that nothing did."""
    from coordination.models import AccessGrant, AuditEvent, CareTeamMember, Event
    from notifications.models import Message

    return (
        list(Referral.objects.filter(pk=referral.pk).values()),
        list(WorkItem.objects.filter(subject_id=referral.pk).order_by("id").values()),
        ReferralTransition.objects.count(),
        ReferralReport.objects.count(),
        list(AccessGrant.objects.order_by("id").values()),
        CareTeamMember.objects.count(),
        AuditEvent.objects.count(),
        Event.objects.count(),
        list(Message.objects.order_by("id").values()),
    )
