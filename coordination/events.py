"""The feed that other systems follow: what happened, in an order without gaps.

A row becomes readable only when every transaction that began before it has ended, so a reader
that keeps its last cursor never misses a row that commits late.
"""

from datetime import datetime
from uuid import UUID

from django.db import models

from coordination.actors import Actor
from coordination.models import Event


def publish(
    *,
    actor: Actor,
    now: datetime,
    type: str,
    subject: str,
    subject_id: UUID,
    patient_id: UUID | None = None,
) -> None:
    """Append one event in the current transaction. It carries ids only, never health data."""
    Event.objects.create(
        organization_id=actor.organization_id,
        recorded_at=now,
        type=type,
        subject=subject,
        subject_id=subject_id,
        patient_id=patient_id,
    )


def settled() -> models.Q:
    """Select the events whose place in the order is final.

    Those of a transaction that still runs, and of any that began later, wait until it has ended.
    """
    bound = models.Func(
        function="coordination_settled_before", output_field=models.BigIntegerField()
    )
    return models.Q(transaction_id__lt=bound)
