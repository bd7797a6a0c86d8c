"""`manage.py load_pathways`: check the pathway files and publish the versions that are new."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from care_plans.content.files import MEASURES, PATHWAYS, read_measures, read_pathways, read_stubs
from care_plans.content.findings import errors
from care_plans.content.lint import lint_file
from care_plans.publication import publish_pathways, publish_stubs
from coordination.problems import Problem


class Command(BaseCommand):
    """Runs as the owner of the database, and may be run at any time."""

    help = "Check pathway files and publish new versions; refuses changes to published ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take other folders than the shipped ones, or only check."""
        parser.add_argument("folder", nargs="?", type=Path, default=PATHWAYS)
        parser.add_argument("--measures", type=Path, default=MEASURES)
        parser.add_argument("--check", action="store_true", help="only say what is wrong")

    def handle(self, *args: Any, folder: Path, measures: Path, check: bool, **options: Any) -> None:
        """Check, publish unless told not to, and report each version, warnings apart."""
        now = timezone.now()
        try:
            known = {
                slug: file.definition for slug, file in read_measures(measures.resolve()).items()
            }
            files = read_pathways(known, folder.resolve())
            stubs = read_stubs(known, folder.resolve())
            loaded = [] if check else publish_pathways(files, now=now)
            loaded += [] if check else publish_stubs(stubs)
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        findings = [f for version in loaded for f in version.findings]
        if check:
            findings = [f for file in files for f in lint_file(file, known, today=now.date())]
            if errors(findings):
                raise CommandError("\n".join(map(str, errors(findings))))
            self.stdout.write(f"{len(files)} pathway versions are valid.")
            self.stdout.write(f"{len(stubs)} stubs are valid.")
        for finding in findings:
            self.stderr.write(str(finding))
        for version in loaded:
            self.stdout.write(f"{version.outcome}: {version.name}")
