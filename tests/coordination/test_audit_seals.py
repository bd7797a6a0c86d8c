"""The audit trail: sealed in batches, and no edit by hand that goes unnoticed."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connections, transaction

from coordination import audit, audit_heads, sealing
from coordination.models import AuditCheckpoint, AuditEvent, AuditSeal
from coordination.tenancy import acting_in
from tests.cast import NOW, Cast

LATER = NOW + timedelta(days=40)
KEY = "4f1c0d2be97a8356f1c0d2be97a8356c4f1c0d2be97a83561f0c2deb97a86359"


@pytest.fixture(autouse=True)
def heads(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_HEADS_FILE = tmp_path / "heads" / "audit.jsonl"
    settings.AUDIT_CHECKPOINT_KEY = KEY
    return Path(settings.AUDIT_HEADS_FILE)


def record(cast: Cast, count: int = 1, *, at: Any = NOW, who: Any = None) -> None:
    who = who or cast.asha
    with acting_in(who.organization.id):
        for number in range(count):
            audit.record(
                actor=who.actor(),
                now=at,
                action=audit.Action.READ,
                event=f"thing.{number}",
                resource="Thing",
                patient_ids=[
                    cast.patient.id if who.organization == cast.riverside else who.user.id
                ],
                detail={"number": number},
            )


def verify(*arguments: str) -> tuple[bool, str]:
    """Return whether the trail holds, and what the command said."""
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except CommandError as error:
        return False, f"{out.getvalue()}{error}"
    return True, out.getvalue()


@pytest.fixture
def sealed(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Seal thirty rows of each organization in batches of ten, and then some."""
    monkeypatch.setattr(sealing, "BATCH", 10)
    sealing.seal_due(now=NOW)
    for _ in range(3):
        record(committed_cast, 10)
        record(committed_cast, 10, who=committed_cast.olu)
    sealing.seal_due(now=NOW)
    return committed_cast


def seals(cast: Cast) -> list[AuditSeal]:
    with cast.acting():
        return list(AuditSeal.objects.order_by("sequence"))


def test_it_seals_all_that_is_settled_and_verifies(sealed: Cast, heads: Path) -> None:
    chain = seals(sealed)
    with sealed.acting():
        assert sum(seal.row_count for seal in chain) == AuditEvent.objects.count()
    assert [seal.sequence for seal in chain] == list(range(1, len(chain) + 1))
    assert all(b.previous_hash == a.hash for a, b in pairwise(chain))
    holds, said = verify()
    assert holds, said
    assert "nothing waits to be sealed" in said
    exported = [json.loads(line) for line in heads.read_text().splitlines()]
    mine = [one["hash"] for one in exported if one["organization"] == str(sealed.riverside.id)]
    assert mine == [bytes(seal.hash).hex() for seal in chain]


def test_it_reports_the_tail_that_is_not_sealed(sealed: Cast) -> None:
    record(sealed, 4)
    holds, said = verify()
    assert holds
    assert "4 wait to be sealed, the oldest since 2026-11-23 15:00:00 UTC" in said


def test_it_waits_for_transactions_that_began_earlier(
    committed_cast: Cast, admin_connection: psycopg.Connection
) -> None:
    sealing.seal_due(now=NOW)
    before = len(seals(committed_cast))
    admin_connection.execute("SELECT pg_current_xact_id()")  # runs on
    record(committed_cast)
    assert sealing.seal_due(now=NOW) == 0
    admin_connection.commit()
    assert sealing.seal_due(now=NOW) == 1
    assert len(seals(committed_cast)) == before + 1


def test_it_seals_each_row_once_however_many_sweeps_run(committed_cast: Cast) -> None:
    record(committed_cast, 300)

    def sweep(_: int) -> int:
        try:
            return sealing.seal_due(now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(8))) >= 300
    holds, said = verify()
    assert holds, said


