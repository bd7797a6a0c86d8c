"""Who is in the demo: `cast.yaml`, read and checked."""

from datetime import date
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from coordination.actors import Role
from coordination.models import Discipline, Patient

FOLDER = Path(__file__).parent
PATIENTS = FOLDER / "patients"
SYNTHEA = "https://github.com/synthetichealth/synthea"
NEIGHBOURS = "https://continuum.example/neighbour/patient-number"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LocationPart(_Part):
    """A site."""

    name: str
    time_zone: str
    address: str = ""
    phone: str = ""


class RolePart(_Part):
    """One discipline at one location; the registration ends so many days from the creation."""

    discipline: Discipline
    location: str
    number: str = Field(pattern=r"^DEMO-\d{4}$")
    capacity: int | None = None
    registered_for_days: int | None = None


class Person(_Part):
    """A login and what its person is in the organization."""

    name: str
    email: str = Field(pattern=r"^[a-z]+@continuum\.example$")
    hat: Role
    languages: tuple[str, ...] = ()
    roles: tuple[RolePart, ...] = ()

    @property
    def work(self) -> str:
        """Say in a few words what the person does and where."""
        if not self.roles:
            return self.hat.label
        disciplines = dict.fromkeys(role.discipline.label for role in self.roles)
        places = dict.fromkeys(role.location for role in self.roles)
        return f"{', '.join(disciplines)} at {' and '.join(places)}"


class ImportedPatient(_Part):
    """A bundle that the project ships; `value` is the patient's identifier within Synthea."""

    file: str
    value: str
    lead: str | None = None

    @property
    def path(self) -> Path:
        """Return where the bundle lies."""
        return PATIENTS / self.file


class RegisteredPatient(_Part):
    """A patient whom a practitioner registers."""

    family_name: str
    given_name: str
    birth_date: date
    gender: Patient.Gender
    language: str
    value: str
    lead: str


class OrganizationPart(_Part):
    """A tenant of the demo."""

    slug: str
    name: str
    locations: tuple[LocationPart, ...]
    people: tuple[Person, ...]
    imported: tuple[ImportedPatient, ...] = ()
    registered: tuple[RegisteredPatient, ...] = ()

    def person(self, email: str) -> Person:
        """Return the person with this address; raises LookupError."""
        for person in self.people:
            if person.email == email:
                return person
        raise LookupError(f"{email} does not work at {self.name}.")

    def with_hat(self, hat: Role) -> list[Person]:
        """Return the people with this hat, in the order of the file."""
        return [person for person in self.people if person.hat == hat]

    def in_discipline(self, discipline: Discipline) -> list[Person]:
        """Return the people who practise a discipline, in the order of the file."""
        return [
            person
            for person in self.people
            if any(role.discipline == discipline for role in person.roles)
        ]

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        places = {location.name for location in self.locations}
        for person in self.people:
            for role in person.roles:
                if role.location not in places:
                    raise ValueError(f"{person.name} works at unknown {role.location}")
        leads = [patient.lead for patient in self.imported]
        leads += [patient.lead for patient in self.registered]
        for lead in leads:
            if lead is not None:
                self.person(lead)
        return self


class Login(_Part):
    """One line of what the demo prints."""

    organization: str
    name: str
    email: str
    password: str
    work: str


class Cast(_Part):
    """Everybody in the demo. All logins share one password."""

    password: str = Field(min_length=12)
    college: str
    organizations: tuple[OrganizationPart, ...]

    def organization(self, slug: str) -> OrganizationPart:
        """Return the tenant with this slug; raises LookupError."""
        for organization in self.organizations:
            if organization.slug == slug:
                return organization
        raise LookupError(f"There is no organization {slug} in the demo.")

    @property
    def logins(self) -> list[Login]:
        """Return every login, in the order of the file."""
        return [
            Login(
                organization=organization.name,
                name=person.name,
                email=person.email,
                password=self.password,
                work=person.work,
            )
            for organization in self.organizations
            for person in organization.people
        ]


def read_cast() -> Cast:
    """Read `cast.yaml`; raises pydantic's ValidationError if somebody broke it."""
    return Cast.model_validate(YAML(typ="safe").load(FOLDER / "cast.yaml"))
