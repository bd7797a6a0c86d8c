"""Each request has an id, one line in the log and one count in the metrics.

The line names ids only. An address that leads nowhere may be anything, a name included, so it is
not written down, and the query never is.
"""

import logging
import re
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from time import perf_counter
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from coordination import metrics

HEADER = "X-Request-ID"
PROBES = frozenset({"live", "ready", "metrics"})  # every few seconds, and all the same
# a UUID or a trace id; anything else could carry what does not belong in a log
_WELL_FORMED = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")

log = structlog.get_logger(__name__)


class RequestContext:
    """The outermost middleware: what every log line of a request has in common."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bind the request's id, answer, and say what came of it."""
        started = perf_counter()
        request_id = request_id_of(request)
        request.request_id = request_id  # type: ignore[attr-defined] # ours
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            if request.path.startswith("/api/v1/"):
                # what concerns a patient is not to lie about in anybody's cache
                response.headers["Cache-Control"] = "no-store, private"
            _conclude(request, response, perf_counter() - started)
        finally:
            clear_contextvars()
        return response


def request_id_of(request: HttpRequest) -> str:
    """Return the id that a proxy gave this request when it is well-formed, else a new one."""
    presented = request.headers.get(HEADER, "").lower()
    return presented if _WELL_FORMED.fullmatch(presented) else str(uuid4())


def client_address(request: HttpRequest) -> str:
    """Return who asks, as far as TRUSTED_PROXIES can be believed; of IPv6, the network.

    What a client itself wrote into X-Forwarded-For stands left of what our proxies wrote.
    """
    claimed = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    trusted: int = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        claimed = hops[-trusted]
    try:
        address = ip_address(claimed)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _conclude(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    route = (match.view_name or match.route) if match else "unknown"
    method = request.method if request.method in metrics.METHODS else "OTHER"
    metrics.observe(method=method, route=route, status=response.status_code, seconds=seconds)
    if route in PROBES and response.status_code == 200:
        return
    log.log(
        logging.ERROR if response.status_code == 500 else logging.INFO,
        "request",
        method=method,
        route=route,
        path=request.path if match else None,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
    )
