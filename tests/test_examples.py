"""Every operation of the contract has an example, which is valid and as the API answers today.

`CONTINUUM_WRITE_EXAMPLES=1 uv run pytest tests/test_examples.py` writes them anew.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from pytest_django import Settings

from care_plans.models import Condition, SourceDocument
from coordination import own_access
from coordination.api.examples import JSON, read_examples
from coordination.login_fence import login_of
from notifications.models import Message
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person
from tests.recording import Book, shape, write_down
from tests.story import TOLD, Teller, tell
from tests.story_logins import ORIGIN, log_in_and_out


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
            wrong += [
                f"{name}: {part}: {error.json_path}: {error.message[:120]}"
                for error in checks.iter_errors(body.get("example"))
            ]
    assert wrong == []


@pytest.mark.feature("AP-09")
def test_it_writes_every_moment_in_one_way() -> None:
    text = json.dumps(read_examples())
    assert re.findall(r'"[^"]*T\d\d:\d\d[^"]*[+-]\d\d:\d\d"', text) == []


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
    staff = [cast.asha, cast.sam, cast.ada, cast.pia, cast.esi]
    book = Book(cast, document, [*staff, patient_of(cast), sister_of(cast, "view", "message")])
    bring_along(cast, book)
    refused = cast.ada.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    book.know("/api/v1/denials", refused.headers["X-Request-ID"])
    tell(cast, book.ask)
    let_mails_go_out(cast)
    written.coverage(cast, cast.sam)
    book.read()
    log_in_and_out(cast, Teller(book.ask), clock)
    rehearse(cast, Teller(book.ask))
    return book.kept


def rehearse(cast: Cast, tell: Teller) -> None:
    """Try a version and a draft of it. Apart from the story, for it takes seconds."""
    made_up = {"severity": "mild", "side": "left", "answers": underway.CALM}
    at = {"slug": "hamstring-tendinopathy"}
    with cast.acting():
        version = underway.version()
    draft = {**version.content, "version": "9.0.0"}
    one = "/pathways/{slug}/versions/{version}/dry-run"
    tell(cast.asha, "post", one, made_up, **at, version=version.version)
    tell(cast.asha, "post", "/pathways/{slug}/dry-run", {**made_up, "draft": draft}, **at)


def patient_of(cast: Cast) -> Person:
    """Return the patient, with a login."""
    user, _ = own_access.bind_login(
        cast.patient.id,
        organization_id=cast.riverside.id,
        email="noor@continuum.example",
        password=None,
        now=NOW,
    )
    return Person(user, cast.riverside)


def let_mails_go_out(cast: Cast) -> None:
    """Have the patient's messages sent, as a worker would."""
    with cast.acting():
        theirs = Message.objects.filter(to_patient=cast.patient)
        assert theirs.filter(status="queued").update(status="sending", claimed_at=TOLD)
        theirs.filter(status="sending").update(status="sent", claimed_at=None, sent_at=TOLD)


def sister_of(cast: Cast, *rights: str) -> Person:
    """Return somebody who may do some things in the patient's place."""
    person = cast.asha.client.post(
        "/api/v1/related-persons",
        {"patient": str(cast.patient.id), "name": "Sister Sample", "relationship": "sibling"},
    ).json()["id"]
    given = {
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 11",
        "since": NOW.isoformat(),
        "until": (TOLD + timedelta(days=90)).isoformat(),
    }
    at = f"/api/v1/related-persons/{person}"
    email = "sister@continuum.example"
    granted = [cast.asha.client.post(f"{at}/rights", {**given, "right": one}) for one in rights]
    for answer in (*granted, cast.sam.client.post(f"{at}/login", {"email": email})):
        assert answer.status_code < 300, answer.content
    return Person(login_of(email), cast.riverside)


def bring_along(cast: Cast, book: Book) -> None:
    """Give the patient what only an import brings."""
    brought = {"organization": cast.riverside, "patient": cast.patient, "recorded_at": NOW}
    with cast.acting():
        condition = Condition.objects.create(
            **brought,
            origin="imported",
            code="57773001",
            display="Hamstring tendinopathy",
            clinical_status="active",
            source_key="made-up",
        )
        plan = SourceDocument.objects.create(
            **brought,
            kind="care_plan",
            title="Physiotherapy, elsewhere",
            status="completed",
            content={"resourceType": "CarePlan", "status": "completed", "intent": "plan"},
            source_key="made-up",
            source_digest="made-up",
        )
    book.know("/api/v1/conditions", condition.id)
    book.know("/api/v1/source-documents", plan.id)
