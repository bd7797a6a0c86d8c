"""A scratch organization with one practitioner of each discipline, of which nothing is left."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from coordination import registration, staff
from coordination.actors import Actor, Role
from coordination.models import Discipline, Location, Patient, Practitioner, PractitionerRole
from coordination.organizations import found_organization, open_location
from coordination.tenancy import acting_in

#: nobody can be written to under this name (RFC 2606), if anything ever left
_DOMAIN = "rehearsal.invalid"
#: everybody worked here well before anything began
_BEFORE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Scene:
    """Who acts in a rehearsal: one person of each discipline, the desk, and the software."""

    organization_id: UUID
    persons: Mapping[str, Actor]
    desk: Actor

    @property
    def software(self) -> Actor:
        """Return the software acting."""
        return Actor.system("care_plans.rehearsing", self.organization_id)

    def role(self, discipline: str) -> PractitionerRole:
        """Return the one role of a discipline."""
        return self.persons[discipline].practitioner_roles[0]


@contextmanager
def undone() -> Iterator[None]:
    """Run a block in a transaction of its own, or a savepoint, and take back all of it.

    What was to happen on commit does not happen, and a process that is killed within leaves
    nothing either: nothing was ever committed.
    """
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


@contextmanager
def scratch_scene(*, now: datetime) -> Iterator[Scene]:
    """Found an organization for one rehearsal, act in it, and leave nothing of it."""
    with undone(), set_scene(now=now) as scene:
        yield scene


@contextmanager
def set_scene(*, now: datetime) -> Iterator[Scene]:
    """Found an organization for a rehearsal, and act in it."""
    token = uuid4().hex
    long_ago = now - _BEFORE
    organization = found_organization(
        slug=f"rehearsal-{token}", name="Rehearsal", is_demo=True, now=long_ago
    )
    with acting_in(organization.id):
        place = open_location(organization.id, name="Rehearsal", time_zone="UTC", now=long_ago)
        yield peopled(place, {}, now=now)


def peopled(place: Location, persons: Mapping[str, Actor], *, now: datetime) -> Scene:
    """Return a scene in the location's organization: these persons, and made-up ones beside them.

    Only for a block that is undone.
    """
    token = uuid4().hex
    made_up = {
        str(name): _made_up(place, str(name), token, now=now)
        for name in Discipline
        if name not in persons
    }
    desk = _admitted(place.organization_id, "scheduler", Role.SCHEDULER, token, now=now)
    return Scene(place.organization_id, {**made_up, **persons}, desk)


def _admitted(organization_id: UUID, name: str, hat: Role, token: str, *, now: datetime) -> Actor:
    email = f"{name}-{token}@{_DOMAIN}"
    user, _ = staff.admit_member(
        organization_id, email=email, name=name, role=hat, password=None, now=now - _BEFORE
    )
    return Actor(organization_id, email, user.id, frozenset({hat}))


def _made_up(place: Location, discipline: str, token: str, *, now: datetime) -> Actor:
    organization_id = place.organization_id
    actor = _admitted(organization_id, discipline, Role.PRACTITIONER, token, now=now)
    assert actor.user_id is not None, "a person was just admitted"
    role = PractitionerRole.objects.create(
        organization_id=organization_id,
        practitioner=Practitioner.objects.create(
            organization_id=organization_id, user_id=actor.user_id, name=discipline, languages=[]
        ),
        location=place,
        discipline=discipline,
        college="None: a rehearsal",
        registration_number=f"{discipline}-{token}",
        registered_from=(now - _BEFORE).date(),
    )
    return Actor(organization_id, actor.label, actor.user_id, actor.roles, (role,))


def practising(role: PractitionerRole) -> Actor:
    """Return the person of a role, acting in it."""
    who = role.practitioner
    return Actor(
        role.organization_id, who.name, who.user_id, frozenset({Role.PRACTITIONER}), (role,)
    )


def register(scene: Scene, lead: str, number: int, *, now: datetime) -> Patient:
    """Register a synthetic patient whom the person of a discipline leads."""
    return registration.register_patient(
        fields={
            "family_name": f"Rehearsal {number}",
            "given_name": "Synthetic",
            "email": f"patient-{number}@{_DOMAIN}",
        },
        identifiers=[],
        lead_id=scene.role(lead).id,
        actor=scene.persons[lead],
        now=now,
    )
