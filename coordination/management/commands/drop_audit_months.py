"""`drop_audit_months`: let go of the months of the audit trail whose time is over."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination.audit_months import drop_month, months_over
from coordination.problems import Problem


class Command(BaseCommand):
    """Runs as the owner of the tables; each month leaves a signed checkpoint."""

    help = "Drops whole months of the audit trail older than AUDIT_RETENTION_MONTHS."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --pretend."""
        parser.add_argument("--pretend", action="store_true", help="only say which months")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drop what may go, oldest first; stop at the first month that may not."""
        now = timezone.now()
        months = months_over(keep=settings.AUDIT_RETENTION_MONTHS, now=now)
        if not months:
            self.stdout.write("No month is older than AUDIT_RETENTION_MONTHS.")
        for month in months:
            if options["pretend"]:
                self.stdout.write(f"{month:%Y-%m} would go.")
                continue
            try:
                dropped = drop_month(month, now=now)
            except Problem as problem:
                raise CommandError(problem.detail) from problem
            self.stdout.write(f"{month:%Y-%m} is gone: {dropped.rows} rows.")
