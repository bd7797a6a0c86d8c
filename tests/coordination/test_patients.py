"""Patients over the API: who finds, registers and corrects them."""

import json
from datetime import date

import pytest

from coordination.models import (
    AccessGrant,
    AuditEvent,
    CareTeamMember,
    Patient,
    PatientIdentifier,
)
from tests import lockbox
from tests.cast import Cast

URL = "/api/v1/patients"
#: who somebody is, and how to reach them
IDENTITY = {
    "id",
    "family_name",
    "given_name",
    "preferred_name",
    "birth_date",
    "gender",
    "language",
    "email",
    "phone",
    "address",
    "emergency_contact_name",
    "emergency_contact_phone",
    "emergency_contact_relationship",
    "family_physician",
    "identifiers",
    "deceased_at",
    "is_synthetic",
    "registered_at",
    "merged_into",
}


def registration(cast: Cast, **changes: object) -> dict[str, object]:
    return {
        "family_name": "Nguyễn",
        "given_name": "Linh",
        "birth_date": "1988-02-29",
        "lead": str(cast.asha.practitioner_role.id),
        "identifiers": [
            {"kind": "medical_record", "system": "urn:riverside", "value": "R-1"},
        ],
        **changes,
    }


def test_it_registers_a_patient_and_gives_the_lead_access(cast: Cast) -> None:
    answer = cast.sam.client.post(URL, registration(cast))
    assert answer.status_code == 201, answer.data
    assert answer.headers["ETag"] == '"1"'
    patient_id = answer.data["id"]
    assert cast.asha.client.get(f"{URL}/{patient_id}").status_code == 200
    assert cast.ben.client.get(f"{URL}/{patient_id}").status_code == 404
    team = cast.asha.client.get(f"{URL}/{patient_id}/care-team").data
    assert [(m["name"], m["role"], m["until"]) for m in team] == [("Asha", "lead", None)]


def test_it_refuses_an_identifier_that_another_patient_bears_and_writes_nothing(
    cast: Cast,
) -> None:
    assert cast.sam.client.post(URL, registration(cast)).status_code == 201
    with cast.acting():
        before = (Patient.objects.count(), AccessGrant.objects.count())
    answer = cast.sam.client.post(URL, registration(cast))
    assert answer.status_code == 409
    assert answer.data["type"] == "urn:continuum:problem:identifier-taken"
    with cast.acting():
        assert (Patient.objects.count(), AccessGrant.objects.count()) == before


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"family_name": ""}, "/family_name"),
        ({"family_name": "\x00"}, "/family_name"),
        ({"birth_date": "2999-01-01"}, "/birth_date"),
        ({"birth_date": "1990-02-30"}, "/birth_date"),
        ({"lead": "nobody"}, "/lead"),
        ({"lead": "00000000-0000-7000-8000-000000000000"}, "/lead"),
        ({"gender": "x"}, "/gender"),
        ({"identifiers": [{"kind": "other", "system": "", "value": "1"}]}, "/identifiers/0/system"),
        ({"identifiers": "R-1"}, "/identifiers"),
        ({"email": "not an address"}, "/email"),
        ({"family_name": "x" * 100_000}, "/family_name"),
    ],
)
def test_it_names_the_field_that_is_wrong(
    cast: Cast, change: dict[str, object], pointer: str
) -> None:
    with cast.acting():
        before = Patient.objects.count()
    answer = cast.sam.client.post(URL, registration(cast, **change))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.data["errors"]] == [pointer]
    with cast.acting():
        assert Patient.objects.count() == before


def test_it_refuses_a_lead_of_another_organization(cast: Cast) -> None:
    answer = cast.sam.client.post(URL, registration(cast, lead=str(cast.olu.practitioner_role.id)))
    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == "/lead"


