"""Patients come in: registered by a person, who opens intake and names a lead."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from coordination import audit, care_team, duplicates, events
from coordination.access import must_go_on, patient_for
from coordination.actors import Actor
from coordination.models import Organization, Patient, PatientIdentifier
from coordination.problems import Invalid, VersionMismatch
from coordination.search import search_key

_VERSION_CODE = re.compile("[A-Za-z]{1,2}")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number and who assigned it; `system` is the URI of the assigner's namespace."""

    kind: str
    system: str
    value: str
    version_code: str = ""


@transaction.atomic
def register_patient(
    *,
    fields: Mapping[str, Any],
    identifiers: Sequence[Identifier],
    lead_id: UUID,
    actor: Actor,
    now: datetime,
) -> Patient:
    """Register a patient, open intake and name the lead, who thereby gets access.

    `fields` are values of `Patient.editable`, validated. Whoever may be registered already is
    registered all the same, and parked with the other record (`coordination.duplicates`). Raises
    `IdentifierTaken` where the actor sees the same person's record, `Invalid`, `Denied`. In a demo
    organization the patient counts as synthetic.
    """
    care_team.may_register(actor, rule="patient.register")
    organization = Organization.objects.get(pk=actor.organization_id)
    patient = Patient(
        organization=organization,
        registered_at=now,
        is_synthetic=organization.is_demo,
        **fields,
    )
    patient.search_key = search_key(patient.family_name, patient.given_name)
    duplicates.take_turns(patient)
    patient.save()
    rows = _identifier_rows(patient, identifiers)
    borne = duplicates.give_identifiers(patient, rows, actor=actor, now=now)
    duplicates.park_lookalikes(patient, borne, now=now)
    role = care_team.role_named(lead_id, pointer="/lead", now=now)
    care_team.admit_lead(patient, role, actor=actor, now=now)
    _tell("patient.registered", audit.Action.CREATE, patient, actor=actor, now=now)
    return patient


@transaction.atomic
def correct_patient(
    patient_id: UUID,
    *,
    version: int,
    fields: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Patient:
    """Change what is known of a patient, if `version` is still the newest.

    Whoever is called and born like another from now on is parked with that record. Raises
    `VersionMismatch` when somebody else edited meanwhile, `Denied`, `PatientNotFound`.
    """
    care_team.may_register(actor, rule="patient.edit")
    patient = patient_for(actor, patient_id, now=now, view="directory")
    must_go_on(patient)
    before = (patient.search_key, patient.birth_date)
    for name, value in fields.items():
        setattr(patient, name, value)
    key = patient.search_key = search_key(patient.family_name, patient.given_name)
    is_renamed = (key, patient.birth_date) != before
    if is_renamed:
        duplicates.take_turns(patient)
    changed = Patient.objects.filter(pk=patient.pk, version=version).update(
        **fields, search_key=key, version=version + 1, updated_at=now
    )
    if not changed:
        raise VersionMismatch("Somebody else edited this patient meanwhile.")
    patient.version, patient.updated_at = version + 1, now
    if is_renamed:
        duplicates.park_lookalikes(patient, now=now)
    _tell(
        "patient.corrected",
        audit.Action.UPDATE,
        patient,
        actor=actor,
        now=now,
        names=[*fields],
    )
    return patient


def add_identifiers(patient: Patient, identifiers: Sequence[Identifier]) -> None:
    """Give a patient further identifiers; raises `IdentifierTaken` if another one bears it."""
    for position, row in enumerate(_identifier_rows(patient, identifiers)):
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise duplicates.IdentifierTaken(
                f"Identifier {position + 1} belongs to another patient of this organization."
            ) from error


def _identifier_rows(
    patient: Patient, identifiers: Sequence[Identifier]
) -> list[PatientIdentifier]:
    for position, identifier in enumerate(identifiers):
        at = f"/identifiers/{position}"
        if not identifier.system or not identifier.value:
            raise Invalid.field(at, "System and value are both needed.")
        code, kinds = identifier.version_code, PatientIdentifier.Kind
        if code and (identifier.kind != kinds.HEALTH_NUMBER or not _VERSION_CODE.fullmatch(code)):
            raise Invalid.field(
                f"{at}/version_code", "One or two letters, and only of a health number."
            )
    return [
        PatientIdentifier(
            organization_id=patient.organization_id,
            patient=patient,
            kind=identifier.kind,
            system=identifier.system,
            value=identifier.value,
            version_code=identifier.version_code.upper(),
        )
        for identifier in identifiers
    ]


def _tell(
    event: str,
    action: audit.Action,
    patient: Patient,
    *,
    actor: Actor,
    now: datetime,
    names: Sequence[str] = (),
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource="Patient",
        resource_id=patient.id,
        patient_ids=[patient.id],
        detail={"fields": sorted(names)} if names else None,
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="Patient",
        subject_id=patient.id,
        patient_id=patient.id,
    )
