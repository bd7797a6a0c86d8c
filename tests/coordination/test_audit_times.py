"""Times that nobody can read: not taken, and where they stand all the same, named."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Value

from coordination import audit_months, sealing
from coordination.models import AuditEvent, AuditSeal
from tests.cast import LONG_AGO, NOW, Cast
from tests.coordination.test_audit_seals import admin, heads, record, sealed, seals, verify

__all__ = ["admin", "heads", "sealed"]  # fixtures

FAR = ["'infinity'", "'-infinity'", "{} + interval '10000 years'", "{} - interval '3000 years'"]
FORGE = """
    INSERT INTO coordination_auditevent (id, recorded_at, event, organization_id, actor, action,
        resource, patient_ids, basis, bases, source_ids, purpose, request_id, detail)
    SELECT gen_random_uuid(), {}, 'forged', organization_id, actor, action, resource, patient_ids,
        basis, bases, source_ids, purpose, request_id, detail
    FROM coordination_auditevent LIMIT 1
    RETURNING id
"""


@pytest.fixture
def unchecked(admin: psycopg.Connection) -> psycopg.Connection:
    """Return a superuser who has also dropped what the database checks."""
    for table, name in (("auditevent", "audit"), ("auditseal", "seal")):
        admin.execute(
            f"ALTER TABLE coordination_{table} DROP CONSTRAINT coordination_{name}_plausible"
        )
    admin.commit()
    return admin


@pytest.mark.feature("PV-08")
def test_it_names_each_row_and_seal_whose_time_was_made_unreadable(
    sealed: Cast, unchecked: psycopg.Connection
) -> None:
    batch, other = seals(sealed)[-2], seals(sealed)[-3].row_ids[2]
    row_id = batch.row_ids[3]
    unchecked.execute("UPDATE coordination_auditevent SET event = 'x' WHERE id = %s", [other])
    ways: list[tuple[str, str, Any, str]] = [
        *(("auditevent", "recorded_at", row_id, far) for far in FAR),
        *(("auditseal", "sealed_at", batch.pk, far) for far in FAR),
        ("auditseal", "month", batch.pk, "'0044-01-01 BC'"),
        ("auditseal", "month", batch.pk, "'infinity'"),
    ]
    for table, column, where, far in ways:
        unchecked.execute(f"CREATE TABLE kept AS SELECT id, {column} FROM coordination_{table}")
        unchecked.execute(
            f"UPDATE coordination_{table} SET {column} = {far.format(column)} WHERE id = %s",
            [where],
        )
        unchecked.commit()
        holds, said = verify()
        assert not holds
        named = f"row {row_id}: was edited" if where == row_id else f"seal {batch.sequence}: the"
        assert named in said, (column, far, said)
        assert f"row {other}: was edited" in said  # and it went on
        unchecked.execute(
            f"UPDATE coordination_{table} t SET {column} = kept.{column} FROM kept "
            "WHERE kept.id = t.id AND t.id = %s",
            [where],
        )
        unchecked.execute("DROP TABLE kept")
        unchecked.commit()


@pytest.mark.feature("PV-08")
def test_it_names_a_checkpoint_whose_time_was_made_unreadable(
    sealed: Cast, admin: psycopg.Connection
) -> None:
    audit_months.drop_month(LONG_AGO.date().replace(day=1), now=NOW)
    admin.execute("UPDATE coordination_auditcheckpoint SET dropped_at = 'infinity'")
    admin.commit()
    holds, said = verify()
    assert not holds
    assert "is not signed with our key" in said


@pytest.mark.feature("PV-08")
@pytest.mark.parametrize("far", ["'infinity'", "'-infinity'", "'1999-12-31'", "'2200-01-02'"])
def test_it_takes_no_row_or_seal_of_an_implausible_time(committed_cast: Cast, far: str) -> None:
    with (
        pytest.raises(IntegrityError, match="coordination_audit_plausible"),
        committed_cast.acting(),
        connection.cursor() as cursor,
    ):
        cursor.execute(FORGE.format(far))
    sealing.seal_due(now=NOW)
    record(committed_cast)
    assert sealing.seal_due(now=NOW) == 1
    record(committed_cast)
    real = AuditSeal.save

    def save(seal: AuditSeal, **options: Any) -> None:
        seal.sealed_at = Value(far.strip("'"))
        real(seal, **options)

    with pytest.MonkeyPatch.context() as forged, committed_cast.acting(), transaction.atomic():
        forged.setattr(AuditSeal, "save", save)
        forged.setattr(sealing, "seal_hash", lambda seal: bytes(range(32)))
        with pytest.raises(IntegrityError, match="coordination_seal_plausible"):
            sealing._seal_batch(committed_cast.riverside.id, now=NOW)
    assert verify()[0]


@pytest.mark.feature("PV-08")
def test_it_seals_and_names_a_row_of_an_unreadable_time_that_is_there_already(
    sealed: Cast, unchecked: psycopg.Connection
) -> None:
    with sealed.acting(), connection.cursor() as cursor:
        cursor.execute(FORGE.format("'infinity'"))
        row_id: UUID = cursor.fetchone()[0]
    for _ in range(2):
        holds, said = verify()
        assert not holds
        assert f"row {row_id}: has a time before 2000 or after 2199" in said
        record(sealed, 2)
        assert sealing.seal_due(now=NOW) in (2, 3)
    with sealed.acting():
        assert AuditEvent.objects.filter(pk=row_id).exists()


@pytest.mark.feature("PV-08")
def test_it_seals_every_other_organization_when_one_cannot_be_sealed(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.seal_due(now=NOW)
    record(committed_cast, 2)
    record(committed_cast, 3, who=committed_cast.olu)
    real, mine, theirs = sealing._seal_batch, committed_cast.riverside.id, committed_cast.harbour.id
    for broken, sealed_rows in ((mine, 3), (theirs, 2)):

        def batch(organization_id: UUID, *, now: Any, broken: UUID = broken) -> AuditSeal | None:
            if organization_id == broken:
                raise ValueError(organization_id)
            return real(organization_id, now=now)

        monkeypatch.setattr(sealing, "_seal_batch", batch)
        assert sealing.seal_due(now=NOW) == sealed_rows
