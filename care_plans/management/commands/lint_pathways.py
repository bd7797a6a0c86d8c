"""`manage.py lint_pathways`: say what in pathway files contradicts itself, or cannot work."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from care_plans.content.files import MEASURES, PATHWAYS, read_measures
from care_plans.content.findings import RULES, errors
from care_plans.content.lint import lint_path
from coordination.problems import Problem


class Command(BaseCommand):
    """Reads files alone, and changes nothing."""

    help = "Find contradictions in pathway files; fails when one of them is an error."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take files and folders; the shipped pathways when none is named."""
        parser.add_argument("paths", nargs="*", type=Path, metavar="folder|file")
        parser.add_argument("--measures", type=Path, default=MEASURES)
        parser.add_argument("--rules", action="store_true", help="only list the rules")
        parser.add_argument(
            "--errors-only", action="store_true", help="only count warnings and notes"
        )

    def handle(
        self, *args: Any, paths: list[Path], measures: Path, rules: bool, **options: Any
    ) -> None:
        """Print each finding with file and line, and fail when there is an error among them."""
        if rules:
            for name, rule in RULES.items():
                self.stdout.write(f"{rule.level} {name}: {rule.says}")
            return
        books = tuple(map(Path, settings.CONTENT_TRANSLATIONS))
        try:
            known = {n: file.definition for n, file in read_measures(measures.resolve()).items()}
            read = {
                file: findings
                for path in paths or [PATHWAYS]
                for file, findings in lint_path(
                    path.resolve(), known, today=timezone.now().date(), books=books
                ).items()
            }
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        found = [finding for findings in read.values() for finding in findings]
        wrong = errors(found)
        for finding in wrong if options["errors_only"] else found:
            self.stdout.write(str(finding))
        counts = (
            _counted(sum(one.level == level for one in found), level)
            for level in ("warning", "note")
        )
        told = f"{', '.join(counts)} in {_counted(len(read), 'file')}."
        if wrong:
            raise CommandError(f"{_counted(len(wrong), 'error')}, {told}")
        self.stdout.write(f"No errors, {told}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
