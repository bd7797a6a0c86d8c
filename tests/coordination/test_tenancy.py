"""The first fence: what PostgreSQL itself shows and refuses."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from coordination.models import AccessGrant, AuditEvent, Event, Patient
from coordination.tenancy import acting_in
from tests.cast import NOW, Cast


def test_it_shows_nothing_without_an_organization(cast: Cast) -> None:
    assert Patient.objects.count() == 0
    assert AuditEvent.objects.count() == 0


def test_it_shows_only_the_organization_in_which_one_acts(cast: Cast) -> None:
    with acting_in(cast.harbour.id):
        assert [p.id for p in Patient.objects.all()] == [cast.stranger.id]
        with acting_in(cast.riverside.id):
            assert [p.id for p in Patient.objects.all()] == [cast.patient.id]
        assert [p.id for p in Patient.objects.all()] == [cast.stranger.id]
    assert Patient.objects.count() == 0


def test_it_refuses_to_write_into_another_organization(cast: Cast) -> None:
    with (
        acting_in(cast.harbour.id),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Patient.objects.create(
            organization=cast.riverside, family_name="X", registered_at=NOW, search_key="x"
        )


def test_it_refuses_a_foreign_key_to_another_organization_s_row(cast: Cast) -> None:
    with acting_in(cast.harbour.id), pytest.raises(IntegrityError), transaction.atomic():
        AccessGrant.objects.create(
            organization=cast.harbour,
            patient=cast.patient,
            practitioner_role=cast.olu.practitioner_role,
            basis="membership",
            source_id=cast.patient.id,
            since=NOW,
        )


@pytest.mark.parametrize("table", ["coordination_auditevent", "coordination_event"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET recorded_at = now()", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"],
)
def test_it_never_lets_the_record_be_changed(cast: Cast, table: str, statement: str) -> None:
    with (
        cast.acting(),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    with cast.acting():
        assert AuditEvent.objects.exists()
        assert Event.objects.exists()
