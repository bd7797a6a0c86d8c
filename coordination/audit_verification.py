"""Whether the audit trail is what it was: every row against its seal, every seal against the next.

Memory stays flat however long the trail is: one seal and its rows at a time.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import batched
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count

from coordination import audit_heads, checkpoints
from coordination.audit_heads import Head, NotAHead
from coordination.models import AuditCheckpoint, AuditEvent, AuditSeal
from coordination.models.plausible_times import EARLIEST, LATEST, plausible, readable
from coordination.sealing import NOTHING, Position, digests_of, rows_between, seal_hash
from coordination.tenancy import acting_in

#: a head is written right after its seal; for so long it may be on its way
EXPORTING = timedelta(minutes=1)
NO_LINE = "the heads file has no line for it"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was sealed."""

    organization_id: UUID | None
    seal: int | None
    row_id: UUID | None
    what: str

    def __str__(self) -> str:
        where = [f"organization {self.organization_id}"] if self.organization_id else []
        where += [f"seal {self.seal}"] if self.seal is not None else []
        where += [f"row {self.row_id}"] if self.row_id else []
        return f"{', '.join(where) or 'heads file'}: {self.what}"


@dataclass(slots=True)
class Tally:
    """What was looked at, and what is not sealed yet."""

    seals: int = 0
    rows: int = 0
    dropped: int = 0
    newer: int = 0
    unsealed: int = 0
    oldest_unsealed: datetime | None = None


@dataclass(slots=True)
class _Month:
    """The seals of a month that a checkpoint speaks for."""

    checkpoint: AuditCheckpoint
    seals: int = 0
    rows: int = 0
    digest: Any = field(default_factory=sha256)


def verify_organization(organization_id: UUID, tally: Tally) -> Iterator[Fault]:
    """Compare an organization's chain with its rows; `tally` grows on the way."""
    with acting_in(organization_id):
        months = _checkpoints()
        yield from _false_checkpoints(organization_id, months)
        last: AuditSeal | None = None
        for seal in readable(AuditSeal.objects.order_by("sequence")):
            yield from _link(seal, last)
            yield from _rows(seal, last, months, tally)
            last = seal
        yield from _unfulfilled(organization_id, months)
        yield from _out_of_time(organization_id)
        _count_unsealed(last, tally)


def verify_heads(
    path: Path,
    here: Iterable[UUID],
    tally: Tally,
    *,
    only: UUID | None = None,
    is_copy: bool,
    now: datetime,
) -> Iterator[Fault]:
    """Compare the heads that were exported with the seals that are there now, both ways.

    A seal without a head is a fault, since one made anew would not be noticed; only a copy may be
    older than the last seals, which `tally` counts as newer.
    """
    # The seals first: one that is made while the file is read may have its line already.
    unspoken = {one: _sealed(one, now=now) for one in here}
    newest: dict[UUID, int] = {}
    for batch in batched(audit_heads.exported(path), 500):
        heads: dict[UUID, list[Head]] = {}
        for entry in batch:
            if isinstance(entry, NotAHead):
                yield Fault(None, None, None, str(entry))
            elif only in (None, entry.organization_id):
                heads.setdefault(entry.organization_id, []).append(entry)
                unspoken.get(entry.organization_id, set()).discard(entry.sequence)
        for organization_id, mine in heads.items():
            last = max(head.sequence for head in mine)
            newest[organization_id] = max(last, newest.get(organization_id, 0))
            yield from _compare(organization_id, mine)
    for organization_id, sequences in unspoken.items():
        for sequence in sorted(sequences):
            if is_copy and sequence > newest.get(organization_id, 0):
                tally.newer += 1
            else:
                yield Fault(organization_id, sequence, None, NO_LINE)


def _sealed(organization_id: UUID, *, now: datetime) -> set[int]:
    """Return the seals whose heads must be in the file: all but those of this very minute."""
    fresh = (now - EXPORTING, now + EXPORTING)
    with acting_in(organization_id):
        rows = AuditSeal.objects.exclude(sealed_at__range=fresh)
        return set(rows.values_list("sequence", flat=True))


def write_missing_heads(faults: Collection[Fault]) -> None:
    """Append the heads whose absence is all that is wrong; raises ValueError otherwise."""
    for fault in faults:
        if fault.what != NO_LINE or fault.organization_id is None:
            raise ValueError("More is wrong than that heads are missing: nothing was written.")
    for fault in faults:
        assert fault.organization_id is not None
        assert fault.seal is not None
        with acting_in(fault.organization_id):
            audit_heads.export(AuditSeal.objects.get(sequence=fault.seal))


def organizations() -> list[UUID]:
    """Return every organization of this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM coordination_organizations()")
        return [row[0] for row in cursor.fetchall()]


def has_seals(organization_id: UUID) -> bool:
    """Say whether anything of this organization was sealed."""
    with acting_in(organization_id):
        return AuditSeal.objects.exists()


def _link(seal: AuditSeal, last: AuditSeal | None) -> Iterator[Fault]:
    """Check a seal in itself and against the one before it."""
    expected = last.sequence + 1 if last else 1
    if seal.sequence != expected:
        gone = f"{expected}" if seal.sequence == expected + 1 else f"{expected}-{seal.sequence - 1}"
        yield _fault(seal, f"was preceded by seal {gone}, which is gone")
    elif bytes(seal.previous_hash) != (bytes(last.hash) if last else NOTHING):
        yield _fault(seal, "does not follow from the seal before it")
    if bytes(seal.hash) != seal_hash(seal):
        yield _fault(seal, "the seal itself was edited")
    elif not _is_whole(seal):
        yield _fault(seal, "contradicts itself about which rows it covers")
    elif last and _first(seal) <= _last(last):
        yield _fault(seal, "overlaps the seal before it")


def _is_whole(seal: AuditSeal) -> bool:
    """Say whether a seal's counts, ids and digests are about the same rows."""
    ids, many = list(seal.row_ids), seal.row_count
    ends = ids[:1] + ids[-1:] == [seal.first_id, seal.last_id]
    return ends and (len(ids), len(seal.row_digests)) == (many, 32 * many)


