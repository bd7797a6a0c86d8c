"""`review_retention`: what is past its time, by kind; nothing is changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.organizations import organization_named
from coordination.problems import Problem
from coordination.retention import keeping_of, review
from coordination.tenancy import acting_in


class Command(BaseCommand):
    """Counts only: no name, no record."""

    help = "Reports which records are past their time; `dispose_records` takes the digest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the organization."""
        parser.add_argument("organization", help="its slug")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line a kind, and the digest of it all."""
        try:
            organization = organization_named(options["organization"])
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        with acting_in(organization):
            found = review(now=timezone.now())
            for line in found.lines:
                keeping = keeping_of(line.kind.name)
                source = "default of this software" if keeping.is_default else "your policy"
                self.stdout.write(
                    f"{line.kind.name}: {len(line.record_ids)} of {line.patients} patients are "
                    f"past {keeping.years_after_last_contact} years ({source}); "
                    f"{line.held} more are under a legal hold, "
                    f"{line.unknown} of patients without a birth date stay"
                )
        self.stdout.write(f"digest: {found.digest}")
