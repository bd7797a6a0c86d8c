"""Idempotency-Key: the same unsafe request again has one effect and one answer."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.db.utils import OperationalError
from django.utils import timezone
from rest_framework.test import APIClient

from coordination import idempotency, registration
from coordination.api.views import ContinuumViewSet
from coordination.models import KeptAnswer
from coordination.tenancy import acting_in
from tests.cast import Cast
from tests.coordination.repeating import REPLAYED, counts, joining, patients, register, registering
from tests.story import TOLD, Step, tell
from tests.test_openapi import addresses, view_class

MANY = 20
#: logins decide for themselves, and a token must never be kept; a self-check writes nothing
NOT_KEPT = {
    "coordination.api.sessions",
    "coordination.api.me",
    "care_plans.api.self_checks",
}
#: the addresses of those that write nothing: sent twice, they answer twice
STATELESS = "/api/v1/self-checks/"
LOGINS = ("/api/v1/session", "/api/v1/tokens", "/api/v1/me/", "/api/v1/logins/")
#: what begins like a login's own address and is not: what patients and their proxies enter
NO_LOGINS = (
    "/api/v1/me/patients/",
    "/api/v1/me/statements",
    "/api/v1/me/assessments",
    "/api/v1/me/adherence-entries",
)
UNSAFE = {"post", "put", "patch", "delete"}


@pytest.fixture
def now() -> Iterator[None]:
    with time_machine.travel(TOLD, tick=False):
        yield


def unsafe_operations() -> set[tuple[str, str]]:
    """Return every unsafe verb and address that the OpenAPI document names."""
    client = APIClient()
    paths = client.get("/api/schema").json()["paths"]
    return {
        (verb, path)
        for path, operations in paths.items()
        for verb in operations
        if verb in UNSAFE and (path.startswith(NO_LOGINS) or not path.startswith(LOGINS))
    }


def test_it_covers_every_view_that_takes_unsafe_requests() -> None:
    views = {
        view_class(view)
        for path, view in addresses()
        if path.startswith("/api/v1/") and view_class(view) is not None
    }
    for view in views:
        assert view is not None
        if view.__module__ in NOT_KEPT:
            continue
        assert issubclass(view, ContinuumViewSet), f"{view} answers twice what comes twice"


@pytest.mark.feature("AP-10")
def test_it_repeats_the_first_answer_of_every_unsafe_call(cast: Cast, now: None) -> None:
    told: set[tuple[str, str]] = set()

    def twice(step: Step) -> Any:
        key = f"key-{len(told)}-{step.address}"
        first = step.send(Idempotency_Key=key)
        if first.status_code >= 300:
            return first
        before = counts(cast)
        again = step.send(Idempotency_Key=key)
        assert (again.status_code, again.content) == (first.status_code, first.content), step
        assert again.headers.get("ETag") == first.headers.get("ETag"), step
        assert again.headers.get("Content-Type") == first.headers.get("Content-Type"), step
        if not step.address.startswith(STATELESS):
            assert again[REPLAYED] == "true"
        assert REPLAYED not in first
        assert counts(cast) == before, step
        told.add(step.operation)
        return first

    tell(cast, twice)
    assert told <= unsafe_operations()
    assert len(told) >= 70  # the others are held to the same by the test above


@pytest.mark.feature("AP-10")
def test_it_refuses_a_key_that_comes_with_another_request(cast: Cast) -> None:
    assert register(cast.sam, "k", registering(cast)).status_code == 201
    before = counts(cast)
    for answer in (
        register(cast.sam, "k", registering(cast, family_name="Roy")),
        register(cast.sam, "k", joining(cast), f"/api/v1/patients/{cast.patient.id}/care-team"),
        register(cast.sam, "k", registering(cast), **{"If-Match": '"1"'}),
    ):
        assert answer.status_code == 422
        assert answer.data["type"] == "urn:continuum:problem:key-reused"
    assert counts(cast) == before


def test_it_keeps_each_login_s_keys_apart(cast: Cast) -> None:
    first = register(cast.sam, "k", registering(cast))
    other = register(cast.asha, "k", registering(cast))
    abroad = register(
        cast.olu, "k", {**registering(cast), "lead": str(cast.olu.practitioner_role.id)}
    )
    assert len({answer.data["id"] for answer in (first, other, abroad)}) == 3


@pytest.mark.parametrize("key", ["k" * 201, "caf\u00e9", "a\x7fb"])
def test_it_refuses_a_key_that_it_cannot_keep(cast: Cast, key: str) -> None:
    before = patients(cast)
    answer = register(cast.sam, key, registering(cast))
    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == "/Idempotency-Key"
    assert patients(cast) == before


def test_it_lets_the_key_of_a_refused_request_try_again(cast: Cast) -> None:
    assert register(cast.sam, "k", registering(cast, family_name="")).status_code == 400
    with cast.acting():
        assert not KeptAnswer.objects.exists()
    assert register(cast.sam, "k", registering(cast)).status_code == 201


@pytest.mark.feature("AP-10")
def test_it_forgets_after_a_day(cast: Cast) -> None:
    with time_machine.travel(TOLD, tick=False):
        first = register(cast.sam, "k", registering(cast))
    with time_machine.travel(TOLD + timedelta(hours=23, minutes=59), tick=False):
        again = register(cast.sam, "k", registering(cast))
        assert again.content == first.content
        assert idempotency.sweep_answers(now=timezone.now()) == 0
    with time_machine.travel(TOLD + timedelta(hours=24), tick=False):
        assert register(cast.sam, "k", registering(cast)).data["id"] != first.data["id"]
        assert register(cast.olu, "k", {}).status_code == 400
    later = TOLD + timedelta(hours=48)
    assert idempotency.sweep_answers(now=later) == 1
    assert idempotency.sweep_answers(now=later) == 0
    with cast.acting():
        assert not KeptAnswer.objects.exists()


def at_once(cast: Cast, keys: list[str]) -> list[Any]:
    """Register one patient with each of these keys, all at the same moment."""
    _ = cast.sam.client
    credentials = cast.sam.client._credentials  # type: ignore[attr-defined] # DRF's own
    together = threading.Barrier(len(keys))

    def one(key: str) -> Any:
        client = APIClient()
        client.credentials(**credentials)
        together.wait(timeout=60)
        try:
            return client.post(
                "/api/v1/patients", registering(cast), headers={"Idempotency-Key": key}
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(one, keys))


@pytest.mark.feature("AP-10")
def test_it_has_one_effect_however_many_come_at_once(committed_cast: Cast) -> None:
    cast = committed_cast
    before = patients(cast)
    answers = at_once(cast, ["k"] * MANY)
    made = [answer for answer in answers if answer.status_code == 201]
    told_to_wait = [answer for answer in answers if answer.status_code == 409]
    assert len(made) + len(told_to_wait) == MANY
    assert len({answer.content for answer in made}) == 1
    assert len([answer for answer in made if REPLAYED not in answer]) == 1
    for answer in told_to_wait:
        assert answer.data["type"] == "urn:continuum:problem:still-running"
        assert answer["Retry-After"] == "1"
    assert patients(cast) == before + 1
    assert register(cast.sam, "k", registering(cast)).content == made[0].content


@pytest.mark.feature("AP-10")
def test_it_leaves_nothing_of_a_request_that_dies_half_way(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    client = cast.sam.client
    before = counts(cast)
    client.raise_request_exception = False
    told = registration._tell

    def dying(*args: Any, **kwargs: Any) -> None:
        told(*args, **kwargs)
        with connection.cursor() as cursor:  # as the server sees a process that was killed
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(registration, "_tell", dying)
    with suppress(OperationalError):
        assert register(cast.sam, "k", registering(cast)).status_code >= 500
    connections.close_all()
    monkeypatch.undo()
    assert counts(cast) == before
    assert register(cast.sam, "k", registering(cast)).status_code == 201
    assert patients(cast) == before["Patient"] + 1


def test_it_is_fenced_by_organization(cast: Cast) -> None:
    register(cast.sam, "k", registering(cast))
    with acting_in(cast.harbour.id):
        assert not KeptAnswer.objects.exists()
    with cast.acting():
        assert KeptAnswer.objects.count() == 1
