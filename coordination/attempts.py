"""Guessing is slowed down: passwords, second factors and tokens, by login and by address.

The first attempts are free. After the last of them one more is let through each time the wait is
over, and each wait is twice the one before, up to a cap. Somebody who guesses from one address
makes only that address wait long; a login that is attacked from many, and an address that many
share, wait a minute at most, so that nobody can lock a clinic out.

The counts lie in the cache. When it has been emptied, counting begins anew; when it does not
answer, each process counts for itself, so that logging in neither stops nor opens up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, Protocol

import structlog
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError

from coordination.problems import Problem

Kind = Literal["password", "second-factor", "token", "portal"]
log = structlog.get_logger(__name__)
_own = LocMemCache("attempts", {"OPTIONS": {"MAX_ENTRIES": 10_000}})


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many attempts are free, and how long the longest wait is that follows."""

    free: int
    longest: timedelta
    window: timedelta = timedelta(hours=24)  # after which it begins anew


# Defaults of this software. A person mistypes a few times; a clinic shares one address.
BY_PAIR = Allowance(free=5, longest=timedelta(minutes=15))
BY_LOGIN = Allowance(free=30, longest=timedelta(minutes=1))
BY_ADDRESS = Allowance(free=100, longest=timedelta(minutes=1))
# Nobody guesses 256 bits; a program whose token has expired must be told so, a flood not.
OF_TOKENS = Allowance(free=100, longest=timedelta(minutes=1), window=timedelta(minutes=1))


class TooManyAttempts(Problem):
    """Wrong too often; `retry_after` says in how many seconds the next attempt is heard."""

    type = "too-many-attempts"
    title = "Too many attempts"
    status = 429

    def __init__(self, retry_after: int, *, began: bool) -> None:
        super().__init__(
            f"Too many attempts; the next one is heard in {retry_after} s.", retry_after=retry_after
        )
        self.wait = retry_after  # seconds
        self.began = began  # the first refusal of this wait, worth writing down once


class _Counts(Protocol):
    def get(self, key: str, default: object = None) -> object: ...
    def add(self, key: str, value: object, timeout: float | None = None) -> bool: ...
    def incr(self, key: str, delta: int = 1) -> int: ...
    def set(self, key: str, value: object, timeout: float | None = None) -> None: ...
    def delete_many(self, keys: list[str]) -> object: ...


def take_attempt(kind: Kind, login: str, address: str, *, now: datetime) -> None:
    """Count one attempt before it is checked. Raises `TooManyAttempts` when it has to wait.

    The login need not exist: strangers learn nothing from being made to wait.
    """
    try:
        _take(cache, kind, login, address, now)
    except (RedisError, OSError):
        log.warning("attempts_counted_here_only", kind=kind)
        _take(_own, kind, login, address, now)


def forgive(kind: Kind, login: str, address: str) -> None:
    """Take an attempt back that was right, and forget those before it from this address."""
    (pair, _), *shared = _buckets(kind, login, address)
    for counts in (cache, _own):
        try:
            counts.delete_many([pair, _gate(pair), _told(pair)])
            for key, _ in shared:
                _take_back(counts, key)
        except (RedisError, OSError):
            continue


def _take_back(counts: _Counts, key: str) -> None:
    try:
        counts.incr(key, -1)
    except ValueError:
        return  # nobody counted here, or the count was emptied meanwhile


def _take(counts: _Counts, kind: Kind, login: str, address: str, now: datetime) -> None:
    buckets = _buckets(kind, login, address)
    for key, _ in buckets:
        _refuse_while_waiting(counts, key, now)
    for key, allowance in buckets:
        counts.add(key, 0, timeout=allowance.window.total_seconds())
        number = counts.incr(key)
        if number >= allowance.free:
            _close_gate(counts, key, allowance.longest, number - allowance.free + 1, now)


def _refuse_while_waiting(counts: _Counts, key: str, now: datetime) -> None:
    until = counts.get(_gate(key))
    if isinstance(until, float) and until > now.timestamp():
        left = int(until - now.timestamp()) + 1
        raise TooManyAttempts(left, began=counts.add(_told(key), 1, timeout=left))


def _close_gate(counts: _Counts, key: str, longest: timedelta, beyond: int, now: datetime) -> None:
    # Whoever adds the gate is heard; those who raced for the same attempt wait.
    wait = min(longest.total_seconds(), 2.0 ** min(beyond, 20))
    if not counts.add(_gate(key), now.timestamp() + wait, timeout=wait):
        _refuse_while_waiting(counts, key, now)


def _buckets(kind: Kind, login: str, address: str) -> list[tuple[str, Allowance]]:
    if kind == "token":
        return [(_key(kind, "*", address), OF_TOKENS)]
    return [
        (_key(kind, login, address), BY_PAIR),
        (_key(kind, login, "*"), BY_LOGIN),
        (_key(kind, "*", address), BY_ADDRESS),
    ]


def _key(*parts: str) -> str:
    # Hashed: what was typed where an address belongs may be anything, a password included.
    return "attempts:" + sha256("\0".join(parts).encode()).hexdigest()


def _gate(key: str) -> str:
    return f"{key}:gate"


def _told(key: str) -> str:
    return f"{key}:told"