def _rows(
    seal: AuditSeal, last: AuditSeal | None, months: dict[date, _Month], tally: Tally
) -> Iterator[Fault]:
    # After a gap, what lies before this seal's first row cannot be told from what was sealed.
    follows = last is not None and seal.sequence == last.sequence + 1
    after = _last(last) if last and follows else (None if seal.sequence == 1 else _before(seal))
    expected = dict(digests_of(seal))
    most = len(expected) + 10_000
    found = {
        row.id: row.digest
        for row in rows_between(seal.organization_id, after, _last(seal), most=most)
    }
    tally.seals += 1
    month = months.get(seal.month)
    if month and seal.sequence <= month.checkpoint.last_sequence:
        month.seals += 1
        month.rows += seal.row_count
        month.digest.update(bytes(seal.hash))
        tally.dropped += seal.row_count
        expected = {}
    tally.rows += len(found)
    for row_id in expected.keys() - found.keys():
        yield _fault(seal, _what_became_of(row_id), row_id)
    for row_id in found.keys() - expected.keys():
        yield _fault(seal, "was inserted after the sealing", row_id)
    for row_id in expected.keys() & found.keys():
        if expected[row_id] != found[row_id]:
            yield _fault(seal, "was edited", row_id)
    for row_id in _repeated(expected.keys()):
        yield _fault(seal, "stands there more than once: one of them was inserted", row_id)


def _repeated(row_ids: Iterable[UUID]) -> list[UUID]:
    """Return those that more than one row has: partitions keep an id apart by its time only."""
    rows = AuditEvent.objects.filter(id__in=list(row_ids)).order_by("id")
    counted = rows.values("id").annotate(times=Count("*")).filter(times__gt=1)
    return list(counted.values_list("id", flat=True))


def _what_became_of(row_id: UUID) -> str:
    if AuditEvent.objects.filter(id=row_id).exists():
        return "was moved out of its place in the order"
    return "was deleted, or moved to another organization"


def _compare(organization_id: UUID, heads: list[Head]) -> Iterator[Fault]:
    with acting_in(organization_id):
        wanted = [head.sequence for head in heads]
        rows = AuditSeal.objects.filter(sequence__in=wanted).values_list("sequence", "hash")
        found = {sequence: bytes(value) for sequence, value in rows}
    for head in heads:
        kept = found.get(head.sequence)
        if kept is None:
            said = f"is gone, but line {head.line} of the heads file has it"
        elif kept != head.hash:
            said = f"was replaced: line {head.line} of the heads file has another hash"
        else:
            continue
        yield Fault(organization_id, head.sequence, None, said)


def _checkpoints() -> dict[date, _Month]:
    return {one.month: _Month(one) for one in readable(AuditCheckpoint.objects.order_by("month"))}


def _false_checkpoints(organization_id: UUID, months: dict[date, _Month]) -> Iterator[Fault]:
    """Set aside what was not signed with our key: its rows count as missing."""
    for month, kept in list(months.items()):
        if not checkpoints.is_genuine(kept.checkpoint):
            del months[month]
            said = f"the checkpoint of {month:%Y-%m} is not signed with our key"
            yield Fault(organization_id, None, None, said)


def _unfulfilled(organization_id: UUID, months: dict[date, _Month]) -> Iterator[Fault]:
    for month, kept in months.items():
        said = kept.checkpoint
        counted = (kept.seals, kept.rows, kept.digest.digest())
        if counted != (said.seal_count, said.row_count, bytes(said.seals_digest)):
            what = f"the checkpoint of {month:%Y-%m} does not speak of the seals that are there"
            yield Fault(organization_id, None, None, what)


def _out_of_time(organization_id: UUID) -> Iterator[Fault]:
    rows = AuditEvent.objects.exclude(plausible("recorded_at")).order_by("transaction_id", "id")
    for row_id in rows.values_list("id", flat=True).iterator():
        said = f"has a time before {EARLIEST:%Y} or after {LATEST.year - 1}"
        yield Fault(organization_id, None, row_id, said)


def _count_unsealed(last: AuditSeal | None, tally: Tally) -> None:
    after = "WHERE (transaction_id, id) > (%s, %s)" if last else ""
    arguments = [str(last.last_transaction_id), str(last.last_id)] if last else []
    with connection.cursor() as cursor:
        cursor.execute(
            # The condition is one of the two above; the values are parameters.
            f"""
            SELECT count(*),
                min(recorded_at) FILTER (WHERE recorded_at >= %s AND recorded_at < %s)
            FROM coordination_auditevent {after}
            """,  # noqa: S608 - our own text  # nosec B608
            [EARLIEST, LATEST, *arguments],
        )
        count, oldest = cursor.fetchone()
    tally.unsealed += count
    known = [one for one in (tally.oldest_unsealed, oldest) if one is not None]
    tally.oldest_unsealed = min(known, default=None)


def _first(seal: AuditSeal) -> Position:
    return seal.first_transaction_id, seal.first_id


def _last(seal: AuditSeal) -> Position:
    return seal.last_transaction_id, seal.last_id


def _before(seal: AuditSeal) -> Position:
    return seal.first_transaction_id, UUID(int=seal.first_id.int - 1)


def _fault(seal: AuditSeal, what: str, row_id: UUID | None = None) -> Fault:
    return Fault(seal.organization_id, seal.sequence, row_id, what)
