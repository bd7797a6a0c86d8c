"""Second factors, sessions that end, and guessing that is slowed down."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisGone
from rest_framework.test import APIClient

from coordination import attempts, logins, second_factors
from coordination.attempts import TooManyAttempts, forgive, take_attempt
from coordination.environment import PROJECT
from coordination.login_fence import known_as, write_login
from coordination.logins import issue_token
from coordination.models import ApiToken, AuditEvent, LoginSession
from coordination.second_factors import totp_code
from coordination.tasks import forget_ended_sessions
from tests.cast import Cast, Person
from tests.coordination.endpoints import demand_everywhere
from tests.coordination.passkey import Passkey

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"
FACTORS = "/api/v1/me/second-factors"
REQUIRED = "urn:continuum:problem:second-factor-required"


def with_password(who: Person) -> Person:
    who.user.set_password(PASSWORD)
    write_login(who.user, "password")
    return who


def browser_of(who: Person, **more: str) -> APIClient:
    browser = APIClient()
    answer = browser.post(
        "/api/v1/session", {"email": who.user.email, "password": PASSWORD, **more}
    )
    assert answer.status_code == 200, answer.content
    return browser


def enrol(browser: APIClient, now: datetime) -> tuple[str, list[str]]:
    """Enrol an authenticator app with the code that it showed a little earlier.

    `now` may lie a moment back, on the far side of one of the half minutes by which codes change;
    the code of that half minute would then be two back, and is not taken. So the later of the two
    is meant: what was read before a turn is enrolled with the code of `now` itself.
    """
    secret = browser.post(f"{FACTORS}/totp").data["secret"]
    turned = int(datetime.now(UTC).timestamp()) // 30 - int(now.timestamp()) // 30
    code = totp_code(secret, now - timedelta(seconds=0 if turned else 30))
    answer = browser.post(f"{FACTORS}/totp/confirm", {"code": code})
    assert answer.status_code == 201, answer.content
    return secret, answer.data["recovery_codes"]


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize("name", ["ada", "pia"])
def test_it_lets_a_password_alone_do_nothing_but_enrol(cast: Cast, name: str) -> None:
    browser = browser_of(with_password(cast.everybody[name]))
    state = browser.get("/api/v1/session").data
    assert state["second_factor"] == "enrol"
    demand_everywhere(browser, REQUIRED, but="before_second_factor", at=f"{FACTORS}/totp")


@pytest.mark.feature("AD-06")
def test_it_gives_no_token_of_an_administrator_for_a_password_alone(cast: Cast) -> None:
    ada, now = with_password(cast.ada), datetime.now(UTC)
    wanted = {"email": ada.user.email, "password": PASSWORD, "name": "x"}
    answer = APIClient().post("/api/v1/tokens", wanted)
    assert (answer.status_code, answer.data["type"]) == (403, REQUIRED)
    with cast.acting():
        assert not ApiToken.objects.filter(user=ada.user).exists()
    # one from before the person became an administrator
    secret = issue_token(ada.user, cast.riverside.id, name="old", now=now)[1]
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert program.get("/api/v1/locations").data["type"] == REQUIRED
    app, _ = enrol(browser_of(ada), now)
    # there is no session in which the code could follow, and nothing else takes its place
    answer = APIClient().post("/api/v1/tokens", wanted)
    assert (answer.status_code, answer.data["type"]) == (403, REQUIRED)
    assert (answer.data["rule"], answer.data["at"]) == ("login.prove", "/api/v1/tokens")
    assert [error["pointer"] for error in answer.data["errors"]] == ["/code"]
    elsewhere = APIClient().post("/api/v1/tokens", {**wanted, "at": FACTORS})
    assert [error["pointer"] for error in elsewhere.data["errors"]] == ["/at"]
    with cast.acting():
        assert ApiToken.objects.filter(user=ada.user).count() == 1
    answer = APIClient().post(
        "/api/v1/tokens", {**wanted, "code": totp_code(app, datetime.now(UTC))}
    )
    assert answer.status_code == 201
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.data['token']}")
    assert program.get("/api/v1/locations").status_code == 200


@pytest.mark.feature("AD-06")
def test_it_takes_each_code_of_an_app_once(cast: Cast) -> None:
    ada, now = with_password(cast.ada), datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        first = browser_of(ada)
        secret, papers = enrol(first, now)
        assert len(papers) == 10
        assert first.get("/api/v1/locations").status_code == 200
        second = browser_of(ada)
        assert second.get("/api/v1/locations").data["at"] == "/api/v1/session/second-factor"
        prove = "/api/v1/session/second-factor"
        assert second.post(prove, {"code": "000000"}).status_code == 401
        # nobody who knows the password only enrols an app of their own
        assert second.post(f"{FACTORS}/totp").data["type"] == REQUIRED
        key = second.cookies["sessionid"].value
        assert second.post(prove, {"code": totp_code(secret, now)}).status_code == 200
        assert second.cookies["sessionid"].value != key
        assert second.get("/api/v1/locations").status_code == 200
        third = browser_of(ada)
        assert third.post(prove, {"code": totp_code(secret, now)}).status_code == 401
        clock.shift(timedelta(seconds=30))
        code = totp_code(secret, now + timedelta(seconds=30))
        assert third.post(prove, {"code": code}).status_code == 200
        for expected in (200, 401):
            paper = browser_of(ada)
            assert paper.post(prove, {"code": papers[0]}).status_code == expected
    with cast.acting():
        told = set(AuditEvent.objects.values_list("event", flat=True))
    assert {"login.factor-enrolled", "login.factor-proven", "login.opened"} <= told


@pytest.mark.feature("AD-06")
def test_it_keeps_no_secret_of_a_factor_readable(cast: Cast) -> None:
    secret, papers = enrol(browser_of(with_password(cast.ada)), datetime.now(UTC))
    kept = json.dumps([row.data for row in second_factors.factors_of(cast.ada.user)])
    assert secret not in kept
    assert not [one for one in papers if one in kept]


@pytest.mark.feature("AD-06")
def test_it_logs_in_with_a_passkey(cast: Cast, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://clinic.example"
    ada, key = with_password(cast.ada), Passkey("https://clinic.example", "clinic.example")
    first = browser_of(ada)
    options = first.post(f"{FACTORS}/passkey").data["options"]["publicKey"]
    forged = Passkey("https://evil.example", "clinic.example")
    body = {"name": "Key", "credential": forged.register(options)}
    assert first.post(f"{FACTORS}/passkey/confirm", body, format="json").status_code == 401
    options = first.post(f"{FACTORS}/passkey").data["options"]["publicKey"]
    body = {"name": "Key", "credential": key.register(options)}
    answer = first.post(f"{FACTORS}/passkey/confirm", body, format="json")
    assert answer.status_code == 201, answer.content
    second, prove = browser_of(ada), "/api/v1/session/second-factor"
    options = second.post("/api/v1/session/passkey-challenge").data["options"]["publicKey"]
    answered = {"credential": key.prove(options)}
    thief = Passkey("https://clinic.example", "clinic.example", key.id)
    wrong = {"credential": thief.prove(options)}
    assert second.post(prove, wrong, format="json").status_code == 401
    options = second.post("/api/v1/session/passkey-challenge").data["options"]["publicKey"]
    assert second.post(prove, answered, format="json").status_code == 401  # an older challenge
    options = second.post("/api/v1/session/passkey-challenge").data["options"]["publicKey"]
    answered = {"credential": key.prove(options)}
    assert second.post(prove, answered, format="json").status_code == 200
    assert second.get("/api/v1/locations").status_code == 200


def test_it_keeps_the_last_factor_of_who_needs_one(cast: Cast) -> None:
    browser = browser_of(with_password(cast.ada))
    enrol(browser, datetime.now(UTC))
    app = next(row for row in browser.get(FACTORS).data if row["type"] == "totp")
    assert browser.delete(f"{FACTORS}/{app['id']}").status_code == 409
    sam = browser_of(with_password(cast.sam))
    enrol(sam, datetime.now(UTC))
    app = next(row for row in sam.get(FACTORS).data if row["type"] == "totp")
    assert sam.delete(f"{FACTORS}/{app['id']}").status_code == 204
    assert sam.get(FACTORS).data == []


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize(("every", "ends_after"), [(31, 31), (20, 720)], ids=["idle", "absolute"])
def test_it_ends_a_session_unused_and_a_long_one(cast: Cast, every: int, ends_after: int) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        browser = browser_of(with_password(cast.sam))
        for minute in range(every, ends_after + 1, every):
            clock.shift(timedelta(minutes=every))
            expected = 401 if minute == ends_after else 200
            if minute in {ends_after, every, ends_after - every} or expected == 200:
                answer = browser.get("/api/v1/session")
                assert answer.status_code == expected, minute


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize(
    "ending", ["everywhere", "one", "password", "closed login", "administrator", "operator"]
)
def test_it_ends_sessions_for_good(cast: Cast, ending: str) -> None:
    sam, now = with_password(cast.sam), datetime.now(UTC)
    mine, other = browser_of(sam), browser_of(sam)
    seen = mine.get("/api/v1/me/sessions").data
    assert sorted(row["is_this"] for row in seen) == [False, True]
    assert sam.client.get("/api/v1/patients").status_code == 200
    match ending:
        case "everywhere":
            assert mine.post("/api/v1/me/log-out-everywhere").status_code == 204
        case "one":
            ended = next(row["id"] for row in seen if not row["is_this"])
            assert mine.delete(f"/api/v1/me/sessions/{ended}").status_code == 204
            assert mine.delete(f"/api/v1/me/sessions/{ended}").status_code == 404
        case "password":
            body = {"current": "not this one", "new": "another long enough phrase"}
            wrong = mine.post("/api/v1/me/password", body)
            said = {"pointer": "/current", "detail": "This is not the present password."}
            assert (wrong.status_code, wrong.data["errors"]) == (400, [said])
            body["current"] = PASSWORD
            assert mine.post("/api/v1/me/password", body).status_code == 204
        case "closed login":
            logins.close_login(sam.user, now=now)
        case "operator":
            logins.reset_login(sam.user, "another long enough phrase", keep_factors=True, now=now)
        case "administrator":
            ada = browser_of(with_password(cast.ada))
            enrol(ada, now)
            at = f"/api/v1/logins/{sam.user.id}/end-access"
            assert mine.post(at).status_code == 403
            assert ada.post(f"/api/v1/logins/{cast.olu.user.id}/end-access").status_code == 404
            assert ada.post(at).status_code == 204
    assert other.get("/api/v1/session").status_code == 401
    assert mine.get("/api/v1/session").status_code == (200 if ending == "one" else 401)
    keeps_tokens = ending in {"one", "everywhere"}
    assert sam.client.get("/api/v1/patients").status_code == (200 if keeps_tokens else 401)


def kept(person: Person) -> list[LoginSession]:
    """Return what is kept of somebody's sessions, ended ones included."""
    with known_as(person.user.pk):
        return list(LoginSession.objects.all())


