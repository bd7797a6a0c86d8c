"""Leaving the two traces of every change to a plan: the audit row and the event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from coordination import audit, events
from coordination.actors import Actor


def tell(
    event: str,
    *,
    subject: str,
    subject_id: UUID,
    patient_id: UUID,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record a change for people and for systems that follow, in the current transaction."""
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource=subject,
        resource_id=subject_id,
        patient_ids=[patient_id],
        detail=detail,
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject=subject,
        subject_id=subject_id,
        patient_id=patient_id,
    )
