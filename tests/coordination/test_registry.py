"""The registry over the API: administrators keep it, everybody reads it."""

import pytest

from coordination.models import Location, PractitionerRole
from tests.cast import Cast, make_person


def location(cast: Cast, **changes: object) -> dict[str, object]:
    return {"name": "Riverside East", "time_zone": "America/Halifax", **changes}


def role(cast: Cast, **changes: object) -> dict[str, object]:
    return {
        "discipline": "nutrition",
        "location": str(cast.uptown.id),
        "college": "Test college (fictional)",
        "registration_number": "TEST-9",
        "registered_from": "2024-01-01",
        **changes,
    }


def test_it_lets_an_administrator_open_a_site_and_register_a_practitioner(cast: Cast) -> None:
    site = cast.ada.client.post("/api/v1/locations", location(cast))
    assert site.status_code == 201
    person = cast.ada.client.post("/api/v1/practitioners", {"name": "Ines"})
    assert person.status_code == 201
    url = f"/api/v1/practitioners/{person.data['id']}/roles"
    registered = cast.ada.client.post(url, role(cast, location=site.data["id"]))
    assert registered.status_code == 201, registered.data
    assert registered.data["is_registered"] is True
    assert cast.ada.client.post(url, role(cast, location=site.data["id"])).status_code == 409
    found = cast.sam.client.get("/api/v1/practitioners", {"location": site.data["id"]}).data
    assert [row["name"] for row in found["results"]] == ["Ines"]


def test_it_finds_who_practises_a_discipline_at_a_location(cast: Cast) -> None:
    with cast.acting():
        practitioner = cast.asha.practitioner_role.practitioner_id
    url = f"/api/v1/practitioners/{practitioner}/roles"
    assert cast.ada.client.post(url, role(cast, discipline="kinesiology")).status_code == 201

    def found(discipline: str) -> list[str]:
        asked = {"discipline": discipline, "location": str(cast.uptown.id)}
        rows = cast.sam.client.get("/api/v1/practitioners", asked).data["results"]
        return sorted(row["name"] for row in rows)

    assert found("physiotherapy") == ["Gus"]
    assert found("kinesiology") == ["Asha", "Dmitri"]


@pytest.mark.parametrize("who", ["asha", "sam", "pia"])
def test_it_lets_nobody_else(cast: Cast, who: str) -> None:
    client = cast.everybody[who].client
    practitioner = cast.ben.practitioner_role.practitioner_id
    answers = [
        client.post("/api/v1/locations", location(cast)),
        client.patch(f"/api/v1/locations/{cast.uptown.id}", {"name": "X"}),
        client.post("/api/v1/practitioners", {"name": "Ines"}),
        client.post(f"/api/v1/practitioners/{practitioner}/roles", role(cast)),
        client.patch(
            f"/api/v1/practitioner-roles/{cast.ben.practitioner_role.id}",
            {"is_active": False},
            headers={"If-Match": '"1"'},
        ),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    with cast.acting():
        assert Location.objects.count() == 2
        assert PractitionerRole.objects.get(pk=cast.ben.practitioner_role.id).is_active


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"discipline": "surgery"}, "/discipline"),
        ({"registered_until": "2023-12-31"}, "/registered_until"),
        ({"location": "00000000-0000-7000-8000-000000000000"}, "/location"),
        ({"capacity": -1}, "/capacity"),
    ],
)
def test_it_names_what_is_wrong_with_a_registration(
    cast: Cast, change: dict[str, object], pointer: str
) -> None:
    practitioner = cast.ben.practitioner_role.practitioner_id
    url = f"/api/v1/practitioners/{practitioner}/roles"
    answer = cast.ada.client.post(url, role(cast, **change))
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.data["errors"]] == [pointer]


def test_it_refuses_another_organization_s_location(cast: Cast) -> None:
    practitioner = cast.ben.practitioner_role.practitioner_id
    answer = cast.ada.client.post(
        f"/api/v1/practitioners/{practitioner}/roles",
        role(cast, location=str(cast.olu.practitioner_role.location_id)),
    )
    assert answer.status_code == 400


