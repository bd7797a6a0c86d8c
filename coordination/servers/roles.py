"""The database and its three roles, each with no more than its work needs.

`continuum_owner` migrates. `continuum_app` is the web and worker role: it owns nothing, cannot
bypass row-level security, and reads and writes only what a migration granted it.
`continuum_lookup` cannot log in: it owns the few functions that look across organizations.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import Connection, sql

from coordination.servers.processes import CannotStart

OWNER = "continuum_owner"
RUNTIME = "continuum_app"
LOOKUP = "continuum_lookup"
OLDEST_SERVER = 18
EXTENSIONS = ("btree_gist", "citext", "pg_trgm", "unaccent")

# No request and no task works longer on one statement, or sits in a transaction doing nothing: what
# hangs lets go of its locks. A migration may take its time.
TIMEOUTS = {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"}
# PostgreSQL lets everybody keep large objects, which no fence surrounds.
_LARGE_OBJECTS = "^(lo_(creat|create|from_bytea|import|export|open|put|get|unlink)|lowrite|loread)$"

# Two programs that prepare the same server wait for each other; the number is "roles" in ASCII.
_PREPARING = 0x726F6C6573
_LOGIN = {OWNER: "LOGIN", RUNTIME: "LOGIN", LOOKUP: "NOLOGIN"}


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """Where one database is reached, as the role that migrates and as the one that serves."""

    owner: str
    runtime: str


def prepare_roles(
    admin_url: str,
    database: str,
    *,
    owner_password: str | None = None,
    runtime_password: str | None = None,
) -> DatabaseUrls:
    """Make the roles, the database and its extensions what they should be; safe to repeat.

    `admin_url` belongs to a role that may create roles and databases. A password that is not
    given is derived from the administrator's, so that everybody who may administer the server
    arrives at the same one. Raises CannotStart when the server does not answer or refuses.
    """
    owner_password = owner_password or derived_password(admin_url, OWNER)
    runtime_password = runtime_password or derived_password(admin_url, RUNTIME)
    with administering(admin_url) as admin:
        _require_version(admin)
        admin.execute("SELECT pg_advisory_lock(%s)", [_PREPARING])
        _make_role(admin, OWNER, owner_password)
        _make_role(admin, RUNTIME, runtime_password)
        _make_role(admin, LOOKUP, None)
        _let_owner_hand_over(admin)
        if not _exists(admin, database):
            _create(admin, database)
        _restrict(admin, database)
    with administering(with_database(admin_url, database)) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [_PREPARING])
        _prepare_schema(admin)
    return urls(
        admin_url,
        database,
        owner_password=owner_password,
        runtime_password=runtime_password,
    )


def urls(
    admin_url: str, database: str, *, owner_password: str, runtime_password: str
) -> DatabaseUrls:
    """Return how the two roles reach `database` on the administrator's server."""
    return DatabaseUrls(
        owner=_as_role(with_database(admin_url, database), OWNER, owner_password),
        runtime=_as_role(with_database(admin_url, database), RUNTIME, runtime_password),
    )


def copy_database(admin_url: str, template: str, database: str) -> None:
    """Make `database` a fresh copy of `template`, ending whoever still works in the old one."""
    with administering(admin_url) as admin:
        _drop(admin, database)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                sql.Identifier(database),
                sql.Identifier(template),
                sql.Identifier(OWNER),
            )
        )
        # A copy takes neither the privileges of the database nor its settings along.
        _restrict(admin, database)


def drop_database(admin_url: str, database: str) -> None:
    """Remove `database`, ending whoever still works in it; without it, nothing happens."""
    with administering(admin_url) as admin:
        _drop(admin, database)


