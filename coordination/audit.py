"""The append-only record of every access and every change, written in the same transaction."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from coordination.actors import Actor
from coordination.models import AuditEvent

Action = AuditEvent.Action


class Heard(NamedTuple):
    """What a record was about."""

    resource: str
    resource_id: UUID | None
    patient_ids: tuple[UUID, ...]


_listening: ContextVar[list[Heard] | None] = ContextVar("listening", default=None)


@contextmanager
def overhearing() -> Iterator[list[Heard]]:
    """Collect what is recorded meanwhile, for whoever must know what an answer disclosed."""
    heard: list[Heard] = []
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)


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
    about = tuple(dict.fromkeys(patient_ids))
    if (heard := _listening.get()) is not None:
        heard.append(Heard(resource, resource_id, about))
    AuditEvent.objects.create(
        organization_id=actor.organization_id,
        recorded_at=now,
        user_id=actor.user_id,
        actor=actor.label,
        action=action,
        event=event,
        resource=resource,
        resource_id=resource_id,
        patient_ids=list(about),
        basis=basis,
        purpose=purpose,
        request_id=actor.request_id,
        detail=dict(detail or {}),
    )
