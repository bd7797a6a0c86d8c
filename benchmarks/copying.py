"""Copies of rows that the engine wrote: the same patients many times over, under ids of their own.

What a benchmark needs ten thousand times is made by the engine a few times, and copied. Every id
of a copied row is changed in the same way in every table, so that copies hang together as their
models do.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

#: what a copy shares with its model, although no foreign key says so
_SHARED = {"user_id"}
#: texts with the id of a copied row in them
_NAMES_A_ROW = {"occurrence", "path", "key", "queue_position"}
#: ids of a copy lie together, as those of rows that were written one after the other
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.copied(id uuid, n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
AS $$ SELECT (lpad(to_hex(n), 8, '0') || substr(md5(id::text || n), 9))::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.all_copied(ids uuid[], n integer) RETURNS uuid[]
LANGUAGE sql AS $$ SELECT CASE WHEN ids IS NOT NULL THEN
    coalesce((SELECT array_agg(c ORDER BY c) FROM unnest(ids) u, pg_temp.copied(u, n) c), '{}')
END $$;
CREATE OR REPLACE FUNCTION pg_temp.told(text text, n integer) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN id IS NULL THEN text
    ELSE replace(text, id, pg_temp.copied(id::uuid, n)::text) END
    FROM substring(text FROM '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}') AS id
$$;
"""
_COLUMNS = """
SELECT column_name, udt_name FROM information_schema.columns
WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
#: each column of these tables that names a row of another table, with that table
_REFERENCES = """
SELECT DISTINCT k.conrelid::regclass::text, own.attname::text, k.confrelid::regclass::text
FROM pg_constraint k
CROSS JOIN unnest(k.conkey, k.confkey) AS pair (own, theirs)
JOIN pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = pair.own
JOIN pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = pair.theirs
WHERE k.contype = 'f' AND k.conrelid::regclass::text = ANY(%s) AND theirs.attname = 'id'
"""


def copy_rows(admin: Any, tables: Sequence[str], copies: int) -> None:
    """Copy all rows of these tables so many times, which nobody may do but the database's owner.

    What names a row of a table that is not copied is shared. Raises AssertionError when a copy
    names a row that is nowhere.
    """
    references = admin.execute(_REFERENCES, [list(tables)]).fetchall()
    shared = {(table, name) for table, name, to in references if to not in tables}
    admin.execute("SET session_replication_role = replica")
    admin.execute("SET synchronous_commit = off")
    admin.execute(_FUNCTIONS)
    for table in tables:
        columns = admin.execute(_COLUMNS, [table]).fetchall()
        told = [
            f'"{name}"' if (table, name) in shared or name in _SHARED else _told(table, name, kind)
            for name, kind in columns
        ]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        admin.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(told)} FROM {table}, "
            f"generate_series(1, {copies}) AS n ORDER BY n"
        )
    admin.execute("VACUUM ANALYZE")
    for table, name, to in references:
        _must_name_rows(admin, table, name, to, copies)


def _must_name_rows(admin: Any, table: str, name: str, to: str, copy: int) -> None:
    """Look whether all of one copy hangs together, as every other does then."""
    (lost,) = admin.execute(
        f'SELECT count(*) FROM {table} t WHERE t.id >= %s AND t.id < %s AND t."{name}" IS NOT NULL '
        f'AND NOT EXISTS (SELECT FROM {to} r WHERE r.id = t."{name}")',
        [UUID(int=copy << 96), UUID(int=(copy + 1) << 96)],
    ).fetchone()
    assert lost == 0, f"{table}.{name}: {lost} rows of a copy name no row of {to}"


def ids_of_copies(admin: Any, ids: Iterable[UUID], copies: int) -> list[list[UUID]]:
    """Return the ids that these rows have in each copy."""
    rows = admin.execute(
        "SELECT array_agg(pg_temp.copied(id, n) ORDER BY place) FROM generate_series(1, %s) AS n, "
        "unnest(%s::uuid[]) WITH ORDINALITY AS model (id, place) GROUP BY n ORDER BY n",
        [copies, list(ids)],
    )
    return [row[0] for row in rows]


def _told(table: str, name: str, kind: str) -> str:
    """Return what stands in a column of copy `n`."""
    if name == "person":
        return "CASE WHEN to_patient_id IS NULL THEN person ELSE pg_temp.copied(person, n) END"
    if kind == "uuid":
        return f"pg_temp.copied({name}, n)"
    if kind == "_uuid":
        return f"pg_temp.all_copied({name}, n)"
    if name in _NAMES_A_ROW:
        return f'pg_temp.told("{name}", n)'
    if name in ("search_key", "family_name"):
        return f"{name} || ' ' || n"
    if (table, name) == ("coordination_patientidentifier", "value"):
        return f"{name} || '-' || n"
    return f'"{name}"'
