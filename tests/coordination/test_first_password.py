"""A password that somebody else chose opens nothing but its change."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from coordination.actors import Role
from coordination.login_fence import login_of, write_login
from coordination.logins import issue_token
from coordination.models import AuditEvent
from coordination.organizations import organization_named
from coordination.staff import admit_member
from tests.cast import NOW, Cast, Person
from tests.coordination.endpoints import demand_everywhere
from tests.coordination.test_logins import browser_of, enrol, with_password
from tests.coordination.test_portals import BACK, consent_asked, registered

pytestmark = pytest.mark.django_db(transaction=False)
GIVEN, OWN = "somebody else's idea of it", "an idea of my very own"
REQUIRED = "urn:continuum:problem:password-change-required"
CHANGE = "/api/v1/me/password"


@pytest.fixture
def given(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Let an operator set Sam's password."""
    monkeypatch.setenv("CONTINUUM_PASSWORD", GIVEN)
    call_command("changepassword", cast.sam.user.email, stdout=StringIO())
    return cast


def log_in(email: str, password: str, **more: str) -> APIClient:
    browser = APIClient()
    body = {"email": email, "password": password, **more}
    answer = browser.post("/api/v1/session", body)
    assert answer.status_code == 200, answer.data
    assert answer.data["must_change_password"] == (password == GIVEN)
    return browser


def stored(who: Person) -> bool:
    return login_of(who.user.email).must_change_password


@pytest.mark.feature("AD-06")
def test_it_lets_a_given_password_do_nothing_but_change_it(given: Cast) -> None:
    browser = log_in(given.sam.user.email, GIVEN)
    demand_everywhere(
        browser, REQUIRED, but="before_password_change", rule="login.change-password", at=CHANGE
    )
    assert browser.get("/api/v1/session").data["must_change_password"] is True
    assert browser.post(CHANGE, {"current": GIVEN, "new": OWN}).status_code == 204
    assert browser.get("/api/v1/session").status_code == 401
    assert not stored(given.sam)
    assert log_in(given.sam.user.email, OWN).get("/api/v1/locations").status_code == 200


@pytest.mark.feature("AD-06")
def test_it_keeps_a_given_password_until_it_is_another_one(given: Cast) -> None:
    browser = log_in(given.sam.user.email, GIVEN)
    for new in (GIVEN, "short"):
        refused = browser.post(CHANGE, {"current": GIVEN, "new": new})
        assert (refused.status_code, refused.data["errors"][0]["pointer"]) == (400, "/new")
        assert stored(given.sam)
    assert browser.delete("/api/v1/session").status_code == 204
    browser = log_in(given.sam.user.email, GIVEN)
    assert browser.post("/api/v1/me/log-out-everywhere").status_code == 204
    assert stored(given.sam)


@pytest.mark.feature("AD-06")
def test_it_gives_no_token_for_a_given_password(given: Cast) -> None:
    wanted = {"email": given.sam.user.email, "password": GIVEN, "name": "mine"}
    refused = APIClient().post("/api/v1/tokens", wanted)
    assert (refused.status_code, refused.data["type"]) == (403, REQUIRED)
    sam = login_of(given.sam.user.email)
    for is_vouched, code in ((False, 403), (True, 200)):  # the operator's own rests on no password
        _, secret = issue_token(sam, given.riverside.id, name="x", now=NOW, is_vouched=is_vouched)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        assert client.get("/api/v1/locations").status_code == code


@pytest.mark.feature("AD-06")
def test_it_asks_for_the_password_before_and_the_factor_after(cast: Cast) -> None:
    ada = with_password(cast.ada)
    ada.user.must_change_password = True
    write_login(ada.user, "must_change_password")
    browser = browser_of(ada)
    offered = browser.post("/api/v1/me/second-factors/totp")
    assert (offered.status_code, offered.data["type"]) == (403, REQUIRED)
    change = {"current": "correct horse battery staple", "new": OWN}
    assert browser.post(CHANGE, change).status_code == 204
    state = log_in(ada.user.email, OWN)
    assert state.get("/api/v1/session").data["second_factor"] == "enrol"
    assert state.post("/api/v1/me/second-factors/totp").status_code == 200


