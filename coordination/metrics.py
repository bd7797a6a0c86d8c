"""`/metrics` for Prometheus: counts and times by route, and how far behind the work is.

Nothing here names a person or an id. Web processes of one server share their counts through a
folder of small files; what lies in the database or the broker is read when somebody scrapes.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hmac import compare_digest

import redis
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from coordination.readiness import BROKER_SECONDS, readiness
from coordination.shared_counts import SHARED_FOLDER

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Gauges = Callable[[datetime], Iterable[Metric]]
_gauges: list[Gauges] = []
_registry = CollectorRegistry()

REQUESTS = Counter(
    "continuum_requests",
    "Requests answered.",
    ["method", "route", "status"],
    registry=_registry,
)
SECONDS = Histogram(
    "continuum_request_seconds",
    "Time until the answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=_registry,
)


def observe(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)


def register(gauges: Gauges) -> None:
    """Add what an app reads from its tables at each scrape: numbers, never ids."""
    _gauges.append(gauges)


@require_safe
@never_cache
@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a scrape; to strangers the address does not exist."""
    if not may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Now())
    if os.environ.get(SHARED_FOLDER):
        MultiProcessCollector(registry)
        text = generate_latest(registry)
    else:
        text = generate_latest(_registry) + generate_latest(registry)
    return HttpResponse(text, content_type=CONTENT_TYPE)


def may_read(request: HttpRequest) -> bool:
    """Allow METRICS_TOKEN's bearer; without that setting, programs on this machine."""
    token: str = settings.METRICS_TOKEN
    if token:
        presented = request.headers.get("Authorization", "")
        return compare_digest(presented.encode(), f"Bearer {token}".encode())
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers)
    return not forwarded and request.META.get("REMOTE_ADDR", "") in {"127.0.0.1", "::1"}


class _Now(Collector):
    """What is true at this moment, whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        """Ask each part, and each app that registered."""
        now = timezone.now()
        up = GaugeMetricFamily(
            "continuum_part_up",
            "1 when a part of the system works, as /health/ready says.",
            labels=["part"],
        )
        parts = readiness(now)
        for part in parts:
            up.add_metric([part.name], float(part.ok))
        yield up
        if all(part.ok for part in parts if part.name == "broker"):
            yield _waiting_tasks()
        if all(part.ok for part in parts if part.name in {"database", "migrations"}):
            for gauges in _gauges:
                yield from gauges(now)


def _waiting_tasks() -> Metric:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS
    )
    with client:
        waiting = client.llen("celery")
    return GaugeMetricFamily(
        "continuum_broker_tasks", "Tasks that no worker has taken yet.", value=float(waiting)
    )
