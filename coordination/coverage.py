"""Who pays for a patient's care, and what is left of it: directory data, nothing clinical."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from coordination import audit, events
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.care_team import may_register
from coordination.models import Coverage
from coordination.problems import Invalid, NotFound, VersionMismatch


class CoverageNotFound(NotFound):
    """No such coverage, or none within reach."""

    type = "coverage-not-found"


def coverages_visible_to(actor: Actor, now: datetime) -> QuerySet[Coverage, Coverage]:
    """Return the coverages that the actor may see, without those that were removed."""
    rows = Coverage.objects.filter(removed_at=None)
    return owned_by_patient(rows, actor, now, view="directory")


@transaction.atomic
def record_coverage(
    patient_id: UUID, *, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Coverage:
    """Record who pays. Raises `PatientNotFound`, `Denied`, `Invalid`."""
    may_register(actor, rule="coverage.record")
    patient = patient_for(actor, patient_id, now=now, view="directory")
    must_go_on(patient)
    _check(fields.get("starts_on"), fields.get("ends_on"))
    coverage = Coverage.objects.create(
        organization_id=actor.organization_id, patient=patient, recorded_at=now, **fields
    )
    _tell("coverage.recorded", coverage, audit.Action.CREATE, actor, now)
    return coverage


@transaction.atomic
def edit_coverage(
    coverage_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Coverage:
    """Change a coverage, if `version` is still the newest.

    Raises `CoverageNotFound`, `VersionMismatch`, `Denied`, `Invalid`.
    """
    coverage = _coverage(coverage_id, "edit", actor, now)
    _check(fields.get("starts_on", coverage.starts_on), fields.get("ends_on", coverage.ends_on))
    _write(coverage, version, fields, now)
    _tell("coverage.edited", coverage, audit.Action.UPDATE, actor, now)
    return coverage


@transaction.atomic
def remove_coverage(coverage_id: UUID, *, version: int, actor: Actor, now: datetime) -> None:
    """Take a coverage away that was entered by mistake; the row stays for the record.

    Raises `CoverageNotFound`, `VersionMismatch`, `Denied`.
    """
    coverage = _coverage(coverage_id, "remove", actor, now)
    _write(coverage, version, {"removed_at": now}, now)
    _tell("coverage.removed", coverage, audit.Action.ACT, actor, now)


def _coverage(coverage_id: UUID, action: str, actor: Actor, now: datetime) -> Coverage:
    may_register(actor, rule=f"coverage.{action}")
    coverage = coverages_visible_to(actor, now).filter(pk=coverage_id).first()
    if coverage is None:
        raise CoverageNotFound("There is no such coverage within your reach.")
    return coverage


def _write(coverage: Coverage, version: int, fields: Mapping[str, Any], now: datetime) -> None:
    written = Coverage.objects.filter(pk=coverage.pk, version=version, removed_at=None).update(
        **fields, version=F("version") + 1, updated_at=now
    )
    if not written:
        raise VersionMismatch("Somebody else edited this coverage meanwhile.")
    coverage.refresh_from_db()


def _check(starts_on: Any, ends_on: Any) -> None:
    if ends_on is not None and starts_on is not None and ends_on < starts_on:
        raise Invalid.field("/ends_on", "It ends before it begins.")


def _tell(
    event: str, coverage: Coverage, action: audit.Action, actor: Actor, now: datetime
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource="Coverage",
        resource_id=coverage.pk,
        patient_ids=[coverage.patient_id],
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="Coverage",
        subject_id=coverage.pk,
        patient_id=coverage.patient_id,
    )