@pytest.fixture
def admin(sealed: Cast, admin_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return a superuser who has switched the triggers off."""
    admin_connection.execute("SET session_replication_role = replica")
    admin_connection.commit()
    yield admin_connection
    admin_connection.rollback()


@pytest.mark.feature("PV-08")
def test_it_takes_rows_in_the_order_of_their_transactions_not_of_the_digits(
    sealed: Cast, admin: psycopg.Connection
) -> None:
    for number, row_id in zip((10, 9), seals(sealed)[-1].row_ids[:2], strict=True):
        admin.execute(
            "UPDATE coordination_auditevent SET transaction_id = %s WHERE id = %s", [number, row_id]
        )
    admin.commit()
    with sealed.acting():
        found = sealing.rows_between(sealed.riverside.id, None, None, most=2)
    assert [row.transaction_id for row in found] == [9, 10]


TABLES = ("coordination_auditevent", "coordination_auditseal")
COLUMNS = {
    "user_id": "gen_random_uuid()",
    "actor": "'somebody else'",
    "action": "'update'",
    "event": "event || 'x'",
    "resource": "'Other'",
    "resource_id": "gen_random_uuid()",
    "patient_ids": "ARRAY[gen_random_uuid()]",
    "basis": "'referral'",
    "bases": "ARRAY['referral']",
    "source_ids": "ARRAY[gen_random_uuid()]",
    "purpose": "'operations'",
    "request_id": "'x'",
    "detail": "'{\"number\": 99}'",
    "recorded_at": "recorded_at + interval '1 microsecond'",
    "transaction_id": "transaction_id + 1",
}


def repeated(admin: psycopg.Connection, row_id: Any, *, days: int) -> Callable[[], list[Any]]:
    """Return what inserts a row under the id of a sealed one, so many days later."""

    def do() -> list[Any]:
        admin.execute(
            "INSERT INTO coordination_auditevent SELECT (jsonb_populate_record(e, "
            "jsonb_build_object('event', 'forged', 'recorded_at', "
            "e.recorded_at + make_interval(days => %s)))).* "
            "FROM coordination_auditevent e WHERE id = %s",
            [days, row_id],
        )
        return [f"row {row_id}: stands there more than once"]

    return do


@pytest.mark.feature("PV-08")
def test_it_names_every_row_and_seal_that_was_tampered_with(  # noqa: C901 -- a list of ways
    sealed: Cast, admin: psycopg.Connection, heads: Path
) -> None:
    chain = seals(sealed)
    batch, last = chain[-2], chain[-1]
    first, middle, final = batch.row_ids[0], batch.row_ids[4], batch.row_ids[-1]
    mine, theirs = sealed.riverside.id, sealed.harbour.id

    def row(change: str) -> Callable[[], list[Any]]:
        def do() -> list[Any]:
            admin.execute(f"UPDATE coordination_auditevent SET {change} WHERE id = %s", [middle])
            return [middle]

        return do

    def delete(row_id: Any) -> Callable[[], list[Any]]:
        def do() -> list[Any]:
            admin.execute("DELETE FROM coordination_auditevent WHERE id = %s", [row_id])
            return [row_id]

        return do

    def delete_the_tail() -> list[Any]:
        admin.execute("DELETE FROM coordination_auditseal WHERE id = %s", [last.id])
        admin.execute("DELETE FROM coordination_auditevent WHERE id = ANY(%s)", [last.row_ids])
        return [f"seal {last.sequence}: is gone"]

    def delete_seal() -> list[Any]:
        admin.execute("DELETE FROM coordination_auditseal WHERE id = %s", [batch.id])
        return [f"was preceded by seal {batch.sequence}, which is gone"]

    def swap() -> list[Any]:
        admin.execute(
            """
            UPDATE coordination_auditevent a SET event = b.event, detail = b.detail
            FROM coordination_auditevent b
            WHERE (a.id, b.id) IN ((%(one)s, %(two)s), (%(two)s, %(one)s))
            """,
            {"one": first, "two": middle},
        )
        return [first, middle]

    def swap_places() -> list[Any]:
        admin.execute(
            "UPDATE coordination_auditevent SET transaction_id = transaction_id - 1 WHERE id = %s",
            [final],
        )
        return [final]

    def forge() -> list[Any]:
        row = admin.execute(
            """
            INSERT INTO coordination_auditevent (id, organization_id, recorded_at, actor, action,
                event, resource, patient_ids, basis, bases, source_ids, purpose, request_id,
                detail, transaction_id)
            SELECT gen_random_uuid(), organization_id, recorded_at, actor, action, 'forged',
                resource, patient_ids, basis, bases, source_ids, purpose, request_id, detail,
                transaction_id - 1
            FROM coordination_auditevent WHERE id = %s RETURNING id
            """,
            [first],
        ).fetchone()
        assert row is not None
        return [row[0]]

    def edit_seal(change: str) -> Callable[[], list[Any]]:
        def do() -> list[Any]:
            admin.execute(f"UPDATE coordination_auditseal SET {change} WHERE id = %s", [batch.id])
            return [f"seal {batch.sequence}: "]

        return do

    def cover_up() -> list[Any]:
        """Edit a row and make the whole chain anew, as the software itself would."""
        admin.execute("UPDATE coordination_auditevent SET event = 'x' WHERE id = %s", [middle])
        admin.execute("DELETE FROM coordination_auditseal WHERE organization_id = %s", [mine])
        admin.commit()
        kept = heads.read_bytes()
        sealing.seal_organization(mine, now=LATER)
        heads.write_bytes(kept)
        return ["was replaced: line 1 of the heads file has another hash"]

    def start_over() -> list[Any]:
        for table in TABLES:
            admin.execute(f"DELETE FROM {table} WHERE organization_id = %s", [mine])
        return ["seal 1: is gone, but line"]

    ways: dict[str, Callable[[], list[Any]]] = {
        **{f"edit {name}": row(f"{name} = {value}") for name, value in COLUMNS.items()},
        "move to another month": row("recorded_at = recorded_at - interval '2 months'"),
        "move to another organization": row(f"organization_id = '{theirs}'"),
        "delete the first row": delete(first),
        "delete a row in the middle": delete(middle),
        "delete the last row": delete(final),
        "delete the newest seal and its rows": delete_the_tail,
        "delete a seal": delete_seal,
        "swap the contents of two rows": swap,
        "move a row to the front": swap_places,
        "insert a row": forge,
        "insert a row under the id of an earlier one": repeated(admin, middle, days=-40),
        "insert a row under the id of a later one": repeated(admin, middle, days=70),
        "edit a seal's digests": edit_seal("row_digests = reverse(row_digests)"),
        "edit a seal's hash": edit_seal("hash = sha256('x')"),
        "edit a seal's time": edit_seal("sealed_at = sealed_at + interval '1 hour'"),
        "make the chain anew": cover_up,
        "leave nothing": start_over,
    }
    for table in TABLES:
        admin.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
    admin.commit()
    for name, tamper in ways.items():
        named = tamper()
        admin.commit()
        holds, said = verify()
        assert not holds, name
        for one in named:
            assert str(one) in said, (name, one, said)
        for table in TABLES:
            admin.execute(f"DELETE FROM {table}")
            admin.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
        admin.commit()
        holds, said = verify()
        assert holds, (name, said)


def test_it_misses_the_heads_when_they_are_gone(sealed: Cast, heads: Path) -> None:
    heads.rename(heads.with_suffix(".copy"))
    holds, said = verify()
    assert not holds
    assert "is missing or empty" in said
    assert verify(f"--heads={heads.with_suffix('.copy')}")[0]
    heads.write_text("not a head\n")
    assert "line 1 of" in verify()[1]


def test_it_takes_no_head_that_is_on_its_way_for_a_missing_one(
    sealed: Cast, heads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sealed)
    exported: list[Any] = []
    monkeypatch.setattr(audit_heads, "export", exported.append)
    assert sealing.seal_due(now=datetime.now(UTC)) == 1
    assert verify()[0]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2), tick=False):
        assert "has no line" in verify()[1]


@pytest.mark.feature("PV-08")
def test_it_misses_the_head_of_every_seal(sealed: Cast, heads: Path) -> None:
    lines, copy = heads.read_bytes().splitlines(keepends=True), heads.with_suffix(".copy")
    for kept, gone in ((lines[:-1], 1), (lines[1:], 1), ([], len(lines))):
        heads.write_bytes(b"".join(kept))
        holds, said = verify()
        assert not holds
        assert said.count("the heads file has no line for it") == gone
    heads.write_bytes(b"".join(lines[:-1]))
    assert "1 heads were missing" in verify("--write-missing-heads")[1]
    assert heads.read_bytes() == b"".join(lines)
    heads.write_bytes(lines[0].replace(b'"hash": "', b'"hash": "00'))
    wrong = heads.read_bytes()
    holds, said = verify("--write-missing-heads")
    assert not holds
    assert "nothing was written" in said
    assert heads.read_bytes() == wrong
    copy.write_bytes(b"".join(lines[:-1]))
    holds, said = verify(f"--heads={copy}")
    assert holds, said
    assert "1 seals are newer than this copy of the heads" in said
    copy.write_bytes(b"".join(lines[1:]))
    assert not verify(f"--heads={copy}")[0]
    copy.write_bytes(b"")
    assert "is missing or empty" in verify(f"--heads={copy}")[1]


def test_it_verifies_one_organization_by_itself(sealed: Cast, admin: psycopg.Connection) -> None:
    admin.execute(
        "UPDATE coordination_auditevent SET event = 'x' WHERE organization_id = %s",
        [sealed.harbour.id],
    )
    admin.commit()
    assert verify(f"--organization={sealed.riverside.slug}")[0]
    assert not verify(f"--organization={sealed.harbour.slug}")[0]
    assert "no organization" in verify("--organization=nowhere")[1].lower()


@pytest.mark.parametrize("model", [AuditSeal, AuditCheckpoint])
def test_it_lets_the_software_change_no_seal(sealed: Cast, model: Any) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), sealed.acting():
        model.objects.update(sequence=0) if model is AuditSeal else model.objects.all().delete()
        model.objects.create()


def test_it_takes_no_head_for_what_it_is_not(heads: Path) -> None:
    heads.parent.mkdir(parents=True)
    heads.write_text('{"organization": 1}\n[]\n')
    assert [type(one) for one in audit_heads.exported(heads)] == [audit_heads.NotAHead] * 2
