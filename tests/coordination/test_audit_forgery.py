"""What the web role may not forge: the place of an audit row, and a seal over rows."""

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import ProgrammingError

from coordination import sealing
from coordination.models import AuditSeal, new_id
from tests.cast import NOW, Cast
from tests.coordination.test_audit_seals import record, verify


@pytest.fixture(autouse=True)
def heads(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_FILE = tmp_path / "audit.jsonl"


@pytest.mark.feature("PV-08")
def test_it_lets_no_row_choose_its_place_in_the_chain(committed_cast: Cast) -> None:
    record(committed_cast)
    sealing.seal_due(now=NOW)
    columns = (
        "organization_id, actor, action, resource, patient_ids, basis, bases, source_ids, "
        "purpose, request_id, detail"
    )
    for place in ("transaction_id", "9000000000000000000"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            committed_cast.acting(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO coordination_auditevent "
                f"(id, recorded_at, event, transaction_id, {columns}) "
                f"SELECT id, recorded_at - interval '40 days', 'forged', {place}, {columns} "
                "FROM coordination_auditevent LIMIT 1"
            )


@pytest.mark.feature("PV-08")
def test_it_takes_no_seal_that_skips_rows_or_runs_ahead(committed_cast: Cast) -> None:
    sealing.seal_due(now=NOW)
    record(committed_cast, 3)
    with committed_cast.acting():
        last = AuditSeal.objects.order_by("-sequence")[0]
        rows = sealing.rows_between(
            committed_cast.riverside.id, (last.last_transaction_id, last.last_id), None, most=9
        )
        assert len(rows) == 3

    def forge(taken: list[sealing.SealedRow], **lies: Any) -> None:
        said = {
            "first_transaction_id": taken[0].transaction_id,
            "first_id": taken[0].id,
            "last_transaction_id": taken[-1].transaction_id,
            "last_id": taken[-1].id,
            "row_count": len(taken),
            "row_ids": [row.id for row in taken],
            "row_digests": b"".join(row.digest for row in taken),
            "sequence": last.sequence + 1,
            "previous_hash": bytes(last.hash),
        }
        seal = AuditSeal(
            id=new_id(),
            organization_id=committed_cast.riverside.id,
            month=taken[0].month,
            sealed_at=NOW,
            **{**said, **lies},
        )
        seal.hash = sealing.seal_hash(seal)
        with committed_cast.acting(), transaction.atomic():
            seal.save(force_insert=True)
            transaction.set_rollback(True)

    forge(rows)  # the honest one is taken
    ahead = {"last_transaction_id": 9 * 10**18}
    for taken, lies in (
        (rows, {**ahead, "row_ids": [], "row_count": 1, "row_digests": b""}),
        (rows, ahead),
        (rows[1:], {}),
        ([rows[0], rows[2]], {}),
        (rows, {"row_count": 2}),
        (rows, {"row_digests": b"short"}),
        (rows, {"first_id": new_id()}),
        (rows, {"sequence": last.sequence + 2}),
        (rows, {"previous_hash": bytes(range(32))}),
    ):
        with pytest.raises(DatabaseError, match="does not cover the rows"):
            forge(taken, **lies)
    assert sealing.seal_due(now=NOW) == 3
    holds, said = verify()
    assert holds, said
