"""`migrate`, as the role that owns the tables: the web and worker role may not create any."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from coordination.privileges import narrow_privileges


class Command(DjangoMigrate):
    """Django's own command with another default for `--database`."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments, and migrate through the alias `owner` unless told otherwise."""
        super().add_arguments(parser)
        _default_to_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then take back what no session of the runtime role may do."""
        _refuse_half_way(options["database"])
        super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"]):
            _insist_on_triggers(options["database"])
            with connections[options["database"]].cursor() as cursor:
                narrow_privileges(cursor)
            _prepare_audit_months(options["database"])


def _default_to_owner(parser: ArgumentParser) -> None:
    parser.set_defaults(database="owner")


def _refuse_half_way(database: str) -> None:
    """Refuse a database that former migrations have left half way: Django would pass them over."""
    loader = MigrationLoader(connections[database])
    for (app, name), migration in loader.disk_migrations.items():
        applied = [former in loader.applied_migrations for former in migration.replaces]
        if any(applied) and not all(applied):
            missing = migration.replaces[applied.index(False)]
            raise CommandError(
                f"{app}.{name} takes the place of migrations that this database has in part only: "
                f"{'.'.join(missing)} is missing. First migrate it with the version before this."
            )


def _insist_on_triggers(database: str) -> None:
    """Replace the function by which a session setting could make a trigger be passed over.

    The library that writes our triggers recreates it with each of them, so it comes last.
    """
    with connections[database].cursor() as cursor:
        cursor.execute("SELECT to_regproc('public._pgtrigger_should_ignore') IS NOT NULL")
        row = cursor.fetchone()
        if row is not None and row[0]:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) "
                "RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false'"
            )


def _prepare_audit_months(database: str) -> None:
    """Have the partitions of this month and the next ready before anybody needs them."""
    with connections[database].cursor() as cursor:
        cursor.execute("SELECT to_regproc('public.coordination_prepare_audit_months') IS NOT NULL")
        row = cursor.fetchone()
        if row is not None and row[0]:
            cursor.execute("SELECT coordination_prepare_audit_months()")
