"""How much somebody may send: more than that is refused before a byte of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from coordination.api.problem_details import MEDIA_TYPE, PREFIX


class RequestLimits:
    """Middleware: a body says how long it is, or the server hands none on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413 to a body above DATA_UPLOAD_MAX_MEMORY_SIZE."""
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _length(request) <= limit:
            return self.get_response(request)
        document = {
            "type": f"{PREFIX}too-large",
            "title": "Too much at once",
            "status": 413,
            "detail": f"A request may bring {limit} bytes at most; nothing of this one was read.",
        }
        return JsonResponse(document, status=413, content_type=MEDIA_TYPE)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0
