"""What the runtime role may do: no more than the code does, whatever a migration granted."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.db.models import Model
from psycopg import sql
from psycopg.errors import ForeignKeyViolation, InsufficientPrivilege

from coordination.models import OrganizationOwned
from coordination.privileges import DELETABLE, LASTING
from coordination.servers.roles import RUNTIME, TIMEOUTS
from coordination.tenancy import tenant_keys
from tests.cast import Cast
from tests.servers.run import Servers

pytestmark = pytest.mark.django_db

# Tables without an organization, and why a session without one may read them.
OPEN_TABLES = {
    "care_plans_measure": "published content, the same for all",
    "care_plans_measureversion": "published content, the same for all",
    "care_plans_pathway": "published content, the same for all",
    "care_plans_pathwayversion": "published content, the same for all",
    "coordination_auditcheckpoint": "heads of the chain: hashes and numbers",
    "django_content_type": "names of tables",
    "django_migrations": "names of migrations",
    "coordination_scoperule": "who may do what: the same for all",
}


def tables(owner: psycopg.Connection, right: str) -> set[str]:
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p') AND has_table_privilege(%s, c.oid, %s)",
        [RUNTIME, right],
    ).fetchall()
    return {str(name) for (name,) in rows}


def owned() -> list[type[Model]]:
    return [model for model in apps.get_models() if issubclass(model, OrganizationOwned)]


def test_it_deletes_only_where_something_ends(owner_connection: psycopg.Connection) -> None:
    assert tables(owner_connection, "DELETE") <= set(DELETABLE)
    assert all(DELETABLE.values())


def test_it_never_makes_a_row_another_one_or_another_organization_s(
    owner_connection: psycopg.Connection,
) -> None:
    editable = owner_connection.execute(
        """
        SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND a.attname = ANY(%s) AND NOT a.attisdropped
          AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid
                      AND o.attname = 'organization_id')
          AND has_column_privilege(%s, c.oid, a.attnum, 'UPDATE')
        """,
        [list(LASTING), RUNTIME],
    ).fetchall()
    assert editable == []


def test_it_keeps_no_large_objects(owner_connection: psycopg.Connection) -> None:
    callable_ones = owner_connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.proname ~ "
        "'^lo_(creat|create|from_bytea|import|export|open|put|get|unlink)$|^lowrite$|^loread$' "
        "AND has_function_privilege(%s, p.oid, 'EXECUTE')",
        [RUNTIME],
    ).fetchall()
    assert callable_ones == []


def test_it_lets_go_of_what_hangs(db: None) -> None:
    with connection.cursor() as cursor:
        for setting, value in TIMEOUTS.items():
            cursor.execute("SELECT setting::int / 1000 FROM pg_settings WHERE name = %s", [setting])
            assert cursor.fetchone() == (int(value.removesuffix("s")),)


def test_it_shows_a_session_without_an_organization_nothing_of_any_table(
    committed_cast: Cast, servers: Servers, database: str, owner_connection: psycopg.Connection
) -> None:
    with committed_cast.acting():
        assert committed_cast.asha.client.get("/api/v1/patients").status_code == 200
    readable = tables(owner_connection, "SELECT")
    with psycopg.connect(servers.environment(database)["DATABASE_URL"]) as raw:
        shown = set()
        for table in sorted(readable):
            found = raw.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            ).fetchone()
            if found != (0,):
                shown.add(table)
    assert shown <= set(OPEN_TABLES), shown - set(OPEN_TABLES)


def test_it_has_a_fence_or_a_reason_for_every_table(owner_connection: psycopg.Connection) -> None:
    unfenced = owner_connection.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity "
        "AND has_table_privilege(%s, c.oid, 'SELECT')",
        [RUNTIME],
    ).fetchall()
    assert {str(name) for (name,) in unfenced} <= set(OPEN_TABLES)


def loosen(admin: psycopg.Connection, table: str, *, keep: str = "") -> None:
    """Take everything off a table that could refuse a row, but one constraint and its keys."""
    constraints = admin.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND conname <> %s "
        "AND contype IN ('c', 'f', 'x', 'n') ORDER BY contype",
        [table, keep],
    ).fetchall()
    admin.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    key = "SELECT attname FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid"
    keyed = admin.execute(
        f"{key} AND i.indisprimary AND a.attnum = ANY(i.indkey) WHERE a.attrelid = %s::regclass",
        [table],
    ).fetchall()
    for (name,) in constraints:
        if not name.endswith("_not_null"):
            admin.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*_names(table, name)))
    columns = admin.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnotnull "
        "AND attnum > 0 AND attidentity = '' AND attgenerated = ''",
        [table],
    ).fetchall()
    for (name,) in columns:
        if (name,) not in keyed:
            admin.execute(
                sql.SQL("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL").format(*_names(table, name))
            )


def _names(*names: str) -> list[sql.Identifier]:
    return [sql.Identifier(name) for name in names]


def plant(admin: psycopg.Connection, table: str, **values: object) -> None:
    """Insert a row of nothing but these columns."""
    admin.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )
    admin.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def doomed(admin_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Connect as a superuser to whom nothing that happens really happens."""
    yield admin_connection
    admin_connection.rollback()


