"""`prepare_database`: roles, tables and content, so that web and worker can start."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.environment import Environment, read_environment
from coordination.servers.processes import CannotStart
from coordination.servers.roles import OWNER, RUNTIME, prepare_roles

CONTENT = ("load_measures", "load_pathways")


class Command(BaseCommand):
    """Safe to repeat: it creates what is missing and changes nothing else."""

    help = (
        "Creates the roles and the database (when DATABASE_ADMIN_URL is set), migrates them, "
        "and loads measures and pathways."
    )

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --no-content, for a database of tests."""
        parser.add_argument("--no-content", action="store_true", help="tables only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the database that DATABASE_OWNER_URL and DATABASE_URL name."""
        environment = read_environment()
        if environment.database_admin_url:
            _prepare_roles(environment)
        verbosity = options["verbosity"]
        call_command("migrate", verbosity=verbosity, interactive=False)
        if options["no_content"]:
            return
        for name in CONTENT:
            if name in get_commands():
                call_command(name, verbosity=verbosity)


def _prepare_roles(environment: Environment) -> None:
    owner, runtime = (
        urlsplit(url) for url in (environment.database_owner_url, environment.database_url)
    )
    if owner.username != OWNER or runtime.username != RUNTIME:
        raise CommandError(
            f"DATABASE_OWNER_URL must name the user {OWNER} and DATABASE_URL the user {RUNTIME}."
        )
    try:
        prepare_roles(
            environment.database_admin_url,
            unquote(runtime.path.lstrip("/")),
            owner_password=unquote(owner.password or "") or None,
            runtime_password=unquote(runtime.password or "") or None,
        )
    except CannotStart as error:
        raise CommandError(str(error)) from error
