"""The months of the audit trail: made ahead, and dropped whole when their time is over.

Dropping is the owner's act, from a command; the web and worker role can neither delete a row nor
drop a month. A month goes only when all of it is sealed and verifies, when nobody holds any of it
back, and when a signed checkpoint can stand in its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

from django.db import connection, connections, transaction
from django.db.models import QuerySet

from coordination.audit_verification import Tally, organizations, verify_organization
from coordination.checkpoints import signature_of
from coordination.models import AuditCheckpoint, AuditEvent, AuditSeal, LegalHold
from coordination.persons import records_of_persons
from coordination.problems import Problem
from coordination.tenancy import SETTING, acting_in

TABLE = "coordination_auditevent"


class MonthKept(Problem):
    """A month of the audit trail cannot be dropped; nothing was."""

    type = "audit-month-kept"
    title = "The month is kept"


@dataclass(frozen=True, slots=True)
class Dropped:
    """One month that is gone, and how many rows it had."""

    month: date
    rows: int


def prepare_months() -> int:
    """Have the partitions of this month and the next three; return how many were made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coordination_prepare_audit_months()")
        row: tuple[int] = cursor.fetchone()
    return row[0]


def months_over(*, keep: int, now: datetime) -> list[date]:
    """Return the months that have rows and ended at least `keep` whole months ago, oldest first."""
    if keep < 1:
        return []
    today = now.astimezone(UTC)
    number = today.year * 12 + today.month - 1 - keep
    first_kept = date(number // 12, number % 12 + 1, 1)
    found: set[date] = set()
    for organization_id in organizations():
        with acting_in(organization_id):
            gone = AuditCheckpoint.objects.values("month")
            sealed = AuditSeal.objects.filter(month__lt=first_kept).exclude(month__in=gone)
            found.update(sealed.values_list("month", flat=True).distinct())
    return sorted(found)


def drop_month(month: date, *, now: datetime) -> Dropped:
    """Drop one month of every organization, behind a signed checkpoint in each.

    Raises `MonthKept`, `NoCheckpointKey`.
    """
    owners = organizations()
    faults = [fault for one in owners for fault in verify_organization(one, Tally())]
    if faults:
        raise MonthKept(f"The audit trail does not verify: {faults[0]}. Nothing is dropped.")
    for organization_id in owners:
        _refuse_what_is_held(organization_id, month)
    with transaction.atomic(using="owner"):
        rows = sum(_leave_checkpoint(one, month, now=now) for one in owners)
        _drop(month, owners)
    return Dropped(month, rows)


def _refuse_what_is_held(organization_id: UUID, month: date) -> None:
    with acting_in(organization_id):
        patients: set[UUID] = set()
        for ids in _rows_of(month).values_list("patient_ids", flat=True).iterator():
            patients.update(ids)
        persons = records_of_persons(patients)
        holds = LegalHold.objects.filter(until=None, patient_id__in=persons)
        held = set(holds.values_list("patient_id", flat=True))
    if held:
        named = ", ".join(sorted(map(str, held)))
        raise MonthKept(f"{month:%Y-%m} concerns patients under legal hold: {named}.")


def _leave_checkpoint(organization_id: UUID, month: date, *, now: datetime) -> int:
    """Write what stands for the rows of one organization; return how many rows that are."""
    _choose(organization_id)
    seals = AuditSeal.objects.using("owner").filter(month=month).order_by("sequence")
    digest, count, rows, last = sha256(), 0, 0, 0
    for seal in seals.only("sequence", "hash", "row_count").iterator():
        digest.update(bytes(seal.hash))
        count, rows, last = count + 1, rows + seal.row_count, seal.sequence
    if _rows_of(month, "owner").count() != rows:
        raise MonthKept(f"{month:%Y-%m} has rows that are not sealed yet. Nothing is dropped.")
    if not count:
        return 0
    checkpoint = AuditCheckpoint(
        organization_id=organization_id,
        month=month,
        last_sequence=last,
        seal_count=count,
        row_count=rows,
        seals_digest=digest.digest(),
        dropped_at=now,
    )
    checkpoint.signature = signature_of(checkpoint)
    checkpoint.save(using="owner", force_insert=True)
    return rows


def _drop(month: date, owners: Iterable[UUID]) -> None:
    """Drop the month's partition, and what the default partition has of the month."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}_{month:%Y_%m}")
        cursor.execute(f"ALTER TABLE {TABLE}_other DISABLE TRIGGER USER")
        for organization_id in owners:
            _choose(organization_id)
            cursor.execute(
                # The table is a constant; the values are parameters.
                f"DELETE FROM {TABLE}_other WHERE recorded_at >= %s AND recorded_at < %s",  # noqa: S608  # nosec B608
                [_start(month), _start(_next(month))],
            )
        cursor.execute(f"ALTER TABLE {TABLE}_other ENABLE TRIGGER USER")


def _rows_of(month: date, using: str = "default") -> QuerySet[AuditEvent, AuditEvent]:
    return AuditEvent.objects.using(using).filter(
        recorded_at__gte=_start(month), recorded_at__lt=_start(_next(month))
    )


def _choose(organization_id: UUID) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, str(organization_id)])


def _start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
