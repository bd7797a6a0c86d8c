"""Members of a body that nobody reads are refused and named, and nothing is written."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.cast import Cast
from tests.coordination.test_bad_input import PATIENT
from tests.test_every_address import OWN_TRACES, state


def errors(answer: Any) -> dict[str, str]:
    """Return the details of a refusal by their pointers."""
    assert answer.status_code == 400, answer.content
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


def registration(cast: Cast, **more: Any) -> dict[str, Any]:
    return {**PATIENT, "lead": str(cast.asha.practitioner_role.id), **more}


def test_it_names_a_misspelt_member_and_the_one_that_may_be_meant(cast: Cast) -> None:
    before = state(cast, but=OWN_TRACES)
    body = registration(cast, phonee="+14165550100", nix=1)
    found = errors(cast.sam.client.post("/api/v1/patients", body))
    assert set(found) == {"/phonee", "/nix"}
    assert found["/phonee"] == "There is no such member here; did you mean phone?"
    assert found["/nix"].startswith("There is no such member here; there are: address, ")
    assert state(cast, but=OWN_TRACES) == before


def test_it_names_them_beside_whatever_else_is_wrong(cast: Cast) -> None:
    body = registration(cast, birth_date="2999-01-01", nix=1)
    assert set(errors(cast.sam.client.post("/api/v1/patients", body))) == {"/birth_date", "/nix"}


def test_it_looks_into_lists(cast: Cast) -> None:
    number = {"kind": "medical_record", "system": "urn:t", "value": "1", "a/b~": 1}
    body = registration(cast, identifiers=[number])
    found = errors(cast.sam.client.post("/api/v1/patients", body))
    assert set(found) == {"/identifiers/0/a~1b~0"}


def test_it_refuses_to_set_what_is_only_told(cast: Cast) -> None:
    path = f"/api/v1/patients/{cast.patient.id}"
    version = cast.asha.client.get(path).headers["ETag"]
    answer = cast.asha.client.patch(
        path, {"id": str(cast.patient.id)}, headers={"If-Match": version}
    )
    assert errors(answer) == {"/id": "This is told, and cannot be set."}


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}])
def test_it_undoes_what_read_no_body(cast: Cast, key: dict[str, str]) -> None:
    asked = {"patient": str(cast.patient.id), "discipline": "nutrition", "reason_code": "x"}
    referral = cast.asha.client.post("/api/v1/referrals", asked).json()["id"]
    path = f"/api/v1/referrals/{referral}"
    asked = {"practitioner_role": str(cast.esi.practitioner_role.id)}
    assert cast.sam.client.post(f"{path}/assign", asked).status_code == 200
    before = state(cast, but=OWN_TRACES)
    answer = cast.esi.client.post(f"{path}/accept", {"reason": "gladly"}, headers=key)
    assert errors(answer) == {"/reason": "There is no such member here; there are: none."}
    assert state(cast, but=OWN_TRACES) == before
    assert cast.esi.client.post(f"{path}/accept", {}).status_code == 200


@pytest.mark.feature("DP-05")
def test_it_does_not_take_a_misspelt_answer_for_none(cast: Cast) -> None:
    path = "/api/v1/self-checks/pathways/hamstring-tendinopathy"
    answer = APIClient().post(path, {"answer": {"popping-sound": "yes"}}, format="json")
    assert "/answer" in errors(answer)


def test_it_documents_every_body_as_closed_but_those_of_fhir() -> None:
    document = APIClient().get("/api/schema", headers={"Accept": "application/json"}).json()
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for operations in document["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]
    }
    shapes = document["components"]["schemas"]
    left_open = {name for name in bodies if shapes[name].get("additionalProperties") is not False}
    assert left_open == {"NewQuestionnaireResponseRequest"}
