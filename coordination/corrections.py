"""What patients ask of their records: to see them, to have them corrected, or to disagree.

A correction never overwrites: it is a new record beside the original, which stays readable and
says that it was corrected. Where a correction is refused, the patient's own words stand beside the
record from then on, wherever it is read.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Model, OuterRef, Q, QuerySet, UUIDField, When
from django.db.models.functions import JSONObject

from coordination import audit, events
from coordination.access import nameable_by, owned_by_patient, patient_for
from coordination.actors import Actor, Role
from coordination.disclosure import View, named_to
from coordination.models import (
    REQUEST_MOVES,
    Patient,
    RecordRequest,
    StatementOfDisagreement,
)
from coordination.moments import AsText
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from coordination.record_kinds import RecordKind, kind_of, record_kinds, record_of
from coordination.refusals import Words, actions_from

Kind = RecordRequest.Kind
Status = RecordRequest.Status

WORDS = Words(
    subject="This request",
    states={
        Status.RECEIVED: "waits for a decision",
        Status.GRANTED: "was granted",
        Status.REFUSED: "was refused",
        Status.WITHDRAWN: "was withdrawn",
        Status.FULFILLED: "was fulfilled",
    },
    actions={
        "grant": "granted",
        "refuse": "refused",
        "withdraw": "withdrawn",
        "fulfil": "fulfilled",
    },
)


class RequestNotFound(NotFound):
    """No such request, or none that this actor may read."""

    type = "record-request-not-found"


def requests_visible_to(actor: Actor, now: datetime) -> QuerySet[RecordRequest, RecordRequest]:
    """Return the requests that the actor may read: all for oversight, else of their circle.

    What closes the record to a reader closes what was asked about it as well.
    """
    rows: QuerySet[RecordRequest, RecordRequest]
    rows = RecordRequest.objects.select_related("statement").annotate(
        correction_shown=_correction_shown(actor, now)
    )
    if Role.PRIVACY_OFFICER in actor.roles:
        return rows.filter(organization_id=actor.organization_id)
    return owned_by_patient(rows, actor, now)


@transaction.atomic
def receive_request(
    patient_id: UUID,
    *,
    kind: str,
    text: str,
    resource: str = "",
    resource_id: UUID | None = None,
    received_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> RecordRequest:
    """Take down what a patient asks of their records; `received_at` is when they asked.

    A correction names the record. It is due `RECORD_REQUEST_DAYS` after it was received. Raises
    `PatientNotFound`, `Invalid`.
    """
    patient = _patient(actor, patient_id, now)
    at = received_at or now
    if at > now:
        raise Invalid.field("/received_at", "This lies in the future.")
    if not text.strip():
        raise Invalid.field("/text", "Say what the patient asks, in their words.")
    if kind == Kind.CORRECTION and (not resource or resource_id is None):
        raise Invalid.field("/resource_id", "A correction names the record.")
    request = RecordRequest.objects.create(
        organization_id=actor.organization_id,
        patient=patient,
        kind=kind,
        text=text,
        received_at=at,
        due_at=at + timedelta(days=settings.RECORD_REQUEST_DAYS),
        recorded_by=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
        **_about(resource, resource_id, patient, actor, now),
    )
    _tell("record-request.received", request, actor, now, action=audit.Action.CREATE)
    return request


@transaction.atomic
def decide_request(
    request_id: UUID,
    action: str,
    *,
    refusal: str = "",
    answer: str = "",
    actor: Actor,
    now: datetime,
) -> RecordRequest:
    """Grant, refuse (with a coded reason and words for the patient) or withdraw a request.

    Open to privacy officers and to whoever wrote the record. Raises `RequestNotFound`, `Denied`,
    `Invalid`, `NotAllowed`, `Stale`.
    """
    request = _mine_to_handle(request_id, action, actor, now)
    target = _target(request, action)
    changes: dict[str, Any] = {"answer": answer, "decided_by": actor.label, "decided_at": now}
    if target == Status.REFUSED:
        if refusal not in RecordRequest.Refusal.values:
            codes = ", ".join(RecordRequest.Refusal.values)
            raise Invalid.field("/refusal", f"One of: {codes}.")
        if not answer.strip():
            raise Invalid.field("/answer", "Say what the patient is told.")
        changes["refusal"] = refusal
    if target != Status.GRANTED:
        changes["closed_at"] = now
    return _move(request, action, changes, actor, now)


@transaction.atomic
def fulfil_request(
    request_id: UUID, *, corrected_by: UUID | None = None, actor: Actor, now: datetime
) -> RecordRequest:
    """Close a granted request: access was given, or the record was corrected by another one.

    The correction is a record of the same kind and patient, written after the original and, where
    the kind says so, in its place. Raises `RequestNotFound`, `Denied`, `Invalid`, `NotAllowed`,
    `Stale`.
    """
    request = _mine_to_handle(request_id, "fulfil", actor, now)
    _target(request, "fulfil")
    if request.kind == Kind.CORRECTION:
        _check_correction(request, corrected_by)
    elif corrected_by is not None:
        raise Invalid.field("/corrected_by", "Only a correction has one.")
    changes = {"corrected_by_id": corrected_by, "closed_at": now}
    return _move(request, "fulfil", changes, actor, now)


@transaction.atomic
def disagree(
    request_id: UUID, *, text: str, said_at: datetime | None = None, actor: Actor, now: datetime
) -> StatementOfDisagreement:
    """Put the patient's own words beside the record whose correction was refused, for good.

    Raises `RequestNotFound`, `Invalid`, and `NotAllowed` unless a correction was refused and no
    statement stands beside it yet.
    """
    request = _request(request_id, actor, now)
    if request.kind != Kind.CORRECTION or request.status != Status.REFUSED:
        raise NotAllowed("A statement stands beside a record whose correction was refused.")
    assert request.resource_id is not None, "a constraint says that a correction names one"
    if not text.strip():
        raise Invalid.field("/text", "Write down what the patient says.")
    if (said_at or now) > now:
        raise Invalid.field("/said_at", "This lies in the future.")
    try:
        with transaction.atomic():
            statement = StatementOfDisagreement.objects.create(
                organization_id=actor.organization_id,
                patient_id=request.patient_id,
                request=request,
                resource=request.resource,
                resource_id=request.resource_id,
                text=text,
                said_at=said_at or now,
                recorded_by=actor.label,
                user_id=actor.user_id,
                recorded_at=now,
            )
    except IntegrityError as error:
        raise NotAllowed("A statement of the patient stands beside it already.") from error
    _tell("record-request.disagreed", request, actor, now)
    return statement


def close_requests_about(resource: str, resource_id: UUID, *, sensitivity: str) -> None:
    """Let the requests about a record, and what patients say beside it, carry its sensitivity.

    For the app that owns the record, in the transaction that closes it.
    """
    RecordRequest.objects.filter(resource=resource, resource_id=resource_id).update(
        sensitivity=sensitivity
    )


def with_statements[M: Model](rows: QuerySet[M, M], actor: Actor, now: datetime) -> QuerySet[M, M]:
    """Add to each record what the patient says beside it, and what corrected it.

    `statements` and `corrections` come with the rows, so that no number of rows needs a query
    more. Only for rows that the reader may read: these are parts of the record. What corrected it
    is a record of its own, named only where nothing withholds that one.
    """
    name = rows.model._meta.object_name
    said = StatementOfDisagreement.objects.filter(resource=name, resource_id=OuterRef("pk"))
    made = RecordRequest.objects.filter(
        ~Q(corrected_by_id=None), resource=name, resource_id=OuterRef("pk"), status="fulfilled"
    )
    annotated: Any = rows.annotate(
        statements=ArraySubquery(
            said.order_by("said_at", "id").values(
                json=JSONObject(id=F("id"), text=F("text"), said_at=AsText("said_at"))
            )
        ),
        corrections=ArraySubquery(
            made.order_by("closed_at", "id").values(
                json=JSONObject(
                    corrected_by=named_to(rows.model, actor, now, at="corrected_by_id"),
                    corrected_at=AsText("closed_at"),
                )
            )
        ),
    )
    found: QuerySet[M, M] = annotated
    return found


def _correction_shown(actor: Actor, now: datetime) -> Case:
    """Return which record corrected the one asked about, null where that is withheld."""
    view: View = _view(actor)
    return Case(
        *(
            When(
                resource=kind.name,
                then=named_to(kind.model, actor, now, at="corrected_by_id", view=view),
            )
            for kind in record_kinds()
        ),
        default=None,
        output_field=UUIDField(),
    )


def _patient(actor: Actor, patient_id: UUID, now: datetime) -> Patient:
    return patient_for(actor, patient_id, now=now, view=_view(actor))


def _view(actor: Actor) -> View:
    return "oversight" if Role.PRIVACY_OFFICER in actor.roles else "directory"


def _about(
    resource: str, resource_id: UUID | None, patient: Patient, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Return what the request copies from the record.

    A record that may be closed is held until the transaction ends: whoever closes it then finds
    the request, and whatever they had closed meanwhile is copied as closed. Raises `Invalid` if
    there is none, as far as the actor knows.
    """
    if not resource and resource_id is None:
        return {}
    kind = kind_of(resource)
    if kind is None:
        raise Invalid.field("/resource", "No patient asks about records of this kind.")
    if resource_id is None:
        return {"resource": resource}
    labels = kind.labels
    mine = kind.rows.filter(pk=resource_id, **{labels.patient: patient.pk})
    named = nameable_by(mine, actor, now)
    if labels.sensitivity:
        named = named.select_for_update(of=("self",), no_key=True)
    if named.first() is None:
        raise Invalid.field(
            "/resource_id", "You may name no record of this patient that has this id."
        )

    def read(path: str) -> Any:
        return kind.rows.filter(pk=resource_id).values_list(path).get()[0]

    return {
        "resource": resource,
        "resource_id": resource_id,
        "discipline": (read(labels.discipline) or "") if labels.discipline else "",
        "author_id": read(labels.author) if labels.author else None,
        "condition_id": read(labels.condition) if labels.condition else None,
        "sensitivity": read(labels.sensitivity) if labels.sensitivity else "",
    }


