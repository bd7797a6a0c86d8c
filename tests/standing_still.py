"""Whether a request changed anything: cheap counters first, the rows themselves only if they moved.

PostgreSQL counts for each table what the present transaction wrote, also what was undone again;
so a table whose counter moved is compared row by row with what it held in the beginning.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection

from coordination.tenancy import acting_in

#: what a refused request may write: who asked, with which token or in which browser
TRACES = (
    "coordination_auditevent",
    "coordination_denial",
    "coordination_apitoken",
    "coordination_loginsession",
    "coordination_portalaccesstoken",
)


class Tables:
    """Every table of the database, as some organizations see it, as it was at first."""

    def __init__(self, organizations: Iterable[UUID]) -> None:
        self.organizations = tuple(organizations)
        with connection.cursor() as cursor:
            cursor.execute("SELECT relid, relname FROM pg_stat_user_tables")
            found = cursor.fetchall()
        self._names = {oid: name for oid, name in found if not name.startswith(TRACES)}
        self.first = {name: self.held(name) for name in self._names.values()}

    def counts(self) -> Mapping[str, int]:
        """Return how often each table was written to in this transaction."""
        with connection.cursor() as cursor:
            # the functions behind the view, which would look up the rest of its columns as well
            cursor.execute(
                "SELECT oid, pg_stat_get_xact_tuples_inserted(oid) "
                "+ pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid) "
                "FROM unnest(%s::oid[]) AS oid",
                [list(self._names)],
            )
            return {self._names[oid]: count for oid, count in cursor.fetchall()}

    def held(self, table: str) -> tuple[str | None, ...]:
        """Return a fingerprint of a table's rows in each organization."""
        return tuple(_fingerprint(table, one) for one in self.organizations)

    def moved_since(self, before: Mapping[str, int]) -> list[str]:
        """Return the tables that were written to, whether or not anything came of it."""
        return sorted(name for name, count in self.counts().items() if count != before.get(name))

    def changed_since(self, before: Mapping[str, int]) -> list[str]:
        """Return the tables whose rows are no longer what they were at first."""
        moved = self.moved_since(before)
        return [name for name in moved if self.held(name) != self.first[name]]

    def by_patient(self, tables: Iterable[str] | None = None) -> dict[tuple[str, str], str]:
        """Return a fingerprint of each patient's rows, by table and patient."""
        wanted = set(self.first) if tables is None else set(tables)
        found: dict[tuple[str, str], str] = {}
        for organization in self.organizations:
            with acting_in(organization), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                    "WHERE a.attname = 'patient_id' AND c.relkind = 'r' "
                    "AND has_table_privilege(current_user, c.oid, 'SELECT')"
                )
                for (table,) in set(cursor.fetchall()):
                    if table in wanted:
                        cursor.execute(
                            "SELECT patient_id, md5(string_agg(t::text, chr(10) ORDER BY t::text)) "
                            f'FROM "{table}" t WHERE patient_id IS NOT NULL GROUP BY patient_id'
                        )
                        rows = cursor.fetchall()
                        found |= {(table, str(patient)): held for patient, held in rows}
        return found


def _fingerprint(table: str, organization: UUID) -> str | None:
    with acting_in(organization), connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, %s::regclass, 'SELECT')", [table])
        (readable,) = cursor.fetchone()
        if not readable:
            return None
        cursor.execute(
            f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t'
        )
        (found,) = cursor.fetchone()
    return str(found)
