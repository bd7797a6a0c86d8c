"""Fixtures that put the cast on the stage (a plugin is imported before Django is set up)."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings as SettingsWrapper

    from tests.cast import Cast


@pytest.fixture
def cast(db: None, monkeypatch: pytest.MonkeyPatch) -> "Cast":
    """Put the whole cast on the stage, in the test's own rolled-back transaction.

    Nothing of a transaction that never ends settles for the feed of events: it would be empty, or
    fill up as soon as some later transaction of another worker has ended. Here all of it counts.
    """
    from django.db.models import Q

    from coordination import events
    from tests.cast import make_cast

    monkeypatch.setattr(events, "settled", lambda: Q(pk__isnull=False))
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
