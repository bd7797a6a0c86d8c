"""How those who must act at once are called. The words are neutral: they go out by mail.

They tell neither what was answered nor which rule it met: of several alerts each says which one it
is, and leads to its own address.
"""

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
from notifications.kinds import MessageKind, Particulars, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue

CALL = "safety.alert"
AGAIN = "safety.alert-again"
REOPENED = "safety.alert-reopened"


def _until_taken_up(alert_id: UUID, now: datetime) -> Verdict:
    if SafetyAlert.objects.filter(pk=alert_id, status=SafetyAlert.Status.OPEN).exists():
        return Verdict(holds=True)
    return Verdict(holds=False, reason="somebody acts on it")


def _alerts(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return SafetyAlert.objects.filter(disclosed_to(SafetyAlert, actor, now))


def _particulars(alert_id: UUID, occurrence: str) -> Particulars:
    """Say since when an alert waits, how often it was said before, and which of several it is."""
    alert = SafetyAlert.objects.get(pk=alert_id)
    rung = int(occurrence.rpartition(":")[2])
    before = "once" if rung == 1 else f"{rung} times"
    said = [f"It has been said {before} before."] if rung else []
    together = list(
        SafetyAlert.objects.filter(assessment=alert.assessment_id)
        .order_by("id")
        .values_list("pk", flat=True)
    )
    if len(together) > 1:
        said.append(
            f"This is alert {together.index(alert.pk) + 1} of {len(together)} that were raised "
            "together, each for another reason and taken up by itself."
        )
    return Particulars(text=" ".join(said), since=alert.raised_at)


def register_kinds() -> None:
    """Tell the outbox what may be said about safety alerts."""
    act = "take it up in Continuum, then reach the person."
    for name, audience, subject_line, text in (
        (
            CALL,
            "who is on call, the lead, who took the answer",
            "A safety alert needs somebody now",
            f"A safety alert needs somebody now: {act}",
        ),
        (
            AGAIN,
            "the same, and the whole team",
            "Nobody acts on a safety alert yet",
            f"Nobody acts on a safety alert that stands since the time below: {act}",
        ),
        (
            REOPENED,
            "the same, once whoever had taken it up is gone",
            "A safety alert is open again",
            f"Whoever had taken up a safety alert cannot act on it any more: {act}",
        ),
    ):
        register(
            MessageKind(
                name=name,
                purpose="work",
                audience=audience,
                subject_line=subject_line,
                text=text,
                still_holds=_until_taken_up,
                disclosed=_alerts,
                particulars=_particulars,
                safety=True,
            )
        )


def lead(patient_id: UUID, *, now: datetime) -> list[Recipient]:
    """Return the lead who may practise, or who is named to stand in; never the desk."""
    told = leading.told_as_lead(patient_id, now=now)
    return [to for to in told if to.practitioner_role_id is not None]


def call(
    alert: SafetyAlert,
    roles: Iterable[PractitionerRole],
    *,
    is_reopened: bool = False,
    actor: Actor,
    now: datetime,
) -> None:
    """Say at once that somebody must act; each rung of the ladder is said anew."""
    again = REOPENED if is_reopened else AGAIN
    recipients = [*_roles(roles), *lead(alert.patient_id, now=now)]
    _say(again if alert.rung else CALL, alert, recipients, actor=actor, now=now)


def call_newcomers(
    alert: SafetyAlert, roles: Iterable[PractitionerRole], *, actor: Actor, now: datetime
) -> None:
    """Say to who has come on call since what the others of this rung were told."""
    _say(AGAIN if alert.rung else CALL, alert, _roles(roles), actor=actor, now=now)


def _roles(roles: Iterable[PractitionerRole]) -> list[Recipient]:
    return [Recipient(practitioner_role_id=role.pk) for role in roles]


def _say(
    kind: str, alert: SafetyAlert, recipients: list[Recipient], *, actor: Actor, now: datetime
) -> None:
    enqueue(
        kind=kind,
        subject_id=alert.pk,
        occurrence=f"{alert.pk}:{alert.rung}",
        recipients=recipients,
        due_at=now,
        patient_id=alert.patient_id,
        path=f"/safety-alerts/{alert.pk}",
        actor=actor,
        now=now,
    )


def take_back(alert: SafetyAlert, *, because: str, actor: Actor, now: datetime) -> int:
    """Cancel what still waits to be said about an alert; return how many messages."""
    return cancel(subject_ids=[alert.pk], reason=because, actor=actor, now=now)