def test_it_forgets_the_sessions_that_have_ended(cast: Cast) -> None:
    browser_of(with_password(cast.sam))
    logins.forget_ended_sessions(now=datetime.now(UTC) + timedelta(minutes=29))
    assert len(kept(cast.sam)) == 1
    forget_ended_sessions()
    assert len(kept(cast.sam)) == 1
    assert logins.forget_ended_sessions(now=datetime.now(UTC) + timedelta(minutes=31)) == 1
    assert kept(cast.sam) == []


def test_it_keeps_no_session_key(cast: Cast) -> None:
    browser = browser_of(with_password(cast.sam))
    key = browser.cookies["sessionid"].value
    (row,) = kept(cast.sam)
    assert key.encode() not in bytes(row.digest)
    assert key not in row.data
    stolen = APIClient()
    stolen.cookies["sessionid"] = bytes(row.digest).hex()
    assert stolen.get("/api/v1/session").status_code == 401


def test_it_gives_the_session_a_new_key_at_each_login(cast: Cast) -> None:
    browser = browser_of(with_password(cast.sam))
    before = browser.cookies["sessionid"].value
    browser.post("/api/v1/session", {"email": cast.sam.user.email, "password": PASSWORD})
    assert browser.cookies["sessionid"].value != before
    assert len(kept(cast.sam)) == 1
    assert browser.cookies["sessionid"]["httponly"]
    assert browser.cookies["sessionid"]["samesite"] == "Lax"


