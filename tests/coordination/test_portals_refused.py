"""What a portal, or whoever pretends to be one, is refused: questions, forms and parameters."""

from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from coordination.actors import Role
from coordination.api.authentication import FACTOR
from coordination.models import AuditEvent, Membership, PortalGrant
from coordination.problems import Invalid
from tests.cast import NOW, Cast, Person
from tests.coordination.test_portals import (
    BACK,
    VERIFIER,
    asked,
    at_browser,
    basic,
    carrying,
    code_for,
    consent_asked,
    exchange,
    refreshed,
    registered,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"response_type": "token"},
        {"scope": "patient:write"},
    ],
    ids=["no PKCE", "plain PKCE", "elsewhere", "implicit", "more scopes"],
)
def test_it_gives_no_code_to_an_unsafe_request(cast: Cast, changes: dict[str, str]) -> None:
    portal, _ = registered(cast.riverside, redirect_uris=[BACK])
    browser = at_browser(cast.asha)
    form = consent_asked(portal, **changes)
    browser.get("/oauth/authorize", form)
    answer = browser.post("/oauth/authorize", {**form, "allow": "Authorize"}, format="multipart")
    assert "code=" not in answer.get("Location", "")
    assert not answer.get("Location", "").startswith("https://elsewhere")
    with cast.acting():
        assert not PortalGrant.objects.exists()


def test_it_asks_nobody_for_consent_who_is_no_member(cast: Cast) -> None:
    portal, _ = registered(cast.harbour, redirect_uris=[BACK])
    page = at_browser(cast.asha).get("/oauth/authorize", consent_asked(portal))
    assert page.status_code == 403
    stranger = APIClient().get("/oauth/authorize", consent_asked(portal))
    assert (stranger.status_code, stranger["Location"][:6]) == (302, "/login")


@pytest.mark.feature("AD-06")
def test_it_asks_administrators_for_their_second_factor_before_they_consent(cast: Cast) -> None:
    portal, _ = registered(cast.riverside, redirect_uris=[BACK])
    page = at_browser(cast.ada).get("/oauth/authorize", consent_asked(portal))
    assert page.status_code == 403


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "https://ok.example/#frag",
        "https://*.example/x",
    ],
)
def test_it_sends_codes_only_to_one_plain_address(cast: Cast, uri: str) -> None:
    with pytest.raises(Invalid):
        registered(cast.riverside, redirect_uris=[uri])


def logged_in_form(cast: Cast) -> tuple[APIClient, dict[str, str]]:
    portal, _ = registered(cast.riverside, redirect_uris=[BACK])
    return at_browser(cast.asha), {**consent_asked(portal), "allow": "Authorize"}


#: what a form may come back with that was never asked for; the right answer is no code
TAMPERED = [
    {"client_id": "x"},
    {"client_id": "é" * 300},
    {"redirect_uri": "https://elsewhere.example/back"},
    {"redirect_uri": "https://elsewhere.example/back", "allow": ""},
    {"redirect_uri": "javascript:1", "allow": ""},
    {"redirect_uri": "http://[", "allow": ""},
    {"scope": "patient:write"},
    {"response_type": "token"},
    {"code_challenge": "x" * 129},
    {"nonce": "x" * 256},
    {"resource": "http://["},
    {"resource": "no-address"},
    {"state": "a\0b"},
]


@pytest.mark.parametrize("changed", TAMPERED)
def test_it_gives_no_code_for_a_form_that_says_something_else(
    cast: Cast, changed: dict[str, str]
) -> None:
    browser, form = logged_in_form(cast)
    answer = browser.post("/oauth/authorize", {**form, **changed}, format="multipart")
    assert answer.status_code == 400, answer.content
    with cast.acting():
        assert not PortalGrant.objects.exists()


def test_it_reads_the_form_alone_and_not_the_address_it_was_sent_to(cast: Cast) -> None:
    browser, form = logged_in_form(cast)
    address = "/oauth/authorize?resource=https://a.example&state=other&code_challenge_method=plain"
    answer = browser.post(address, form, format="multipart")
    assert answer.status_code == 302, answer.content
    assert parse_qs(urlsplit(answer["Location"]).query)["state"] == ["abc"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "\0"},
        {"code_challenge": "x" * 129},
        {"resource": "http://["},
        {"nonce": "x" * 5000},
    ],
)
def test_it_refuses_a_question_that_it_could_not_keep(cast: Cast, changed: dict[str, str]) -> None:
    browser, form = logged_in_form(cast)
    for client in (browser, APIClient()):
        assert client.get("/oauth/authorize", {**form, **changed}).status_code == 400


