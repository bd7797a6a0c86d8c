"""`changepassword`: somebody has forgotten theirs, or never had one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.login_fence import login_named
from coordination.logins import reset_login
from coordination.management.passwords import VARIABLE, ask_password
from coordination.problems import Problem


class Command(BaseCommand):
    """It takes the place of Django's own, which finds no login behind the fence."""

    help = (
        "Gives a login a new password and ends its sessions and tokens. The password comes from "
        f"a prompt, or from the variable {VARIABLE}. See first who asks for it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the login."""
        parser.add_argument("email")
        parser.add_argument(
            "--without-second-factors",
            action="store_true",
            help="also removes them, for whoever has lost the telephone and the codes on paper",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set the password."""
        user = login_named(options["email"])
        if user is None:
            raise CommandError(f"There is no login {options['email']}.")
        try:
            reset_login(
                user,
                ask_password(),
                keep_factors=not options["without_second_factors"],
                now=timezone.now(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(f"{user.email} has a new password; whatever was open has ended.")
