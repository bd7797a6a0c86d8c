"""Rehearsals that somebody waits for: one at a time, and none for long.

Each takes seconds of a processor, and for as long as it lasts its transaction holds back the feed
of events. What is started at a command line is bound by neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from django.db import connection, transaction

from coordination import audit
from coordination.problems import Invalid, NotAllowed

#: seconds
LONGEST = 40.0

_until: ContextVar[float | None] = ContextVar("rehearsal_until", default=None)


class RehearsalRunning(NotAllowed):
    """Another rehearsal is still running, or somebody works on what this one would touch."""

    type = "rehearsal-running"


class TookTooLong(Invalid):
    """A pathway asks for more than is rehearsed while somebody waits."""

    type = "rehearsal-too-long"


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
            f"This takes longer than the {LONGEST:.0f} s that are given to it here. Rehearse it "
            "with `manage.py dry_run`, or make it smaller."
        )


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('rehearsal', 0))")
        row = cursor.fetchone()
    return bool(row and row[0])
