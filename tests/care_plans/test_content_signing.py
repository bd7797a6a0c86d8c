"""Signing: whose word lets an organization use a version for real patients."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from care_plans.models import PathwaySignature, PathwayVersion
from care_plans.signing import SignedAlready, is_signed_for, sign
from coordination.models import AuditEvent
from coordination.problems import Denied, Invalid
from coordination.tenancy import acting_in
from tests.cast import NOW, Cast, Person


@pytest.fixture
def version(db: None) -> PathwayVersion:
    return PathwayVersion.objects.newest("hamstring-tendinopathy")


def sign_as(person: Person, version: PathwayVersion, **given: str) -> PathwaySignature:
    role = person.practitioner_role
    words = {
        "name": role.practitioner.name,
        "college": role.college,
        "registration_number": role.registration_number,
    }
    return sign(version, actor=person.actor(), now=NOW, **(words | given))


def test_it_is_unsigned_as_shipped(cast: Cast, version: PathwayVersion) -> None:
    with cast.acting():
        assert not is_signed_for(version, cast.riverside.id)
        assert PathwaySignature.objects.count() == 0


def test_it_is_signed_with_name_college_number_and_date(
    cast: Cast, version: PathwayVersion
) -> None:
    with cast.acting():
        signature = sign_as(cast.asha, version)
        assert is_signed_for(version, cast.riverside.id)
        signature.refresh_from_db()
        role = cast.asha.practitioner_role
        assert signature.practitioner_role == role
        assert (signature.name, signature.college, signature.registration_number) == (
            role.practitioner.name,
            role.college,
            role.registration_number,
        )
        assert signature.signed_at == NOW
        (event,) = AuditEvent.objects.filter(event="pathway.sign")
        assert event.resource_id == version.id
        assert event.detail == {"signature": str(signature.id), "sha256": version.sha256}


def test_it_counts_for_the_signer_s_organization_only(cast: Cast, version: PathwayVersion) -> None:
    with cast.acting():
        sign_as(cast.asha, version)
    with acting_in(cast.harbour.id):
        assert not is_signed_for(version, cast.harbour.id)
        assert not is_signed_for(version, cast.riverside.id), "and the others cannot look"


@pytest.mark.parametrize("who", ["ben", "chloe", "dmitri", "esi", "farah", "sam", "ada", "pia"])
def test_it_refuses_whoever_lacks_the_scope(cast: Cast, version: PathwayVersion, who: str) -> None:
    with cast.acting():
        actor = cast.everybody[who].actor()
        with pytest.raises(Denied) as denied:
            sign(version, actor=actor, name="N", college="C", registration_number="1", now=NOW)
        assert denied.value.rule == "pathway.signing.disciplines"
        assert not is_signed_for(version, cast.riverside.id)


def test_it_refuses_a_practitioner_whose_registration_has_lapsed(
    cast: Cast, version: PathwayVersion
) -> None:
    with cast.acting():
        role = cast.asha.practitioner_role
        role.registered_until = (NOW - timedelta(days=2)).date()
        role.save(update_fields=["registered_until"])
        with pytest.raises(Denied):
            sign_as(cast.asha, version)
        assert not is_signed_for(version, cast.riverside.id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("college", ""),
        ("registration_number", "  "),
        ("college", "Some other college"),
        ("registration_number", "999999"),
    ],
)
def test_it_refuses_a_signature_that_is_not_the_signer_s(
    cast: Cast, version: PathwayVersion, field: str, value: str
) -> None:
    with cast.acting():
        with pytest.raises(Invalid) as refused:
            sign_as(cast.asha, version, **{field: value})
        assert [error.pointer for error in refused.value.errors] == [f"/{field}"]
        assert not is_signed_for(version, cast.riverside.id)


def test_it_refuses_to_sign_twice(cast: Cast, version: PathwayVersion) -> None:
    with cast.acting():
        sign_as(cast.asha, version)
        with pytest.raises(SignedAlready):
            sign_as(cast.asha, version)
        assert PathwaySignature.objects.count() == 1


def test_it_refuses_software(cast: Cast, version: PathwayVersion) -> None:
    with cast.acting():
        actor = replace(cast.asha.actor(), practitioner_roles=(), user_id=None)
        with pytest.raises(Denied):
            sign(version, actor=actor, name="N", college="C", registration_number="1", now=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE care_plans_pathwaysignature SET name = 'x'",
        "DELETE FROM care_plans_pathwaysignature",
    ],
)
def test_it_never_lets_a_signature_be_changed(
    cast: Cast, version: PathwayVersion, statement: str
) -> None:
    with cast.acting():
        sign_as(cast.asha, version)
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert is_signed_for(version, cast.riverside.id)