@pytest.mark.feature("AD-06")
def test_it_asks_for_a_factor_that_is_there_before_the_password(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.utils import timezone

    ada = with_password(cast.ada)
    _, papers = enrol(browser_of(ada), timezone.now())
    monkeypatch.setenv("CONTINUUM_PASSWORD", GIVEN)
    call_command("changepassword", ada.user.email, stdout=StringIO())
    browser = log_in(ada.user.email, GIVEN)
    change = {"current": GIVEN, "new": OWN}
    refused = browser.post(CHANGE, change)
    assert refused.data["type"] == "urn:continuum:problem:second-factor-required"
    assert stored(ada)
    page = browser.get("/login/password")
    assert (page.status_code, page["Location"][:7]) == (302, "/login?")
    assert browser.post("/api/v1/session/second-factor", {"code": papers[0]}).status_code == 200
    assert browser.get("/api/v1/locations").data["type"] == REQUIRED
    assert browser.post(CHANGE, change).status_code == 204


@pytest.mark.feature("AD-06")
def test_it_marks_every_password_that_somebody_else_chose(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTINUUM_PASSWORD", GIVEN)
    slug = cast.riverside.slug
    for options, marked in (({}, True), ({"no_password": True}, False)):
        email = f"new-{marked}@continuum.example"
        call_command(
            "create_user",
            email,
            name="New",
            organization=slug,
            role="scheduler",
            stdout=StringIO(),
            **options,
        )
        assert login_of(email).must_change_password is marked
    call_command(
        "create_patient_login",
        "noor@continuum.example",
        organization=slug,
        patient=str(cast.patient.id),
        stdout=StringIO(),
        stderr=StringIO(),
    )
    assert login_of("noor@continuum.example").must_change_password
    # a login that exists keeps its password, which nobody chose for it
    admit_member(
        organization_named(cast.harbour.slug),
        email=cast.sam.user.email,
        name="Sam",
        role=Role.SCHEDULER,
        password=GIVEN,
        now=NOW,
    )
    assert not stored(cast.sam)


@pytest.mark.feature("AD-06")
def test_it_leads_from_the_login_page_to_the_change_and_back(given: Cast) -> None:
    browser, there = APIClient(), "/oauth/authorize?x=1"

    def send(at: str, **form: Any) -> Any:
        return browser.post(at, {"next": there, **form}, format="multipart")

    stranger = browser.get("/login/password")
    assert (stranger.status_code, stranger["Location"][:7]) == (302, "/login?")
    email = given.sam.user.email
    entered = send("/login", email=email, password=GIVEN)
    assert entered["Location"] == "/login/password?next=%2Foauth%2Fauthorize%3Fx%3D1"
    assert "Somebody else chose" in browser.get(entered["Location"]).content.decode()
    differing = send("/login/password", current=GIVEN, new=OWN, again=f"{OWN}!")
    assert "The two new passwords differ." in differing.content.decode()
    for current, new, code in ((OWN, OWN, 400), (GIVEN, GIVEN, 400), (GIVEN, "short", 400)):
        assert send("/login/password", current=current, new=new, again=new).status_code == code
    assert stored(given.sam)
    portal, _ = registered(given.riverside, redirect_uris=[BACK])
    asked = browser.get("/oauth/authorize", consent_asked(portal))
    assert (asked.status_code, asked["Location"][:16]) == (302, "/login/password?")
    changed = send("/login/password", current=GIVEN, new=OWN, again=OWN)
    assert changed["Location"] == "/login?next=%2Foauth%2Fauthorize%3Fx%3D1"
    assert not stored(given.sam)
    with given.acting():
        kept = AuditEvent.objects.filter(event="login.password-changed")
        assert kept.get().user_id == given.sam.user.id
    assert send("/login", email=email, password=OWN)["Location"] == there
    assert "Somebody else chose" not in browser.get("/login/password").content.decode()
