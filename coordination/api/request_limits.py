"""What somebody may send: too much, or what cannot be read, is refused before a byte is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from coordination.api.problem_details import MEDIA_TYPE, PREFIX
from coordination.header_parameters import MALFORMED


class RequestLimits:
    """Middleware: a body says how long it is, or the server hands none on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413 to a body above DATA_UPLOAD_MAX_MEMORY_SIZE, 400 to unreadable headers."""
        if header := request.META.get(MALFORMED):
            detail = f"The header {header} cannot be read; text is UTF-8."
            return _refuse(400, "bad-request", "Malformed request", detail)
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _length(request) <= limit:
            return self.get_response(request)
        detail = f"A request may bring {limit} bytes at most; nothing of this one was read."
        return _refuse(413, "too-large", "Too much at once", detail)


def _refuse(status: int, slug: str, title: str, detail: str) -> JsonResponse:
    document = {"type": PREFIX + slug, "title": title, "status": status, "detail": detail}
    return JsonResponse(document, status=status, content_type=MEDIA_TYPE)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0
