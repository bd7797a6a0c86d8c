"""An edit names the version that it edits: everywhere, or it is refused and nothing changes."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.cast import Cast
from tests.story import TOLD, Step, tell
from tests.test_every_address import state

OLD = '"0"'


@pytest.fixture
def now() -> Iterator[None]:
    with time_machine.travel(TOLD, tick=False):
        yield


def versioned() -> set[tuple[str, str]]:
    """Return every operation that asks for If-Match; each edit does."""
    found = set()
    for path, operations in Client().get("/api/schema").json()["paths"].items():
        for verb, operation in operations.items():
            asks = any(one["name"] == "If-Match" for one in operation.get("parameters", ()))
            assert asks or verb not in {"patch", "put"}, f"{verb} {path} edits any version"
            if asks:
                found.add((verb, path))
    return found


def test_it_takes_every_edit_with_its_version_alone(cast: Cast, now: None) -> None:
    tried = set[tuple[str, str]]()

    def ask(step: Step) -> Any:
        if step.operation in versioned_ones:
            tried.add(step.operation)
            refuse(cast, step)
        return step.send()

    versioned_ones = versioned()
    tell(cast, ask)
    assert tried == versioned_ones


def refuse(cast: Cast, step: Step) -> None:
    """Ask without a version and with one of before; neither may change anything."""
    row = step.address
    if step.verb == "post":
        row = row.rpartition("/")[0]
    assert step.who.client.get(row)["ETag"] == step.tag, step
    before = data(cast)
    for tag, code, kind in (("", 428, "version-required"), (OLD, 412, "version-mismatch")):
        answer = getattr(step.who.client, step.verb)(
            step.address, step.body, headers={"If-Match": tag} if tag else {}
        )
        assert answer.status_code == code, (step, answer.content)
        assert answer.json()["type"] == f"urn:continuum:problem:{kind}"
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert data(cast) == before


def data(cast: Cast) -> dict[str, list[Any]]:
    """Return every row, but for who read what."""
    rows = state(cast)
    rows.pop("AuditEvent")
    return rows
