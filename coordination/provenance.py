"""Where a patient's record comes from: who wrote it, when, for whom, and by which request.

Nothing is kept a second time. The audit trail holds every write with its transaction; what a
record's own columns add (when it held, as opposed to when it was written down) is read from it.
A record that is written as a part of another one (a score of its assessment, a goal of its course)
is told of together with what it hangs on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import ForeignKey, IntegerField, Model, QuerySet, Value
from django.utils.dateparse import parse_datetime

from coordination import audit
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.disclosure import people_withheld
from coordination.models import AuditEvent, Labels, OrganizationOwned, Patient
from coordination.problems import NotFound

_READING = (AuditEvent.Action.READ, AuditEvent.Action.SEARCH)
_SOFTWARE = "software:"


class RecordNotFound(NotFound):
    """No such record of a patient, or none that this actor has a reason to see."""

    type = "record-not-found"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who wrote: a person by login ("" where withheld), or a part of this software."""

    kind: str
    name: str
    user: UUID | None
    version: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """One write. `effective_at` is when it held, `recorded_at` when it was written down."""

    id: UUID
    target: UUID
    target_kind: str
    activity: str
    agent: Agent
    organization: UUID
    effective_at: datetime
    recorded_at: datetime
    request: str
    is_import: bool
    purpose: str
    reason_code: str
    fields: list[str]
    patient: UUID


@dataclass(frozen=True, slots=True)
class History:
    """Every write of a patient's record, the first first; none where the trail was dropped."""

    patient: UUID
    writes: list[Provenance]


def provenance_of(target: UUID, *, actor: Actor, now: datetime) -> History:
    """Return every write of a patient's record; raises `RecordNotFound`.

    Whoever is withheld from the actor is not named, although what they wrote is told.
    """
    row = _within_reach(target, actor, now)
    labels: Labels = row.labels  # type: ignore[attr-defined] # `recorded_models` have them
    patient_id: UUID = _follow(row, labels.patient)
    told_with = {one.pk: one for one in (row, *_owners(row, actor, now))}
    rows = AuditEvent.objects.filter(
        patient_ids__contains=[patient_id], resource_id__in=list(told_with)
    ).exclude(action__in=_READING)
    written = list(rows.order_by("recorded_at", "id"))
    writers = {one.user_id for one in written if one.user_id}
    unnamed = people_withheld(actor, now, patient_id, writers)
    writes = [
        _told(one, told_with[one.resource_id], patient_id, unnamed)
        for one in written
        if one.resource_id and _concerns(one, told_with[one.resource_id])
    ]
    return History(patient_id, writes)


def recorded_models() -> Iterator[type[OrganizationOwned]]:
    """Return every kind of record that patients own."""
    for model in apps.get_models():
        labels = getattr(model, "labels", None)
        if issubclass(model, OrganizationOwned) and isinstance(labels, Labels):
            yield model


def _within_reach(target: UUID, actor: Actor, now: datetime) -> OrganizationOwned:
    kinds = list(recorded_models())
    # One question finds the kind; only that kind's policy is worked out then.
    first, *others = [
        model._default_manager.filter(pk=target)  # noqa: SLF001 - any model's manager
        .order_by()
        .values_list(Value(index, output_field=IntegerField()))
        for index, model in enumerate(kinds)
    ]
    for (index,) in first.union(*others, all=True):
        found = _visible(kinds[index], [target], actor, now).first()
        if isinstance(found, OrganizationOwned):
            return found
    raise RecordNotFound("There is no such record within your reach.")


def _visible(
    model: type[OrganizationOwned], ids: Iterable[Any], actor: Actor, now: datetime
) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = model._default_manager.filter(  # noqa: SLF001 - as above
        pk__in=list(ids)
    )
    labels: Labels = model.labels  # type: ignore[attr-defined] # as above
    return owned_by_patient(rows, actor, now, path=labels.patient)


def _owners(row: OrganizationOwned, actor: Actor, now: datetime) -> Iterator[Model]:
    """Return the patient's records that this one hangs on, as far as the actor sees them."""
    kinds = set(recorded_models())
    for field in row._meta.concrete_fields:
        kind, key = field.related_model, getattr(row, field.attname)
        if isinstance(field, ForeignKey) and key is not None and kind in kinds:
            yield from _visible(kind, [key], actor, now)


def _concerns(event: AuditEvent, row: Model) -> bool:
    # What follows of what others recorded would tell when they did, also where that is withheld.
    if audit.DERIVED in event.detail:
        return False
    # Of the patient's own data only what brought records in says anything about them.
    return not isinstance(row, Patient) or event.action != AuditEvent.Action.UPDATE


def _told(event: AuditEvent, row: Any, patient_id: UUID, unnamed: set[UUID]) -> Provenance:
    detail = event.detail
    said = parse_datetime(str(detail.get("effective_at") or ""))
    if said is None and event.action in (AuditEvent.Action.CREATE, AuditEvent.Action.IMPORT):
        said = getattr(row, "effective_at", None)
    return Provenance(
        id=event.id,
        target=row.pk,
        target_kind=event.resource,
        activity=event.event,
        agent=_agent(event, unnamed),
        organization=event.organization_id,
        effective_at=said or event.recorded_at,
        recorded_at=event.recorded_at,
        request=event.request_id or f"transaction:{event.transaction_id}",
        is_import=event.action == AuditEvent.Action.IMPORT,
        purpose=event.purpose,
        reason_code=str(detail.get("reason_code") or ""),
        fields=list(detail.get("fields") or ()),
        patient=patient_id,
    )


def _agent(event: AuditEvent, unnamed: set[UUID]) -> Agent:
    if event.user_id is None:
        part = event.actor.removeprefix(_SOFTWARE)
        return Agent("software", part, None, str(event.detail.get("software") or ""))
    if event.user_id in unnamed:
        return Agent("person", "", None, "")
    return Agent("person", event.actor, event.user_id, "")


def _follow(row: Any, path: str) -> UUID:
    for name in path.split("__"):
        row = row.pk if name == "pk" else getattr(row, name)
    found: UUID = row
    return found
