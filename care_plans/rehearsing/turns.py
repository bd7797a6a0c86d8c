"""Rehearsals that somebody waits for: one at a time, and none for long.

Each takes seconds of a processor, and for as long as it lasts its transaction holds back the feed
of events. What is started at a command line is bound by neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import ClassVar

from django.db import connection, transaction

from coordination import audit
from coordination.problems import Problem

#: seconds
LONGEST = 40.0

_until: ContextVar[float | None] = ContextVar("rehearsal_until", default=None)


class RehearsalRunning(Problem):
    """Another rehearsal is still running, or somebody works on what this one would touch.

    Nothing is wrong with what was asked, and nothing about it has to change: this server is busy.
    """

    type = "rehearsal-running"
    title = "Busy with something else at this moment"
    status = 503
    retry_after: ClassVar[int | None] = 5


class TookTooLong(Problem):
    """A rehearsal was not done within the time that somebody waits for it.

    How far one comes in that time depends on what else this server does: it is no gateway that
    waited for another (504), and nothing is wrong with what was asked (400).
    """

    type = "rehearsal-took-too-long"
    title = "Not done in time"
    status = 503
    retry_after: ClassVar[int | None] = 60


@contextmanager
def take_turn() -> Iterator[None]:
    """Hold the one turn that a database has until the transaction ends.

    Within it a rehearsal ends after `LONGEST`, and what it records discloses nothing of anybody.
    Raises `RehearsalRunning`.
    """
    with transaction.atomic():
        if not _is_mine():
            raise RehearsalRunning("Another rehearsal is running. Ask again in a few seconds.")
        token = _until.set(monotonic() + LONGEST)
        try:
            with audit.overhearing():
                yield
        finally:
            _until.reset(token)


def must_be_in_time() -> None:
    """Raise `TookTooLong` for a rehearsal whose time is over."""
    until = _until.get()
    if until is not None and monotonic() > until:
        raise TookTooLong(
            f"This was not done within the {LONGEST:.0f} s that are given to it here, and nothing "
            "of it is kept. Ask again in a minute, when this server may have less to do, or "
            "rehearse the pathway with `manage.py dry_run`, which takes as long as it needs."
        )


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('rehearsal', 0))")
        row = cursor.fetchone()
    return bool(row and row[0])
