"""How often one login may ask: counted in the cache, told in the standard headers.

Each process counts for itself and adds up with the others now and then, so that most requests cost
nothing; the limit is therefore kept to about a hundredth for each process. Without the cache nobody
is counted, since an API that is up serves better than a limit that is kept.
"""

from dataclasses import dataclass
from time import monotonic, time
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponseBase
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from coordination.actors import Actor
from coordination.models import User

WINDOW = 60  # seconds
_SHARE_EVERY = 0.5  # seconds
_PAUSE = 10.0  # seconds without asking a cache that did not answer
_REMEMBERED = 10_000  # logins in one process

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Count:
    window: int
    total: int = 0
    unshared: int = 0
    shared_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a login has left, and for how many seconds."""

    limit: int
    left: int
    seconds: int

    def tell(self, response: HttpResponseBase) -> None:
        """Write it into the headers of an answer (draft-ietf-httpapi-ratelimit-headers)."""
        response["RateLimit-Policy"] = f'"default";q={self.limit};w={WINDOW}'
        response["RateLimit"] = f'"default";r={self.left};t={self.seconds}'


def note_caller(request: Request, user: User, actor: Actor) -> None:
    """Say at the request whose login brought it, also where it is refused right after that."""
    who = f"{actor.organization_id}:{user.pk}"
    request._request.caller = who  # type: ignore[attr-defined] # ours, as `rate_limit` below


class PerLogin(BaseThrottle):
    """Refuses with 429 what a login asks beyond RATE_LIMIT requests a minute."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this request; its standing is left at the request for the headers."""
        limit: int = settings.RATE_LIMIT
        caller: str | None = getattr(request._request, "caller", None)
        if not limit or caller is None:
            return True
        used, seconds = _counts.hit(caller, limit)
        self._seconds = seconds
        # Our own attribute on Django's request: the answer's headers are made from it.
        request._request.rate_limit = Standing(  # type: ignore[attr-defined] # for the headers
            limit, max(limit - used, 0), seconds
        )
        return used <= limit

    def wait(self) -> float:
        """Return the seconds until there is room again."""
        return self._seconds


class _Counts:
    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._silent_until = 0.0

    def hit(self, login: str, limit: int) -> tuple[int, int]:
        at = time()
        window = int(at // WINDOW)
        count = self._counts.get(login)
        if count is None or count.window != window:
            if len(self._counts) > _REMEMBERED:
                self._counts.clear()
            count = self._counts[login] = _Count(window)
        count.total += 1
        count.unshared += 1
        due = count.unshared * 100 >= limit or monotonic() - count.shared_at > _SHARE_EVERY
        if monotonic() < self._silent_until:
            count.total = 0
        elif due:
            self._share(login, count)
        return count.total, max(int((window + 1) * WINDOW - at), 1)

    def _share(self, login: str, count: _Count) -> None:
        key = f"rate:{login}:{count.window}"
        count.shared_at = monotonic()
        try:
            cache.add(key, 0, timeout=2 * WINDOW)
            count.total = cache.incr(key, count.unshared)
        except (RedisError, ValueError):
            if not self._silent_until:
                log.warning("rate_limit_without_cache")
            self._silent_until = monotonic() + _PAUSE
            count.total = 0
            return
        self._silent_until = 0.0
        count.unshared = 0


_counts = _Counts()
