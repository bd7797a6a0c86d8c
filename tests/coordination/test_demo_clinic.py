"""The demo clinic, and the operator's commands that make tenants, logins and tokens."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from coordination.demo.cast import read_cast
from coordination.login_fence import login_named, login_of
from coordination.logins import issue_token
from coordination.models import (
    CareTeamMember,
    Discipline,
    Location,
    Membership,
    Organization,
    Patient,
    PractitionerRole,
)
from coordination.organizations import organization_named
from coordination.tenancy import acting_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(settings: Any) -> UUID:
    """Create the demo, with passwords hashed in less time, and return the chain's id."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("create_demo_clinic", verbosity=0)
    return organization_named("demo")


def test_it_covers_six_disciplines_at_two_locations_in_two_time_zones(clinic: UUID) -> None:
    with acting_in(clinic):
        roles = PractitionerRole.objects.all()
        assert {role.discipline for role in roles} == set(Discipline.values)
        assert len({place.time_zone for place in Location.objects.all()}) == 2
        physiotherapists = roles.filter(discipline=Discipline.PHYSIOTHERAPY)
        assert physiotherapists.values("practitioner").distinct().count() >= 2


def test_it_imports_six_synthetic_patients_and_names_four_leads(clinic: UUID) -> None:
    with acting_in(clinic):
        assert Patient.objects.filter(is_synthetic=True).count() == 6
        leads = CareTeamMember.objects.filter(role="lead", until=None)
        led = dict(
            leads.values_list("patient__family_name", "practitioner_role__practitioner__name")
        )
    assert led == {
        "Casares": "Priya Placeholder",
        "Carrion": "Pavel Pretend",
        "Kessler": "Priya Placeholder",
        "Frami": "Penny Prototype",
    }


def test_it_shows_the_scheduler_all_patients_and_a_practitioner_only_their_own(
    clinic: UUID,
) -> None:
    def names(email: str) -> set[str]:
        user = login_of(email)
        _, secret = issue_token(user, clinic, name="test", now=datetime.now(UTC))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        found = client.get("/api/v1/patients")
        assert found.status_code == 200, found.content
        return {patient["family_name"] for patient in found.json()["results"]}

    assert names("priya@continuum.example") == {"Casares", "Kessler"}
    assert names("lars@continuum.example") == set()
    assert len(names("sol@continuum.example")) == 6


def test_it_has_somebody_whose_registration_has_lapsed_and_somebody_whose_will(
    clinic: UUID,
) -> None:
    today = datetime.now(UTC).date()
    with acting_in(clinic):
        ends = PractitionerRole.objects.values_list("registered_until", flat=True)
        lapsed = {end < today for end in ends if end is not None}
    assert lapsed == {True, False}


def test_it_finishes_what_was_interrupted(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile, pytest.raises(KeyboardInterrupt):
        meanwhile.setattr("coordination.demo.clinic.open_intake", interrupted)
        call_command("create_demo_clinic", verbosity=0)
    call_command("create_demo_clinic", verbosity=0)
    with acting_in(organization_named("demo")):
        assert CareTeamMember.objects.filter(role="lead").count() == 4


def test_it_changes_nothing_the_second_time(clinic: UUID) -> None:
    before = _rows(clinic)
    call_command("create_demo_clinic", verbosity=0)
    assert _rows(clinic) == before


def test_it_lets_every_member_of_the_cast_log_in(clinic: UUID) -> None:
    for login in read_cast().logins:
        user = login_of(login.email)
        assert user.name == login.name
    assert user.check_password(login.password)


def test_it_keeps_the_neighbour_apart(clinic: UUID) -> None:
    neighbour = organization_named("neighbour")
    with acting_in(neighbour):
        theirs = list(Patient.objects.values_list("id", flat=True))
        assert Organization.objects.count() == 1
    with acting_in(clinic):
        assert not Patient.objects.filter(pk__in=theirs).exists()
    assert len(theirs) == 1


def test_it_creates_an_organization_a_login_and_a_token_that_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONTINUUM_PASSWORD", "a long enough one")
    call_command(
        "create_organization",
        "creek",
        name="Creek",
        location=["Creek Clinic=America/Halifax"],
        stdout=StringIO(),
    )
    call_command(
        "create_user",
        "Sam@Continuum.example",
        name="Sam",
        organization="creek",
        role="scheduler",
        stdout=StringIO(),
    )
    printed, said = StringIO(), StringIO()
    call_command(
        "create_token",
        "sam@continuum.example",
        organization="creek",
        name="portal",
        stdout=printed,
        stderr=said,
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {printed.getvalue().strip()}")
    found = client.get("/api/v1/locations")
    assert found.status_code == 200, found.content
    assert [place["name"] for place in found.json()["results"]] == ["Creek Clinic"]
    assert "Valid until" in said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"slug": "two words", "name": "X"}, "not a slug"),
        ({"slug": "ok", "name": "  "}, "needs a name"),
        ({"slug": "ok", "name": "X", "location": ["Here=Nowhere/Land"]}, "not a time zone"),
        ({"slug": "ok", "name": "X", "location": ["Here"]}, "NAME=TIME_ZONE"),
    ],
)
def test_it_refuses_an_organization_that_is_described_wrong(
    arguments: dict[str, object], says: str
) -> None:
    options = dict(arguments)
    with pytest.raises(CommandError, match=says):
        call_command("create_organization", options.pop("slug"), **options)
    with pytest.raises(Exception, match="no organization"):
        organization_named("ok")


@pytest.mark.parametrize(
    ("weak", "said"), [("password", "common"), ("9 x Bq!vT7z", "at least 12 characters")]
)
def test_it_refuses_a_weak_password_and_leaves_no_login(
    clinic: UUID, monkeypatch: pytest.MonkeyPatch, weak: str, said: str
) -> None:
    monkeypatch.setenv("CONTINUUM_PASSWORD", weak)
    with pytest.raises(CommandError, match=said):
        call_command(
            "create_user",
            "new@continuum.example",
            name="New",
            organization="demo",
            role="scheduler",
        )
    assert login_named("new@continuum.example") is None


def test_it_gives_a_known_login_a_second_organization_without_touching_its_password(
    clinic: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTINUUM_PASSWORD", "somebody else's idea of it")
    call_command(
        "create_user",
        "priya@continuum.example",
        name="Other",
        organization="neighbour",
        role="scheduler",
        stdout=StringIO(),
    )
    user = login_of("priya@continuum.example")
    assert user.name == "Priya Placeholder"
    assert user.check_password(read_cast().password)
    with acting_in(organization_named("neighbour")):
        assert Membership.objects.filter(user=user, role="scheduler").count() == 1


def _rows(organization_id: UUID) -> dict[str, list[object]]:
    with acting_in(organization_id):
        return {
            model.__name__: list(model.objects.order_by("pk").values())
            for model in (Location, Membership, PractitionerRole, Patient, CareTeamMember)
        }