def test_it_shows_and_revokes_one_s_own_tokens(cast: Cast) -> None:
    browser = browser_of(with_password(cast.sam))
    body = {"name": "report", "scopes": ["patient:read"]}
    made = browser.post("/api/v1/me/tokens", body, format="json")
    assert made.status_code == 201
    assert made.data["token"] not in browser.get("/api/v1/me/tokens").content.decode()
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {made.data['token']}")
    assert program.get("/api/v1/patients").status_code == 200
    assert program.get("/api/v1/referrals").data["rule"] == "token.referral:read"
    other = browser_of(with_password(cast.asha))
    at = f"/api/v1/me/tokens/{made.data['id']}"
    assert other.delete(at).status_code == 404
    assert browser.delete(at).status_code == 204
    assert program.get("/api/v1/patients").status_code == 401
    body = {"name": "x", "scopes": ["patient:read", "z:y", "a:b"]}
    wrong = browser.post("/api/v1/me/tokens", body, format="json")
    assert wrong.status_code == 400
    assert wrong.data["errors"] == [
        {"pointer": "/scopes/1", "detail": "There is no such scope."},
        {"pointer": "/scopes/2", "detail": "There is no such scope."},
    ]


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize("exists", [True, False])
def test_it_makes_who_guesses_a_password_wait_alike(
    cast: Cast, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whose clock stands still as well: in the real one a wait ends while a slow machine hashes
    monkeypatch.setattr(attempts, "cache", LocMemCache(f"guessing-{exists}", {}))
    email = with_password(cast.sam).user.email if exists else "nobody@continuum.example"
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:

        def attempt(password: str, address: str = "192.0.2.7") -> Any:
            body = {"email": email, "password": password}
            return APIClient(REMOTE_ADDR=address).post("/api/v1/session", body)

        answers = [attempt("wrong") for _ in range(8)]
        assert [one.status_code for one in answers] == [401] * 5 + [429] * 3
        waiting = answers[-1]
        assert waiting.data["type"] == "urn:continuum:problem:too-many-attempts"
        assert int(waiting["Retry-After"]) <= 3
        if exists:
            assert attempt(PASSWORD).status_code == 429
            assert attempt(PASSWORD, "198.51.100.9").status_code == 200  # elsewhere nobody waits
            clock.shift(timedelta(seconds=3))
            assert attempt(PASSWORD).status_code == 200
            with cast.acting():
                events = list(AuditEvent.objects.filter(event="login.locked-out"))
            assert len(events) == 1


def test_it_doubles_the_wait_up_to_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = datetime.now(UTC), []
    monkeypatch.setattr(attempts, "cache", LocMemCache("doubling", {}))
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(40):
            try:
                take_attempt("password", "who", "203.0.113.4", now=now)
            except TooManyAttempts as refused:
                waits.append(refused.wait)
                now += timedelta(seconds=refused.wait)
                clock.shift(timedelta(seconds=refused.wait))
    assert [one - 1 for one in waits[:4]] == [2, 4, 8, 16]
    assert max(waits) - 1 == attempts.BY_PAIR.longest.total_seconds() == 900
    assert attempts.BY_LOGIN.longest == attempts.BY_ADDRESS.longest == timedelta(minutes=1)


def test_the_guide_says_how_many_attempts_are_free() -> None:
    guide = " ".join((PROJECT / "docs" / "operation.md").read_text().split())
    assert attempts.BY_PAIR.free == 5
    assert "five attempts are free for a login from one address" in guide
    free = f"{attempts.BY_LOGIN.free} for a login from anywhere and {attempts.BY_ADDRESS.free} for"
    assert free in guide


@pytest.mark.feature("AD-06")
def test_it_still_counts_without_its_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any, **kwargs: Any) -> Any:
        raise RedisGone

    for name in ("get", "add", "incr", "delete_many"):
        monkeypatch.setattr(cache, name, gone)
    now = datetime.now(UTC)
    for _ in range(5):
        take_attempt("password", "someone", "203.0.113.5", now=now)
    with pytest.raises(TooManyAttempts):
        take_attempt("password", "someone", "203.0.113.5", now=now)
    forgive("password", "someone", "203.0.113.5")
    take_attempt("password", "someone", "203.0.113.5", now=now)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "believed"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (2, "198.51.100.1", "127.0.0.1"),
        (1, "rubbish", "unknown"),
    ],
)
def test_it_believes_its_own_proxies_only(
    settings: Settings, rf: Any, trusted: int, forwarded: str, believed: str
) -> None:
    from coordination.request_context import client_address

    settings.TRUSTED_PROXIES = trusted
    assert client_address(rf.get("/", headers={"X-Forwarded-For": forwarded})) == believed


@pytest.mark.feature("AD-06")
def test_it_ends_tokens_also_where_the_membership_sleeps(cast: Cast) -> None:
    sam, now = cast.sam, datetime.now(UTC)
    with cast.acting():
        token, _ = logins.issue_token(sam.user, cast.riverside.id, name="sleeper", now=now)
        sam.user.memberships.update(until=now)
    logins.close_login(sam.user, now=now)
    with cast.acting():
        token.refresh_from_db()
        assert token.revoked_at == now
