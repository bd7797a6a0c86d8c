"""The first fence, table by table: what the database itself refuses, whatever the code does."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model
from psycopg import sql

from coordination.models import APPEND_ONLY, OrganizationOwned
from coordination.servers.roles import LOOKUP, OWNER, RUNTIME
from coordination.tenancy import SETTING, tenant_keys
from tests.cast import Cast

pytestmark = pytest.mark.django_db

# Everything that looks across organizations, and nothing else: ids and organizations only,
# or numbers.
LOOKUPS = {
    "coordination_audit_unsealed",
    "coordination_organizations",
    "care_plans_alerts_forsaken",
    "care_plans_alerts_to_escalate",
    "care_plans_alerts_unheard",
    "care_plans_flags_forsaken",
    "care_plans_intakes_to_check",
    "care_plans_stays_to_check",
    "coordination_answers_to_sweep",
    "coordination_lapsed_leads",
    "coordination_lapses_over",
    "coordination_memberships_of",
    "coordination_enrolled",
    "coordination_organizations_of",
    "coordination_organization_named",
    "coordination_portal",
    "coordination_sessions_over",
    "coordination_portal_token",
    "coordination_token",
    "notifications_backlog",
    "notifications_due",
    "notifications_overrides_untold",
    "notifications_stale",
    "referrals_unprocessed",
}
# Checks at the end of a transaction, which must see the rows whatever organization is chosen by
# then. PostgreSQL calls a trigger's function only from its trigger.
GUARDS = {"care_plans_course_is_where_it_stays", "care_plans_plan_has_lead"}
# What the worker has done as the owner of the tables: without an argument, always the same.
AS_OWNER = {"coordination_prepare_audit_months"}


def owned_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if issubclass(model, OrganizationOwned)]


def fenced_tables(connection: psycopg.Connection, *, parts: bool = False) -> list[str]:
    """Return the tables of organizations, or else the partitions that some consist of."""
    rows = connection.execute(
        """
        SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attname = 'organization_id' AND NOT a.attisdropped AND c.relispartition = %s
          AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
        ORDER BY 1
        """,
        [parts],
    ).fetchall()
    return [str(name) for (name,) in rows]


def test_it_knows_every_table_of_an_organization(owner_connection: psycopg.Connection) -> None:
    tables = fenced_tables(owner_connection)
    assert len(tables) >= 15
    assert {model._meta.db_table for model in owned_models()} <= set(tables)


def test_it_forces_row_level_security_on_every_one(owner_connection: psycopg.Connection) -> None:
    tables = [
        *fenced_tables(owner_connection),
        *fenced_tables(owner_connection, parts=True),
        "coordination_organization",
    ]
    unfenced = owner_connection.execute(
        """
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'
              AND p.polcmd = '*' AND p.polroles = '{0}' AND p.polwithcheck IS NOT NULL))
        """,
        [tables],
    ).fetchall()
    assert unfenced == []


def test_it_lets_nobody_reach_a_partition_past_its_table(
    owner_connection: psycopg.Connection,
) -> None:
    parts = fenced_tables(owner_connection, parts=True)
    assert len(parts) >= 5  # this month, the next three, and whatever belongs to no month
    open_ones = owner_connection.execute(
        "SELECT t FROM unnest(%s::text[]) t "
        "WHERE has_table_privilege(%s, t, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')",
        [parts, RUNTIME],
    ).fetchall()
    assert open_ones == []


def test_it_opens_no_other_door(owner_connection: psycopg.Connection) -> None:
    others = owner_connection.execute(
        """
        SELECT tablename, policyname, roles FROM pg_policies
        WHERE policyname <> 'tenant' AND NOT (policyname = 'lookup' AND roles = ARRAY[%s]::name[])
        """,
        [LOOKUP],
    ).fetchall()
    doors = [(table, name) for table, name, _ in others]
    assert sorted(doors) == [
        ("coordination_loginsession", "login"),
        ("coordination_user", "login"),
        ("mfa_authenticator", "login"),
    ]


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_it_carries_the_organization_in_every_foreign_key(
    model: type[Model], owner_connection: psycopg.Connection
) -> None:
    rows = owner_connection.execute(
        """
        SELECT (SELECT array_agg(a.attname ORDER BY k.n)
                FROM unnest(f.conkey) WITH ORDINALITY k(c, n)
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.c)::text[],
               f.confrelid::regclass::text
        FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = %s::regclass AND f.convalidated
        """,
        [model._meta.db_table],
    ).fetchall()
    composite = {
        (columns[1], table)
        for columns, table in rows
        if columns[0] == "organization_id" and len(columns) == 2
    }
    wanted = {(field.column, field.related_model._meta.db_table) for field in tenant_keys(model)}
    assert wanted <= composite


def test_it_serves_as_a_role_without_powers(owner_connection: psycopg.Connection) -> None:
    powers = owner_connection.execute(
        """
        SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
        FROM pg_roles WHERE rolname = ANY(%s) ORDER BY rolname
        """,
        [[RUNTIME, LOOKUP, OWNER]],
    ).fetchall()
    assert [row[1:] for row in powers] == [(False,) * 5] * 3
    members = owner_connection.execute(
        "SELECT pg_has_role(%s, %s, 'MEMBER'), pg_has_role(%s, %s, 'MEMBER')",
        [RUNTIME, OWNER, RUNTIME, LOOKUP],
    ).fetchone()
    assert members == (False, False)
    login = owner_connection.execute(
        "SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [LOOKUP]
    ).fetchone()
    assert login == (False,)


def test_it_owns_nothing_and_can_empty_nothing(owner_connection: psycopg.Connection) -> None:
    too_much = owner_connection.execute(
        """
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
          AND (pg_get_userbyid(c.relowner) = %(role)s OR CASE WHEN c.relkind IN ('r', 'p')
               THEN has_table_privilege(%(role)s, c.oid, 'TRUNCATE, TRIGGER, REFERENCES')
               ELSE false END)
        UNION ALL
        SELECT p.proname FROM pg_proc p WHERE pg_get_userbyid(p.proowner) = %(role)s
        UNION ALL
        SELECT 'may create' WHERE has_schema_privilege(%(role)s, 'public', 'CREATE')
        """,
        {"role": RUNTIME},
    ).fetchall()
    assert too_much == []


def test_it_can_only_add_to_what_is_append_only(owner_connection: psycopg.Connection) -> None:
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if {t.name for t in APPEND_ONLY} <= {t.name for t in getattr(model._meta, "triggers", ())}
    ]
    assert tables
    editable = owner_connection.execute(
        "SELECT t FROM unnest(%s::text[]) t WHERE has_table_privilege(%s, t, 'UPDATE, DELETE')",
        [tables, RUNTIME],
    ).fetchall()
    assert editable == []


def test_it_looks_across_organizations_only_through_named_functions(
    owner_connection: psycopg.Connection,
) -> None:
    rows = owner_connection.execute(
        """
        SELECT p.proname, p.prorettype = 'trigger'::regtype, pg_get_userbyid(p.proowner),
               p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE'),
               has_function_privilege(%s, p.oid, 'EXECUTE')
        FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
        """,
        [RUNTIME],
    ).fetchall()
    assert {row[0] for row in rows if not row[1]} == LOOKUPS | AS_OWNER
    assert {row[0] for row in rows if row[1]} == GUARDS
    for name, is_trigger, owner, settings, public, runtime in rows:
        assert owner == (OWNER if name in AS_OWNER else LOOKUP), name
        assert "search_path=pg_catalog, pg_temp" in settings, name
        assert is_trigger or (public, runtime) == (False, True), name


@pytest.fixture
def filled(admin_connection: psycopg.Connection) -> Iterator[tuple[psycopg.Connection, UUID]]:
    """Put a row of one organization into every table, unchecked; all of it is undone."""
    organization = uuid4()
    admin_connection.execute("SET LOCAL session_replication_role = replica")
    for table in fenced_tables(admin_connection):
        insert_anything(admin_connection, table, organization)
    admin_connection.execute("SET LOCAL session_replication_role = origin")
    admin_connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(RUNTIME)))
    yield admin_connection, organization
    admin_connection.rollback()


def insert_anything(connection: psycopg.Connection, table: str, organization: UUID) -> None:
    name = sql.Identifier(table)
    for (check,) in connection.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", [table]
    ).fetchall():
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(check))
        )
    columns = connection.execute(
        """
        SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull
          AND attidentity = '' AND attgenerated = '' AND NOT atthasdef
        """,
        [table],
    ).fetchall()
    values: dict[str, Any] = {column: something(kind) for column, kind in columns}
    values["organization_id"] = organization
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            name,
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )


def something(kind: str) -> Any:
    """Return a value of a column's type."""
    known: dict[str, Any] = {
        "uuid": uuid4(),
        "boolean": False,
        "jsonb": "{}",
        "bytea": b"",
        "date": "2026-01-01",
        "timestamp with time zone": "2026-01-01T00:00:00Z",
    }
    if kind.endswith("[]"):
        return "{}"
    if kind in {"integer", "bigint", "smallint", "numeric", "double precision"}:
        return 1
    return known.get(kind, "x")


