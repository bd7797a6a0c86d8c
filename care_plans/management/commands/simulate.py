"""`manage.py simulate`: what a pathway would ask of a clinic, tried on invented patients."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from care_plans.management.commands.dry_run import begun, refused, unlogged
from care_plans.rehearsing.naming import named
from care_plans.rehearsing.simulating import simulate
from coordination.problems import Problem

#: patients of one report: days of work for one machine
_MOST = 100_000
#: a day like any other, so that a report does not depend on when it was made
_FROM = datetime.fromisoformat("2026-01-05")


class Command(BaseCommand):
    """Writes nothing that lasts, and sends nothing."""

    help = "Send invented patients through a pathway and report what came of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the pathway, how many patients, and the seed they are drawn by."""
        parser.add_argument("--pathway", required=True, help="a name, NAME@VERSION, or a YAML file")
        parser.add_argument("--patients", type=int, default=100)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--from", dest="at", type=datetime.fromisoformat, default=_FROM)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report as JSON, the same for the same seed; how far it is goes to stderr."""
        if not 1 <= options["patients"] <= _MOST:
            raise CommandError(f"Send at least one patient, and at most {_MOST:,}.")
        try:
            version, draft = named(options["pathway"])
            with unlogged():
                found = simulate(
                    version,
                    draft=draft,
                    patients=options["patients"],
                    seed=options["seed"],
                    at=begun(options["at"]),
                    told=self._progress(options["patients"], options["verbosity"]),
                )
        except Problem as problem:
            raise refused(problem) from problem
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))

    def _progress(self, patients: int, verbosity: int) -> Callable[[int], None] | None:
        """Return what says how far it is: to somebody at a terminal, or to whoever asks for it."""
        if not self.stderr.isatty() and verbosity < 2:
            return None
        began = monotonic()

        def tell(done: int) -> None:
            said = f"{done} of {patients} patients, {monotonic() - began:.0f} s"
            self.stderr.write(said, str)  # in no colour: nothing is wrong

        tell(0)
        return tell
