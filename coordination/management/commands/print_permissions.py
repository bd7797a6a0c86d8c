"""`print_permissions`: who may call which address, as docs/permissions.md has it."""

from typing import Any

from django.core.management.base import BaseCommand

from coordination.api.permissions_listing import document


class Command(BaseCommand):
    """Prints the whole permission matrix as Markdown."""

    help = "Prints who may call which address, as Markdown for docs/permissions.md."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(document(), ending="")
