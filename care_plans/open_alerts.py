"""Safety alerts of a person that nobody has closed, told beside what else is read of their care.

No directive hides that there is one: what was answered is withheld with its answer, and who took it
up with whatever they do.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from care_plans import alert_reasons
from care_plans.disclosing import disclose
from care_plans.models import Assessment, SafetyAlert
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.disclosure import is_doer_shown

WITHHELD = "what was answered is withheld"

Status = SafetyAlert.Status


def open_alerts(patient_id: UUID, *, actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Return what nobody has closed, within the actor's reach; what nobody has taken up first.

    Each knows whether its answer and whoever took it up are shown, as `told_of` asks.
    """
    found = owned_by_patient(SafetyAlert.objects.all(), actor, now).filter(patient_id=patient_id)
    waiting = Case(When(status=Status.OPEN, then=0), default=1, output_field=IntegerField())
    shown: QuerySet[Any, Any] = found.exclude(status=Status.CLOSED).annotate(
        shows_answer=Q(assessment__in=disclose(Assessment.objects.all(), actor, now)),
        shows_holder=Case(
            When(is_doer_shown(actor, now, at="acknowledged_by"), then=Value(True)),
            default=Value(False),
        ),
    )
    rows = alert_reasons.with_rules(shown).select_related("acknowledged_by__practitioner")
    return rows.order_by(waiting, "-raised_at", "id")


def told_of(alert: Any) -> str:
    """Return one sentence: since when, who has taken it up, and what was answered."""
    what = alert_reasons.asked(alert) if alert.shows_answer else WITHHELD
    since = alert.raised_at.astimezone(UTC)
    return f"Safety alert since {since:%Y-%m-%d %H:%M} UTC, {_holder(alert)}: {what}"


def _holder(alert: Any) -> str:
    if alert.acknowledged_by is None:
        return "nobody has taken it up"
    if not alert.shows_holder:
        return "taken up by somebody who is withheld"
    return f"taken up by {alert.acknowledged_by.practitioner.name}"
