"""Portals over OAuth: both flows, scopes, rotation, and an end that takes effect at once."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from pytest_django import Settings
from rest_framework.test import APIClient

from coordination import portals
from coordination.actors import Actor, Role
from coordination.api import scopes
from coordination.api.principals import remembered
from coordination.login_fence import write_login
from coordination.logins import change_password, issue_token, revoke_tokens
from coordination.models import (
    Organization,
    Portal,
    PortalAccessToken,
    PortalGrant,
    PortalRefreshToken,
)
from coordination.problems import Invalid
from tests.cast import Cast, Person, make_person
from tests.test_openapi import addresses, view_class

pytestmark = pytest.mark.django_db
BACK = "https://portal.example/back"
VERIFIER = "v" * 60
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PASSWORD = "correct horse battery staple"


def registered(where: Organization, **more: Any) -> tuple[Portal, str]:
    now = datetime.now(UTC)
    asked: dict[str, Any] = {"name": "Family portal", "scopes": ["patient:read"], **more}
    return portals.register_portal(
        where.id, actor=Actor.system("operator", where.id), now=now, **asked
    )


def basic(portal: Portal, secret: str) -> dict[str, str]:
    pair = b64encode(f"{portal.client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def asked(portal: Portal, secret: str, **form: str) -> Any:
    client = APIClient()
    return client.post("/oauth/token", form, headers=basic(portal, secret), format="multipart")


def by_itself(cast: Cast, **more: Any) -> tuple[Portal, str, Any]:
    portal, secret = registered(cast.riverside, role=Role.SCHEDULER, **more)
    answer = asked(portal, secret, grant_type="client_credentials")
    assert answer.status_code == 200, answer.content
    return portal, secret, answer.json()


def carrying(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def at_browser(who: Person) -> APIClient:
    who.user.set_password(PASSWORD)
    write_login(who.user, "password")
    browser = APIClient()
    form = {"email": who.user.email, "password": PASSWORD, "next": "/oauth/authorize?x=1"}
    answer = browser.post("/login", form, format="multipart")
    assert (answer.status_code, answer["Location"]) == (302, "/oauth/authorize?x=1")
    return browser


def consent_asked(portal: Portal, **changes: str) -> dict[str, str]:
    return {
        "client_id": portal.client_id,
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "patient:read",
        "state": "abc",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def code_for(who: Person, portal: Portal, **changes: str) -> str:
    browser = at_browser(who)
    form = consent_asked(portal, **changes)
    page = browser.get("/oauth/authorize", form)
    assert page.status_code == 200
    assert portal.name in page.content.decode()
    assert "https://portal.example" in page["Content-Security-Policy"]
    answer = browser.post("/oauth/authorize", {**form, "allow": "Authorize"}, format="multipart")
    assert answer.status_code == 302, answer.content
    back = parse_qs(urlsplit(answer["Location"]).query)
    assert answer["Location"].startswith(BACK)
    assert back["state"] == ["abc"]
    return back["code"][0]


def exchange(portal: Portal, secret: str, code: str, **changes: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return asked(portal, secret, **form)


def refreshed(portal: Portal, secret: str, token: str) -> Any:
    return asked(portal, secret, grant_type="refresh_token", refresh_token=token)


@pytest.mark.feature("AD-06")
def test_it_lets_a_portal_act_by_itself_within_its_scopes(cast: Cast) -> None:
    portal, secret, token = by_itself(cast)
    client = carrying(token["access_token"])
    seen = client.get("/api/v1/patients")
    assert [row["id"] for row in seen.data["results"]] == [str(cast.patient.id)]
    for call, rule in (
        (client.post("/api/v1/patients", {}), "token.patient:write"),
        (client.get("/api/v1/referrals"), "token.referral:read"),
        (client.get("/api/v1/session"), "token.none"),
    ):
        assert (call.status_code, call.data["rule"]) == (403, rule)
    assert client.get("/api/v1/me/tokens").status_code in {401, 403}
    with cast.acting():
        row = PortalAccessToken.objects.get()
    assert (row.token, row.organization_id) == ("", cast.riverside.id)
    assert secret not in portal.client_secret


def test_it_refuses_a_wrong_secret_and_more_than_was_registered(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, role=Role.SCHEDULER)
    assert asked(portal, "wrong", grant_type="client_credentials").status_code == 401
    more = asked(portal, secret, grant_type="client_credentials", scope="referral:write")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
    password = {"username": "x", "password": "y"}
    assert asked(portal, secret, grant_type="password", **password).status_code == 400
    nobody = APIClient().post(
        "/oauth/token", {"grant_type": "client_credentials", "client_id": "\0"}, format="multipart"
    )
    assert nobody.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ["*"], "role": Role.SCHEDULER},
        {"scopes": []},
        {"role": Role.ADMINISTRATOR},
        {"role": Role.PRIVACY_OFFICER},
        {"redirect_uris": ["http://portal.example/back"]},
        {"redirect_uris": [BACK], "role": Role.SCHEDULER},
    ],
)
def test_it_registers_no_portal_with_too_much_power(cast: Cast, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        registered(cast.riverside, **wrong)


@pytest.mark.feature("AD-06")
def test_it_lets_a_portal_act_for_who_consents_once_for_each_code(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, redirect_uris=[BACK])
    code = code_for(cast.asha, portal)
    with cast.acting():
        kept = PortalGrant.objects.get()
    assert (kept.code_challenge, kept.organization_id) == (CHALLENGE, cast.riverside.id)
    assert exchange(portal, secret, code, code_verifier="w" * 60).status_code == 400
    code = code_for(cast.asha, portal)
    token = exchange(portal, secret, code).json()
    client = carrying(token["access_token"])
    assert client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 200
    assert client.get("/api/v1/courses").status_code == 403
    assert exchange(portal, secret, code).status_code == 400


def test_it_asks_a_portal_without_a_secret_for_its_verifier(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, redirect_uris=[BACK], is_public=True)
    assert secret == ""
    form = {
        "grant_type": "authorization_code",
        "client_id": portal.client_id,
        "redirect_uri": BACK,
    }

    def change(verifier: str) -> Any:
        given = {**form, "code": code_for(cast.asha, portal), "code_verifier": verifier}
        return APIClient().post("/oauth/token", given, format="multipart")

    assert change("w" * 60).status_code == 400
    token = change(VERIFIER).json()["access_token"]
    assert carrying(token).get("/api/v1/patients").status_code == 200


@pytest.mark.feature("AD-06")
def test_it_rotates_refresh_tokens_and_ends_the_family_of_one_used_twice(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, redirect_uris=[BACK])
    first = exchange(portal, secret, code_for(cast.asha, portal)).json()
    second = refreshed(portal, secret, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert carrying(first["access_token"]).get("/api/v1/patients").status_code == 401
    assert carrying(second["access_token"]).get("/api/v1/patients").status_code == 200
    stolen = refreshed(portal, secret, first["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert carrying(second["access_token"]).get("/api/v1/patients").status_code == 401
    assert refreshed(portal, secret, second["refresh_token"]).status_code == 400
    with cast.acting():
        assert not PortalRefreshToken.objects.filter(revoked=None).exists()
        assert not PortalRefreshToken.objects.exclude(token="").exists()


def test_it_tells_a_portal_only_of_tokens_in_its_organization(cast: Cast) -> None:
    _, _, token = by_itself(cast)
    other, secret = registered(cast.harbour, role=Role.SCHEDULER)
    mine, mine_secret = registered(cast.riverside, role=Role.SCHEDULER)

    def worth(portal: Portal, key: str) -> Any:
        form = {"token": token["access_token"]}
        return (
            APIClient()
            .post("/oauth/introspect", form, headers=basic(portal, key), format="multipart")
            .json()
        )

    assert worth(other, secret) == {"active": False}
    assert worth(mine, mine_secret)["scope"] == "patient:read"


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize("ending", ["revoked", "closed", "narrowed"])
def test_it_refuses_a_portal_s_token_within_a_second(
    cast: Cast, settings: Settings, ending: str
) -> None:
    settings.PRINCIPAL_SECONDS = 1.0
    portal, secret, token = by_itself(cast)
    client, now = carrying(token["access_token"]), datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        assert client.get("/api/v1/patients").status_code == 200
        match ending:
            case "revoked":
                form = {"token": token["access_token"]}
                APIClient().post(
                    "/oauth/revoke", form, headers=basic(portal, secret), format="multipart"
                )
            case "closed":
                actor = Actor.system("operator", cast.riverside.id)
                portals.close_portal(portal.id, actor=actor, now=now)
            case "narrowed":
                with cast.acting():
                    Portal.objects.update(scopes=["referral:read"])
        clock.shift(timedelta(seconds=1))
        answer = client.get("/api/v1/patients")
    assert answer.status_code == (403 if ending == "narrowed" else 401)


@pytest.mark.feature("AD-06")
def test_it_forgets_whose_token_it_saw_within_a_second(cast: Cast, settings: Settings) -> None:
    settings.PRINCIPAL_SECONDS = 1.0
    client, now = cast.sam.client, datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        assert client.get("/api/v1/patients").status_code == 200
        with cast.acting():
            revoke_tokens(cast.sam.user, actor=cast.sam.actor(now), now=now)
        clock.shift(timedelta(seconds=0.9))
        client.get("/api/v1/patients")  # may still pass, and must not lengthen the memory
        clock.shift(timedelta(seconds=0.1))
        assert client.get("/api/v1/patients").status_code == 401


def test_it_remembers_each_token_in_its_own_organization(cast: Cast, settings: Settings) -> None:
    settings.PRINCIPAL_SECONDS = 1.0
    now = datetime.now(UTC)
    there = make_person(cast.harbour, "Samuel", hat=Role.SCHEDULER)
    with cast.acting():
        cast.sam.user.memberships.model.objects.create(
            organization=cast.riverside, user=there.user, role=Role.SCHEDULER, since=now
        )
    here = issue_token(there.user, cast.riverside.id, name="here", now=now)[1]
    remembered.clear()
    with time_machine.travel(now, tick=False):
        for _ in range(3):
            for token, patient in ((here, cast.patient), (None, cast.stranger)):
                client = carrying(token) if token else there.client
                seen = client.get("/api/v1/patients").data["results"]
                assert [row["id"] for row in seen] == [str(patient.id)]


@pytest.mark.feature("AD-06")
def test_it_opens_no_address_to_a_token_without_a_scope(cast: Cast) -> None:
    narrow = issue_token(
        cast.ada.user,
        cast.riverside.id,
        name="none",
        now=datetime.now(UTC),
        scopes=["nothing:read"],
        is_vouched=True,
    )[1]
    client, odd = carrying(narrow), []
    known = scopes.all_scopes()
    for path, view in addresses():
        cls = view_class(view)
        actions = getattr(view, "actions", None)
        if not path.startswith("/api/v1/") or cls is None or not actions:
            continue
        for verb in list(actions):
            basename = view.initkwargs["basename"]
            needed = f"{basename}:{'read' if verb in {'get', 'head'} else 'write'}"
            assert needed in known, needed
            at = path.split("(")[0].rstrip("/") if "(" not in path else None
            if at is None or verb == "head":
                continue
            answer = getattr(client, verb)(at)
            if (answer.status_code, answer.data.get("rule")) != (403, f"token.{needed}"):
                odd.append((verb, at, answer.status_code))
    assert odd == []


def test_it_makes_who_guesses_a_portal_s_secret_wait(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, role=Role.SCHEDULER)
    codes = [
        asked(portal, f"wrong-{n}", grant_type="client_credentials").status_code for n in range(8)
    ]
    assert 429 in codes
    assert asked(portal, secret, grant_type="client_credentials").status_code == 429


@pytest.mark.feature("AD-06")
def test_it_refuses_a_client_that_names_itself_twice(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, role=Role.SCHEDULER)
    form = {"grant_type": "client_credentials"}
    body = {**form, "client_id": portal.client_id, "client_secret": secret}
    wrong = {"Authorization": "Basic " + b64encode(b"nobody:nothing").decode()}
    twice = APIClient().post("/oauth/token", body, headers=wrong, format="multipart")
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert asked(portal, secret, **form).status_code == 200


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize("address", ["revoke", "introspect"])
def test_it_makes_who_guesses_a_secret_elsewhere_wait(cast: Cast, address: str) -> None:
    portal, _ = registered(cast.riverside, role=Role.SCHEDULER)
    client = APIClient()
    codes = [
        client.post(
            f"/oauth/{address}",
            {"token": "x"},
            headers=basic(portal, f"wrong-{n}"),
            format="multipart",
        ).status_code
        for n in range(8)
    ]
    assert codes[-1] == 429
    guess = basic(portal, "wrong")
    client.options("/oauth/token", headers=guess)  # which goes well, and forgives nothing
    again = client.post(f"/oauth/{address}", {"token": "x"}, headers=guess, format="multipart")
    assert again.status_code == 429


@pytest.mark.feature("AD-06")
def test_it_asks_for_consent_each_time_and_ends_codes_with_the_password(cast: Cast) -> None:
    portal, secret = registered(cast.riverside, redirect_uris=[BACK])
    assert exchange(portal, secret, code_for(cast.asha, portal)).status_code == 200
    unasked = at_browser(cast.asha).get(
        "/oauth/authorize", consent_asked(portal, approval_prompt="auto")
    )
    assert unasked.status_code == 200
    code, now = code_for(cast.asha, portal), datetime.now(UTC)
    with cast.acting():
        cast.asha.user.refresh_from_db()
        change_password(
            cast.asha.user,
            PASSWORD,
            "another correct horse 22",
            actor=cast.asha.actor(now),
            now=now,
            address="192.0.2.1",
        )
    assert exchange(portal, secret, code).status_code == 400
