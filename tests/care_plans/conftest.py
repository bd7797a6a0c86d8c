"""What many tests of care plans begin from (this file is read before Django is set up)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

if TYPE_CHECKING:
    from care_plans.content.pathways import PathwayDefinition
    from care_plans.models import Course
    from tests.cast import Cast


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Let requests happen at the cast's moment."""
    from tests.cast import NOW

    with time_machine.travel(NOW, tick=False) as travelling:
        yield travelling


@pytest.fixture
def course(cast: "Cast") -> "Course":
    """Ten days into the acute stage of a mild condition."""
    from tests.care_plans import underway
    from tests.cast import NOW

    with cast.acting():
        return underway.start(cast, now=NOW - timedelta(days=10), side="right")


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> "PathwayDefinition":
    """Read the draft that has every key."""
    from tests.care_plans import drafts

    return drafts.timed(tmp_path_factory.mktemp("draft"))


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch, draft: "PathwayDefinition") -> None:
    """Let every course follow the draft."""
    from care_plans.models import PathwayVersion

    monkeypatch.setattr(PathwayVersion, "definition", property(lambda self: draft))
