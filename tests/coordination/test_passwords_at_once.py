"""A password is reset at the command line while its old one is still in use."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from coordination.login_fence import login_of
from coordination.logins import WrongCredentials, change_password, issue_token, reset_login
from coordination.models import ApiToken
from coordination.problems import Invalid, Problem
from tests.cast import NOW, Cast
from tests.coordination.test_logins import PASSWORD, with_password
from tests.held import MOMENT, Held

GIVEN, OWN = "somebody else's idea of it", "an idea of my very own"


def change(cast: Cast) -> Callable[[], Any]:
    user = login_of(cast.sam.user.email)
    where: dict[str, Any] = {"actor": cast.sam.actor(), "now": NOW, "address": "192.0.2.1"}
    return lambda: change_password(user, PASSWORD, OWN, **where)


def issue(cast: Cast) -> Callable[[], Any]:
    user = login_of(cast.sam.user.email)
    return lambda: issue_token(user, cast.riverside.id, name="report", now=NOW)


def reset(cast: Cast) -> Callable[[], Any]:
    user = login_of(cast.sam.user.email)
    return lambda: reset_login(user, GIVEN, keep_factors=True, now=NOW)


@pytest.mark.feature("AD-06")
@pytest.mark.parametrize(("late", "refusal"), [(change, Invalid), (issue, WrongCredentials)])
def test_it_lets_nobody_past_a_reset_with_the_old_password(
    committed_cast: Cast, late: Callable[[Cast], Callable[[], Any]], refusal: type[Problem]
) -> None:
    cast = committed_cast
    with_password(cast.sam)
    trying = late(cast)
    with ThreadPoolExecutor(2) as threads:
        resetting = Held(threads, cast, reset(cast))
        assert resetting.acted.wait(20)
        second = Held(threads, cast, trying)
        assert not second.acted.wait(MOMENT), "it did not wait for the reset"
        resetting.end()
        with pytest.raises(refusal):
            second.end()
    user = login_of(cast.sam.user.email)
    assert user.must_change_password
    assert user.check_password(GIVEN)
    with cast.acting():
        assert not ApiToken.objects.filter(user=user).exists()


@pytest.mark.feature("AD-06")
def test_a_reset_ends_a_token_that_is_being_given(committed_cast: Cast) -> None:
    cast = committed_cast
    with_password(cast.sam)
    with ThreadPoolExecutor(2) as threads:
        issuing = Held(threads, cast, issue(cast))
        assert issuing.acted.wait(20)
        resetting = Held(threads, cast, reset(cast))
        assert not resetting.acted.wait(MOMENT), "it did not wait for the token"
        issuing.end()
        resetting.end()
    with cast.acting():
        assert ApiToken.objects.get(user=cast.sam.user).revoked_at == NOW
