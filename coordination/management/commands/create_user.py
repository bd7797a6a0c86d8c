"""`create_user`: a login and what it is in one organization."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.actors import Role
from coordination.management.passwords import VARIABLE, ask_password
from coordination.organizations import organization_named
from coordination.problems import Problem
from coordination.staff import admit_member

_STAFF = [role.value for role in Role if role not in {Role.PATIENT, Role.PROXY}]


class Command(BaseCommand):
    """The password never stands on the command line, where other users of the machine see it."""

    help = (
        "Creates a login with a membership. The password comes from a prompt, or from the "
        f"variable {VARIABLE}; a login that exists keeps its own."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take everything but the password."""
        parser.add_argument("email")
        parser.add_argument("--name", required=True, help="shown to colleagues")
        parser.add_argument("--organization", required=True, help="its slug")
        parser.add_argument("--role", required=True, choices=_STAFF)
        parser.add_argument(
            "--no-password", action="store_true", help="the login works through tokens only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create login and membership."""
        try:
            organization_id = organization_named(options["organization"])
            user, is_new = admit_member(
                organization_id,
                email=options["email"],
                name=options["name"],
                role=Role(options["role"]),
                password=None
                if options["no_password"]
                else ask_password(otherwise=", or pass --no-password"),
                now=timezone.now(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        known = "" if is_new else " (had a login already; its password is unchanged)"
        self.stdout.write(f"{user.email}: {options['role']}{known}")
