"""The demo's people and places come into being, once, however often this runs."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from coordination import staff
from coordination.actors import Actor, Role, actor_for
from coordination.care_team import AlreadyInTeam, open_intake
from coordination.demo import second_factors
from coordination.demo.cast import (
    NEIGHBOURS,
    SYNTHEA,
    Cast,
    OrganizationPart,
    Person,
    RegisteredPatient,
    RolePart,
)
from coordination.login_fence import login_of
from coordination.models import (
    Location,
    PatientIdentifier,
    Practitioner,
    PractitionerRole,
)
from coordination.organizations import (
    LocationExists,
    OrganizationNotFound,
    found_organization,
    open_location,
    organization_named,
)
from coordination.registration import Identifier, register_patient
from coordination.tenancy import acting_in

# Somebody who practises today was registered well before the first demo patient came.
_REGISTERED_SINCE = timedelta(days=5 * 365)


def create_people(cast: Cast, part: OrganizationPart, *, now: datetime) -> UUID:
    """Create one tenant with its sites, logins and roles, where they are missing.

    Returns the organization's id. Everything that exists stays as it is.
    """
    try:
        organization_id = organization_named(part.slug)
    except OrganizationNotFound:
        organization_id = found_organization(
            slug=part.slug, name=part.name, is_demo=True, now=now
        ).id
    for place in part.locations:
        try:
            open_location(organization_id, now=now, **place.model_dump())
        except LocationExists:
            continue
    for person in part.people:
        _admit(cast, organization_id, person, now=now)
    return organization_id


def open_intakes(part: OrganizationPart, organization_id: UUID, *, now: datetime) -> list[str]:
    """Name the leads that the cast foresees; returns the files whose patient is not there."""
    missing = []
    with acting_in(organization_id):
        for patient in part.imported:
            known = _patient_with(SYNTHEA, patient.value)
            if known is None:
                missing.append(patient.file)
            elif patient.lead is not None:
                _name_lead(part, organization_id, known, patient.lead, now=now)
    return missing


def register_patients(part: OrganizationPart, organization_id: UUID, *, now: datetime) -> None:
    """Register the patients who come without a bundle, where they are missing."""
    with acting_in(organization_id):
        for patient in part.registered:
            if _patient_with(NEIGHBOURS, patient.value) is None:
                _register(organization_id, patient, now=now)


def _admit(cast: Cast, organization_id: UUID, person: Person, *, now: datetime) -> None:
    try:
        user, _ = staff.admit_member(
            organization_id,
            email=person.email,
            name=person.name,
            role=person.hat,
            password=cast.password,
            must_change_password=False,  # printed on purpose, for whoever tries the demo
            now=now,
        )
    except staff.MemberAlready:
        user = login_of(person.email)
    second_factors.enrol(person, user, secret_key=settings.SECRET_KEY, now=now)
    if person.hat != Role.PRACTITIONER:
        return
    practitioner = staff.admit_practitioner(
        organization_id,
        name=person.name,
        languages=person.languages,
        user=user,
        now=now,
    )
    for part in person.roles:
        _grant(cast, organization_id, practitioner, part, now=now)


def _grant(
    cast: Cast,
    organization_id: UUID,
    practitioner: Practitioner,
    part: RolePart,
    *,
    now: datetime,
) -> None:
    days = part.registered_for_days
    registration = staff.Registration(
        college=cast.college,
        number=part.number,
        since=(now - _REGISTERED_SINCE).date(),
        until=None if days is None else (now + timedelta(days=days)).date(),
    )
    with acting_in(organization_id):
        location = Location.objects.get(name=part.location)
        try:
            staff.grant_role(
                practitioner,
                location,
                discipline=part.discipline,
                registration=registration,
                capacity=part.capacity,
                now=now,
            )
        except staff.RoleAlready:
            return


def _patient_with(system: str, value: str) -> UUID | None:
    return (
        PatientIdentifier.objects.filter(system=system, value=value)
        .values_list("patient_id", flat=True)
        .first()
    )


def _name_lead(
    part: OrganizationPart,
    organization_id: UUID,
    patient_id: UUID,
    lead: str,
    *,
    now: datetime,
) -> None:
    scheduler = part.with_hat(Role.SCHEDULER)[0]
    actor = _actor(organization_id, scheduler.email, now=now)
    try:
        open_intake(patient_id, lead_id=_role_of(lead).id, actor=actor, now=now)
    except AlreadyInTeam:
        return


def _register(organization_id: UUID, patient: RegisteredPatient, *, now: datetime) -> None:
    register_patient(
        fields=patient.model_dump(exclude={"value", "lead"}),
        identifiers=[Identifier(PatientIdentifier.Kind.MEDICAL_RECORD, NEIGHBOURS, patient.value)],
        lead_id=_role_of(patient.lead).id,
        actor=_actor(organization_id, patient.lead, now=now),
        now=now,
    )


def _actor(organization_id: UUID, email: str, *, now: datetime) -> Actor:
    return actor_for(login_of(email), organization_id, now=now)


def _role_of(email: str) -> PractitionerRole:
    role: PractitionerRole = PractitionerRole.objects.filter(
        practitioner__user__email=email
    ).order_by("id")[0]
    return role
