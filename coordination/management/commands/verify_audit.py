"""`verify_audit`: name every row and seal of the audit trail that is not what it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coordination import audit_heads
from coordination.audit_verification import (
    Fault,
    Tally,
    has_seals,
    organizations,
    verify_heads,
    verify_organization,
    write_missing_heads,
)
from coordination.organizations import organization_named
from coordination.problems import Problem


class Command(BaseCommand):
    """Reads only, unless told otherwise; ends with 1 when anything is not as it was sealed."""

    help = "Compares the audit trail with its seals and with the heads kept outside the database."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one organization, or all; and another copy of the heads."""
        parser.add_argument("--organization", help="its slug; all of them unless said")
        parser.add_argument("--heads", help="the heads file; AUDIT_HEADS_FILE unless said")
        parser.add_argument(
            "--write-missing-heads",
            action="store_true",
            help="append heads to AUDIT_HEADS_FILE where their absence is all that is wrong: after "
            "a crash or a full disk, once somebody has looked into it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each fault as it is found, then what was looked at."""
        path = Path(options["heads"]) if options["heads"] else audit_heads.heads_file()
        tally, faults = Tally(), list[Fault]()
        try:
            only = organization_named(options["organization"]) if options["organization"] else None
            is_copy = path != audit_heads.heads_file()
            for fault in _faults(only, path, tally, is_copy=is_copy):
                faults.append(fault)
                self.stdout.write(str(fault))
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(
            f"{tally.rows} rows in {tally.seals} seals; {tally.dropped} rows dropped with a "
            f"checkpoint; {_newer(tally)}{_unsealed(tally)}."
        )
        if faults and options["write_missing_heads"] and not is_copy:
            try:
                write_missing_heads(faults)
            except ValueError as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{len(faults)} heads were missing and have been written now.")
        elif faults:
            raise CommandError(f"{len(faults)} faults: the audit trail is not what it was.")


def _faults(only: UUID | None, path: Path, tally: Tally, *, is_copy: bool) -> Iterator[Fault]:
    here = [only] if only else organizations()
    for organization_id in here:
        yield from verify_organization(organization_id, tally)
    if path.exists() and (path.stat().st_size or not is_copy):
        yield from verify_heads(path, here, tally, only=only, is_copy=is_copy, now=timezone.now())
    elif any(map(has_seals, here)):
        what = f"{path} is missing or empty: a chain made anew would not be noticed"
        yield Fault(None, None, None, what)


def _newer(tally: Tally) -> str:
    return f"{tally.newer} seals are newer than this copy of the heads; " if tally.newer else ""


def _unsealed(tally: Tally) -> str:
    if tally.oldest_unsealed is None:
        return "nothing waits to be sealed"
    waited = timezone.now() - tally.oldest_unsealed
    return (
        f"{tally.unsealed} wait to be sealed, the oldest since "
        f"{tally.oldest_unsealed:%Y-%m-%d %H:%M:%S} UTC ({waited.total_seconds():.0f} s)"
    )
