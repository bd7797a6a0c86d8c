"""`manage.py print_pathway`: a whole pathway to read, shared blocks in their places."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from care_plans.content.files import MEASURES, PATHWAYS, read_measures, read_pathway
from care_plans.content.printing import file_of, printed
from coordination.problems import Problem


class Command(BaseCommand):
    """Reads files alone; needs no database."""

    help = "Print one version of a pathway in full, for whoever reads it for the care."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which one, and another folder than the shipped one."""
        parser.add_argument("pathway", help="its name (the newest version), or NAME@VERSION")
        parser.add_argument("--folder", type=Path, default=PATHWAYS)

    def handle(self, *args: Any, pathway: str, folder: Path, **options: Any) -> None:
        """Print it."""
        file = file_of(folder.resolve(), pathway)
        if file is None:
            raise CommandError(f"There is no {pathway} in {folder}.")
        try:
            known = {slug: one.definition for slug, one in read_measures(MEASURES).items()}
            whole = read_pathway(file, measures=known, folder=folder.resolve())
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(printed(whole, known), ending="")
