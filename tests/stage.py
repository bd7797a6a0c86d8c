"""Fixtures that put the cast on the stage (a plugin is imported before Django is set up)."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings as SettingsWrapper

    from tests.cast import Cast


@pytest.fixture
def cast(db: None) -> "Cast":
    """Put the whole cast on the stage, in the test's own rolled-back transaction."""
    from tests.cast import make_cast

    return make_cast()


@pytest.fixture
def committed_cast(committed_db: None) -> "Cast":
    """Put the whole cast on the stage with real commits, for threads and workers."""
    from tests.cast import make_cast

    return make_cast()


@pytest.fixture(autouse=True)
def fresh_principals(settings: "SettingsWrapper") -> None:
    """Let no test see what a process remembers of whoever asked a moment ago.

    A test of that memory itself gives PRINCIPAL_SECONDS its value back.
    """
    settings.PRINCIPAL_SECONDS = 0
