"""Kinds of message for tests (imported late: a conftest is read before Django is set up)."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from notifications.kinds import MessageKind
    from tests.notifications.said import Truth


@pytest.fixture
def truth() -> "Truth":
    """Decide whether messages of the test kinds still hold."""
    from tests.notifications.said import Truth

    return Truth()


@pytest.fixture
def register() -> "Iterator[Callable[[MessageKind], MessageKind]]":
    """Register a kind until the test ends."""
    from notifications import kinds

    names: list[str] = []

    def add(kind: "MessageKind") -> "MessageKind":
        kinds.register(kind)
        names.append(kind.name)
        return kind

    yield add
    for name in names:
        kinds.unregister(name)


@pytest.fixture
def kind(register: Callable[["MessageKind"], "MessageKind"], truth: "Truth") -> "MessageKind":
    """Register an ordinary kind of work message."""
    from tests.notifications.said import ordinary_kind

    return register(ordinary_kind(truth))
