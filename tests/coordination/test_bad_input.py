"""What no form means is refused with a pointer, in problem documents, and nothing is written."""

from typing import Any

import pytest
from rest_framework import serializers

from coordination.api.plausible import NO_DAY, NO_MOMENT, watch
from tests.cast import Cast
from tests.test_every_address import OWN_TRACES, state

PROBLEM = "application/problem+json"
PATIENT = {"family_name": "Gagnon", "given_name": "Luc"}
PLACE = {"name": "Riverside Midtown", "time_zone": "America/Toronto"}


def refused(cast: Cast, who: str, path: str, body: Any) -> set[str]:
    """Ask; return the pointers of the refusal that changed nothing."""
    before = state(cast, but=OWN_TRACES)
    answer = cast.everybody[who].client.post(f"/api/v1{path}", body)
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == PROBLEM
    assert state(cast, but=OWN_TRACES) == before
    return {error["pointer"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", "2999-01-01"),
        ("birth_date", "1849-12-31"),
        ("birth_date", "0001-01-01"),
        ("family_name", "Gag\r\nnon"),
        ("family_name", "Gag\x00non"),
        ("given_name", "Luc\x1b[31m"),
        ("preferred_name", "Lu\x85cky"),
        ("address", "1 Elm St\x07"),
        ("emergency_contact_name", "Ro\u2028y"),
    ],
)
def test_it_refuses_an_impossible_patient(cast: Cast, field: str, value: str) -> None:
    lead = str(cast.asha.practitioner_role.id)
    body = {**PATIENT, "lead": lead, field: value}
    assert refused(cast, "sam", "/patients", body) == {f"/{field}"}


@pytest.mark.parametrize("value", ["1990-02-31", "31/01/1990", "yesterday", "1990-13-01"])
def test_a_day_that_is_none_is_said_to_be_none(cast: Cast, value: str) -> None:
    lead = str(cast.asha.practitioner_role.id)
    answer = cast.sam.client.post(
        "/api/v1/patients", {**PATIENT, "lead": lead, "birth_date": value}
    )
    assert answer.json()["errors"] == [{"pointer": "/birth_date", "detail": NO_DAY}]
    body = {"patient": str(cast.patient.id), "scores": [], "effective_at": f"{value}T09:00:00Z"}
    answer = cast.asha.client.post("/api/v1/assessments", body)
    assert {"pointer": "/effective_at", "detail": NO_MOMENT} in answer.json()["errors"]


@pytest.mark.parametrize("value", ["yes", "true", 1, "t", ""])
def test_it_takes_nothing_for_a_yes_that_is_none(cast: Cast, value: Any) -> None:
    path = "/self-checks/pathways/hamstring-tendinopathy"
    body = {"answers": {"popping-sound": value}}
    assert refused(cast, "asha", path, body) == {"/answers/popping-sound"}


def test_it_looks_into_lists(cast: Cast) -> None:
    number = {"kind": "medical_record", "system": "urn:continuum:test", "value": "MRN\n1"}
    lead = str(cast.asha.practitioner_role.id)
    body = {**PATIENT, "lead": lead, "identifiers": [number]}
    assert refused(cast, "sam", "/patients", body) == {"/identifiers/0/value"}


def test_it_takes_an_address_of_several_lines(cast: Cast) -> None:
    lead = str(cast.asha.practitioner_role.id)
    body = {**PATIENT, "lead": lead, "address": "1 Elm St\nToronto"}
    assert cast.sam.client.post("/api/v1/patients", body).status_code == 201


@pytest.mark.parametrize("moment", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_it_refuses_work_that_is_needed_in_another_age(cast: Cast, moment: str) -> None:
    body = {
        "patient": str(cast.patient.id),
        "discipline": "nutrition",
        "reason_code": "slow-healing",
        "needed_by": moment,
    }
    assert refused(cast, "asha", "/referrals", body) == {"/needed_by"}


@pytest.mark.parametrize("moment", ["2099-03-01T09:00:00", "2099-03-01 09:00", "2099-03-01"])
def test_it_takes_no_moment_without_its_zone_for_one_in_greenwich(cast: Cast, moment: str) -> None:
    body = {
        "patient": str(cast.patient.id),
        "discipline": "nutrition",
        "reason_code": "slow-healing",
        "needed_by": moment,
    }
    assert refused(cast, "asha", "/referrals", body) == {"/needed_by"}
    said = cast.asha.client.post("/api/v1/referrals", body).json()["errors"]
    assert "2026-03-01T09:00:00-05:00" in said[0]["detail"]


def test_it_looks_for_the_zone_also_within_lists_and_in_a_query(cast: Cast) -> None:
    class Visits(serializers.Serializer[Any]):
        began = serializers.ListField(child=serializers.DateTimeField())

    here = "2026-03-01T09:00:00-05:00"
    asked = watch(Visits(data={"began": [here, "2026-03-01T09:00:00"]}))
    assert not asked.is_valid()
    assert set(asked.errors["began"]) == {1}
    again = watch(Visits(data={"began": [here]}))
    assert again.is_valid()
    assert again.validated_data["began"][0].isoformat() == "2026-03-01T14:00:00+00:00"
    report = cast.asha.client.get("/api/v1/recurrences", {"since": "2024-01-01T00:00:00"})
    assert report.status_code == 400
    assert [one["pointer"] for one in report.json()["errors"]] == ["/since"]


@pytest.mark.parametrize("zone", ["localtime", "Factory", "", "../etc", "Toronto"])
def test_it_refuses_a_zone_that_is_no_place(cast: Cast, zone: str) -> None:
    assert refused(cast, "ada", "/locations", {**PLACE, "time_zone": zone}) == {"/time_zone"}


@pytest.mark.parametrize(
    ("verb", "code", "more"),
    [
        ("put", 405, {}),
        ("get", 406, {"headers": {"Accept": "text/csv"}}),
        ("post", 415, {"content_type": "text/plain", "data": "x"}),
        ("post", 413, {"content_type": "application/json", "data": b'"' + b"x" * 3_000_000 + b'"'}),
        ("post", 400, {"content_type": "application/json", "data": b"{"}),
    ],
)
def test_it_answers_what_is_wrong_with_a_request_as_a_problem(
    cast: Cast, verb: str, code: int, more: dict[str, Any]
) -> None:
    before = state(cast, but=OWN_TRACES)
    answer = getattr(cast.ada.client, verb)("/api/v1/locations", **more)
    assert answer.status_code == code, answer.content
    assert answer.headers["Content-Type"] == PROBLEM
    said = answer.json()
    assert said["status"] == code
    assert said["type"].startswith("urn:continuum:problem:")
    assert said["title"]
    if code == 405:
        assert set(answer["Allow"].split(", ")) >= {"GET", "POST"}
    assert state(cast, but=OWN_TRACES) == before
