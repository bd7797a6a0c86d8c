"""`/health/live` and `/health/ready`, for whoever watches over the processes."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from coordination.readiness import readiness


@require_safe
@never_cache
@transaction.non_atomic_requests
def live(request: HttpRequest) -> HttpResponse:
    """Answer, and touch nothing else: the process is up."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@transaction.non_atomic_requests
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when every part works, else 503; the body says which does not, and why."""
    parts = readiness(timezone.now())
    ok = all(part.ok for part in parts)
    body = {
        "status": "ok" if ok else "down",
        "parts": {
            part.name: {"status": "ok" if part.ok else "down", "reason": part.reason}
            for part in parts
        },
    }
    return JsonResponse(body, status=200 if ok else 503)
