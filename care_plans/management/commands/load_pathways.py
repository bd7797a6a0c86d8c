"""`manage.py load_pathways`: check the pathway files and publish the versions that are new."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from care_plans.content.files import MEASURES, PATHWAYS, read_measures, read_pathways, read_stubs
from care_plans.content.findings import errors
from care_plans.content.lint import lint_path
from care_plans.content.measures import MeasureDefinition
from care_plans.publication import publish_pathways, publish_stubs
from coordination.problems import Problem


class Command(BaseCommand):
    """Runs as the owner of the database, and may be run at any time."""

    help = "Check pathway files and publish new versions; refuses changes to published ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take other folders than the shipped ones, or one file; or only check."""
        parser.add_argument("folder", nargs="?", type=Path, default=PATHWAYS)
        parser.add_argument("--measures", type=Path, default=MEASURES)
        parser.add_argument("--check", action="store_true", help="only say what is wrong")

    def handle(self, *args: Any, folder: Path, measures: Path, check: bool, **options: Any) -> None:
        """Check, publish unless told not to, and report each version, warnings apart."""
        now, folder = timezone.now(), folder.resolve()
        try:
            known = {
                slug: file.definition for slug, file in read_measures(measures.resolve()).items()
            }
            if check:
                self._check(folder, known, now.date())
                return
            files, stubs = read_pathways(known, folder), read_stubs(known, folder)
            loaded = [*publish_pathways(files, now=now), *publish_stubs(stubs)]
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        for finding in (f for version in loaded for f in version.findings):
            self.stderr.write(str(finding))
        for version in loaded:
            self.stdout.write(f"{version.outcome}: {version.name}")

    def _check(self, folder: Path, known: dict[str, MeasureDefinition], today: date) -> None:
        """Say what is wrong in all files at once, or warn; change nothing."""
        books = tuple(map(Path, settings.CONTENT_TRANSLATIONS))
        read = lint_path(folder, known, today=today, books=books)
        findings = [finding for its in read.values() for finding in its]
        if wrong := errors(findings):
            raise CommandError("\n".join(map(str, wrong)))
        stubs = read_stubs(known, folder)
        for finding in findings:
            self.stderr.write(str(finding))
        self.stdout.write(f"{len(read)} pathway versions are valid.")
        self.stdout.write(f"{len(stubs)} stubs are valid.")
