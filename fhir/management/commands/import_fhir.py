"""`import_fhir`: patients come in from FHIR R4 files."""

import sys
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from coordination.actors import Actor
from coordination.organizations import organization_named
from coordination.problems import Problem
from fhir.importing.files import Unreadable
from fhir.importing.report import OUTCOMES, rejections, summarize, write_report
from fhir.importing.running import DiskFull, Import, Interrupted
from fhir.importing.spool import Spool

_LINES = 40
_STEPS = {"reading": "Reading", "directory": "Directory", "patients": "Patients"}


class Command(BaseCommand):
    """Each patient is written whole or not at all; running it twice changes nothing."""

    help = (
        "Imports Patient, Practitioner, Organization, Condition, CarePlan, CareTeam and scores "
        "(Observation) from FHIR R4 bundles and NDJSON, gzipped or not. Practitioners and "
        "Organizations become directory entries, CarePlans and CareTeams read-only documents. "
        "Exits with 1 when something was rejected."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the files, the organization, and where the full report goes."""
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--report", metavar="FILE", help="what became of each entry, as JSON")
        parser.add_argument(
            "--source",
            default="",
            metavar="URI",
            help="names the system that gave ids which are no UUIDs, so that its Patient/1 is not "
            "taken for another system's",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report."""
        now = timezone.now()
        if len(options["source"]) > 200:
            raise CommandError("--source is longer than 200 characters.")
        try:
            organization_id = organization_named(options["organization"])
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        trouble = ""
        with closing(Spool()) as spool, _Bar(quiet=options["verbosity"] == 0) as bar:
            run = Import(
                spool,
                actor=Actor.system("fhir.import", organization_id),
                now=now,
                source=options["source"],
                advance=bar.advance,
            )
            try:
                run.run([Path(path) for path in options["paths"]])
            except Unreadable as error:
                raise CommandError(str(error)) from error
            except DiskFull as error:
                raise CommandError(str(error)) from error  # and so nothing can be reported either
            except Interrupted as error:
                trouble = str(error)
            except KeyboardInterrupt:
                spool.settle_open("rejected", "not reached: the import was interrupted")
                trouble = "Interrupted."
            bar.stop()
            self._report(spool, options, started_at=now.isoformat(), trouble=trouble)

    def _report(
        self, spool: Spool, options: dict[str, Any], *, started_at: str, trouble: str
    ) -> None:
        if options["report"]:
            try:
                write_report(
                    spool,
                    Path(options["report"]),
                    organization=options["organization"],
                    started_at=started_at,
                )
            except OSError as error:
                trouble = f"{trouble} The report cannot be written: {error}".strip()
        rejected = summarize(spool).totals["rejected"]
        if options["verbosity"] > 0 or rejected:
            self._print(spool)
        if trouble:
            raise CommandError(trouble)
        if rejected:
            raise CommandError(f"{rejected} rejected.")

    def _print(self, spool: Spool) -> None:
        text = StringIO()
        console = Console(file=text, highlight=False, soft_wrap=True)
        summary = summarize(spool)
        table = Table("", *OUTCOMES)
        for kind, counts in sorted(summary.by_kind.items()):
            table.add_row(kind, *(str(counts[outcome]) for outcome in OUTCOMES))
        table.add_row("all", *(str(summary.totals[outcome]) for outcome in OUTCOMES))
        console.print(table)
        for title, reasons in (
            ("Skipped", summary.skipped),
            ("Imported, but", summary.left_out),
        ):
            self._list(console, title, [f"{n} × {why}" for why, n in reasons.most_common()])
        self._list(console, "Rejected", rejections(spool, limit=_LINES + 1))
        self.stdout.write(text.getvalue())

    def _list(self, console: Console, title: str, lines: list[str]) -> None:
        if not lines:
            return
        console.print(f"{title}:")
        for line in lines[:_LINES]:
            console.print(f"  {line}", markup=False)
        if len(lines) > _LINES:
            console.print("  … and more; --report FILE.json has all of it")


class _Bar:
    """A progress bar on a terminal, and nothing anywhere else."""

    def __init__(self, *, quiet: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description:10}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=quiet or not sys.stderr.isatty(),
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the terminal to what is printed next."""
        self._progress.stop()

    def advance(self, step: str, done: int, total: int) -> None:
        """Show how far a step is; without a total only that it goes on."""
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(_STEPS[step], total=total or None)
        task = self._tasks[step]
        if total:
            self._progress.update(task, completed=done, total=total)
        else:
            self._progress.advance(task)
