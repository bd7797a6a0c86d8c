"""`create_portal`: a program outside that reaches one organization over OAuth."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.actors import Actor, Role
from coordination.api.scopes import all_scopes
from coordination.organizations import organization_named
from coordination.portals import NEVER_FOR_PORTALS, register_portal
from coordination.problems import Problem


class Command(BaseCommand):
    """The secret is shown once; only its hash is kept."""

    help = "Registers a portal and prints its client id and secret."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what the portal is, and what it may do at most."""
        parser.add_argument("name")
        parser.add_argument("--organization", required=True, help="its slug")
        parser.add_argument("--scope", action="append", default=[], help="such as patient:read")
        parser.add_argument("--redirect", action="append", default=[], help="where codes may go")
        roles = [role for role in Role.values if role not in NEVER_FOR_PORTALS]
        parser.add_argument("--role", choices=roles, help="acts by itself, as a service account")
        parser.add_argument("--public", action="store_true", help="cannot keep a secret")

    def handle(self, *args: Any, **options: Any) -> None:
        """Register it."""
        if unknown := set(options["scope"]) - set(all_scopes()):
            raise CommandError(f"Unknown scopes: {', '.join(sorted(unknown))}.")
        try:
            organization_id = organization_named(options["organization"])
            portal, secret = register_portal(
                organization_id,
                name=options["name"],
                scopes=options["scope"],
                redirect_uris=options["redirect"],
                role=Role(options["role"]) if options["role"] else None,
                is_public=options["public"],
                actor=Actor.system("operator", organization_id),
                now=timezone.now(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(f"client_id={portal.client_id}")
        if secret:
            self.stdout.write(f"client_secret={secret}")
            self.stderr.write("The secret is not shown again.")
