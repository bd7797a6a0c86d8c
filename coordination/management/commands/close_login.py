"""`close_login`: somebody has left for good."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.login_fence import login_named
from coordination.logins import close_login


class Command(BaseCommand):
    """Sessions and tokens end at once, in every organization."""

    help = "Closes a login: nobody logs in with it any more, and what is open ends."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the login."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Close it."""
        user = login_named(options["email"])
        if user is None:
            raise CommandError(f"There is no login {options['email']}.")
        close_login(user, now=timezone.now())
        self.stdout.write(f"{user.email} is closed.")
