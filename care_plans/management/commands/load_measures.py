"""`manage.py load_measures`: store the outcome measures that ship with the project."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from care_plans.content.files import MEASURES, read_measures
from care_plans.publication import publish_measures
from coordination.problems import Problem


class Command(BaseCommand):
    """Runs as the owner of the database, and may be run at any time."""

    help = "Store the outcome measures; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take another folder than the shipped one."""
        parser.add_argument("folder", nargs="?", type=Path, default=MEASURES)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Load, and report each file."""
        try:
            loaded = publish_measures(list(read_measures(folder.resolve()).values()))
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        for measure in loaded:
            if measure.outcome != "unchanged" or options["verbosity"] > 1:
                self.stdout.write(f"{measure.outcome}: {measure.name}")
        same = sum(measure.outcome == "unchanged" for measure in loaded)
        self.stdout.write(f"{len(loaded)} measures, {same} of them unchanged.")
