"""Every error of the API as an RFC 9457 problem document with a stable `type`."""

import http
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, DataError, IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from coordination.problems import FieldError, Problem, first_of, pointer

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:continuum:problem:"

log = structlog.get_logger(__name__)


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an error into its document and undo the request's transaction; None: a defect."""
    answer = respond(error)
    if answer is not None:
        set_rollback()
    return answer


def respond(error: Exception) -> Response | None:
    """Turn an error into its document and keep what was written, a lock-out for example."""
    document = _document(error)
    if document is None:
        return None
    headers: dict[str, str] = {}
    if isinstance(error, Problem) and error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, exceptions.APIException):
        if header := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait) + 1)
    elif isinstance(error, Problem) and "retry_after" in error.extra:
        headers["Retry-After"] = str(error.extra["retry_after"])
    return Response(document, status=document["status"], headers=headers, content_type=MEDIA_TYPE)


def _document(error: Exception) -> dict[str, Any] | None:
    match error:
        case Problem():
            document = _shape(error.type, error.title, error.status, error.detail)
            document.update(error.extra)
            if error.errors:
                document["errors"] = [entry._asdict() for entry in error.errors]
            return document
        case exceptions.ValidationError():
            document = _shape("invalid", "The input is not valid", 400, "See `errors`.")
            document["errors"] = [entry._asdict() for entry in first_of(field_errors(error.detail))]
            return document
        case Http404():
            return _shape("not-found", "Not found", 404, "There is nothing at this address.")
        case PermissionDenied():
            return _shape("denied", "Not permitted", 403, "This is not permitted.")
        case exceptions.APIException():
            slug = str(error.default_code).replace("_", "-")
            title = http.HTTPStatus(error.status_code).phrase.capitalize()
            return _shape(slug, title, error.status_code, _detail(error))
        case IntegrityError():
            log.warning("refused_by_constraint", error=type(error).__name__)
            return _shape(
                "conflict",
                "In conflict with what is stored",
                409,
                "This contradicts what is stored already, perhaps since a moment ago; nothing was "
                "written. Read it again, then send what fits.",
            )
        case DataError():
            return _shape("invalid", "The input is not valid", 400, "A value is out of range.")
        case DatabaseError() if "Invalid transition" in str(error) or "Cannot" in str(error):
            return _shape(
                "not-allowed",
                "Not possible in this state",
                409,
                "What this is about stands where this is not possible; nothing was written. "
                "Read it again to see how it stands now.",
            )
    return None


def _detail(error: exceptions.APIException) -> str:
    """Say what the library says, and where it stops short, what would be right."""
    if isinstance(error, exceptions.UnsupportedMediaType):
        return "Send the body as JSON, with `Content-Type: application/json`."
    if isinstance(error, exceptions.NotAcceptable):
        renderers: Any = error.available_renderers or ()
        types = list(dict.fromkeys(one.media_type for one in renderers)) or ["application/json"]
        return f"What Accept asks for is not offered; what is: {', '.join(types)}."
    return str(error.detail)


def _shape(slug: str, title: str, code: int, detail: str) -> dict[str, Any]:
    return {"type": PREFIX + slug, "title": title, "status": code, "detail": detail}


def field_errors(detail: Any, *path: str | int) -> Iterator[FieldError]:
    """Yield each complaint of the library's validation, and where in the input it is about."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from field_errors(value, *path, *([] if key == "non_field_errors" else [key]))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping)
            yield from field_errors(value, *path, *([index] if nested else []))
    else:
        yield FieldError(pointer(*path), str(detail))


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer an address that does not exist."""
    document = _shape("not-found", "Not found", 404, "There is nothing at this address.")
    return JsonResponse(document, status=404, content_type=MEDIA_TYPE)


def forged(request: HttpRequest) -> JsonResponse:
    """Answer a form of a session that came without its token."""
    document = _shape(
        "csrf",
        "The request cannot be told from a forged one",
        403,
        f"Send the {settings.CSRF_COOKIE_NAME} cookie's value in the X-CSRFToken header as well.",
    )
    return JsonResponse(document, status=403, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer a request that Django itself refuses (host, size, malformed path)."""
    document = _shape("bad-request", "Malformed request", 400, "The request is malformed.")
    return JsonResponse(document, status=400, content_type=MEDIA_TYPE)


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer a defect of ours without telling its inside; the log has it by request id."""
    document = _shape(
        "server-error",
        "Our fault",
        status.HTTP_500_INTERNAL_SERVER_ERROR,
        "It has been logged.",
    )
    return JsonResponse(document, status=500, content_type=MEDIA_TYPE)
