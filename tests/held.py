"""A transaction that stays open while another one begins."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

from django.db import connection

from coordination.tenancy import acting_in
from tests.cast import Cast

#: long enough for a statement, and nothing is hoped to be over within it
MOMENT = 0.7


class Held:
    """A transaction in a thread of its own that stays open until `end` is called."""

    def __init__(self, threads: ThreadPoolExecutor, cast: Cast, act: Callable[[], Any]) -> None:
        self.acted, self._end = Event(), Event()
        self.outcome: Future[Any] = threads.submit(self._run, cast, act)

    def _run(self, cast: Cast, act: Callable[[], Any]) -> Any:
        try:
            with acting_in(cast.riverside.id):
                done = act()
                self.acted.set()
                self._end.wait(20)
                return done
        finally:
            self.acted.set()
            connection.close()

    def end(self) -> Any:
        """Commit, and return what was done or raise what went wrong."""
        self._end.set()
        return self.outcome.result(20)