@contextmanager
def administering(admin_url: str) -> Iterator[Connection]:
    """Connect as the administrator, each statement committed by itself. Raises CannotStart."""
    where = urlsplit(admin_url)
    try:
        connection = psycopg.connect(admin_url, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        if "No space left on device" in reason:
            raise _without_room(where) from error
        raise CannotStart(
            f"PostgreSQL at {where.hostname}:{where.port or 5432} does not answer: {reason}"
        ) from error
    with connection:
        try:
            yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise CannotStart(
                f"The database user {where.username!r} may not create roles and databases: "
                f"{error.diag.message_primary}."
            ) from error
        except psycopg.errors.DiskFull as error:
            raise _without_room(where) from error
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise CannotStart(
                f"PostgreSQL at {where.hostname}:{where.port or 5432} stopped answering: {reason}"
            ) from error


def _without_room(where: SplitResult) -> CannotStart:
    return CannotStart(
        f"PostgreSQL at {where.hostname}:{where.port or 5432} has no room: its disk is full; "
        "free some space and start again."
    )


def with_database(url: str, database: str) -> str:
    """Return the same URL for another database of the server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(database, safe='')}"))


def derived_password(admin_url: str, role: str) -> str:
    """Return the password of `role` that follows from the administrator's.

    An administrator without a password gives nothing to derive from, so it is random then.
    """
    secret = unquote(urlsplit(admin_url).password or "")
    if not secret:
        return secrets.token_hex(24)
    key = hashlib.scrypt(secret.encode(), salt=f"continuum:{role}".encode(), n=2**14, r=8, p=1)
    return key.hex()[:48]


def _as_role(url: str, role: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{place}"))


def _require_version(admin: Connection) -> None:
    if admin.info.server_version < OLDEST_SERVER * 10_000:
        raise CannotStart(
            f"PostgreSQL {OLDEST_SERVER} is needed; the server at {admin.info.host} is "
            f"{admin.info.parameter_status('server_version')}."
        )


def _make_role(admin: Connection, role: str, password: str | None) -> None:
    name = sql.Identifier(role)
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if not known:
        admin.execute(sql.SQL("CREATE ROLE {}").format(name))
    secret = sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
    login = sql.SQL(_LOGIN[role])
    admin.execute(sql.SQL("ALTER ROLE {} WITH {}{}").format(name, login, secret))
    admin.execute(sql.SQL("ALTER ROLE {} SET search_path = public").format(name))
    for setting, value in TIMEOUTS.items() if role == RUNTIME else ():
        admin.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                name, sql.Identifier(setting), sql.Literal(value)
            )
        )
    _take_powers_away(admin, role)


def _take_powers_away(admin: Connection, role: str) -> None:
    # Only where there are any: an administrator who is no superuser may not even mention them.
    powerful = admin.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = %s AND (rolsuper OR rolbypassrls OR "
        "rolcreaterole OR rolcreatedb OR rolreplication)",
        [role],
    ).fetchone()
    if powerful:
        admin.execute(
            sql.SQL(
                "ALTER ROLE {} WITH NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"
            ).format(sql.Identifier(role))
        )


def _let_owner_hand_over(admin: Connection) -> None:
    # A migration writes `ALTER FUNCTION … OWNER TO continuum_lookup`; nothing is inherited.
    admin.execute(
        sql.SQL("GRANT {} TO {} WITH SET TRUE, INHERIT FALSE, ADMIN FALSE").format(
            sql.Identifier(LOOKUP), sql.Identifier(OWNER)
        )
    )
    admin.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE").format(sql.Identifier(OWNER)))


def _exists(admin: Connection, database: str) -> bool:
    found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    return found.fetchone() is not None


def _create(admin: Connection, database: str) -> None:
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
            sql.Identifier(database), sql.Identifier(OWNER)
        )
    )


def _drop(admin: Connection, database: str) -> None:
    admin.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
    )


def _restrict(admin: Connection, database: str) -> None:
    name = sql.Identifier(database)
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    admin.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}").format(
            name, sql.Identifier(OWNER), sql.Identifier(RUNTIME)
        )
    )


def _prepare_schema(admin: Connection) -> None:
    for extension in EXTENSIONS:
        admin.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA public").format(
                sql.Identifier(extension)
            )
        )
    admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    _close_large_objects(admin)
    for role, rights in ((OWNER, "ALL"), (RUNTIME, "USAGE"), (LOOKUP, "USAGE, CREATE")):
        admin.execute(
            sql.SQL("GRANT {} ON SCHEMA public TO {}").format(sql.SQL(rights), sql.Identifier(role))
        )


def _close_large_objects(admin: Connection) -> None:
    functions = admin.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p "
        "WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ %s "
        "AND pg_has_role(current_user, p.proowner, 'USAGE')",
        [_LARGE_OBJECTS],
    ).fetchall()
    for (signature,) in functions:
        # The catalogue's own spelling of a function and its arguments.
        admin.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(_raw(signature)))


def _raw(signature: str) -> sql.Composable:
    return sql.SQL(signature)
