"""`manage.py dry_run`: send a made-up patient through a pathway, published or not."""

import json
import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from care_plans.rehearsing.dry_run import dry_run
from care_plans.rehearsing.naming import named
from care_plans.rehearsing.telling_of import NOTICE, as_data, as_lines
from coordination.problems import Problem

#: how far from today a rehearsal may begin, before or ahead
_YEARS = 20


class Command(BaseCommand):
    """Writes nothing that lasts, and sends nothing."""

    help = "Show every task, referral and message that a pathway brings about, with its date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the pathway, who is sent through it, and when."""
        parser.add_argument("pathway", help="a stored pathway, NAME@VERSION, or a YAML file")
        parser.add_argument("--severity", default="moderate")
        parser.add_argument("--side", default="")
        parser.add_argument("--answer", action="append", default=[], metavar="QUESTION=ANSWER")
        parser.add_argument("--from", dest="at", type=datetime.fromisoformat, metavar="DAY")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what happens, day by day."""
        at = begun(options["at"])
        try:
            version, draft = named(options["pathway"])
            with unlogged():
                found = dry_run(
                    version,
                    draft=draft,
                    severity=options["severity"],
                    side=options["side"],
                    answers=dict(map(_answer, options["answer"])),
                    at=at,
                )
        except Problem as problem:
            raise refused(problem) from problem
        if options["json"]:
            self.stdout.write(json.dumps(as_data(found), indent=2, default=str))
            return
        self.stdout.write(NOTICE)
        for line in as_lines(found):
            self.stdout.write(line)


def begun(at: datetime | None) -> datetime:
    """Return when a rehearsal begins: at noon of a day, today where none is named.

    Raises `CommandError` for a day that no clinic would ask about.
    """
    today = timezone.now()
    day = at or today
    if abs(day.year - today.year) > _YEARS:
        raise CommandError(f"Begin within {_YEARS} years of today.")
    return day.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=UTC)


def refused(problem: Problem) -> CommandError:
    """Return what a command says of a refusal: what it is, and what is wrong where."""
    where = [f"{one.pointer}: {one.detail}" for one in problem.errors if one.pointer]
    return CommandError("\n".join(dict.fromkeys([problem.detail, *where])))


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep out of the log what the engine says of people who are made up; warnings are said."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


def _answer(text: str) -> tuple[str, bool | str]:
    question, _, said = text.partition("=")
    return question, {"yes": True, "no": False}.get(said, said)
