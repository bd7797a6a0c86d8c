"""How those who must act at once are called. The words are neutral: they go out by mail."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from care_plans import leading
from care_plans.models import SafetyAlert
from coordination.actors import Actor
from coordination.disclosure import disclosed_to
from coordination.models import PractitionerRole
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue

CALL = "safety.alert"


def _until_taken_up(alert_id: UUID, now: datetime) -> Verdict:
    if SafetyAlert.objects.filter(pk=alert_id, status=SafetyAlert.Status.OPEN).exists():
        return Verdict(holds=True)
    return Verdict(holds=False, reason="somebody acts on it")


def _alerts(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return SafetyAlert.objects.filter(disclosed_to(SafetyAlert, actor, now))


def register_kinds() -> None:
    """Tell the outbox what may be said about safety alerts."""
    register(
        MessageKind(
            name=CALL,
            purpose="work",
            audience="who is on call, the lead, who took the answer; after that the whole team",
            subject_line="A safety alert needs somebody now",
            text="A safety alert needs somebody now: take it up in Continuum.",
            still_holds=_until_taken_up,
            disclosed=_alerts,
            safety=True,
        )
    )


def lead(patient_id: UUID, *, now: datetime) -> list[Recipient]:
    """Return the lead who may practise, or who is named to stand in; never the desk."""
    told = leading.told_as_lead(patient_id, now=now)
    return [to for to in told if to.practitioner_role_id is not None]


def call(
    alert: SafetyAlert, roles: Iterable[PractitionerRole], *, actor: Actor, now: datetime
) -> None:
    """Say at once that somebody must act; each rung of the ladder is said anew."""
    recipients = [
        *(Recipient(practitioner_role_id=role.pk) for role in roles),
        *lead(alert.patient_id, now=now),
    ]
    enqueue(
        kind=CALL,
        subject_id=alert.pk,
        occurrence=f"{alert.pk}:{alert.rung}",
        recipients=recipients,
        due_at=now,
        patient_id=alert.patient_id,
        path=f"/patients/{alert.patient_id}",
        actor=actor,
        now=now,
    )


def take_back(alert: SafetyAlert, *, because: str, actor: Actor, now: datetime) -> int:
    """Cancel what still waits to be said about an alert; return how many messages."""
    return cancel(subject_ids=[alert.pk], reason=because, actor=actor, now=now)
