"""`manage.py check_translations`: what patients read of a pathway and cannot read in French."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from care_plans.content.files import MEASURES, PATHWAYS, read_measures, read_pathways
from care_plans.content.translating import BOOKS, missing, patient_texts
from coordination.languages import BookRefused, book
from coordination.problems import Problem


class Command(BaseCommand):
    """Reads files alone, and changes nothing."""

    help = "Name each text for patients that has no French, and how each book was reviewed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take another folder of pathways, and folders with more books."""
        parser.add_argument("folder", nargs="?", type=Path, default=PATHWAYS)
        parser.add_argument("--books", nargs="*", type=Path, default=[])

    def handle(self, *args: Any, folder: Path, books: list[Path], **options: Any) -> None:
        """Print file, line and text of each, then the books; fail when something is missing."""
        more = (*(path.resolve() for path in books), *map(Path, settings.CONTENT_TRANSLATIONS))
        try:
            known = {slug: file.definition for slug, file in read_measures(MEASURES).items()}
            files = read_pathways(known, folder.resolve())
            lacking = [
                file.located.flaw(where, f'has no French: "{text}"')
                for file in files
                for where, text in missing(file.definition, more)
            ]
            read = {path: book(path) for at in (BOOKS, *more) for path in sorted(at.glob("*.yaml"))}
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        except BookRefused as error:
            raise CommandError(str(error)) from error
        said = {text for file in files for _, text in patient_texts(file.definition)}
        for path, one in read.items():
            idle = sum(phrase.en not in said for phrase in one.phrases)
            self.stdout.write(
                f"{path.name}: {len(one.phrases)} phrases, {one.state.replace('_', ' ')}, "
                f"{idle} said by no pathway here; its digest is {one.digest}"
            )
        if lacking:
            raise CommandError("\n".join(map(str, lacking)))
        self.stdout.write(f"Patients can read {len(files)} pathway versions in French.")
