"""Can this process do its work now? Each part is asked, within a bounded time, and says why not.

The reasons name no host, user or password: they are shown to whoever asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import psycopg
import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from coordination.heartbeat import MISSED_AFTER, last_alive
from coordination.tenancy import RUNTIME_ROLE

DATABASE_SECONDS = 2
BROKER_SECONDS = 1.0
WORKER_SECONDS = 0.5
# Anybody may ask, and each asking opens connections: within this time the last answer serves.
FRESH = timedelta(seconds=1)
_last: tuple[datetime, list["Part"]] | None = None


class Down(Exception):
    """A part cannot do its work; the message is the reason, in one sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that has to work, and whether it does."""

    name: str
    does: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Say whether it works."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Check:
    """How a part is asked; `needs` names another without which there is no asking."""

    name: str
    does: str
    ask: Callable[[datetime], None]
    needs: str = ""


def readiness(now: datetime) -> list[Part]:
    """Return the state of every part, at most `FRESH` old; takes a few seconds at the worst."""
    global _last  # noqa: PLW0603 - one answer for each process
    if _last is None or not timedelta(0) <= now - _last[0] < FRESH:
        _last = now, _ask_all(now)
    return _last[1]


def _ask_all(now: datetime) -> list[Part]:
    checks = (
        Check("database", "keeps everything", check_database),
        Check("migrations", "the tables are those of this version", check_migrations, "database"),
        Check("broker", "carries work to the workers, and caches", check_broker),
        Check("worker", "sends reminders and moves plans on", check_worker, "broker"),
        Check("beat", "wakes the workers", check_beat, "broker"),
    )
    parts: dict[str, Part] = {}
    for check in checks:
        known = not check.needs or parts[check.needs].ok
        reason = _reason(check, now) if known else f"Not known while the {check.needs} is down."
        parts[check.name] = Part(check.name, check.does, reason)
    return list(parts.values())


def check_database(now: datetime) -> None:
    """Raise `Down` unless PostgreSQL answers, to a role that row-level security binds."""
    with _database() as session:
        row = session.execute(
            "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchone()
    if row is None or row[0] != RUNTIME_ROLE or row[1]:
        raise Down("The database user is not the role that row-level security binds.")


def check_migrations(now: datetime) -> None:
    """Raise `Down` unless every migration of this version has been applied."""
    with _database() as session:
        rows = session.execute("SELECT app, name FROM django_migrations").fetchall()
    missing = _migrations() - {(str(app), str(name)) for app, name in rows}
    if missing:
        some = ", ".join(f"{app}.{name}" for app, name in sorted(missing)[:3])
        raise Down(f"{len(missing)} migrations are not applied, among them {some}.")


def check_broker(now: datetime) -> None:
    """Raise `Down` unless Redis or Valkey answers."""
    if not settings.REDIS_URL:
        raise Down("No broker is configured.")
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS
    )
    try:
        client.ping()
    except redis.RedisError as error:
        raise Down(f"It does not answer within {BROKER_SECONDS:g} s.") from error
    finally:
        client.close()


def check_worker(now: datetime) -> None:
    """Raise `Down` unless a worker ran a task lately, or answers when asked directly."""
    seen = last_alive("worker")
    if seen is not None and now - seen <= MISSED_AFTER:
        return
    # Without beat nobody gives a worker anything to run; it may be alive all the same.
    if not current_app.control.broadcast("ping", reply=True, timeout=WORKER_SECONDS, limit=1):
        raise Down(_silence("No worker has run a task", seen, now))


def check_beat(now: datetime) -> None:
    """Raise `Down` unless beat looked at its schedule lately."""
    seen = last_alive("beat")
    if seen is None or now - seen > MISSED_AFTER:
        raise Down(_silence("Beat has not looked at its schedule", seen, now))


def _silence(what: str, seen: datetime | None, now: datetime) -> str:
    if seen is None:
        return f"{what} yet."
    return f"{what} for {(now - seen).total_seconds():.0f} s."


def _reason(check: Check, now: datetime) -> str:
    try:
        check.ask(now)
    except Down as down:
        return str(down)
    except redis.RedisError:
        return "The broker stopped answering."
    except Exception as error:
        return f"The check failed ({type(error).__name__})."
    return ""


def _database() -> psycopg.Connection[tuple[object, ...]]:
    # A connection of its own: waiting for the pool would take longer than a probe may.
    parameters = connection.get_connection_params()
    parameters["connect_timeout"] = DATABASE_SECONDS
    parameters["options"] = f"-c statement_timeout={DATABASE_SECONDS * 1000}"
    for name in ("context", "cursor_factory"):
        parameters.pop(name, None)
    try:
        return psycopg.connect(**parameters)
    except psycopg.OperationalError as error:
        refused = (error.sqlstate or "").startswith("28")
        raise Down("It refuses the login." if refused else "It does not answer.") from error


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None)
    replaced = {key for one in loader.disk_migrations.values() for key in one.replaces}
    return frozenset(set(loader.disk_migrations) - replaced)
