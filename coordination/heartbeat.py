"""Signs of life: when beat last looked at its schedule, and when a worker last ran a task.

They lie in the cache, not in the database: nothing is lost when they are forgotten, since the
next beat renews them.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from celery.beat import Scheduler
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

Part = Literal["beat", "worker"]
EVERY = timedelta(seconds=10)
MISSED_AFTER = 3 * EVERY
_KEPT = timedelta(days=7)


def note_alive(part: Part, *, now: datetime) -> None:
    """Record that a part of the software worked at this moment."""
    cache.set(f"alive:{part}", now.isoformat(), timeout=int(_KEPT.total_seconds()))


def last_alive(part: Part) -> datetime | None:
    """Return when a part last gave a sign of life, or None when none is remembered."""
    found = cache.get(f"alive:{part}")
    return datetime.fromisoformat(found) if isinstance(found, str) else None


class Timekeeper(Scheduler):
    """Beat's scheduler: keeps no file, since what is due stands in the database.

    A restart begins every interval anew, and two beats at once do no harm.
    """

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Send what is due, and leave a sign of life; without the cache, only the former."""
        wait = super().tick(*args, **kwargs)
        try:
            note_alive("beat", now=timezone.now())
        except RedisError:
            self.logger.warning("beat could not leave its sign of life")
        return wait
