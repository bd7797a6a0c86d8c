"""`dispose_records`: delete for good what `review_retention` has just named."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.disposal import dispose
from coordination.organizations import organization_named
from coordination.problems import Problem


class Command(BaseCommand):
    """Needs the owner's connection: web and worker can delete nothing."""

    help = "Deletes what a review named, if it would still name the same."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the organization and the digest of the review."""
        parser.add_argument("organization", help="its slug")
        parser.add_argument("--digest", required=True, help="as review_retention printed it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, and say how many of each kind."""
        try:
            organization = organization_named(options["organization"])
            gone = dispose(
                organization,
                digest=options["digest"],
                now=timezone.now(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        for name, number in sorted(gone.items()):
            self.stdout.write(f"{name}: {number} disposed of")
