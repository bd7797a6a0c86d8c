"""What the web and worker role may do to each table, narrowed after every migration.

A fence grants what a table usually needs. Here is taken back what no code uses, so that a table
that somebody adds tomorrow is as narrow as those of today.
"""

from collections.abc import Mapping

from django.db.backends.utils import CursorWrapper

from coordination.tenancy import RUNTIME_ROLE

#: the only tables from which the runtime role may delete, and which rows go
DELETABLE: Mapping[str, str] = {
    "coordination_keptanswer": "answers kept for a repeated request, after a day",
    "coordination_loginsession": "sessions that ended",
    "coordination_portalaccesstoken": "tokens that were revoked or ran out",
    "coordination_portalgrant": "codes that were exchanged or ran out",
    "coordination_portalidtoken": "tokens that were revoked or ran out",
    "coordination_portalrefreshtoken": "tokens that were revoked or ran out",
    "coordination_patientidentifier": "a parked number that turned out to be another person's",
    "coordination_patientword": "the words of a name that was corrected",
    "mfa_authenticator": "a second factor that its person takes off",
}
#: a row is itself, and its organization's, for good
LASTING = ("id", "organization_id")
#: what PostgreSQL alone fills in: the place of an audit row in its chain
FILLED_IN: Mapping[str, tuple[str, ...]] = {"coordination_auditevent": ("transaction_id",)}


def narrow_privileges(cursor: CursorWrapper) -> None:
    """Take back every right to a row or a column that no code uses; safe to run again."""
    granted = _granted(cursor)
    for table in FILLED_IN.keys() & granted.keys():
        _keep_from_inserts(cursor, table)
    for table, rights in granted.items():
        if "DELETE" in rights and table not in DELETABLE:
            cursor.execute(f'REVOKE DELETE ON public."{table}" FROM {RUNTIME_ROLE}')
        if "UPDATE" in rights:
            _keep_lasting(cursor, table)


def _granted(cursor: CursorWrapper) -> dict[str, set[str]]:
    cursor.execute(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND a.grantee = %s::regrole",
        [RUNTIME_ROLE],
    )
    found: dict[str, set[str]] = {}
    for table, right in cursor.fetchall():
        found.setdefault(str(table), set()).add(str(right))
    return found


def _keep_from_inserts(cursor: CursorWrapper, table: str) -> None:
    """Grant INSERT column by column: a grant costs nothing, a trigger something for every row."""
    columns = [name for name in _columns(cursor, table) if name not in FILLED_IN[table]]
    named = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(f'REVOKE INSERT ON public."{table}" FROM {RUNTIME_ROLE}')
    cursor.execute(f'GRANT INSERT ({named}) ON public."{table}" TO {RUNTIME_ROLE}')


def _keep_lasting(cursor: CursorWrapper, table: str) -> None:
    """Grant UPDATE column by column, without those that say what a row is and whose."""
    columns = _columns(cursor, table)
    if "organization_id" not in columns:
        return
    changing = ", ".join(f'"{name}"' for name in columns if name not in LASTING)
    cursor.execute(f'REVOKE UPDATE ON public."{table}" FROM {RUNTIME_ROLE}')
    cursor.execute(f'GRANT UPDATE ({changing}) ON public."{table}" TO {RUNTIME_ROLE}')


def _columns(cursor: CursorWrapper, table: str) -> list[str]:
    cursor.execute(
        "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 "
        "AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum",
        [f'public."{table}"'],
    )
    return [str(name) for (name,) in cursor.fetchall()]
