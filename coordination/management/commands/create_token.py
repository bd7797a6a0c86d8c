"""`create_token`: a program's way in, shown once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.login_fence import login_named
from coordination.logins import issue_token, memberships_of
from coordination.organizations import organization_named
from coordination.problems import Problem


class Command(BaseCommand):
    """The token acts as one login in one organization; only its hash is kept."""

    help = "Prints a new API token of a login. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the login, the organization and what the token is for."""
        parser.add_argument("email")
        parser.add_argument("--organization", required=True, help="its slug")
        parser.add_argument("--name", required=True, help="which program carries it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the token of a member."""
        now = timezone.now()
        user = login_named(options["email"])
        if user is None:
            raise CommandError(f"There is no login {options['email']}.")
        try:
            organization_id = organization_named(options["organization"])
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        if organization_id not in memberships_of(user.id, now=now):
            raise CommandError(f"{user.email} is no member of {options['organization']}.")
        token, secret = issue_token(
            user, organization_id, name=options["name"], now=now, is_vouched=True
        )
        self.stdout.write(secret)
        self.stderr.write(f"Valid until {token.expires_at:%Y-%m-%d}; it is not shown again.")
