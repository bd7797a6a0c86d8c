"""Logging in: people by session, programs by token, each in exactly one organization."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from coordination.actors import Role
from coordination.login_fence import write_login
from coordination.models import ApiToken, Membership
from coordination.tenancy import acting_in
from tests.cast import LONG_AGO, Cast, Person

PASSWORD = "correct horse battery staple"


@pytest.fixture
def sam(cast: Cast) -> Person:
    cast.sam.user.set_password(PASSWORD)
    write_login(cast.sam.user, "password")
    return cast.sam


def credentials(who: Person, **more: object) -> dict[str, object]:
    return {"email": who.user.email.upper(), "password": PASSWORD, **more}


def test_it_logs_a_person_in_and_out(cast: Cast, sam: Person) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.get("/api/v1/session").status_code == 401
    answer = browser.post("/api/v1/session", credentials(sam))
    assert answer.status_code == 200
    assert answer.data["roles"] == ["scheduler"]
    assert answer.data["organization_name"] == "Riverside"
    assert browser.get("/api/v1/patients").status_code == 200
    csrf = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    assert browser.delete("/api/v1/session").status_code == 403  # without the token
    assert browser.delete("/api/v1/session", headers=csrf).status_code == 204
    assert browser.get("/api/v1/patients").status_code == 401


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"email": "nobody@continuum.example"}])
def test_it_refuses_wrong_credentials_alike(sam: Person, change: dict[str, object]) -> None:
    answer = APIClient().post("/api/v1/session", credentials(sam) | change)
    assert answer.status_code == 401
    assert answer.data["type"] == "urn:continuum:problem:wrong-credentials"


def test_it_refuses_an_organization_of_which_one_is_no_member(cast: Cast, sam: Person) -> None:
    answer = APIClient().post(
        "/api/v1/session", credentials(sam, organization=str(cast.harbour.id))
    )
    assert answer.status_code == 403


def test_it_acts_in_the_organization_that_is_named(cast: Cast, sam: Person) -> None:
    with acting_in(cast.harbour.id):
        Membership.objects.create(
            organization=cast.harbour, user=sam.user, role=Role.SCHEDULER, since=LONG_AGO
        )
    browser = APIClient()
    browser.post("/api/v1/session", credentials(sam, organization=str(cast.harbour.id)))
    seen = [row["id"] for row in browser.get("/api/v1/patients").data["results"]]
    assert seen == [str(cast.stranger.id)]
    other = {"Continuum-Organization": str(cast.riverside.id)}
    seen = [row["id"] for row in browser.get("/api/v1/patients", headers=other).data["results"]]
    assert seen == [str(cast.patient.id)]
    for wrong in ("00000000-0000-7000-8000-000000000000", "x"):
        answer = browser.get("/api/v1/patients", headers={"Continuum-Organization": wrong})
        assert answer.status_code == 401


def test_it_gives_programs_a_token(cast: Cast, sam: Person) -> None:
    answer = APIClient().post("/api/v1/tokens", credentials(sam, name="portal"))
    assert answer.status_code == 201
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.data['token']}")
    assert program.get("/api/v1/patients").status_code == 200
    with cast.acting():
        stored = ApiToken.objects.get(pk=answer.data["id"])
    assert answer.data["token"].encode() not in bytes(stored.digest)


@pytest.mark.parametrize("ending", ["expired", "revoked", "member no longer", "closed", "forged"])
def test_it_refuses_a_token_that_no_longer_holds(cast: Cast, ending: str) -> None:
    client = cast.sam.client
    assert client.get("/api/v1/patients").status_code == 200
    past = timezone.now() - timedelta(seconds=1)
    with cast.acting():
        match ending:
            case "expired":
                ApiToken.objects.update(expires_at=past)
            case "revoked":
                ApiToken.objects.update(revoked_at=past)
            case "member no longer":
                Membership.objects.filter(user=cast.sam.user).update(until=past)
            case "closed":
                cast.sam.user.is_active = False
                write_login(cast.sam.user, "is_active")
            case "forged":
                client.credentials(HTTP_AUTHORIZATION="Bearer \u00e9'; DROP TABLE x")
    answer = client.get("/api/v1/patients")
    assert answer.status_code == (403 if ending == "member no longer" else 401)
    assert "results" not in answer.data


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/login", "/oauth/authorize"])
def test_it_tells_a_person_what_to_do_whose_form_has_no_token(address: str) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    form = {"email": "a@b.example", "password": "x"}
    page = browser.post(address, form, format="multipart", headers={"Accept": "text/html"})
    assert page.status_code == 403
    text = page.content.decode()
    assert "Continuum" in text
    assert "This form could not be accepted, and nothing was done." in text
    assert "let your browser keep cookies for this address" in text
    assert "reload the page" in text
    assert "CSRF" not in text


@pytest.mark.django_db
def test_it_tells_a_program_in_its_own_words_whose_form_has_no_token() -> None:
    browser = APIClient(enforce_csrf_checks=True)
    answer = browser.post("/login", {}, format="multipart", headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:continuum:problem:csrf",
        "title": "The request cannot be told from a forged one",
        "status": 403,
        "detail": "Send the csrftoken cookie's value in the X-CSRFToken header as well.",
    }
