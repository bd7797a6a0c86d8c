"""How audit rows reach the table: gathered while a request or a task runs, written in one INSERT.

Inside `collecting` nothing is written until the block ends, still in its transaction and its
organization; whatever undoes an act (a savepoint rolled back, a refusal) takes its rows along.
Outside, a row is written at once. So a row is never lost while its act stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from json import dumps
from typing import Any, NamedTuple

from django.db import connection, transaction

Row = Mapping[str, Any]

AT_MOST = 500  # rows held back before they are written anyway

# One text for any number of rows, so that the server prepares it once. What makes a disclosure
# rightful is looked up here and not by a query of its own: the grant that holds at this moment
# (one that this very act has just ended included), or else what the row itself brings. A record
# that rests in another one is read by a grant on that one. While the glass is broken also for what
# is withheld, whatever is read then is read by that: nobody can tell afterwards what of it the
# reader would have seen anyway. What only guarding privacy shows is no care, also where the reader
# practises.
INSERT = """
INSERT INTO coordination_auditevent (
    id, organization_id, recorded_at, user_id, actor, action, event, resource, resource_id,
    patient_ids, basis, bases, source_ids, purpose, request_id, detail
)
SELECT r.id, r.organization_id, r.recorded_at, r.user_id, r.actor, r.action, r.event, r.resource,
    r.resource_id, r.patient_ids,
    coalesce((SELECT string_agg(DISTINCT b, ', ' ORDER BY b) FROM unnest(g.bases) b), r.basis),
    g.bases, g.source_ids,
    CASE WHEN r.purpose = 'care' AND g.bases <> '{}' AND g.bases::text[] <@ ARRAY['override']
        THEN 'emergency'
        WHEN r.purpose = 'care' AND 'oversight' = ANY (g.bases) THEN 'privacy_review'
        ELSE r.purpose END,
    r.request_id, r.detail
FROM jsonb_to_recordset(%s::jsonb) AS r (
    id uuid, organization_id uuid, recorded_at timestamptz, user_id uuid, actor text, action text,
    event text, resource text, resource_id uuid, patient_ids uuid[], basis text, role_ids uuid[],
    purpose text, request_id text, detail jsonb
)
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(
            CASE WHEN held.basis = 'former' AND r.basis <> 'unresolved' THEN r.basis
                ELSE coalesce(held.basis, r.basis) END ORDER BY p.n), '{}') AS bases,
        coalesce(array_agg(held.source_id ORDER BY p.n), '{}') AS source_ids
    FROM unnest(r.patient_ids) WITH ORDINALITY AS p (id, n)
    LEFT JOIN LATERAL (
        SELECT CASE WHEN a.until < r.recorded_at THEN 'former' ELSE a.basis END AS basis,
            a.source_id
        FROM coordination_accessgrant a
        WHERE a.organization_id = r.organization_id
          AND a.patient_id IN (
              p.id, (SELECT t.merged_into_id FROM coordination_patient t WHERE t.id = p.id)
          )
          AND a.practitioner_role_id = ANY (r.role_ids)
          AND a.since <= r.recorded_at
        ORDER BY coalesce(a.until < r.recorded_at, false),
            CASE WHEN a.basis = 'override' THEN coalesce((
                SELECT NOT o.opens_withheld FROM coordination_override o WHERE o.id = a.source_id
            ), true) ELSE true END,
            array_position(
            ARRAY['membership', 'referral', 'hand_off', 'appointment', 'override'], a.basis::text
        ), a.since, a.id
        LIMIT 1
    ) held ON true
) g
"""


def insert_for(patients: str) -> str:
    """Return the text of an INSERT of one row whose patients (SQL, an array) a query finds."""
    return INSERT.replace("unnest(r.patient_ids)", f"unnest({patients})").replace(
        "r.resource_id, r.patient_ids,", f"r.resource_id, {patients},"
    )


class Statement(NamedTuple):
    """SQL with its parameters, ready for a cursor."""

    sql: str
    params: list[Any]


class AuditRowsLost(RuntimeError):
    """A transaction was committed without the audit rows of what it did: a defect of ours."""


def insert_statement(rows: Sequence[Row]) -> Statement:
    """Return the one statement that writes these rows, whatever their number.

    It must run in the transaction of what they tell, while their organization is chosen. Rows come
    from `coordination.audit.row`.
    """
    return Statement(INSERT, [dumps(list(rows), default=str)])


class _Entry:
    """One row that waits. Django drops the hook that it is when a savepoint takes it back."""

    __slots__ = ("row", "written_by")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.written_by: _Written | None = None

    def __call__(self) -> None:
        if self.written_by is None:
            raise AuditRowsLost(f"The audit row of {self.row['event']} was not written.")


class _Written:
    """That an INSERT ran; a savepoint that takes it back takes this hook along as well."""

    __slots__ = ()

    def __call__(self) -> None:
        """Do nothing: the rows are there."""


class Collection:
    """The rows of one block that are still to be written."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._depth = len(connection.savepoint_ids)

    def add(self, row: Row) -> None:
        """Hold a row back until `write`; a long task writes now and then on its way."""
        entry = _Entry(row)
        transaction.on_commit(entry)
        self._entries.append(entry)
        if len(self._entries) >= AT_MOST:
            self.write()

    def write(self) -> None:
        """Write what still stands and is not yet written, in one INSERT."""
        hooks = {id(hook[1]) for hook in connection.run_on_commit}
        standing = [one for one in self._entries if id(one) in hooks]
        waiting = [one for one in standing if id(one.written_by) not in hooks]
        if waiting:
            _execute([one.row for one in waiting])
            done = _Written()
            transaction.on_commit(done)
            for one in waiting:
                one.written_by = done
        # Written within a savepoint they may still be taken back, and would be written again.
        inside = len(connection.savepoint_ids) > self._depth
        self._entries = standing if inside else []


_collection: ContextVar[Collection | None] = ContextVar("audit_collection", default=None)


@contextmanager
def collecting() -> Iterator[Collection]:
    """Gather what is recorded in this block and write it in one INSERT when the block ends.

    The block must lie within a transaction that is rolled back when the block fails.
    """
    mine = Collection()
    token = _collection.set(mine)
    try:
        yield mine
        if not connection.needs_rollback:
            mine.write()
    finally:
        _collection.reset(token)


def gathers() -> bool:
    """Say whether a block around this one already gathers what is recorded."""
    return _collection.get() is not None


def add(row: Row) -> None:
    """Write a row: with the others of this block, or at once where none gathers."""
    gathering = _collection.get()
    if gathering is not None and connection.in_atomic_block:
        gathering.add(row)
    else:
        _execute([row])


def write_pending() -> None:
    """Write what this block has gathered so far, for somebody who is about to read the trail."""
    gathering = _collection.get()
    if gathering is not None and connection.in_atomic_block and not connection.needs_rollback:
        gathering.write()


def _execute(rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*insert_statement(rows))
