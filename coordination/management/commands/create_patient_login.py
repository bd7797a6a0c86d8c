"""`create_patient_login`: let a patient see who looked at their record."""

import secrets
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.organizations import organization_named
from coordination.own_access import bind_login
from coordination.problems import Problem


class Command(BaseCommand):
    """The login is bound to one patient and sees nothing but their own access log."""

    help = "Creates a patient's own login and prints a first password, which they replace."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address, the organization and the patient."""
        parser.add_argument("email")
        parser.add_argument("--organization", required=True, help="its slug")
        parser.add_argument("--patient", required=True, type=UUID, help="the patient's id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bind the login; the password is shown once."""
        password = secrets.token_urlsafe(16)
        try:
            _, is_new = bind_login(
                options["patient"],
                organization_id=organization_named(options["organization"]),
                email=options["email"],
                password=password,
                now=timezone.now(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        if not is_new:
            self.stderr.write("The address had a login already; its password is unchanged.")
            return
        self.stdout.write(password)
        self.stderr.write("Hand it over in person; it is not shown again.")