def references() -> list[object]:
    """Return every foreign key that leads to a row of an organization."""
    return [
        pytest.param(model, field.column, id=f"{model._meta.label}.{field.name}")
        for model in owned()
        for field in tenant_keys(model)
    ]


@pytest.mark.parametrize(("model", "column"), references())
def test_it_refuses_a_row_that_points_into_another_organization(
    model: type[Model], column: str, doomed: psycopg.Connection
) -> None:
    """With all other rules taken off, the key itself refuses, even a superuser's row."""
    field = next(each for each in tenant_keys(model) if each.column == column)
    table, target = model._meta.db_table, field.related_model._meta.db_table
    (constraint,) = doomed.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f' "
        "AND pg_get_constraintdef(oid) ~ %s",
        [table, f'FOREIGN KEY .organization_id, "?{column}"?.'],
    ).fetchone() or ("",)
    assert constraint
    loosen(doomed, table, keep=constraint)
    if target != table:
        loosen(doomed, target)
    ours, theirs, there = uuid4(), uuid4(), uuid4()
    plant(doomed, target, id=there, organization_id=theirs)
    whole = {"id": uuid4(), column: there}
    with pytest.raises(ForeignKeyViolation) as refused, doomed.transaction():
        plant(doomed, table, **whole, organization_id=ours)
    assert refused.value.diag.constraint_name == constraint
    plant(doomed, table, **whole, organization_id=theirs)


def test_it_may_not_delete_a_patient(cast: Cast) -> None:
    with (
        cast.acting(),
        pytest.raises(ProgrammingError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM coordination_patient WHERE id = %s", [cast.patient.id])
    assert isinstance(refused.value.__cause__, InsufficientPrivilege)


def test_it_shows_logins_to_whoever_names_them_and_to_their_organization(
    committed_cast: Cast, servers: Servers, database: str
) -> None:
    cast = committed_cast
    url = servers.environment(database)["DATABASE_URL"]

    def seen(**settings: object) -> set[str]:
        with psycopg.connect(url) as raw:
            for name, value in settings.items():
                raw.execute("SELECT set_config(%s, %s, false)", [f"app.{name}", str(value)])
            return {email for (email,) in raw.execute("SELECT email FROM coordination_user")}

    asha, olu = cast.asha.user, cast.olu.user
    assert seen(organization=uuid4()) == seen(login="nobody@continuum.example") == set()
    assert seen(login=asha.id) == seen(login=asha.email) == {asha.email}
    inside = seen(organization=cast.riverside.id)
    assert asha.email in inside
    assert olu.email not in inside
