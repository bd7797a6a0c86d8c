"""A second factor counts at once, also for a login that is under way while it is enrolled."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from coordination import second_factors
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
