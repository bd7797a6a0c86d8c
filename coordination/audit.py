"""The append-only record of every access and every change, written in the same transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from coordination.actors import Actor
from coordination.models import AuditEvent

Action = AuditEvent.Action


def record(
    *,
    actor: Actor,
    now: datetime,
    action: AuditEvent.Action,
    event: str,
    resource: str,
    resource_id: UUID | None = None,
    patient_ids: Iterable[UUID] = (),
    basis: str = "",
    purpose: str = "care",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record one access or change in the current transaction; if it fails, so does the act.

    `event` is dotted (`referral.accept`), `resource` the kind of record in the words of the
    domain. `detail` holds codes and ids (old and new values), never free text of a patient.
    """
    AuditEvent.objects.create(
        organization_id=actor.organization_id,
        recorded_at=now,
        user_id=actor.user_id,
        actor=actor.label,
        action=action,
        event=event,
        resource=resource,
        resource_id=resource_id,
        patient_ids=list(dict.fromkeys(patient_ids)),
        basis=basis,
        purpose=purpose,
        request_id=actor.request_id,
        detail=dict(detail or {}),
    )