def test_it_ends_a_registration_and_with_it_what_the_person_sees(cast: Cast) -> None:
    url = f"/api/v1/practitioner-roles/{cast.asha.practitioner_role.id}"
    patient = f"/api/v1/patients/{cast.patient.id}"
    assert cast.asha.client.get(patient).status_code == 200
    tag = cast.ada.client.get(url).headers["ETag"]
    answer = cast.ada.client.patch(
        url, {"registered_until": "2025-01-01"}, headers={"If-Match": tag}
    )
    assert answer.status_code == 200
    assert answer.data["is_registered"] is False
    assert cast.asha.client.get(patient).status_code == 404
    stale = cast.ada.client.patch(url, {"capacity": 3}, headers={"If-Match": tag})
    assert stale.status_code == 412


def test_it_refuses_a_time_zone_that_does_not_exist(cast: Cast) -> None:
    answer = cast.ada.client.post("/api/v1/locations", location(cast, time_zone="Ontario/Toronto"))
    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == "/time_zone"


@pytest.mark.parametrize("extra", [0, 10])
def test_it_asks_the_same_number_of_queries_whatever_the_rows(
    cast: Cast, extra: int, django_assert_num_queries: object
) -> None:
    client = cast.ada.client
    for number in range(extra):
        person = client.post("/api/v1/practitioners", {"name": f"N{number}"}).data["id"]
        client.post(f"/api/v1/practitioners/{person}/roles", role(cast))
    with django_assert_num_queries(9):  # type: ignore[operator] # untyped fixture
        rows = client.get("/api/v1/practitioners").data["results"]
    assert len(rows) == 7 + extra


def test_it_lets_a_registered_practitioner_log_in_and_work(cast: Cast) -> None:
    ines = make_person(cast.riverside, "Ines")  # a login and a membership, nothing registered
    taken = {"name": "Ines", "login": cast.ben.user.email}
    assert cast.ada.client.post("/api/v1/practitioners", taken).status_code == 409
    unknown = {"name": "Ines", "login": cast.olu.user.email}
    refused = cast.ada.client.post("/api/v1/practitioners", unknown)
    assert refused.data["errors"][0]["pointer"] == "/login"
    assert (
        "`manage.py create_user EMAIL --role practitioner`" in refused.data["errors"][0]["detail"]
    )
    person = cast.ada.client.post("/api/v1/practitioners", {"name": "Ines"})
    assert person.data["has_login"] is False
    url = f"/api/v1/practitioners/{person.data['id']}"
    registered = cast.ada.client.post(f"{url}/roles", role(cast))
    headers = {"If-Match": person.headers["ETag"]}
    for login, status in ((cast.ben.user.email, 409), (ines.user.email, 200)):
        answer = cast.ada.client.post(f"{url}/login", {"login": login}, headers=headers)
        assert answer.status_code == status
    assert answer.data["has_login"] is True
    me = ines.client.get("/api/v1/session").data
    assert [mine["id"] for mine in me["practitioner_roles"]] == [registered.data["id"]]
    for who in (cast.sam, cast.asha):
        assert who.client.post(f"{url}/login", {"login": ines.user.email}).status_code == 403


def test_it_takes_no_name_that_no_index_could_hold(cast: Cast) -> None:
    answer = cast.ada.client.post("/api/v1/locations", location(cast, name="x" * 3000))
    assert answer.data["errors"][0]["pointer"] == "/name"
    person = cast.ada.client.post("/api/v1/practitioners", {"name": "I", "languages": ["x" * 99]})
    assert person.data["errors"][0]["pointer"] == "/languages"


def test_it_corrects_a_practitioner_and_leaves_the_login_to_its_address(cast: Cast) -> None:
    with cast.acting():
        person = cast.gus.practitioner_role.practitioner
    address, tag = f"/api/v1/practitioners/{person.id}", {"If-Match": f'"{person.version}"'}
    login = {"login": cast.sam.user.email}
    refused = cast.ada.client.patch(address, login, headers=tag)
    assert [error["pointer"] for error in refused.data["errors"]] == ["/login"]
    answer = cast.ada.client.patch(address, {"name": "Gus Grey"}, headers=tag)
    assert answer.status_code == 200, answer.content
    assert answer.data["name"] == "Gus Grey"
    with cast.acting():
        person.refresh_from_db()
    assert person.user_id == cast.gus.user.id
