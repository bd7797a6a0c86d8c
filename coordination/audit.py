"""The append-only record of every access and every change, written in the same transaction."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from coordination import audit_rows
from coordination.actors import Actor, Role
from coordination.audit_rows import AuditRowsLost, collecting, insert_statement
from coordination.models import AuditEvent, new_id
from coordination.version import VERSION

Action = AuditEvent.Action
Basis = AuditEvent.Basis
Purpose = AuditEvent.Purpose
#: in `detail`: the software worked a record out anew after somebody recorded something
DERIVED = "derived"

__all__ = [
    "DERIVED",
    "Action",
    "AuditRowsLost",
    "Basis",
    "Heard",
    "Purpose",
    "collecting",
    "insert_statement",
    "overhearing",
    "record",
    "row",
]


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
    purpose: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record one access or change in the current transaction; if it fails, so does the act.

    `event` is dotted (`referral.accept`), `resource` the kind of record in the words of the
    domain. `detail` holds codes and ids (old and new values), never free text of a patient.
    `basis` and `purpose` are what `row` makes of them.
    """
    about = tuple(dict.fromkeys(patient_ids))
    if (heard := _listening.get()) is not None:
        heard.append(Heard(resource, resource_id, about))
    audit_rows.add(
        row(
            actor=actor,
            now=now,
            action=action,
            event=event,
            resource=resource,
            resource_id=resource_id,
            patient_ids=about,
            basis=basis,
            purpose=purpose,
            detail=detail,
        )
    )


def row(
    *,
    actor: Actor,
    now: datetime,
    action: AuditEvent.Action,
    event: str,
    resource: str,
    resource_id: UUID | None = None,
    patient_ids: Iterable[UUID] = (),
    basis: str = "",
    purpose: str = "",
    detail: Mapping[str, Any] | None = None,
) -> audit_rows.Row:
    """Return one row for `insert_statement`.

    For each patient the statement looks up the access grant by which the actor sees them now; a
    patient without one gets `basis`, and unless that is said, what the actor's roles give.
    `purpose` is one of `AuditEvent.Purpose`; unless said, it follows from the roles.
    """
    return {
        "id": new_id(),
        "organization_id": actor.organization_id,
        "recorded_at": now.isoformat(),
        "user_id": actor.user_id,
        "actor": actor.label,
        "action": str(action),
        "event": event,
        "resource": resource,
        "resource_id": resource_id,
        "patient_ids": list(dict.fromkeys(patient_ids)),
        "basis": basis or basis_of_role(actor),
        "role_ids": [] if basis else actor.practitioner_role_ids,
        "purpose": purpose or purpose_of_role(actor),
        "request_id": actor.request_id,
        "detail": ({"software": VERSION} if actor.is_software else {}) | dict(detail or {}),
    }


def basis_of_role(actor: Actor) -> str:
    """Return by what right an actor meets a patient for whom no access grant is found."""
    if actor.is_software:
        return actor.label
    if Role.SCHEDULER in actor.roles:
        return Basis.DIRECTORY
    if Role.PRIVACY_OFFICER in actor.roles:
        return Basis.OVERSIGHT
    if _speaks_for_others(actor):
        return Basis.PROXY
    return Basis.UNRESOLVED


def _speaks_for_others(actor: Actor) -> bool:
    """Say whether a proxy acts, who may be a patient here as well."""
    return Role.PROXY in actor.roles and actor.roles <= {Role.PROXY, Role.PATIENT}


def purpose_of_role(actor: Actor) -> str:
    """Return what an actor with these roles works for, unless an act says otherwise."""
    if actor.is_software or Role.PRACTITIONER in actor.roles or _speaks_for_others(actor):
        return Purpose.CARE
    if Role.PRIVACY_OFFICER in actor.roles:
        return Purpose.PRIVACY_REVIEW
    return Purpose.OPERATIONS
