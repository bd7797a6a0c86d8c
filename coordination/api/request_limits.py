"""What somebody may send: too much, or what cannot be read, is refused before a byte is read."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from coordination.api.problem_details import MEDIA_TYPE, PREFIX
from coordination.header_parameters import MALFORMED

_NO_TEXT = "This is not UTF-8, percent-encoded."


class RequestLimits:
    """Middleware: a body says how long it is, or the server hands none on.

    None is packed: what a packed one would grow to, nobody has said.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413 to a body above DATA_UPLOAD_MAX_MEMORY_SIZE, and 415 to a packed one.

        Headers and query parameters that cannot be read are answered 400.
        """
        if header := request.META.get(MALFORMED):
            detail = f"The header {header} cannot be read; text is UTF-8."
            return _refuse(400, "bad-request", "Malformed request", detail)
        if unreadable := _unreadable_parameters(request):
            return _refuse(
                400,
                "invalid",
                "The input is not valid",
                "The query cannot be read; see `errors`.",
                errors=[{"pointer": f"/{name}", "detail": _NO_TEXT} for name in unreadable],
            )
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _length(request) <= limit:
            return _refuse_packed() if _is_packed(request) else self.get_response(request)
        detail = f"A request may bring {limit} bytes at most; nothing of this one was read."
        return _refuse(413, "too-large", "Too much at once", detail)


def _refuse_packed() -> JsonResponse:
    detail = "Send the body as it is, without Content-Encoding; nothing of this one was read."
    answer = _refuse(415, "unsupported-media-type", "Unsupported media type", detail)
    answer.headers["Accept-Encoding"] = "identity"  # RFC 9110, 12.5.3
    return answer


def _is_packed(request: HttpRequest) -> bool:
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    return encoding not in {"", "identity"} and _length(request) > 0


def _unreadable_parameters(request: HttpRequest) -> list[str]:
    """Return the names of the parameters that are not UTF-8; Django would read them as others."""
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    if _is_text(unquote_to_bytes(query)):
        return []
    parts = [part.split(b"=", 1)[0] for part in query.split(b"&") if not _is_text(_plain(part))]
    return list(dict.fromkeys(_plain(name).decode("utf-8", "replace") for name in parts))


def _plain(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))


def _is_text(part: bytes) -> bool:
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse(status: int, slug: str, title: str, detail: str, **more: Any) -> JsonResponse:
    document = {"type": PREFIX + slug, "title": title, "status": status, "detail": detail, **more}
    return JsonResponse(document, status=status, content_type=MEDIA_TYPE)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0
