"""What waited when `is_safety` came: it goes out first as well."""

from importlib import import_module

import psycopg
import pytest

from coordination.tenancy import acting_in
from notifications.models import Message
from tests.cast import NOW, Cast
from tests.notifications.said import enqueue

MARK = import_module("notifications.migrations.0003_safety_waiting").MARK


@pytest.mark.feature("DP-02")
def test_what_waits_is_marked_by_its_kind_in_every_organization(
    committed_cast: Cast, owner_connection: psycopg.Connection
) -> None:
    cast = committed_cast
    danger = {
        enqueue(person, kind=kind)[0]
        for person in (cast.asha, cast.olu)
        for kind in ("safety.alert", "red-flag.stop", "red-flag.overdue", "override.made")
    }
    other = set(enqueue(cast.asha, kind="recommendation.made", due_at=NOW))
    for organization in (cast.riverside, cast.harbour):
        with acting_in(organization.id):
            Message.objects.update(is_safety=False)
    owner_connection.execute(MARK)
    owner_connection.commit()
    marked = set()
    for organization in (cast.riverside, cast.harbour):
        with acting_in(organization.id):
            marked |= set(Message.objects.filter(is_safety=True).values_list("id", flat=True))
    assert danger <= marked
    assert not other & marked
