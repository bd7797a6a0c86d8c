"""Organizations to import into (this file is read before Django is set up)."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coordination.models import Organization


@pytest.fixture
def creek(db: None) -> "Organization":
    """Return a demo organization without patients."""
    from tests.cast import make_organization

    return make_organization("Creek")


@pytest.fixture
def hospital(db: None) -> "Organization":
    """Return a real organization without patients."""
    from tests.cast import make_organization

    return make_organization("Hospital", is_demo=False)
