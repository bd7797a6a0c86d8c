"""One patient and all that hangs on them, written in one transaction or not at all."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from care_plans.models import CarePlan
from coordination import audit, duplicates, events
from coordination.access import patient_for
from coordination.actors import Actor
from coordination.models import Organization, Patient, PatientIdentifier
from coordination.problems import Problem
from coordination.registration import Identifier, add_identifiers
from coordination.search import search_key
from coordination.tenancy import acting_in
from fhir.importing.histories import History, write_history
from fhir.importing.outcomes import Outcome
from fhir.importing.patients import PatientRead
from fhir.importing.references import Identity

Kind = PatientIdentifier.Kind

# Copied by hand from a card, and made up in test data: the same number alone is not the person.
_MISTYPED = (Kind.DRIVERS_LICENCE, Kind.PASSPORT, Kind.SOCIAL_SECURITY)


class Conflict(Problem):
    """What the files say of a patient contradicts what is known here."""

    type = "import-conflict"


@dataclass(frozen=True, slots=True)
class Person:
    """A Patient resource, read, with the directory entry of the family physician."""

    seq: int
    digest: str
    read: PatientRead
    physician_id: UUID | None = None


def write_patient(
    identity: Identity,
    person: Person | None,
    history: Iterable[History],
    *,
    settle: Callable[[Outcome], None],
    actor: Actor,
    now: datetime,
) -> None:
    """Write a patient's resources, and tell `settle` what becomes of each.

    The `history` comes in parts, so that one person's may be larger than memory. Without a
    `person` the patient must be known already. Raises `Conflict`, `IdentifierTaken`, and what
    reading the history raises; then nothing was written, and what was settled does not hold.
    """
    with acting_in(actor.organization_id):
        _take_turns(identity, actor)
        is_new, count = False, 0
        if person is None:
            patient = _find_again(identity, actor=actor, now=now)
        else:
            patient, outcome = _write_person(identity, person, actor=actor, now=now)
            is_new, count = outcome.what == "imported", int(outcome.is_written)
            settle(outcome)
        for part in history:
            for outcome in write_history(patient, part, actor=actor, now=now):
                count += outcome.is_written
                settle(outcome)
        if count:
            _tell(patient, count, is_new=is_new, actor=actor, now=now)


def known_patient(identity: Identity) -> UUID | None:
    """Return the patient who bears an identity in the organization acted in."""
    return (
        PatientIdentifier.objects.filter(
            system=identity.system, value=identity.value, is_parked=False
        )
        .values_list("patient_id", flat=True)
        .first()
    )


def known_identities(wanted: Collection[Identity]) -> set[Identity]:
    """Return those of these identities that some patient bears in the organization acted in."""
    systems: dict[str, list[str]] = {}
    for identity in wanted:
        systems.setdefault(identity.system, []).append(identity.value)
    found: set[Identity] = set()
    for system, values in systems.items():
        rows = PatientIdentifier.objects.filter(system=system, value__in=values, is_parked=False)
        found |= {Identity(system, value) for value in rows.values_list("value", flat=True)}
    return found


def _take_turns(identity: Identity, actor: Actor) -> None:
    """Let two imports of one patient run one after the other, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"import {actor.organization_id} {identity.system} {identity.value}"],
        )


def _find_again(identity: Identity, *, actor: Actor, now: datetime) -> Patient:
    patient_id = known_patient(identity)
    if patient_id is None:
        raise Conflict(f"The patient {identity} is no longer known here.")
    return patient_for(actor, patient_id, now=now, lock=True)


def _write_person(
    identity: Identity, person: Person, *, actor: Actor, now: datetime
) -> tuple[Patient, Outcome]:
    patient_id = _match(identity, person.read)
    if patient_id is None:
        patient = _create(person, actor=actor, now=now)
        _name(patient, identity, person.read)
        if duplicates.park_lookalikes(patient, now=now):
            person.read.notes.append(
                "somebody of this name and birth date is here already: kept apart, and parked "
                "for somebody to compare"
            )
        return patient, Outcome(person.seq, "imported", person.read.notes)
    patient = patient_for(actor, patient_id, now=now, lock=True)
    _must_be_same(patient, identity, person.read)
    if patient.imported_digest == person.digest:
        return patient, Outcome(person.seq, "skipped", ["unchanged"])
    _name(patient, identity, person.read)
    outcome = _update(patient, person, now=now)
    left = _left_to_people(patient, person.read, outcome)
    return patient, replace(outcome, reasons=[*outcome.reasons, *left])


