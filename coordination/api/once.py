"""Idempotency-Key: an unsafe request that comes twice is answered as it was the first time."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import audit, idempotency
from coordination.api.scopes import granted_to
from coordination.disclosure import View
from coordination.idempotency import Answer
from coordination.problems import Invalid

if TYPE_CHECKING:
    from coordination.api.views import ContinuumViewSet

HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
_HEADERS_KEPT = ("ETag", "Location")

Handler = Callable[..., HttpResponseBase]


class Repeated(Response):
    """An answer given before, byte for byte."""

    def __init__(self, answer: Answer) -> None:
        data = json.loads(answer.body) if answer.body else None
        super().__init__(data, status=answer.status, headers={**answer.headers, REPEATED: "true"})
        self._bytes = answer.body

    @property
    def rendered_content(self) -> Any:
        """Return the bytes that were sent the first time."""
        if self._bytes:
            self["Content-Type"] = "application/json"
        else:
            del self["Content-Type"]
        return self._bytes


def answer_once(view: "ContinuumViewSet", request: Request) -> None:
    """Let the handler of an unsafe request with a key run once; called when it may run at all."""
    key = request.headers.get(HEADER)
    if key is None or request.method in SAFE_METHODS or view.action is None:
        return
    if not key:
        raise Invalid.field(f"/{HEADER}", "This header is empty.")
    name = str(request.method).lower()
    setattr(view, name, _once(getattr(view, name), view, key))


def _once(handler: Handler, view: "ContinuumViewSet", key: str) -> Handler:
    def handle(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = idempotency.fingerprint(
            str(request.method).encode(),
            request._request.get_full_path().encode(),
            request.headers.get("If-Match", "").encode(),
            request.headers.get("Content-Type", "").encode(),
            # what is told beside an answer depends on what its token was granted
            " ".join(granted_to(request)).encode(),
            request._request.body,
        )
        seen_in: View = getattr(view, "seen_in", "clinical")
        known = idempotency.begin(key, asked, actor=view.actor, now=view.now, view=seen_in)
        if known is not None:
            return Repeated(known)
        with audit.overhearing() as heard:
            response = handler(request, *args, **kwargs)
        if response.status_code < 400:
            answer = _rendered(response, view, request)
            idempotency.keep(
                key, asked, answer, heard=heard, actor=view.actor, now=view.now, view=seen_in
            )
        return response

    return handle


def _rendered(response: Any, view: "ContinuumViewSet", request: Any) -> Answer:
    body = b""
    if response.data is not None:
        context = view.get_renderer_context() | {"response": response}
        renderer, kind = request.accepted_renderer, request.accepted_media_type
        body = renderer.render(response.data, kind, context)
    headers = {name: response.headers[name] for name in _HEADERS_KEPT if name in response.headers}
    return Answer(response.status_code, headers, body)
