"""An operator lets somebody in again who has lost the password, or the second factor."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from coordination import second_factors
from coordination.models import AuditEvent
from tests.cast import Cast, Person
from tests.coordination.test_logins import browser_of, enrol, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.feature("AD-06")]

NEW = "an entirely different phrase"


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUUM_PASSWORD", NEW)


def logs_in(who: Person, password: str) -> int:
    browser = who.client.__class__()
    body = {"email": who.user.email, "password": password}
    code: int = browser.post("/api/v1/session", body).status_code
    return code


def test_it_sets_a_new_password_and_ends_what_is_open(cast: Cast) -> None:
    sam = with_password(cast.sam)
    open_before = browser_of(sam)
    assert sam.client.get("/api/v1/patients").status_code == 200
    call_command("changepassword", sam.user.email)
    assert logs_in(sam, NEW) == 200
    assert open_before.get("/api/v1/session").status_code == 401
    assert sam.client.get("/api/v1/patients").status_code == 401
    with cast.acting():
        (row,) = AuditEvent.objects.filter(event="login.reset")
    assert row.detail["factors"] == "kept"


def test_it_removes_second_factors_only_when_told(cast: Cast) -> None:
    ada = with_password(cast.ada)
    enrol(browser_of(ada), datetime.now(UTC))
    call_command("changepassword", ada.user.email)
    assert second_factors.is_enrolled(ada.user)
    call_command("changepassword", ada.user.email, without_second_factors=True)
    assert not second_factors.factors_of(ada.user)


def test_it_says_what_is_wrong_and_changes_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = with_password(cast.sam)
    with pytest.raises(CommandError, match="There is no login nobody@"):
        call_command("changepassword", "nobody@continuum.example")
    monkeypatch.setenv("CONTINUUM_PASSWORD", "short")
    before = browser_of(sam)
    with pytest.raises(CommandError, match="too short"):
        call_command("changepassword", sam.user.email)
    assert before.get("/api/v1/session").status_code == 200
    assert logs_in(sam, NEW) == 401


def test_it_tells_a_program_that_only_a_session_opens_such_an_address(cast: Cast) -> None:
    answer = cast.sam.client.get("/api/v1/me/sessions")
    assert answer.status_code == 401
    assert "no token" in answer.json()["detail"]