def visible(connection: psycopg.Connection, organization: str) -> dict[str, int]:
    connection.execute("SELECT set_config(%s, %s, true)", [SETTING, organization])
    counts = {}
    for table in fenced_tables(connection):
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchone()
        assert row is not None
        counts[table] = int(row[0])
    return counts


def test_it_shows_no_row_of_any_table_without_an_organization(
    filled: tuple[psycopg.Connection, UUID],
) -> None:
    connection, organization = filled
    assert set(visible(connection, "").values()) == {0}
    assert set(visible(connection, str(uuid4())).values()) == {0}
    assert set(visible(connection, str(organization)).values()) == {1}


def test_it_lets_nobody_write_for_another_organization(
    filled: tuple[psycopg.Connection, UUID],
) -> None:
    connection, _ = filled
    for chosen in ("", str(uuid4())):
        connection.execute("SELECT set_config(%s, %s, true)", [SETTING, chosen])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(
                "INSERT INTO coordination_location "
                "(id, organization_id, version, name, time_zone, address, phone, is_active) "
                "VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'x', 'UTC', '', '', true)"
            )


def test_it_lets_no_session_switch_the_triggers_off(cast: Cast) -> None:
    with cast.acting(), connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%'")
        names = ",".join(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"])
        cursor.execute("SELECT public._pgtrigger_should_ignore(%s)", [names.split(",")[0]])
        assert cursor.fetchone() == (False,)
