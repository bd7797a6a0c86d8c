"""Sealing: settled audit rows become links of a hash chain, one chain for each organization.

A row is never touched again; its digest goes into a seal, and each seal's hash covers the one
before it. Rows are taken in the order (transaction, id), and only once every transaction that
began earlier has ended, so that no row can come to stand before one that is already sealed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from coordination import audit_heads
from coordination.models import AuditSeal
from coordination.models.plausible_times import EARLIEST, LATEST, readable
from coordination.tenancy import acting_in

BATCH = 1000
NOTHING = bytes(32)

# Every column as text, so that the digest depends on nothing but what is stored.
COLUMNS = """
    id::text, organization_id::text, transaction_id::text,
    CASE WHEN isfinite(recorded_at)
        THEN (extract(epoch FROM recorded_at) * 1000000)::bigint::text ELSE recorded_at::text
    END, user_id::text, actor, action::text,
    event, resource, resource_id::text, patient_ids::text, basis, bases::text, source_ids::text,
    purpose::text, request_id::text, detail::text
"""

log = structlog.get_logger(__name__)

type Position = tuple[int, UUID]


@dataclass(frozen=True, slots=True)
class SealedRow:
    """What a seal needs of one audit row."""

    id: UUID
    transaction_id: int
    month: date
    digest: bytes

    @property
    def place(self) -> Position:
        """Return where it stands in the order of its organization."""
        return self.transaction_id, self.id


def digest(columns: Sequence[str | None]) -> bytes:
    """Return the SHA-256 of a row's columns, in the order of `COLUMNS`."""
    return sha256(json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def rows_between(
    organization_id: UUID, after: Position | None, until: Position | None, *, most: int
) -> list[SealedRow]:
    """Return up to `most` rows after a position up to another (included), in order."""
    wanted, arguments = ["organization_id = %s"], [str(organization_id)]
    for place, sign in ((after, ">"), (until, "<=")):
        if place is not None:
            wanted.append(f"(transaction_id, id) {sign} (%s, %s)")
            arguments += [str(place[0]), str(place[1])]
    if until is None:
        wanted.append("transaction_id < coordination_settled_before()")
    with connection.cursor() as cursor:
        cursor.execute(
            # `entry.` because a bare name would mean the output, which is text: 10 before 9
            f"SELECT {COLUMNS} FROM coordination_auditevent entry "  # noqa: S608 - our own text  # nosec B608
            f"WHERE {' AND '.join(wanted)} "
            "ORDER BY entry.transaction_id, entry.id, entry.recorded_at LIMIT %s",
            [*arguments, most],
        )
        return [_sealed_row(row) for row in cursor.fetchall()]


def seal_due(*, now: datetime) -> int:
    """Seal what is settled, in every organization; return how many rows. Safe to run twice.

    An organization whose rows cannot be sealed does not keep the others from it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM coordination_audit_unsealed()")
        organizations = [row[0] for row in cursor.fetchall()]
    sealed = 0
    for organization_id in organizations:
        try:
            sealed += seal_organization(organization_id, now=now)
        except Exception:
            # It is tried again in the next run; `verify_audit` says what waits.
            log.exception("audit_not_sealed", organization=str(organization_id))
    return sealed


def seal_organization(organization_id: UUID, *, now: datetime) -> int:
    """Seal what is settled in one organization, batch by batch, and export each new head."""
    sealed = 0
    while True:
        with acting_in(organization_id):
            seal = _seal_batch(organization_id, now=now)
        if seal is None:
            return sealed
        # After the commit: a head of what was never sealed would cry wolf for ever.
        try:
            audit_heads.export(seal)
        except OSError:
            log.exception("audit_head_not_exported", organization=str(organization_id))
        log.info(
            "audit_sealed",
            organization=str(organization_id),
            sequence=seal.sequence,
            hash=seal.hash.hex(),
            rows=seal.row_count,
        )
        sealed += seal.row_count


def seal_hash(seal: AuditSeal) -> bytes:
    """Return what a seal's hash must be, from all that it says."""
    said = [
        str(seal.organization_id),
        seal.sequence,
        seal.month.isoformat(),
        [seal.first_transaction_id, str(seal.first_id)],
        [seal.last_transaction_id, str(seal.last_id)],
        seal.row_count,
        [str(one) for one in seal.row_ids],
        int(seal.sealed_at.timestamp() * 1_000_000),
    ]
    body = json.dumps(said, separators=(",", ":")).encode()
    return sha256(bytes(seal.previous_hash) + body + bytes(seal.row_digests)).digest()


def digests_of(seal: AuditSeal) -> Iterator[tuple[UUID, bytes]]:
    """Return the rows that a seal covers, each with its digest, in order."""
    joined = bytes(seal.row_digests)
    for place, row_id in enumerate(seal.row_ids):
        yield row_id, joined[place * 32 : (place + 1) * 32]


def _seal_batch(organization_id: UUID, *, now: datetime) -> AuditSeal | None:
    if not _alone(organization_id):
        return None
    last = next(readable(AuditSeal.objects.order_by("-sequence")[:1]), None)
    after = (last.last_transaction_id, last.last_id) if last else None
    rows = rows_between(organization_id, after, None, most=BATCH)
    # An id that was used twice: the first is sealed, and the others are faults ever after.
    rows = [next(same) for _, same in groupby(rows, key=lambda row: row.place)]
    # A seal lies within one month, so that a month can be dropped whole.
    month = rows[0].month if rows else None
    different = (place for place, row in enumerate(rows) if row.month != month)
    rows = rows[: next(different, len(rows))]
    if not rows:
        return None
    seal = AuditSeal(
        organization_id=organization_id,
        sequence=last.sequence + 1 if last else 1,
        previous_hash=bytes(last.hash) if last else NOTHING,
        month=rows[0].month,
        first_transaction_id=rows[0].transaction_id,
        first_id=rows[0].id,
        last_transaction_id=rows[-1].transaction_id,
        last_id=rows[-1].id,
        row_count=len(rows),
        row_ids=[row.id for row in rows],
        row_digests=b"".join(row.digest for row in rows),
        sealed_at=now,
    )
    seal.hash = seal_hash(seal)
    seal.save(force_insert=True)
    return seal


def _alone(organization_id: UUID) -> bool:
    """Say whether this transaction is the one that seals here; another goes its way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"audit-seal:{organization_id}"],
        )
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def _sealed_row(columns: Sequence[Any]) -> SealedRow:
    return SealedRow(
        id=UUID(columns[0]),
        transaction_id=int(columns[2]),
        month=_month(columns[3]),
        digest=digest(columns),
    )


def _month(recorded_at: str) -> date:
    """Return the first day of the month of a row; of one that is out of this world, the nearest."""
    # A float, because a row may also say `infinity` or `-infinity`.
    seconds = float(recorded_at) / 1_000_000
    near = min(max(seconds, EARLIEST.timestamp()), LATEST.timestamp())
    return datetime.fromtimestamp(near, UTC).date().replace(day=1)
