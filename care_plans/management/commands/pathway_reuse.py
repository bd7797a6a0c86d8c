"""`manage.py pathway_reuse`: how much of each condition's content is shared with others."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from care_plans.content.files import (
    MEASURES,
    PATHWAYS,
    newest,
    read_measures,
    read_pathways,
    read_stubs,
)
from care_plans.content.reuse import NOTHING
from coordination.problems import Problem

#: From how many percent on a condition counts as one that mostly shares.
MOST = 60


class Command(BaseCommand):
    """Reads files alone; needs no database."""

    help = "Print how many blocks of each pathway and stub come from shared files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take another folder than the shipped one."""
        parser.add_argument("folder", nargs="?", type=Path, default=PATHWAYS)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Count, and print a line for each condition and one for all."""
        try:
            known = {slug: file.definition for slug, file in read_measures(MEASURES).items()}
            pathways = newest(read_pathways(known, folder.resolve()))
            stubs = read_stubs(known, folder.resolve())
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        counted = {f"{f.definition.pathway} {f.definition.version}": f.reuse for f in pathways} | {
            f"{f.definition.id} (stub)": f.reuse for f in stubs
        }
        for name, reuse in counted.items():
            self.stdout.write(f"{name}: {reuse.shared} of {reuse.blocks} ({reuse.percent} percent)")
        total = sum(counted.values(), NOTHING)
        most = sum(reuse.percent >= MOST for reuse in counted.values())
        self.stdout.write(
            f"{len(counted)} conditions: {total.shared} of {total.blocks} blocks "
            f"({total.percent} percent) come from shared files; {most} share at least {MOST} "
            "percent."
        )
