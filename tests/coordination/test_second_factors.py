"""A second factor counts at once, also for a login that is under way while it is enrolled."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from coordination import attempts, second_factors
from coordination.login_fence import known_as
from tests.cast import Cast, Person
from tests.coordination.passkey import Passkey
from tests.coordination.test_logins import (
    FACTORS,
    PASSWORD,
    REQUIRED,
    browser_of,
    enrol,
    with_password,
)

PROVE = "/api/v1/session/second-factor"


def overtaken(person: Person, monkeypatch: pytest.MonkeyPatch) -> APIClient:
    """Return a browser whose login looked for a factor just before one was enrolled."""
    enrol(browser_of(person), datetime.now(UTC))
    browser = APIClient()
    with monkeypatch.context() as before:
        before.setattr(second_factors, "is_enrolled", lambda user: False)
        answer = browser.post("/api/v1/session", {"email": person.user.email, "password": PASSWORD})
    assert answer.status_code == 200
    return browser


@pytest.mark.django_db
@pytest.mark.feature("AD-06")
@pytest.mark.parametrize("name", ["asha", "ada"])
def test_it_asks_a_login_for_the_factor_that_was_enrolled_meanwhile(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings.PUBLIC_URL = "https://clinic.example"
    person = with_password(cast.everybody[name])
    browser = overtaken(person, monkeypatch)
    assert browser.get("/api/v1/session").data["second_factor"] == "give"
    for verb, path in (
        ("get", "/api/v1/patients"),
        ("get", "/api/v1/locations"),
        ("get", FACTORS),
        ("post", f"{FACTORS}/totp"),
        ("post", f"{FACTORS}/passkey"),
        ("post", f"{FACTORS}/passkey/confirm"),
    ):
        answer = getattr(browser, verb)(path)
        assert (answer.status_code, answer.data["type"]) == (403, REQUIRED), path
        assert answer.data["at"] == PROVE
    assert len(second_factors.factors_of(person.user)) == 2  # the app, and codes on paper


@pytest.mark.feature("AD-06")
def test_it_lets_one_enrol_and_then_asks_the_other_for_that_factor(
    committed_cast: Cast, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://clinic.example"
    ada, now = with_password(committed_cast.ada), datetime.now(UTC)
    key = Passkey("https://clinic.example", "clinic.example")
    slower = browser_of(ada)
    options = slower.post(f"{FACTORS}/passkey").data["options"]["publicKey"]
    body = {"name": "Key", "credential": key.register(options)}
    answers: list[Any] = []

    def confirm() -> None:
        try:
            answers.append(slower.post(f"{FACTORS}/passkey/confirm", body, format="json"))
        finally:
            connections.close_all()

    other = threading.Thread(target=confirm)
    with transaction.atomic(), known_as(ada.user.pk):
        second_factors.take_turn(ada.user)
        other.start()
        time.sleep(0.5)  # long enough to answer, were nobody in the way
        secret = "JBSWY3DPEHPK3PXP"
        second_factors.enrol_totp(ada.user, secret, second_factors.totp_code(secret, now), now=now)
    other.join(20)
    assert (answers[0].status_code, answers[0].data["type"]) == (403, REQUIRED)
    kinds = {str(row.type) for row in second_factors.factors_of(ada.user)}
    assert kinds == {"totp", "recovery_codes"}


@pytest.mark.django_db
@pytest.mark.feature("AD-06")
@pytest.mark.parametrize("name", ["asha", "ada"])
def test_it_ends_all_other_sessions_of_whoever_enrols(cast: Cast, name: str) -> None:
    person = with_password(cast.everybody[name])
    mine, others = browser_of(person), [browser_of(person), browser_of(person)]
    stranger = browser_of(with_password(cast.sam))
    enrol(mine, datetime.now(UTC))
    assert [other.get("/api/v1/session").status_code for other in others] == [401, 401]
    assert mine.get("/api/v1/session").data["second_factor"] == "proven"
    assert len(mine.get("/api/v1/me/sessions").data) == 1
    assert stranger.get("/api/v1/session").status_code == 200


@pytest.mark.django_db
@pytest.mark.feature("AD-06")
def test_it_gives_no_session_more_time_with_its_new_key(cast: Cast, settings: Settings) -> None:
    settings.SESSION_IDLE_SECONDS = 24 * 60 * 60
    ada, now = with_password(cast.ada), datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        secret, _ = enrol(browser_of(ada), now)
        browser = browser_of(ada)
        key = browser.cookies["sessionid"].value
        clock.shift(timedelta(hours=11))
        code = second_factors.totp_code(secret, now + timedelta(hours=11))
        assert browser.post(PROVE, {"code": code}).status_code == 200
        assert browser.cookies["sessionid"].value != key
        clock.shift(timedelta(minutes=59, seconds=59))
        assert browser.get("/api/v1/locations").status_code == 200
        clock.shift(timedelta(seconds=1))
        assert browser.get("/api/v1/session").status_code == 401


def counting(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], bool]:
    """Return what makes one attempt on counts of its own, and says whether it is heard."""
    now = datetime.now(UTC)
    monkeypatch.setattr(attempts, "cache", LocMemCache(f"counting-{now.timestamp()}", {}))

    def heard(login: str, address: str) -> bool:
        try:
            attempts.take_attempt("password", login, address, now=now)
        except attempts.TooManyAttempts:
            return False
        return True

    return heard


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize(
    ("bucket", "free"),
    [("login", attempts.BY_LOGIN.free), ("address", attempts.BY_ADDRESS.free)],
)
def test_it_forgives_one_attempt_and_not_those_of_others(
    monkeypatch: pytest.MonkeyPatch, bucket: str, free: int
) -> None:
    heard = counting(monkeypatch)

    def attempt(number: int) -> tuple[str, str]:
        return ("who", f"from-{number}") if bucket == "login" else (f"who-{number}", "here")

    for number in range(free - 1):
        assert heard(*attempt(number))
    attempts.forgive("password", *attempt(free - 2))
    assert heard(*attempt(free))  # the one that was taken back
    assert heard(*attempt(free + 1))  # the last that is free has the next one wait
    assert not heard(*attempt(free + 2))


@pytest.mark.feature("AD-06")
def test_it_forgets_the_attempts_of_this_login_from_this_address_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = counting(monkeypatch)
    pairs = [("who", "here"), ("who", "there"), ("other", "here")]
    for pair in pairs:
        for _ in range(attempts.BY_PAIR.free - 1):
            assert heard(*pair)
    attempts.forgive("password", "who", "here")
    free = {pair: [heard(*pair) for _ in range(3)] for pair in pairs}
    assert free == {
        ("who", "here"): [True] * 3,
        ("who", "there"): [True, False, False],
        ("other", "here"): [True, False, False],
    }