def _check_correction(request: RecordRequest, corrected_by: UUID | None) -> None:
    kind = kind_of(request.resource)
    assert kind is not None, "a request names a registered kind"
    if corrected_by is None or corrected_by == request.resource_id:
        raise Invalid.field("/corrected_by", "Name the record that corrects this one.")
    found = record_of(kind, corrected_by, request.patient_id)
    if found is None or not _replaces(found, kind, request):
        raise Invalid.field("/corrected_by", "This record does not correct the one asked about.")


def _replaces(record: Any, kind: RecordKind, request: RecordRequest) -> bool:
    """Say whether a record corrects the one asked about; where it names none, by having followed.

    What was there before the patient asked cannot be what came of it.
    """
    if kind.replaces:
        return bool(getattr(record, kind.replaces) == request.resource_id)
    return bool(record.recorded_at > request.received_at)


def _request(request_id: UUID, actor: Actor, now: datetime) -> RecordRequest:
    request = requests_visible_to(actor, now).filter(pk=request_id).first()
    if request is None:
        raise RequestNotFound("There is no such request within your reach.")
    return request


def _mine_to_handle(request_id: UUID, action: str, actor: Actor, now: datetime) -> RecordRequest:
    request = _request(request_id, actor, now)
    if Role.PRIVACY_OFFICER not in actor.roles and (
        request.author_id not in actor.practitioner_role_ids
    ):
        raise Denied(
            "This needs a privacy officer, or whoever wrote the record.",
            rule=f"record-request.{action}",
        )
    return request


def _target(request: RecordRequest, action: str) -> str:
    target = REQUEST_MOVES.get((request.status, action))
    if target is None:
        instead = actions_from(REQUEST_MOVES, request.status)
        raise NotAllowed(WORDS.refuse(request.status, action, instead))
    return target


def _move(
    request: RecordRequest, action: str, changes: dict[str, Any], actor: Actor, now: datetime
) -> RecordRequest:
    target = _target(request, action)
    moved = RecordRequest.objects.filter(pk=request.pk, status=request.status).update(
        status=target, **changes
    )
    if not moved:
        raise Stale("Somebody else handled this request meanwhile.")
    request.refresh_from_db()
    _tell(f"record-request.{target}", request, actor, now)
    return request


def _tell(
    event: str,
    request: RecordRequest,
    actor: Actor,
    now: datetime,
    *,
    action: audit.Action = audit.Action.ACT,
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource="RecordRequest",
        resource_id=request.pk,
        patient_ids=[request.patient_id],
        detail={"kind": request.kind, "status": request.status, "refusal": request.refusal},
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="RecordRequest",
        subject_id=request.pk,
        patient_id=request.patient_id,
    )
