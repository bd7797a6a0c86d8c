"""Liveness, readiness and the signs of life behind them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from coordination import readiness
from coordination.celery import app
from coordination.heartbeat import MISSED_AFTER, Timekeeper, last_alive, note_alive
from coordination.tasks import show_life


@pytest.fixture(autouse=True)
def _signs_of_life(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this test's signs of life apart from those of workers that other tests start."""
    monkeypatch.setattr(readiness, "_last", None)
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


def _ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/health/ready")
    return answer.status_code, answer.json()["parts"]


def test_it_is_live_without_touching_the_database(client: Client) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_it_is_ready_when_every_part_works(client: Client) -> None:
    note_alive("beat", now=timezone.now())
    show_life()
    status, parts = _ready(client)
    assert status == 200
    assert {part["status"] for part in parts.values()} == {"ok"}
    assert list(parts) == ["database", "migrations", "broker", "worker", "beat"]


@pytest.mark.django_db
def test_it_says_which_part_has_fallen_silent_and_since_when(client: Client) -> None:
    note_alive("beat", now=timezone.now())
    note_alive("worker", now=timezone.now() - MISSED_AFTER - timedelta(seconds=15))
    status, parts = _ready(client)
    assert status == 503
    assert [name for name, part in parts.items() if part["status"] == "down"] == ["worker"]
    assert parts["worker"]["reason"].startswith("No worker has run a task for 4")


@pytest.mark.django_db
def test_it_says_that_a_part_never_gave_a_sign(client: Client) -> None:
    note_alive("worker", now=timezone.now())
    _, parts = _ready(client)
    assert parts["beat"]["reason"] == "Beat has not looked at its schedule yet."


@pytest.mark.django_db
def test_it_is_not_ready_before_the_tables_are(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = frozenset({("coordination", "9999_to_come")})
    monkeypatch.setattr(readiness, "_migrations", lambda: wanted)
    status, parts = _ready(client)
    assert status == 503
    assert "coordination.9999_to_come" in parts["migrations"]["reason"]


@pytest.mark.django_db
def test_it_tells_nobody_where_its_servers_are(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    nowhere = {"host": "127.0.0.1", "port": "1", "user": "somebody", "password": "hush"}
    monkeypatch.setattr(
        readiness, "connection", type("Gone", (), {"get_connection_params": lambda: dict(nowhere)})
    )
    settings.REDIS_URL = "redis://:hush@127.0.0.1:1/0"
    answer = client.get("/health/ready")
    parts = answer.json()["parts"]
    assert answer.status_code == 503
    assert {part["status"] for part in parts.values()} == {"down"}
    assert parts["database"]["reason"] == "It does not answer."
    assert parts["worker"]["reason"] == "Not known while the broker is down."
    for secret in ("hush", "somebody", "127.0.0.1"):
        assert secret not in answer.content.decode()


@pytest.mark.django_db
def test_it_is_not_ready_as_a_role_that_row_level_security_does_not_bind(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "RUNTIME_ROLE", "somebody_else")
    _, parts = _ready(client)
    assert "row-level security" in parts["database"]["reason"]


def test_it_notes_that_beat_is_alive_whenever_it_looks() -> None:
    keeper = Timekeeper(app, lazy=True)
    keeper.schedule.clear()
    assert last_alive("beat") is None
    keeper.tick()
    seen = last_alive("beat")
    assert seen is not None
    assert timezone.now() - seen < timedelta(seconds=5)


def test_it_keeps_on_ticking_without_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as Gone

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Gone

    monkeypatch.setattr("coordination.heartbeat.note_alive", refuse)
    keeper = Timekeeper(app, lazy=True)
    keeper.schedule.clear()
    assert keeper.tick() is not None


@pytest.mark.django_db
def test_it_asks_the_parts_at_most_once_a_second(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def ask(now: Any) -> list[readiness.Part]:
        asked.append(now)
        return []

    monkeypatch.setattr(readiness, "_ask_all", ask)
    for _ in range(3):
        client.get("/health/ready")
    assert len(asked) == 1
    readiness.readiness(timezone.now() + timedelta(seconds=2))
    assert len(asked) == 2
