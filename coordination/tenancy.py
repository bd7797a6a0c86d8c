"""The first fence: PostgreSQL shows a session only its own organization's rows.

`acting_in` chooses the organization for the current transaction. `Fence`, run by the migration
that creates a table, forces row-level security on it, makes its foreign keys carry the
organization, and grants the runtime role no more than it needs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.apps.registry import Apps
from django.db import connection, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from structlog.contextvars import bound_contextvars

from coordination.audit_rows import collecting, gathers

RUNTIME_ROLE = "continuum_app"
LOOKUP_ROLE = "continuum_lookup"
SETTING = "app.organization"


def choose_organization(organization_id: UUID | None) -> None:
    """Let the current transaction see this organization's rows and no others (None: none)."""
    value = str(organization_id) if organization_id else ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, value])


@contextmanager
def acting_in(organization_id: UUID) -> Iterator[None]:
    """Open a transaction inside one organization, and leave none behind when it ends."""
    with transaction.atomic(), bound_contextvars(organization_id=str(organization_id)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(%s, true)", [SETTING])
            row = cursor.fetchone()
        before = UUID(row[0]) if row and row[0] else None
        if before == organization_id and gathers():
            yield  # whoever acts here already writes the audit rows of both
            return
        choose_organization(organization_id)
        with collecting():
            yield
        choose_organization(before)


class OwnerMigrates:
    """Route migrations to the owner's connection: the runtime role may not create tables."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Say that only the alias `owner` is migrated."""
        return db == "owner"


class Fence(Operation):
    """Force row-level security on a model's table, or only grant if it has no organization.

    `append_only` leaves the runtime role without UPDATE and DELETE; `read_only` without INSERT
    as well (content that only the owner loads). `by` names the column that holds the tenant.
    `later` names foreign keys whose target is fenced afterwards: a circle is closed by hand.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self,
        model: str,
        *,
        append_only: bool = False,
        read_only: bool = False,
        by: str | None = "organization_id",
        later: tuple[str, ...] = (),
    ) -> None:
        self.later = later
        self.model = model
        self.append_only = append_only
        self.read_only = read_only
        self.by = by

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: a fence is invisible to models."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Fence the table."""
        model = _model(to_state, app_label, self.model)
        for statement in self._statements(model):
            schema_editor.execute(statement)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Take the policy away (the table itself goes with its own operation)."""
        table = _model(from_state, app_label, self.model)._meta.db_table
        if self.by:
            schema_editor.execute(f'DROP POLICY IF EXISTS tenant ON "{table}"')

    def describe(self) -> str:
        """Say what the operation does, for `sqlmigrate` and `makemigrations`."""
        return f"Fence {self.model} by its organization"

    def _statements(self, model: type[models.Model]) -> Iterator[str]:
        table = model._meta.db_table
        rights = "SELECT"
        if not self.read_only:
            rights += ", INSERT" if self.append_only else ", INSERT, UPDATE, DELETE"
        yield f'GRANT {rights} ON "{table}" TO {RUNTIME_ROLE}'
        if self.by is None:
            return
        mine = f"{self.by} = nullif(current_setting('{SETTING}', true), '')::uuid"
        yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
        yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
        yield f'CREATE POLICY tenant ON "{table}" USING ({mine}) WITH CHECK ({mine})'
        if self.by != "organization_id":
            return
        yield f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_tenant" UNIQUE (organization_id, id)'
        for field in tenant_keys(model):
            if field.name in self.later:
                continue
            target = field.related_model._meta.db_table
            yield (
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{field.column}_tenant" '
                f'FOREIGN KEY (organization_id, "{field.column}") '
                f'REFERENCES "{target}" (organization_id, id)'
            )


def tenant_keys(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    """Return the foreign keys of a model that lead to a row some organization owns."""
    return [
        field
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and field.name != "organization"
        and isinstance(field.related_model, type)
        and any(f.name == "organization" for f in field.related_model._meta.local_fields)
    ]


def _model(state: ProjectState, app_label: str, name: str) -> type[models.Model]:
    apps: Apps = state.apps
    return apps.get_model(app_label, name)


class LookupFunction(Operation):
    """Create one of the few functions that look across tenants.

    It belongs to a role that nobody can log in as, whose own policy opens just the tables named,
    and it returns ids and organizations only; each item is then handled inside its organization.
    `arguments` and `returns` are SQL, `body` a single SQL statement over schema-qualified names.
    `replaces` says that the function exists already, with these arguments: going back is refused
    then, unless `was` is the body that it had before.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self,
        name: str,
        *,
        arguments: str,
        returns: str,
        body: str,
        reads: tuple[str, ...] = (),
        updates: tuple[str, ...] = (),
        replaces: bool = False,
        was: str = "",
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.replaces = replaces
        self.was = was
        self.returns = returns
        self.body = body
        self.reads = reads
        self.updates = updates

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: functions are invisible to models."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the function and open the tables it needs to its owner."""
        for statement in (*self._reads(), *self._create(self.body)):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the function; give back the one that it replaced, or refuse."""
        if self.replaces and not self.was:
            raise IrreversibleError(f"What {self.name} was before is not known.")
        for statement in self._create(self.was) if self.replaces else self._drop():
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        """Say what the operation does, for `sqlmigrate` and `makemigrations`."""
        return f"Create the cross-tenant look-up {self.name}"

    def _drop(self) -> Iterator[str]:
        # only its owner drops it
        yield f"SET LOCAL ROLE {LOOKUP_ROLE}"
        yield f"DROP FUNCTION public.{self.name}({self.arguments})"
        yield "RESET ROLE"

    def _reads(self) -> Iterator[str]:
        for table in self.reads + self.updates:
            rights = "SELECT, UPDATE" if table in self.updates else "SELECT"
            yield f"GRANT {rights} ON public.{table} TO {LOOKUP_ROLE}"
            yield f"DROP POLICY IF EXISTS lookup ON public.{table}"
            yield f"CREATE POLICY lookup ON public.{table} TO {LOOKUP_ROLE} USING (true)"

    def _create(self, body: str) -> Iterator[str]:
        if self.replaces:
            yield from self._drop()
        volatility = "VOLATILE" if self.updates else "STABLE"
        yield (
            f"CREATE OR REPLACE FUNCTION public.{self.name}({self.arguments}) "
            f"RETURNS {self.returns} LANGUAGE sql {volatility} SECURITY DEFINER "
            f"SET search_path = pg_catalog, pg_temp AS $lookup$ {body} $lookup$"
        )
        signature = f"public.{self.name}"
        # Before the handing over: afterwards these would change nothing, with a mere warning.
        yield f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION {signature} TO {RUNTIME_ROLE}"
        yield f"ALTER FUNCTION {signature} OWNER TO {LOOKUP_ROLE}"
