"""It says of what is wrong where it is, and what would be right."""

import gzip
import json
from typing import Any

import pytest

from coordination.models import Discipline
from tests.cast import Cast
from tests.coordination.test_bad_input import PROBLEM
from tests.test_every_address import OWN_TRACES, state

DISCIPLINES = f"There is no such choice; there are: {', '.join(Discipline.values)}."


def refusal(answer: Any, code: int) -> dict[str, Any]:
    assert answer.status_code == code, answer.content
    assert answer.headers["Content-Type"] == PROBLEM
    said: dict[str, Any] = answer.json()
    return said


def test_it_lists_the_choices_of_a_field(cast: Cast) -> None:
    body = {"patient": str(cast.patient.id), "discipline": "hush", "reason_code": "pain"}
    said = refusal(cast.asha.client.post("/api/v1/referrals", body), 400)
    assert said["errors"] == [{"pointer": "/discipline", "detail": DISCIPLINES}]


@pytest.mark.parametrize("path", ["referrals?discipline=hush", "patients/{}/brief?discipline=hush"])
def test_it_lists_the_choices_of_a_parameter(cast: Cast, path: str) -> None:
    said = refusal(cast.asha.client.get(f"/api/v1/{path.format(cast.patient.id)}"), 400)
    assert said["errors"] == [{"pointer": "/discipline", "detail": DISCIPLINES}]


def test_it_says_what_a_code_is(cast: Cast) -> None:
    body = {"patient": str(cast.patient.id), "discipline": "nutrition", "reason_code": "Slow!"}
    (error,) = refusal(cast.asha.client.post("/api/v1/referrals", body), 400)["errors"]
    assert error["pointer"] == "/reason_code"
    assert "1 to 64 characters: small letters, digits" in error["detail"]


def test_it_says_what_is_offered_and_what_is_taken(cast: Cast) -> None:
    accept = {"Accept": "text/csv"}
    said = refusal(cast.ada.client.get("/api/v1/locations", headers=accept), 406)
    assert said["detail"].endswith("what is: application/json.")
    answer = cast.ada.client.post("/api/v1/locations", "x", content_type="text/plain")
    assert "`Content-Type: application/json`" in refusal(answer, 415)["detail"]


@pytest.mark.parametrize("tag", ["abc", "*", '"1", "2"'])
def test_it_says_what_if_match_must_be(cast: Cast, tag: str) -> None:
    path = f"/api/v1/patients/{cast.patient.id}"
    answer = cast.sam.client.patch(path, {"phone": "1"}, headers={"If-Match": tag})
    assert 'its version, such as "3"' in refusal(answer, 400)["detail"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("name=%ff%fe", ["/name"]),
        ("name=a%20%C3", ["/name"]),
        ("name=\xff", ["/name"]),
        ("limit=1&name=%ed%a0%80&name=%80&cursor=%80", ["/name", "/cursor"]),
        ("%ff=1", ["/\ufffd"]),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/patients", "/login", "/nowhere"])
def test_it_names_a_parameter_that_is_no_text(
    cast: Cast, path: str, query: str, named: list[str]
) -> None:
    answer = cast.sam.client.get(path, QUERY_STRING=query)
    said = refusal(answer, 400)
    assert [error["pointer"] for error in said["errors"]] == named
    assert said["type"] == "urn:continuum:problem:invalid"


@pytest.mark.parametrize(
    "query", ["name=Ga%C3%ABl", "name=Ga\xc3\xabl", "name=%EF%BF%BD", "name=%"]
)
def test_it_reads_what_is_text(cast: Cast, query: str) -> None:
    assert cast.sam.client.get("/api/v1/patients", QUERY_STRING=query).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity, br"])
def test_it_takes_no_packed_body(cast: Cast, encoding: str) -> None:
    before = state(cast, but=OWN_TRACES)
    body = gzip.compress(json.dumps({"name": "Annex", "time_zone": "America/Toronto"}).encode())
    answer = cast.ada.client.post(
        "/api/v1/locations",
        body,
        content_type="application/json",
        headers={"Content-Encoding": encoding},
    )
    assert "without Content-Encoding" in refusal(answer, 415)["detail"]
    assert answer["Accept-Encoding"] == "identity"
    assert state(cast, but=OWN_TRACES) == before


def test_it_takes_a_body_that_says_it_is_not_packed(cast: Cast) -> None:
    body, plain = (
        {"name": "Annex", "time_zone": "America/Toronto"},
        {"Content-Encoding": "Identity"},
    )
    assert cast.ada.client.post("/api/v1/locations", body, headers=plain).status_code == 201
