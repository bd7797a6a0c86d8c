"""The first page, the documentation, and what an address that leads nowhere answers."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from coordination.demo.cast import read_cast
from coordination.front import demo_logins
from tests.cast import make_organization


@pytest.mark.django_db
def test_it_says_what_runs_and_where_to_look(client: Client) -> None:
    page = client.get("/")
    text = page.content.decode()
    assert page.status_code == 200
    assert '<html lang="en-CA">' in text
    for address in ("/api/docs/", "/api/schema", "/health/ready", "/metrics"):
        assert f'href="{address}"' in text
    assert "down" in text


@pytest.mark.django_db
def test_it_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "//" not in page.content.decode().replace("<!--", "")


@pytest.mark.django_db
def test_it_shows_no_logins_outside_a_demo(client: Client, settings: Any) -> None:
    settings.MAIL_CATCHER_URL = ""
    assert demo_logins() == {}
    settings.MAIL_CATCHER_URL = "http://127.0.0.1:8025/"
    assert demo_logins() == {}
    assert read_cast().password not in client.get("/").content.decode()


@pytest.mark.django_db
def test_it_shows_the_cast_of_a_demo(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_CATCHER_URL = "http://127.0.0.1:8025/"
    cast = read_cast()
    slug = cast.organizations[0].slug
    organization = make_organization("Demo")
    monkeypatch.setattr(
        "coordination.front.organization_named",
        lambda wanted: organization.id if wanted == slug else _missing(),
    )
    text = client.get("/").content.decode()
    assert cast.password in text
    for person in cast.organizations[0].people:
        assert person.email in text
    assert 'href="http://127.0.0.1:8025/"' in text


def _missing() -> None:
    from coordination.organizations import OrganizationNotFound

    raise OrganizationNotFound("no")


def test_it_serves_the_documentation_from_its_own_files(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page
    assert client.get("/api/docs").headers["Location"] == "/api/docs/"
    assert b"SwaggerUIBundle(" in client.get("/api/docs/?script=").content


def test_it_serves_an_openapi_3_1_document(client: Client) -> None:
    document = client.get(reverse("schema")).json()
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/patients" in document["paths"]
    assert not [path for path in document["paths"] if not path.startswith("/api/v1/")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "accept", "kind"),
    [
        ("/api/v1/nothing", "text/html", "application/problem+json"),
        ("/nothing", "application/json", "application/problem+json"),
        ("/nothing", "text/html", "text/html"),
    ],
)
def test_it_answers_a_wrong_address_in_the_callers_language(
    client: Client, address: str, accept: str, kind: str
) -> None:
    answer = client.get(address, headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith(kind)


@pytest.mark.django_db
def test_it_tells_nothing_of_a_defect_but_the_id_to_ask_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("Noor Tremblay")

    monkeypatch.setattr("coordination.api.sessions.logins.log_in", fail)
    client.raise_request_exception = False
    body = {"email": "noor@continuum.example", "password": "secret"}
    answer = client.post("/api/v1/tokens", {"name": "x", **body}, content_type="application/json")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.headers["X-Request-ID"]) == 36
    assert "Tremblay" not in answer.content.decode()


@pytest.mark.parametrize("name", ["course", "referral"])
def test_it_gives_a_mail_s_link_a_page_that_tells_a_stranger_nothing(
    client: Client, name: str
) -> None:
    record = uuid4()
    page = client.get(reverse(name, args=[record]))
    assert page.status_code == 200
    assert f"/api/v1/{name}s/{record}" in page.content.decode()