def _left_to_people(patient: Patient, read: PatientRead, outcome: Outcome) -> Iterator[str]:
    """Yield what a death asks of people: no file ends anybody's care, since it may be wrong."""
    if "deceased_at" not in read.fields:
        return
    if not outcome.is_written and patient.deceased_at is None:
        yield "its source says that the patient has died, which is not noted here"
    if CarePlan.objects.filter(patient=patient, status=CarePlan.Status.OPEN).exists():
        yield "has died at its source, and a care plan is open here: whoever leads it ends it"


def _match(identity: Identity, read: PatientRead) -> UUID | None:
    """Return the one patient whom the identifiers mean; raises `Conflict` for two."""
    known = known_patient(identity)
    if known is not None:
        return known
    found = {
        row.patient_id
        for row in _bearers(read.identifiers)
        if row.kind not in _MISTYPED or _is_alike(row.patient, read)
    }
    if len(found) > 1:
        raise Conflict(f"Its identifiers belong to {len(found)} different patients here.")
    return found.pop() if found else None


def _bearers(identifiers: Iterable[Identifier]) -> QuerySet[PatientIdentifier, PatientIdentifier]:
    wanted = Q(pk__in=[])
    for each in identifiers:
        wanted |= Q(system=each.system, value=each.value)
    return PatientIdentifier.objects.filter(wanted, is_parked=False).select_related("patient")


def _is_alike(patient: Patient, read: PatientRead) -> bool:
    same_name = search_key(read.fields["family_name"]) == search_key(patient.family_name)
    return same_name and read.fields.get("birth_date") == patient.birth_date


def _must_be_same(patient: Patient, identity: Identity, read: PatientRead) -> None:
    """Refuse to write one person over another who happens to have the same id or number."""
    born = read.fields.get("birth_date")
    if not born or not patient.birth_date or born == patient.birth_date:
        return
    same_name = search_key(read.fields["family_name"]) == search_key(patient.family_name)
    bears_id = known_patient(identity) is not None
    if not (same_name and bears_id):
        raise Conflict(
            "A patient here has the same id or identifier but another birth date; if ids come "
            "from different systems, say which with --source."
        )


def _create(person: Person, *, actor: Actor, now: datetime) -> Patient:
    organization = Organization.objects.get(pk=actor.organization_id)
    fields = _fields(person)
    patient = Patient(
        organization=organization,
        registered_at=now,
        is_synthetic=organization.is_demo,
        imported_digest=person.digest,
        imported_version=1,
        search_key=search_key(fields["family_name"], fields["given_name"]),
        **fields,
    )
    duplicates.take_turns(patient)
    patient.save(force_insert=True)
    return patient


def _update(patient: Patient, person: Person, *, now: datetime) -> Outcome:
    """Change what the source knows, unless people edited the patient since."""
    if patient.imported_version is None:
        why = "registered here by hand; what people entered stays"
        return Outcome(person.seq, "skipped", [why])
    if patient.version != patient.imported_version:
        why = (
            f"changed at its source, but edited here since the import (version "
            f"{patient.version}, imported as {patient.imported_version}): not overwritten"
        )
        return Outcome(person.seq, "skipped", [why])
    fields = _fields(person)
    key = search_key(fields["family_name"], fields["given_name"])
    version = patient.version + 1
    changed = Patient.objects.filter(pk=patient.pk, version=patient.version).update(
        **fields,
        search_key=key,
        version=version,
        updated_at=now,
        imported_version=version,
        imported_digest=person.digest,
    )
    if not changed:
        raise Conflict("Somebody edited this patient during the import; import again.")
    return Outcome(person.seq, "updated", person.read.notes)


def _fields(person: Person) -> dict[str, Any]:
    fields = dict(person.read.fields)
    if person.physician_id is not None:
        fields["family_physician_id"] = person.physician_id
    return fields


def _name(patient: Patient, identity: Identity, read: PatientRead) -> None:
    """Give the patient the identifiers that are new, the resource's own name among them."""
    own = Identifier(Kind.OTHER, identity.system, identity.value)
    wanted = {(each.system, each.value): each for each in (own, *read.identifiers)}
    bearers = {(row.system, row.value): row.patient_id for row in _bearers(wanted.values())}
    for name, each in wanted.items():
        bearer = bearers.get(name)
        if bearer is None:
            add_identifiers(patient, [each])
        elif bearer != patient.id and each.kind in _MISTYPED:
            read.notes.append(f"a {each.kind} belongs to another patient here and is left out")
        elif bearer != patient.id:
            raise Conflict(f"Its {each.kind} belongs to another patient here.")


def _tell(
    patient: Patient,
    count: int,
    *,
    is_new: bool,
    actor: Actor,
    now: datetime,
) -> None:
    event = "patient.imported" if is_new else "patient.import-updated"
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.IMPORT,
        event=event,
        resource="Patient",
        resource_id=patient.id,
        patient_ids=[patient.id],
        detail={"resources": count},
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="Patient",
        subject_id=patient.id,
        patient_id=patient.id,
    )
