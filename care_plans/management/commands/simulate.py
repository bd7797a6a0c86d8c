"""`manage.py simulate`: what a pathway would ask of a clinic, tried on invented patients."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from care_plans.management.commands.dry_run import begun
from care_plans.rehearsing.naming import named
from care_plans.rehearsing.simulating import simulate
from coordination.problems import Problem

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
        """Print the report as JSON, the same bytes for the same seed."""
        if options["patients"] < 1:
            raise CommandError("Send at least one patient.")
        try:
            version, draft = named(options["pathway"])
            found = simulate(
                version,
                draft=draft,
                patients=options["patients"],
                seed=options["seed"],
                at=begun(options["at"]),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
