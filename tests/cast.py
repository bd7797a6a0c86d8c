"""The named cast: whom a test is about, so that it reads as a sentence.

Riverside is a chain with two locations; Harbour is another organization. Asha leads; Ben, Chloé,
Dmitri, Esi and Farah complete the six disciplines; Gus works at Riverside but has no reason to see
the patient. Sam schedules, Ada administers, Pia guards privacy. Olu works at Harbour.
"""

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Part:
    """Whom a test wants: a login with a membership and, given a discipline, a practice."""

    name: str
    hat: Role = Role.PRACTITIONER
    discipline: str = ""
    location: Location | None = None
    registered_until: date | None = None
    capacity: int | None = None


def make_person(organization: Organization, name: str, **wanted: Any) -> Person:
    """Create one person; `wanted` are the other fields of a `Part`."""
    return make_people(organization, [Part(name, **wanted)])[0]


def make_people(organization: Organization, parts: Sequence[Part]) -> list[Person]:
    """Create people, with a query for each kind of row rather than for each of them."""
    users = []
    for part in parts:
        user = User(email=f"{part.name.lower()}-{next(_serial)}@continuum.example", name=part.name)
        user.set_unusable_password()
        users.append(user)
    User.objects.bulk_create(users)
    mine = {"organization": organization}
    members = list(zip(parts, users, strict=True))
    practising = [(part, user) for part, user in members if part.discipline]
    with acting_in(organization.id):
        Membership.objects.bulk_create(
            Membership(**mine, user=user, role=part.hat, since=LONG_AGO) for part, user in members
        )
        practitioners = Practitioner.objects.bulk_create(
            Practitioner(**mine, user=user, name=part.name, languages=["en-CA"])
            for part, user in practising
        )
        roles = PractitionerRole.objects.bulk_create(
            PractitionerRole(
                **mine,
                practitioner=practitioner,
                location=part.location,
                discipline=part.discipline,
                college="Test college (fictional)",
                registration_number=f"TEST-{next(_serial):04}",
                registered_from=date(2020, 1, 1),
                registered_until=part.registered_until,
                capacity=part.capacity,
            )
            for (part, _), practitioner in zip(practising, practitioners, strict=True)
        )
    role_of = {role.practitioner.user_id: role for role in roles}
    return [Person(user, organization, role_of.get(user.pk)) for user in users]


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

    asha, ben, chloe, dmitri, esi, farah, gus, sam, ada, pia = make_people(
        riverside,
        [
            Part("Asha", discipline=Discipline.PHYSIOTHERAPY, location=downtown),
            Part("Ben", discipline=Discipline.CHIROPRACTIC, location=downtown),
            Part("Chloe", discipline=Discipline.MASSAGE_THERAPY, location=downtown),
            Part("Dmitri", discipline=Discipline.KINESIOLOGY, location=uptown),
            Part("Esi", discipline=Discipline.NUTRITION, location=downtown),
            Part("Farah", discipline=Discipline.PSYCHOTHERAPY, location=uptown),
            Part("Gus", discipline=Discipline.PHYSIOTHERAPY, location=uptown),
            Part("Sam", Role.SCHEDULER),
            Part("Ada", Role.ADMINISTRATOR),
            Part("Pia", Role.PRIVACY_OFFICER),
        ],
    )
    olu = make_person(harbour, "Olu", discipline=Discipline.PHYSIOTHERAPY, location=pier)
    return Cast(
        riverside=riverside,
        harbour=harbour,
        downtown=downtown,
        uptown=uptown,
        asha=asha,
        ben=ben,
        chloe=chloe,
        dmitri=dmitri,
        esi=esi,
        farah=farah,
        gus=gus,
        sam=sam,
        ada=ada,
        pia=pia,
        olu=olu,
        patient=make_patient(asha),
        stranger=make_patient(olu, family_name="Okafor"),
    )
