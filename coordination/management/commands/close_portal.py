"""`close_portal`: a program outside may do nothing any more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from coordination.actors import Actor
from coordination.models import Portal
from coordination.portals import close_portal, enter_portal
from coordination.problems import Problem


class Command(BaseCommand):
    """Its tokens end within a second."""

    help = "Closes a portal: its tokens, codes and service account end."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the portal."""
        parser.add_argument("client_id")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Close it."""
        organization_id = enter_portal(options["client_id"])
        if organization_id is None:
            raise CommandError("There is no open portal with this client id.")
        portal = Portal.objects.get(client_id=options["client_id"])
        try:
            close_portal(
                portal.id, actor=Actor.system("operator", organization_id), now=timezone.now()
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(f"{portal.name} is closed.")
