"""The OpenAPI document against the running API, by requests that nobody thought of.

A few examples of each operation run with every change. `CONTINUUM_FUZZ=50
CONTINUUM_FUZZ_MINUTES=15 pytest tests/test_contract.py` asks in every way that there is, with as
many examples of each operation, for as many minutes as each role (of `CONTINUUM_FUZZ_AS`).
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from django.core.servers.basehttp import WSGIRequestHandler
from pytest_django import Settings
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.care_plans import underway
from tests.cast import Cast, Person

EXAMPLES = int(os.environ.get("CONTINUUM_FUZZ", "0"))
MINUTES = int(os.environ.get("CONTINUUM_FUZZ_MINUTES", "0"))
ROLES = os.environ.get("CONTINUUM_FUZZ_AS", "asha sam ada pia").split()
#: beyond what the tool expects: RFC 6585 asks for 428, and a role, a reach, a state or a version
#: may refuse before the data is looked at
ALSO = {
    "missing_required_header": ["400", "403", "404", "409", "422", "428"],
    "negative_data_rejection": ["400", "403", "404", "406", "409", "412", "415", "422", "428"],
    "positive_data_acceptance": ["2xx", "403", "404", "409", "412", "422"],
}
#: logging in and out would change who asks
NOT_ASKED = r"^/api/v1/(session|tokens|passkey)"
#: what well-formed data may be refused for: no schema can say it, and the answer points to it
NO_SCHEMA_SAYS: dict[str, str] = {
    "which records there are": r"^(There is no such|Nobody of this|Invalid pk|No practitioner of)",
    "which entries the scope-of-practice table has": r"^The (scope of practice )?table ",
    "which actions there are": r"^No address has such an action",
    "which time zones there are": r"^Not an IANA time zone",
    "who the signer is": r"^is not the .* of your registration$",
    "which registrations one has": r"^This is none of your registrations",
    "that one of two ways to name a patient is needed": r"^Name the patient by id, or",
    "that nothing at all is no number": r"^A valid number is required",
    "what day it is": r"\b(future|gone by|past|before|after|earlier|later|ahead)\b",
    "which characters a text may hold": r"(?i)(control|null|a) character|blank",
    "where a list was left": r"^This cursor was not given out by this (list|feed)",
    "what must be said of some answers alone": r"^(Say w|With an override, say w)",
    "what a pathway asks of whoever checks themself": r"^This is not asked here",
    "which moments there are in UTC": r"^There is no such moment",
}


@dataclass
class Outcome:
    """What one role was answered: how often, with which codes, and what was wrong."""

    codes: Counter[int] = field(default_factory=Counter)
    wrong: set[str] = field(default_factory=set)
    excused: Counter[str] = field(default_factory=Counter)


def configured(who: Person) -> SchemathesisConfig:
    client: Any = who.client
    return SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": client._credentials["HTTP_AUTHORIZATION"]},
            "workers": 1,
            **({"max-time": 60 * MINUTES} if MINUTES else {}),
            "continue-on-failure": True,
            "generation": {
                "max-examples": EXAMPLES or 1,
                "deterministic": not EXAMPLES,
                "database": "none",
                "no-shrink": True,
            },
            "phases": {
                "examples": {"enabled": bool(EXAMPLES)},
                "coverage": {"enabled": bool(EXAMPLES)},
                "stateful": {"enabled": bool(EXAMPLES)},
            },
            "checks": {name: {"expected-statuses": codes} for name, codes in ALSO.items()},
        }
    )


def ask(schema: Any) -> Outcome:
    """Ask everything that the tool can think of."""
    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            outcome.wrong.add(f"the tool gave up: {event.exception!r}")
        elif isinstance(event, events.NonFatalError):
            outcome.wrong.add(f"{event.label}: the tool stumbled: {event.value!r}"[:600])
        recorder = getattr(event, "recorder", None)
        if recorder is not None:
            outcome.wrong |= set(judge(recorder, outcome))
    return outcome


def judge(recorder: Any, outcome: Outcome) -> Iterator[str]:
    """Return what is wrong with the answers of one scenario."""
    for found in recorder.interactions.values():
        code = found.response.status_code if found.response else 0
        outcome.codes[code] += 1
        if code >= 500 or not code:
            yield f"{recorder.label}: {code}: {shown(found)}"
    for case_id, checks in recorder.checks.items():
        found = recorder.interactions.get(case_id)
        for check in checks:
            if check.failure_info is None:
                continue
            excuse = excuse_of(check.name, found)
            if excuse:
                outcome.excused[excuse] += 1
                continue
            failure = check.failure_info.failure
            yield f"{recorder.label}: {check.name}: {failure.title}: {shown(found)}"


def shown(found: Any) -> str:
    """Return a request and its answer, shortened."""
    request, answer = found.request, found.response
    asked = f"{request.method} {request.uri[:200]} {str(request.body)[:300]}"
    return f"{asked} -> {answer.status_code} {answer.text[:300]}" if answer else asked


def excuse_of(check: str, found: Any) -> str:
    """Return why data may be refused in another way than expected; nothing, if it may not."""
    response = found.response if found else None
    path = urlsplit(found.request.uri).path if found else ""
    if response is None or check not in {"positive_data_acceptance", "negative_data_rejection"}:
        return ""
    if response.status_code == 401 and SESSION_ONLY.match(f"{found.request.method} {path}"):
        return "that a token does not manage the login that it belongs to"
    if check != "positive_data_acceptance" or response.status_code != 400:
        return ""
    errors = response.json().get("errors", ())
    if DRY_RUN.match(path) and all(error["pointer"].startswith("/draft") for error in errors):
        return "what a pathway is made of"
    details = [error["detail"] for error in errors]
    reasons = [reason_of(detail) for detail in details]
    return reasons[0] if reasons and all(reasons) else ""


#: takes a whole pathway; what that is stands in the schema of pathways, not in that of the API
DRY_RUN = re.compile(r"^/api/v1/pathways/[a-z0-9-]+/dry-run$")
#: sessions alone reach them, as their `security` says
SESSION_ONLY = re.compile(r"^(GET|POST|DELETE) /api/v1/(me|logins)/")


def reason_of(detail: str) -> str:
    return next((why for why, said in NO_SCHEMA_SAYS.items() if re.search(said, detail)), "")


@pytest.mark.feature("AP-09")
def test_it_keeps_its_contract(
    committed_cast: Cast,
    live_server: Any,
    settings: Settings,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.RATE_LIMIT = 0
    # The server writes heads and bodies apart; the client would wait 40 ms to acknowledge each.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    # Hundreds of made-up tokens from one address would be heard ever more slowly (test_logins).
    monkeypatch.setattr("coordination.api.authentication.take_attempt", lambda *_, **__: None)
    cast = committed_cast
    with cast.acting():
        underway.start(cast)
    outcomes = {}
    for name in ROLES:
        schema = schemathesis.openapi.from_url(
            f"{live_server.url}/api/schema", config=configured(cast.everybody[name])
        ).exclude(path_regex=NOT_ASKED)
        outcomes[name] = ask(schema)
        said = {**vars(outcomes[name]), "wrong": sorted(outcomes[name].wrong)}
        (tmp_path / f"{name}.json").write_text(json.dumps(said, indent=1))
    assert {name: sorted(one.wrong) for name, one in outcomes.items() if one.wrong} == {}
    assert all(one.codes[200] for one in outcomes.values())
