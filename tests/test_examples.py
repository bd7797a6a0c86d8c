"""Every operation of the contract has an example, which is valid and as the API answers today.

`CONTINUUM_WRITE_EXAMPLES=1 uv run pytest tests/test_examples.py` writes them anew.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from pytest_django import Settings

from care_plans.models import Condition
from coordination import own_access
from coordination.api.examples import JSON, read_examples
from coordination.models import User
from tests.cast import NOW, Cast, Person
from tests.recording import Book, shape, write_down
from tests.story import TOLD, Teller, tell
from tests.story_logins import ORIGIN, log_in_and_out

#: read from what is imported only, and from what nobody of the cast has
NOT_TOLD: set[str] = {"get /api/v1/source-documents", "get /api/v1/source-documents/{id}"}


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/api/schema").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield f"{verb} {path}", operation


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what an operation takes and what it answers with success."""
    if JSON in operation.get("requestBody", {}).get("content", {}):
        yield "request", operation["requestBody"]["content"][JSON]
    for code, answer in operation["responses"].items():
        if code.startswith("2") and JSON in answer.get("content", {}):
            yield code, answer["content"][JSON]


@pytest.mark.feature("AP-09")
def test_it_has_an_example_of_every_operation(document: dict[str, Any]) -> None:
    missing = {
        f"{name}: {part}"
        for name, operation in operations(document)
        for part, body in bodies(operation)
        if "example" not in body
    }
    assert missing == set()


@pytest.mark.feature("AP-09")
def test_it_has_examples_that_are_valid(document: dict[str, Any]) -> None:
    wrong = []
    for name, operation in operations(document):
        for part, body in bodies(operation):
            schema = {**body["schema"], "components": document["components"]}
            checks = Draft202012Validator(schema, format_checker=FormatChecker())
            for error in checks.iter_errors(body.get("example")):
                wrong.append(f"{name}: {part}: {error.json_path}: {error.message[:120]}")
    assert wrong == []


@pytest.mark.feature("AP-09")
def test_it_has_examples_as_the_api_answers_today(
    cast: Cast, settings: Settings, document: dict[str, Any]
) -> None:
    settings.PUBLIC_URL, settings.RATE_LIMIT = ORIGIN, 0
    with time_machine.travel(TOLD, tick=False) as clock:
        kept = told(cast, document, clock)
    if os.environ.get("CONTINUUM_WRITE_EXAMPLES"):
        write_down(kept)
        return
    assert set(read_examples()) - set(kept) == set()
    assert set(kept) - set(read_examples()) == set()
    stale = [
        f"{name}: {part}"
        for name, example in read_examples().items()
        for part in ("at", "request", "response")
        if shape(example.get(part)) != shape(kept[name].get(part))
    ]
    assert stale == []


def told(cast: Cast, document: dict[str, Any], clock: Any) -> dict[str, Any]:
    """Tell the story and the logins', and return what was written down."""
    noor, _ = own_access.bind_login(
        cast.patient.id,
        organization_id=cast.riverside.id,
        email="noor@continuum.example",
        password=None,
        now=NOW,
    )
    readers = [cast.asha, cast.sam, cast.ada, cast.pia, cast.esi, Person(noor, cast.riverside)]
    book = Book(cast, document, readers)
    with cast.acting():
        diagnosed = Condition.objects.create(
            organization=cast.riverside,
            patient=cast.patient,
            origin="imported",
            code="57773001",
            display="Hamstring tendinopathy",
            clinical_status="active",
            source_key="made-up",
            recorded_at=NOW,
        )
    book.know("/api/v1/conditions", diagnosed.id)
    refused = cast.ada.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    book.know("/api/v1/denials", refused.headers["X-Request-ID"])
    readers.append(cast.ada)
    tell(cast, book.ask)
    rana = User.objects.get(email="rana@continuum.example")
    readers.append(Person(rana, cast.riverside))
    book.read()
    log_in_and_out(cast, Teller(book.ask), clock)
    return book.kept
