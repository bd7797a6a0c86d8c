"""The OpenAPI document against the running API, by requests that nobody thought of.

A few examples of each operation run with every change; `CONTINUUM_FUZZ=200 pytest
tests/test_contract.py` goes on for as long as that takes, and in every way that there is.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.care_plans import underway
from tests.cast import Cast

EXAMPLES = int(os.environ.get("CONTINUUM_FUZZ", "0"))
#: beyond what the tool expects: RFC 6585 asks for 428, and If-Match names a version of before
ALSO = {
    "missing_required_header": ["400", "401", "403", "404", "409", "428"],
    "negative_data_rejection": ["4xx"],
    "positive_data_acceptance": ["2xx", "401", "403", "404", "409", "412", "422", "429"],
}
#: logging in and out would change who asks
NOT_ASKED = r"^/api/v1/(session|tokens|passkey)"


def configured(who: Any) -> SchemathesisConfig:
    client: Any = who.client
    return SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": client._credentials["HTTP_AUTHORIZATION"]},
            "workers": 1,
            "continue-on-failure": True,
            "generation": {
                "max-examples": EXAMPLES or 1,
                "deterministic": not EXAMPLES,
                "database": "none",
                "no-shrink": True,
            },
            "phases": {
                "coverage": {"enabled": bool(EXAMPLES)},
                "stateful": {"enabled": bool(EXAMPLES)},
            },
            "checks": {name: {"expected-statuses": codes} for name, codes in ALSO.items()},
        }
    )


def failures(schema: Any) -> Iterator[str]:
    """Ask, and return what is wrong, with the request that shows it."""
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            yield f"the tool gave up: {event.exception!r}"
        if not isinstance(event, events.ScenarioFinished):
            continue
        recorder = event.recorder
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is None or is_refused_by_the_domain(recorder, case_id, check):
                    continue
                failure = check.failure_info.failure
                yield f"{recorder.label}: {check.name}: {failure.title} {failure.message[:300]}"


def is_refused_by_the_domain(recorder: Any, case_id: str, check: Any) -> bool:
    """Say whether well-formed data was refused for what it says.

    No schema can tell which practitioner exists, what a pathway asks, or which day lies in the
    future: such a 400 points to the field, which is all that can be asked of it.
    """
    if check.name != "positive_data_acceptance":
        return False
    found = recorder.interactions.get(case_id)
    response = found.response if found else None
    return bool(response and response.status_code == 400 and response.json().get("errors"))


@pytest.mark.feature("AP-09")
@pytest.mark.parametrize("name", ["asha", "sam", "ada", "pia"])
def test_it_keeps_its_contract(committed_cast: Cast, live_server: Any, name: str) -> None:
    cast = committed_cast
    with cast.acting():
        underway.start(cast)
    schema = schemathesis.openapi.from_url(
        f"{live_server.url}/api/schema", config=configured(cast.everybody[name])
    ).exclude(path_regex=NOT_ASKED)
    assert sorted(set(failures(schema))) == []
