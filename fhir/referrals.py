"""A referral as FHIR R4 sees it: the request is a ServiceRequest, each work item a Task.

Pure mapping: the caller has fetched the rows through the circle of care, and says with `clinical`
whether the reader may know why. Codes of our own stand in systems named `urn:continuum:…`.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from coordination.models import Discipline, WorkItem
from referrals.models import Referral

Resource = dict[str, Any]

_REQUEST_STATUS = {
    Referral.Status.DRAFT: "draft",
    Referral.Status.ACTIVE: "active",
    Referral.Status.ON_HOLD: "on-hold",
    Referral.Status.COMPLETED: "completed",
    Referral.Status.REVOKED: "revoked",
}
_TASK_STATUS = {
    WorkItem.Status.REQUESTED: "requested",
    WorkItem.Status.ACCEPTED: "accepted",
    WorkItem.Status.REJECTED: "rejected",
    WorkItem.Status.IN_PROGRESS: "in-progress",
    WorkItem.Status.COMPLETED: "completed",
    WorkItem.Status.CANCELLED: "cancelled",
}


def service_request(referral: Referral, *, clinical: bool) -> Resource:
    """Return the request as a ServiceRequest; its reason and labels only in the clinical view."""
    resource: Resource = {
        "resourceType": "ServiceRequest",
        "id": str(referral.id),
        "identifier": [{"system": "urn:continuum:referral", "value": str(referral.id)}],
        "status": _REQUEST_STATUS[Referral.Status(referral.status)],
        "intent": "order",
        "priority": referral.priority,
        "code": _concept("discipline", referral.discipline, Discipline(referral.discipline).label),
        "subject": _reference("Patient", referral.patient_id),
        "authoredOn": _moment(referral.requested_at),
        "requester": _reference("PractitionerRole", referral.requested_by_id),
    }
    if referral.needed_by is not None:
        resource["occurrencePeriod"] = {"end": _moment(referral.needed_by)}
    if referral.location_id is not None:
        resource["locationReference"] = [_reference("Location", referral.location_id)]
    if referral.work_item is not None and referral.work_item.owner_id is not None:
        resource["performer"] = [_reference("PractitionerRole", referral.work_item.owner_id)]
    if clinical:
        resource["reasonCode"] = [_concept("referral-reason", referral.reason_code)]
        if referral.sensitivity:
            label = {"system": "urn:continuum:sensitivity", "code": referral.sensitivity}
            resource["meta"] = {"security": [label]}
    return resource


def task(referral: Referral, item: WorkItem, *, reason_code: str = "") -> Resource:
    """Return one work item of a referral as a Task; `reason_code` says why it ended unfinished."""
    resource: Resource = {
        "resourceType": "Task",
        "id": str(item.id),
        "status": _TASK_STATUS[WorkItem.Status(item.status)],
        "intent": "order",
        "priority": referral.priority,
        "code": _concept("work", item.kind),
        "focus": _reference("ServiceRequest", referral.id),
        "basedOn": [_reference("ServiceRequest", referral.id)],
        "for": _reference("Patient", item.patient_id),
        "authoredOn": _moment(item.opened_at),
        "lastModified": _moment(item.closed_at or item.assigned_at or item.opened_at),
        "requester": _reference("PractitionerRole", referral.requested_by_id),
        "performerType": [
            _concept("discipline", referral.discipline, Discipline(referral.discipline).label)
        ],
    }
    if item.owner_id is not None:
        resource["owner"] = _reference("PractitionerRole", item.owner_id)
    if item.due_at is not None:
        resource["restriction"] = {"period": {"end": _moment(item.due_at)}}
    if reason_code:
        resource["statusReason"] = _concept("referral-move-reason", reason_code)
    if item.status == WorkItem.Status.COMPLETED and item.closed_at is not None:
        resource["executionPeriod"] = {"end": _moment(item.closed_at)}
    return resource


def _reference(kind: str, id: UUID) -> Resource:
    return {"reference": f"{kind}/{id}"}


def _concept(system: str, code: str, text: str = "") -> Resource:
    concept: Resource = {"coding": [{"system": f"urn:continuum:{system}", "code": code}]}
    if text:
        concept["text"] = text
    return concept


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