@pytest.mark.parametrize("address", ["token", "revoke", "introspect"])
@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "authorization_code", "code": "\0", "token": "x"},
        {"grant_type": "refresh_token", "refresh_token": "\0", "token": "\0"},
        {"grant_type": "client_credentials", "resource": "http://[", "token": "x"},
        {"grant_type": "\0"},
    ],
)
def test_it_says_what_is_wrong_with_a_parameter(
    cast: Cast, address: str, form: dict[str, str]
) -> None:
    portal, secret = registered(cast.riverside, role=Role.SCHEDULER)
    headers = basic(portal, secret)
    answer = APIClient().post(f"/oauth/{address}", form, headers=headers, format="multipart")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_it_offers_no_grant_for_devices(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, role=Role.SCHEDULER)
    answer = asked(portal, secret, grant_type="urn:ietf:params:oauth:grant-type:device_code")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.feature("AD-06")
def test_it_ends_what_a_code_gave_when_the_code_comes_twice(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, redirect_uris=[BACK])
    other = exchange(portal, secret, code_for(cast.asha, portal)).json()
    code = code_for(cast.asha, portal)
    first = exchange(portal, secret, code).json()
    second = refreshed(portal, secret, first["refresh_token"]).json()
    assert carrying(second["access_token"]).get("/api/v1/patients").status_code == 200
    again = exchange(portal, secret, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert carrying(second["access_token"]).get("/api/v1/patients").status_code == 401
    assert refreshed(portal, secret, second["refresh_token"]).status_code == 400
    assert carrying(other["access_token"]).get("/api/v1/patients").status_code == 200
    with cast.acting():
        assert AuditEvent.objects.get(event="portal.code-repeated").resource_id == portal.id
    # the third time there is nothing left to end
    assert exchange(portal, secret, code).status_code == 400
    with cast.acting():
        assert AuditEvent.objects.filter(event="portal.code-repeated").count() == 1


def test_it_ends_nothing_for_another_portal_that_brings_the_code(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, redirect_uris=[BACK])
    stranger, its_secret = registered(cast.riverside, redirect_uris=[BACK], name="Another")
    code = code_for(cast.asha, portal)
    token = exchange(portal, secret, code).json()["access_token"]
    assert exchange(stranger, its_secret, code).status_code == 400
    assert exchange(portal, "wrong", code).status_code == 401
    assert carrying(token).get("/api/v1/patients").status_code == 200


def proven(who: Person) -> APIClient:
    """Return a browser in which somebody has given their second factor."""
    browser = at_browser(who)
    session = browser.session
    session[FACTOR] = "totp"
    session.save()
    return browser


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize(
    ("who", "hat"), [("ada", "an administrator"), ("pia", "a privacy officer")]
)
def test_it_asks_nobody_for_consent_for_whom_no_portal_may_act(
    cast: Cast, who: str, hat: str
) -> None:
    portal, _ = registered(cast.riverside, redirect_uris=[BACK])
    browser, form = proven(getattr(cast, who)), consent_asked(portal)
    page = browser.get("/oauth/authorize", form)
    assert page.status_code == 403
    assert (
        f"You are here as {hat}, and no portal may act as one. Nothing was shared."
        in page.content.decode()
    )
    answer = browser.post("/oauth/authorize", {**form, "allow": "Authorize"}, format="multipart")
    assert answer.status_code == 403
    with cast.acting():
        assert not PortalGrant.objects.exists()


def test_it_lets_a_portal_act_within_the_roles_that_it_may(cast: Cast) -> None:
    portal, _ = registered(cast.riverside, redirect_uris=[BACK])
    with cast.acting():
        Membership.objects.create(
            organization=cast.riverside, user=cast.pia.user, role=Role.SCHEDULER, since=NOW
        )
    page = proven(cast.pia).get("/oauth/authorize", consent_asked(portal))
    assert page.status_code == 200
    assert "act for you?" in page.content.decode()
