"""The examples in the OpenAPI document: one of each operation, as the API really answers."""

import json
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import time_machine
from django.test import Client
from openapi_schema_validator import OAS31Validator

from coordination.api.examples import FILE, recorded
from tests.cast import Cast, Person
from tests.story import TOLD, Step, tell
from tests.test_every_address import records
from tests.test_openapi import PIECES

#: written by hand: a login's own answers carry secrets, or end what asks
BY_HAND = ("/api/v1/session", "/api/v1/tokens", "/api/v1/me/", "/api/v1/logins/")
#: imported only
NOBODY_HAS = {
    "get /api/v1/conditions/{id}",
    "get /api/v1/source-documents/{id}",
}
LONGEST = 2
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAIL = re.compile(r"([a-z]+)-\d+@")
_CURSOR = re.compile(r"(cursor=)[^&\"]+")


class Notebook:
    """What was sent and answered, with ids that stay the same from one writing to the next."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, str] = {}

    def note(self, name: str, answer: Any, request: Any = None) -> None:
        """Write one call down, unless it was told before."""
        if name in self.told or not 200 <= answer.status_code < 300:
            return
        entry: dict[str, Any] = {"status": answer.status_code}
        if request is not None:
            entry["request"] = self._plain(request)
        if answer.content:
            entry["answer"] = self._plain(json.loads(answer.content))
        self.told[name] = entry

    def _plain(self, value: Any) -> Any:
        match value:
            case dict():
                return {self._plain(key): self._plain(one) for key, one in value.items()}
            case list():
                return [self._plain(one) for one in value[:LONGEST]]
            case str():
                text = _CURSOR.sub(r"\1cD0x", _MAIL.sub(r"\1@", value))
                return _ID.sub(self._stable, text)
        return value

    def _stable(self, found: re.Match[str]) -> str:
        place = len(self._ids) + 1
        return self._ids.setdefault(found[0], f"01920000-0000-7000-8000-{place:012x}")


def write_down(cast: Cast, document: dict[str, Any]) -> Notebook:
    """Tell the story, read everything that is there afterwards, and return what was written."""
    book = Notebook()

    def ask(step: Step) -> Any:
        answer = step.send()
        book.note(" ".join(step.operation), answer, step.body)
        return answer

    ids = records(cast)
    read(cast, document, book, ids)
    with time_machine.travel(TOLD, tick=False):
        tell(cast, ask)
        read(cast, document, book, ids)
    return book


def read(cast: Cast, document: dict[str, Any], book: Notebook, ids: Any) -> None:
    """Ask for everything that can be read, as whoever may; rather something than an empty page."""
    people = (cast.asha, cast.sam, cast.pia, cast.ada, cast.esi)
    for path, operations in document["paths"].items():
        name = f"get {path}"
        if "get" not in operations or name in book.told or path.startswith(BY_HAND):
            continue
        answers = [one for who in people for one in tries(who, path, operations["get"], cast)]
        full = [one for one in answers if one.json().get("results", True)]
        for one in (full or answers)[:1]:
            book.note(name, one)


def tries(who: Person, path: str, operation: dict[str, Any], cast: Cast) -> Iterator[Any]:
    """Return what somebody is answered at an address, with each id that fits."""
    holes = re.findall(r"\{(\w+)\}", path)
    listed = path.partition("/{")[0]
    if "id" in holes:
        found = who.client.get(listed)
        rows = found.json().get("results", []) if found.status_code == 200 else []
        places = [{"id": row["id"]} for row in rows[:LONGEST]]
    else:
        places = [{**PIECES, "slug": "koos" if "measures" in path else "hamstring-tendinopathy"}]
    needed = {one["name"] for one in operation.get("parameters", []) if one.get("required")}
    query = {"patient": str(cast.patient.id)} if "patient" in needed else {}
    for place in places:
        answer = who.client.get(path.format(**place), query)
        if answer.status_code == 200:
            yield answer


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/api/schema").json()
    return found


def operations(document: dict[str, Any]) -> list[str]:
    return [f"{verb} {path}" for path, verbs in document["paths"].items() for verb in verbs]


@pytest.mark.skipif("WRITE_EXAMPLES" not in os.environ, reason="writes the file that is checked in")
def test_it_writes_the_examples(cast: Cast, document: dict[str, Any]) -> None:
    book = write_down(cast, document)
    by_hand = {name: one for name, one in recorded().items() if by_login(name)}
    told = dict(sorted({**book.told, **by_hand}.items()))
    FILE.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def by_login(name: str) -> bool:
    return name.partition(" ")[2].startswith(BY_HAND)


@pytest.mark.feature("AP-09")
def test_it_shows_an_example_of_each_operation(document: dict[str, Any]) -> None:
    assert set(operations(document)) - NOBODY_HAS == set(recorded())


@pytest.mark.feature("AP-09")
def test_it_shows_examples_that_keep_the_contract(document: dict[str, Any]) -> None:
    wrong = []
    for name, example in recorded().items():
        verb, path = name.split(" ")
        operation = document["paths"][path][verb]
        answered = operation["responses"][str(example["status"])]
        for part, shape in (("request", operation.get("requestBody", {})), ("answer", answered)):
            media = list(shape.get("content", {}).values())
            if part not in example:
                if part == "answer" and media:
                    wrong.append(f"{name}: no answer")
                continue
            assert media, f"{name}: {part} has no shape"
            schema = {**deepcopy(media[0]["schema"]), "components": document["components"]}
            checks = OAS31Validator(schema)
            wrong += [
                f"{name}: {part} {list(error.path)}: {error.message[:200]}"
                for error in checks.iter_errors(example[part])
            ]
    assert wrong == []


def test_it_names_nobody_but_the_cast() -> None:
    text = FILE.read_text("utf-8")
    assert set(re.findall(r"@([\w.-]+)", text)) <= {"continuum.example"}
