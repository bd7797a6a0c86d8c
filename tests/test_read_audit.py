"""Every read of what patients own leaves its audit row in the same transaction, or fails."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from coordination.api.views import ContinuumViewSet, Listed, OfPatients
from coordination.models import AuditEvent
from tests.cast import Cast


def patterns(under: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    for entry in (under or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def listed() -> list[Any]:
    """Return every list of something that patients own."""
    found = []
    for path, view in patterns():
        cls, actions = getattr(view, "cls", None), getattr(view, "actions", {})
        if (
            isinstance(cls, type)
            and issubclass(cls, Listed)
            and issubclass(cls, OfPatients)
            and actions.get("get") == "list"
        ):
            found.append(pytest.param(path, cls, id=path))
    return found


def test_it_finds_the_lists() -> None:
    assert len(listed()) >= 2


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize(("path", "view"), listed())
def test_it_records_every_list_as_a_search(
    cast: Cast, path: str, view: type[ContinuumViewSet]
) -> None:
    reader = cast.asha if view.roles["list"] & cast.asha.actor_roles() else cast.sam
    client = reader.client
    with cast.acting():
        before = set(AuditEvent.objects.values_list("id", flat=True))
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.data)
    with cast.acting():
        fresh = AuditEvent.objects.exclude(id__in=before)
        assert [(row.actor, row.action) for row in fresh] == [(reader.user.email, "search")]


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize("path", ["/api/v1/patients", "/api/v1/patients/{patient}"])
def test_it_discloses_nothing_when_the_row_cannot_be_written(
    cast: Cast, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cast.asha.client
    client.raise_request_exception = False
    assert client.get(path.format(patient=cast.patient.id)).status_code == 200

    def full(**row: object) -> AuditEvent:
        raise DatabaseError("no space left on device")

    monkeypatch.setattr(AuditEvent.objects, "create", full)
    with transaction.atomic():
        answer = client.get(path.format(patient=cast.patient.id))
    assert answer.status_code == 500
    assert b"Tremblay" not in answer.content