def test_it_lets_administrators_see_no_patient(cast: Cast) -> None:
    answer = cast.ada.client.get(URL)
    assert answer.status_code == 403
    assert answer.data["rule"] == "role.patient.list"
    assert cast.ada.client.post(URL, registration(cast)).status_code == 403


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize("by", ["name", "identifier", "birth_date"])
def test_it_lets_whoever_guards_privacy_look_a_patient_up_on_the_record(
    cast: Cast, by: str
) -> None:
    with cast.acting():
        number = cast.patient.identifiers.get().value
    asked = {"name": "tremb", "identifier": number, "birth_date": "1990-05-17"}
    found = cast.pia.client.get(URL, {by: asked[by]}).data["results"]
    assert [row["id"] for row in found] == [str(cast.patient.id)]
    at = f"{URL}/{cast.patient.id}"
    assert cast.pia.client.get(at).data["family_name"] == "Tremblay"
    assert cast.pia.client.get(f"{URL}/{cast.stranger.id}").status_code == 404
    with cast.acting():
        rows = AuditEvent.objects.filter(user_id=cast.pia.user.id, resource="Patient")
        said = [(row.event, row.patient_ids, row.bases, row.purpose) for row in rows.order_by("id")]
    mine = ([cast.patient.id], ["oversight"], "privacy_review")
    assert said == [("Patient.search", *mine), ("Patient.read", *mine)]
    # to find, and nothing else
    assert cast.pia.client.post(URL, registration(cast)).status_code == 403
    changed = cast.pia.client.patch(at, {"phone": "1"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 403
    for below in ("care-team", "brief"):
        assert cast.pia.client.get(f"{at}/{below}").status_code == 403


@pytest.mark.feature("PV-03")
def test_it_shows_who_guards_privacy_what_the_desk_sees_and_nothing_clinical(cast: Cast) -> None:
    scene = lockbox.stage(cast)
    scene.lock(target="everything", audience="everyone")
    seen = cast.pia.client.get(f"{URL}/{cast.patient.id}")
    assert seen.data == cast.sam.client.get(f"{URL}/{cast.patient.id}").data
    listed = cast.pia.client.get(URL)
    assert listed.data == cast.sam.client.get(URL).data
    assert listed.data["results"] == [json.loads(seen.content)]
    assert set(seen.data) == IDENTITY
    with cast.acting():
        clinical = {
            scene.course.condition,
            str(scene.course.id),
            lockbox.AGREED,
            lockbox.HANDED_OVER,
            lockbox.PROGRAMME,
            "massage",
            "lead",
            cast.asha.user.email,
        }
    for answer in (seen, listed):
        text = answer.content.decode().lower()
        assert [one for one in clinical if one.lower() in text] == []
        assert "Continuum-Withheld" not in answer.headers


def test_it_shows_each_practitioner_only_their_circle(cast: Cast) -> None:
    def seen(who: object) -> list[str]:
        return [row["id"] for row in who.client.get(URL).data["results"]]  # type: ignore[attr-defined] # a client of DRF

    assert seen(cast.asha) == [str(cast.patient.id)]
    assert seen(cast.sam) == [str(cast.patient.id)]
    assert seen(cast.ben) == []
    assert seen(cast.olu) == [str(cast.stranger.id)]


def test_it_answers_alike_for_missing_and_for_forbidden(cast: Cast) -> None:
    missing = cast.ben.client.get(f"{URL}/00000000-0000-7000-8000-000000000000")
    forbidden = cast.ben.client.get(f"{URL}/{cast.patient.id}")
    foreign = cast.ben.client.get(f"{URL}/{cast.stranger.id}")
    assert missing.status_code == forbidden.status_code == foreign.status_code == 404
    assert missing.data == forbidden.data == foreign.data


@pytest.mark.parametrize("query", ["tremb", "TREMBLAY", "Trémblay N", "tremblay  noor"])
def test_it_finds_a_name_whatever_its_accents_and_case(cast: Cast, query: str) -> None:
    answer = cast.sam.client.get(URL, {"name": query})
    assert [row["id"] for row in answer.data["results"]] == [str(cast.patient.id)]


@pytest.mark.parametrize("query", ["nora", "%", "'", "tremblayx"])
def test_it_does_not_find_another_name(cast: Cast, query: str) -> None:
    assert cast.sam.client.get(URL, {"name": query}).data["results"] == []


def test_it_corrects_a_patient_only_against_the_newest_version(cast: Cast) -> None:
    url = f"{URL}/{cast.patient.id}"
    client = cast.asha.client
    assert client.patch(url, {"phone": "1"}).status_code == 428
    tag = client.get(url).headers["ETag"]
    first = client.patch(url, {"family_name": "Roy"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert first.headers["ETag"] != tag
    second = client.patch(url, {"phone": "1"}, headers={"If-Match": tag})
    assert second.status_code == 412
    with cast.acting():
        patient = Patient.objects.get(pk=cast.patient.id)
    assert (patient.family_name, patient.phone, patient.version) == ("Roy", "", 2)
    assert client.get(URL, {"name": "roy"}).data["results"]
    assert client.patch(url, {"phone": "1"}, headers={"If-Match": "x"}).status_code == 400


@pytest.mark.parametrize("field", ["is_synthetic", "registered_at", "search_key", "version"])
def test_it_refuses_what_no_client_may_write(cast: Cast, field: str) -> None:
    url = f"{URL}/{cast.patient.id}"
    with cast.acting():
        before = getattr(Patient.objects.get(pk=cast.patient.id), field)
    answer = cast.asha.client.patch(url, {field: "1"}, headers={"If-Match": '"1"'})
    assert [error["pointer"] for error in answer.data["errors"]] == [f"/{field}"]
    with cast.acting():
        after = getattr(Patient.objects.get(pk=cast.patient.id), field)
    assert (answer.status_code, after) == (400, before)


@pytest.mark.feature("PV-06")
def test_it_records_every_read_with_all_that_it_disclosed(cast: Cast) -> None:
    with cast.acting():
        AuditEvent.objects.count()
    cast.asha.client.get(f"{URL}/{cast.patient.id}")
    cast.sam.client.get(URL, {"name": "tremblay"})
    cast.sam.client.get(URL, {"name": "nobody"})
    cast.asha.client.get(f"{URL}/{cast.patient.id}/care-team")
    with cast.acting():
        rows = AuditEvent.objects.filter(action__in=["read", "search"]).order_by("id")
        found = [(row.actor, row.event, row.patient_ids, row.purpose, row.detail) for row in rows]
    mine = [cast.patient.id]
    assert found == [
        (cast.asha.user.email, "Patient.read", mine, "care", {}),
        (cast.sam.user.email, "Patient.search", mine, "operations", {"parameters": ["name"]}),
        (cast.sam.user.email, "Patient.search", [], "operations", {"parameters": ["name"]}),
        (
            cast.asha.user.email,
            "CareTeamMember.read",
            mine,
            "care",
            {"of": "Patient", "of_id": str(cast.patient.id)},
        ),
    ]


def test_it_lists_once_who_bears_the_same_number_twice(cast: Cast) -> None:
    with cast.acting():
        for system in ("urn:a", "urn:b"):
            PatientIdentifier.objects.create(
                organization=cast.riverside,
                patient=cast.patient,
                kind="other",
                system=system,
                value="777",
            )
    found = cast.sam.client.get(URL, {"identifier": "777"}).data["results"]
    assert [row["id"] for row in found] == [str(cast.patient.id)]


@pytest.mark.parametrize("patients", [1, 12])
def test_it_asks_the_same_number_of_queries_for_one_row_and_for_many(
    cast: Cast, patients: int, django_assert_num_queries: object
) -> None:
    client = cast.sam.client
    for number in range(patients):
        assert (
            client.post(
                URL,
                registration(
                    cast, identifiers=[{"kind": "other", "system": "urn:x", "value": str(number)}]
                ),
            ).status_code
            == 201
        )
    with django_assert_num_queries(7):  # type: ignore[operator] # untyped fixture
        assert len(client.get(URL).data["results"]) == patients + 1


def test_it_pages_through_all_patients_once(cast: Cast) -> None:
    client = cast.sam.client
    for number in range(7):
        client.post(URL, registration(cast, family_name=f"N{number}", identifiers=[]))
    seen: list[str] = []
    url: str | None = f"{URL}?limit=3"
    while url:
        page = client.get(url).data
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(seen) == len(set(seen)) == 8


@pytest.mark.parametrize(
    "cursor", ["x", '"', 'cj0"x', "ej0x", "cD1ub25zZW5zZQ==", "cD0lMDA=", "bz0xJnA9eA=="]
)
def test_it_refuses_a_cursor_that_it_did_not_give_out(cast: Cast, cursor: str) -> None:
    answer = cast.sam.client.get(URL, {"cursor": cursor})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == "/cursor"


def test_it_opens_intake_once_for_a_patient_without_a_lead(cast: Cast) -> None:
    with cast.acting():
        patient = Patient.objects.create(
            organization=cast.riverside,
            family_name="Imported",
            birth_date=date(2000, 1, 1),
            registered_at=cast.patient.registered_at,
            search_key="imported",
        )
    url = f"{URL}/{patient.id}/intake"
    body = {"lead": str(cast.asha.practitioner_role.id)}
    assert cast.asha.client.post(url, body).status_code == 404  # out of reach until then
    assert cast.sam.client.post(url, body).status_code == 201
    assert cast.asha.client.get(f"{URL}/{patient.id}").status_code == 200
    assert cast.sam.client.post(url, body).status_code == 409
    with cast.acting():
        assert CareTeamMember.objects.filter(patient=patient, role="lead").count() == 1
