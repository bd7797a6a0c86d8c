"""The named cast: whom a test is about, so that it reads as a sentence.

Riverside is a chain with two locations; Harbour is another organization. Asha leads; Ben, Chloé,
Dmitri, Esi and Farah complete the six disciplines; Gus works at Riverside but has no reason to see
the patient. Sam schedules, Ada administers, Pia guards privacy. Olu works at Harbour.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from rest_framework.test import APIClient

from coordination import registration
from coordination.actors import Actor, Role, actor_for
from coordination.logins import issue_token
from coordination.models import (
    Discipline,
    Location,
    Membership,
    Organization,
    Patient,
    Practitioner,
    PractitionerRole,
    User,
    new_id,
)
from coordination.tenancy import acting_in

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
_serial = count(1)


@dataclass
class Person:
    """A login in one organization, with what tests ask of it."""

    user: User
    organization: Organization
    role: PractitionerRole | None = None
    _clients: list[APIClient] = field(default_factory=list, repr=False)

    @property
    def practitioner_role(self) -> PractitionerRole:
        """Return the person's one practitioner role."""
        assert self.role is not None, "this person does not practise"
        return self.role

    def actor(self, now: datetime = NOW) -> Actor:
        """Return the person acting; the transaction must be in their organization."""
        return actor_for(self.user, self.organization.id, now=now)

    def actor_roles(self) -> frozenset[Role]:
        """Return the hats of this person."""
        with acting_in(self.organization.id):
            return self.actor().roles

    @property
    def client(self) -> APIClient:
        """Return an HTTP client that carries a token of this person."""
        if not self._clients:
            _, secret = issue_token(
                self.user,
                self.organization.id,
                name="test",
                now=datetime.now(UTC),
                is_vouched=True,
            )
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
            self._clients.append(client)
        return self._clients[0]


@dataclass
class Cast:
    """Everybody, and one patient whom Asha leads."""

    riverside: Organization
    harbour: Organization
    downtown: Location
    uptown: Location
    asha: Person
    ben: Person
    chloe: Person
    dmitri: Person
    esi: Person
    farah: Person
    gus: Person
    sam: Person
    ada: Person
    pia: Person
    olu: Person
    patient: Patient
    stranger: Patient

    @property
    def everybody(self) -> dict[str, Person]:
        """Return each member of the cast by name."""
        return {name: who for name, who in vars(self).items() if isinstance(who, Person)}

    def acting(self) -> Any:
        """Enter Riverside, as a request of its people would."""
        return acting_in(self.riverside.id)


def make_organization(name: str, *, is_demo: bool = True) -> Organization:
    """Create a tenant. Demo by default, so that unsigned protocols apply to its patients."""
    organization = Organization(
        id=new_id(),
        name=name,
        slug=f"{name.lower()}-{next(_serial)}",
        is_demo=is_demo,
        created_at=LONG_AGO,
    )
    with acting_in(organization.id):
        organization.save(force_insert=True)
    return organization


def make_person(
    organization: Organization,
    name: str,
    *,
    hat: Role = Role.PRACTITIONER,
    discipline: str = "",
    location: Location | None = None,
    registered_until: date | None = None,
    capacity: int | None = None,
) -> Person:
    """Create a login with a membership and, given a discipline, a practitioner role."""
    user = User(email=f"{name.lower()}-{next(_serial)}@continuum.example", name=name)
    user.set_unusable_password()
    user.save()
    with acting_in(organization.id):
        Membership.objects.create(organization=organization, user=user, role=hat, since=LONG_AGO)
        role = None
        if discipline:
            assert location is not None
            role = PractitionerRole.objects.create(
                organization=organization,
                practitioner=Practitioner.objects.create(
                    organization=organization, user=user, name=name, languages=["en-CA"]
                ),
                location=location,
                discipline=discipline,
                college="Test college (fictional)",
                registration_number=f"TEST-{next(_serial):04}",
                registered_from=date(2020, 1, 1),
                registered_until=registered_until,
                capacity=capacity,
            )
    return Person(user, organization, role)


def make_location(organization: Organization, name: str, zone: str) -> Location:
    """Create a site."""
    with acting_in(organization.id):
        return Location.objects.create(organization=organization, name=name, time_zone=zone)


def make_patient(
    lead: Person,
    *,
    family_name: str = "Tremblay",
    now: datetime = LONG_AGO,
    **fields: Any,
) -> Patient:
    """Register a patient whom `lead` leads."""
    with acting_in(lead.organization.id):
        return registration.register_patient(
            fields={
                "family_name": family_name,
                "given_name": "Noor",
                "birth_date": date(1990, 5, 17),
                "email": f"patient-{next(_serial)}@continuum.example",
                **fields,
            },
            identifiers=[
                registration.Identifier("medical_record", "urn:continuum:test", str(next(_serial)))
            ],
            lead_id=lead.practitioner_role.id,
            actor=lead.actor(now),
            now=now,
        )


def make_cast() -> Cast:
    """Create the whole cast in the current transaction (or, with commits, for good)."""
    riverside, harbour = make_organization("Riverside"), make_organization("Harbour")
    downtown = make_location(riverside, "Riverside Downtown", "America/Toronto")
    uptown = make_location(riverside, "Riverside Uptown", "America/Vancouver")
    pier = make_location(harbour, "Harbour Pier", "America/Halifax")

    def practising(name: str, discipline: str, location: Location = downtown) -> Person:
        return make_person(location.organization, name, discipline=discipline, location=location)

    asha = practising("Asha", Discipline.PHYSIOTHERAPY)
    olu = practising("Olu", Discipline.PHYSIOTHERAPY, pier)
    return Cast(
        riverside=riverside,
        harbour=harbour,
        downtown=downtown,
        uptown=uptown,
        asha=asha,
        ben=practising("Ben", Discipline.CHIROPRACTIC),
        chloe=practising("Chloe", Discipline.MASSAGE_THERAPY),
        dmitri=practising("Dmitri", Discipline.KINESIOLOGY, uptown),
        esi=practising("Esi", Discipline.NUTRITION),
        farah=practising("Farah", Discipline.PSYCHOTHERAPY, uptown),
        gus=practising("Gus", Discipline.PHYSIOTHERAPY, uptown),
        sam=make_person(riverside, "Sam", hat=Role.SCHEDULER),
        ada=make_person(riverside, "Ada", hat=Role.ADMINISTRATOR),
        pia=make_person(riverside, "Pia", hat=Role.PRIVACY_OFFICER),
        olu=olu,
        patient=make_patient(asha),
        stranger=make_patient(olu, family_name="Okafor"),
    )
