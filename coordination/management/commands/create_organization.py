"""`create_organization`: a tenant with its sites."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from coordination.organizations import found_organization, open_location
from coordination.problems import Problem


class Command(BaseCommand):
    """Only an operator creates tenants; nothing over HTTP does."""

    help = "Creates an organization (the tenant and health-information custodian)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the slug, the name and the sites."""
        parser.add_argument("slug", help="short name for commands, for example `riverside`")
        parser.add_argument("--name", required=True, help="as people read it")
        parser.add_argument(
            "--location",
            action="append",
            default=[],
            metavar="NAME=TIME_ZONE",
            help="a site, for example `Downtown=America/Toronto`; repeatable",
        )
        parser.add_argument("--demo", action="store_true", help="every patient in it is synthetic")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create organization and sites, or nothing."""
        places = [_place(text) for text in options["location"]]
        now = timezone.now()
        try:
            with transaction.atomic():
                organization = found_organization(
                    slug=options["slug"], name=options["name"], is_demo=options["demo"], now=now
                )
                for name, time_zone in places:
                    open_location(organization.id, name=name, time_zone=time_zone, now=now)
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(f"{organization.slug}: {organization.id}")


def _place(text: str) -> tuple[str, str]:
    name, separator, time_zone = text.rpartition("=")
    if not separator or not name.strip():
        raise CommandError(f"--location takes NAME=TIME_ZONE, not {text!r}.")
    return name.strip(), time_zone.strip()
