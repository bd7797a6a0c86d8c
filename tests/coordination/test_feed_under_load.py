"""The feed while many write: nothing missing, nothing twice, and an order that stays."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from django.db import connection

from coordination import events
from coordination.actors import Actor
from coordination.tenancy import acting_in
from tests.cast import Cast

URL = "/api/v1/events"
WRITERS, TURNS = 8, 25
#: of each three turns one is rolled back; each of the others publishes two events
KEPT = WRITERS * 2 * len([turn for turn in range(TURNS) if turn % 3 != 2])


@dataclass
class Writers:
    """Eight threads that publish, some slowly, some in vain."""

    cast: Cast
    kept: set[str] = field(default_factory=set)
    others: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def start(self) -> list[threading.Thread]:
        """Let them begin."""
        threads = [threading.Thread(target=self._write, args=(one,)) for one in range(WRITERS)]
        for thread in threads:
            thread.start()
        return threads

    def _write(self, writer: int) -> None:
        try:
            for turn in range(TURNS):
                with suppress(RuntimeError):
                    self._turn([f"{writer}-{turn}-{part}" for part in range(2)], turn)
        finally:
            connection.close()

    def _turn(self, names: list[str], turn: int) -> None:
        with acting_in(self.cast.riverside.id):
            for name in names:
                publish(self.cast, name)
            if turn % 5 == 0:  # a slow one: it commits after others that began later
                self.others.acquire(timeout=0.2)
            if turn % 3 == 2:
                raise RuntimeError("rolled back")
        self.others.release()
        self.kept.update(names)


def publish(cast: Cast, type: str) -> None:
    events.publish(
        actor=Actor.system("test", cast.riverside.id),
        now=datetime.now(UTC),
        type=type,
        subject="Patient",
        subject_id=cast.patient.id,
        patient_id=cast.patient.id,
    )


def follow(cast: Cast, link: str) -> tuple[list[str], str]:
    """Read until the feed has nothing more for now."""
    found: list[str] = []
    while True:
        page = cast.sam.client.get(link).data
        link = page["next"]
        if not page["results"]:
            return found, link
        found += [row["type"] for row in page["results"]]


@pytest.mark.feature("AP-11")
def test_it_has_no_gap_among_eight_writers(committed_cast: Cast) -> None:
    cast, writers = committed_cast, Writers(committed_cast)
    _, start = follow(cast, f"{URL}?limit=7")
    threads, cursor, seen = writers.start(), start, list[str]()
    going_on = True
    while going_on:
        going_on = any(thread.is_alive() for thread in threads)
        more, cursor = follow(cast, cursor)
        seen += more
    assert len(writers.kept) == KEPT
    assert len(seen) == len(set(seen)), "something came twice"
    assert set(seen) == writers.kept, "something is missing, or was undone"
    assert follow(cast, start)[0] == seen, "read again, the order is another one"
