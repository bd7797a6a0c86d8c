"""What the OpenAPI document says beyond what drf-spectacular reads off the code."""

from copy import deepcopy
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import ChoiceField, EmailField

from coordination.api.members import is_closed

_ERRORS = {
    "400": "The input is not valid; `errors` points to the fields.",
    "401": "Nobody is logged in, or the token is not valid.",
    "403": "The actor's role or scope does not allow this; `rule` says which rule.",
    "404": "Missing, or out of the actor's reach: the two look the same.",
    "405": "This address does not take this method; `Allow` says which it takes.",
    "406": "The answer exists as JSON only.",
    "409": "Not possible in the present state, or changed meanwhile; with `Retry-After`: the "
    "first request with this key is still running.",
    "412": "If-Match names a version that is no longer the newest.",
    "413": "The body is larger than this server reads.",
    "415": "The body must be JSON, without `Content-Encoding`.",
    "422": "The idempotency key was used before, for another request.",
    "428": "If-Match is required.",
    "429": "Too many requests; `Retry-After` says when to go on.",
    "503": "This server had no time for it; `Retry-After` says when to ask the same again.",
}
#: what the shared error responses are called
_REFUSALS = {
    "400": "Invalid",
    "401": "NotAuthenticated",
    "403": "Denied",
    "404": "NotFound",
    "405": "MethodNotAllowed",
    "406": "NotAcceptable",
    "409": "Conflict",
    "412": "VersionMismatch",
    "413": "TooLarge",
    "415": "UnsupportedMediaType",
    "422": "KeyReused",
    "428": "VersionRequired",
    "429": "TooManyRequests",
    "503": "Busy",
}
_DONE = {
    "200": "Done, or found.",
    "201": "Made.",
    "204": "Done; there is nothing to say.",
}
_LIMITS = ("RateLimit", "RateLimit-Policy")
_UNSAFE = {"post", "put", "patch", "delete"}
_WHOLE = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit": {
        "description": 'What is left: `"default";r=<requests>;t=<seconds until it is full>`.',
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": 'How much there is: `"default";q=<requests>;w=<seconds>`.',
        "schema": _TEXT,
    },
    "Retry-After": {"description": "Seconds to wait before asking again.", "schema": _WHOLE},
    "ETag": {"description": "The version; send it as If-Match when you edit.", "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "`true` on an answer that was given before.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": (
        "Send a fresh one (a UUID, say) with each new request, and the same again when you hear "
        "nothing back: for 24 hours it repeats the first answer and has no second effect."
    ),
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "example": "urn:continuum:problem:invalid"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "rule": {
            "type": "string",
            "description": "The rule that refused, when one did.",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "example": "/birth_date"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


_PREFIX = "/api/v1"
#: what a method is called where the last word of the address is a thing and not a verb
_CALLED = {"_retrieve": "_get", "_partial_update": "_update", "_destroy": "_delete"}


class ContinuumSchema(AutoSchema):
    """Reads the operations off the views."""

    def get_operation_id(self) -> str:
        """Name the operation as a generated client calls it: `referrals_accept`, `goals_get`."""
        name = str(super().get_operation_id())
        for wordy, plain in _CALLED.items():
            if name.endswith(wordy):
                return name.removesuffix(wordy) + plain
        *before, last = self.path.removeprefix(_PREFIX).split("/")
        is_plural = last.endswith("s") and not last.endswith("ss")  # as in `end-access`
        if len(before) > 1 and not is_plural:
            return name.removesuffix("_create")
        return name

    def _get_paginator(self) -> Any:
        """Page what is read alone: a list that was just made comes whole."""
        # drf-spectacular has no public hook for that.
        pages: Any = super()._get_paginator  # the library leaves it untyped
        return pages() if self.method == "GET" else None

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Say that a body has no other members than these, where others are refused."""
        of_serializer: Any = super()._map_basic_serializer  # the library leaves it untyped
        mapped = of_serializer(serializer, direction)
        if direction == "request" and is_closed(serializer):
            mapped["additionalProperties"] = False
        return mapped

    def _map_serializer_field(
        self, field: Any, direction: Any, bypass_extensions: bool = False
    ) -> Any:
        """Say of what may be empty that it may: choices that are only read, and addresses."""
        may_be_blank = _may_be_blank(field)
        if field.read_only and isinstance(field, (ChoiceField, EmailField)):
            field.allow_blank = field.allow_blank if may_be_blank is None else may_be_blank
        of_field: Any = super()._map_serializer_field  # the library leaves it untyped
        mapped = of_field(field, direction, bypass_extensions)
        if mapped and direction == "request" and getattr(field, "allow_empty", True) is False:
            least = {"array": "minItems", "object": "minProperties"}.get(mapped.get("type"))
            if least:
                mapped[least] = 1
        return mapped


def _may_be_blank(field: Any) -> bool | None:
    """Say whether the field's column may be an empty text; nothing of a field without column."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    if model is None:
        return None
    columns = {column.name: column for column in model._meta.concrete_fields}
    column = columns.get(field.source)
    return bool(column and column.blank and not column.null)


class BearerScheme(OpenApiAuthenticationExtension):
    """How a program logs in."""

    target_class = "coordination.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Describe the bearer token."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "From `POST /api/v1/tokens`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    """How a person at a browser is logged in."""

    target_class = "coordination.api.authentication.SessionAuthentication"
    name = "session"
    priority = 1  # before the extension that ships for the parent class

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Describe the session cookie."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "From `POST /api/v1/session`; unsafe requests send `X-CSRFToken`.",
        }


def add_problems(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Give every operation its error responses, headers, and what it may be sent with."""
    components = result["components"]
    components.setdefault("schemas", {})["Problem"] = deepcopy(PROBLEM)
    components["headers"] = _HEADERS
    components["responses"] = {name: _refusal(code) for code, name in _REFUSALS.items()}
    _make_plain(components["schemas"])
    for path, operations in result["paths"].items():
        for verb, operation in operations.items():
            _complete(path, verb, operation)
        if "get" in operations and _is_edited(path, result["paths"]):
            _say_version(operations["get"])
    return result


def _is_edited(path: str, paths: dict[str, Any]) -> bool:
    """Say whether the row at an address is edited there, or decided about right below."""
    below = [at for at in paths if at == path or at.rpartition("/")[0] == path]
    return path.endswith("}") and any(
        _decides_about_a_version(operation) for at in below for operation in paths[at].values()
    )


def _say_version(operation: dict[str, Any]) -> None:
    link = {"ETag": {"$ref": "#/components/headers/ETag"}}
    for code, response in operation["responses"].items():
        if code.startswith("2"):
            response["headers"] = response.get("headers", {}) | link


def _make_plain(part: Any) -> None:
    """Write what may be null so that every generator reads it, formats included."""
    if isinstance(part, list):
        for one in part:
            _make_plain(one)
    if not isinstance(part, dict):
        return
    if {} in part.get("oneOf", ()):
        del part["oneOf"]  # anything, null too
    if part.get("type") == ["string", "null"] and "format" in part:
        del part["type"]
        part["oneOf"] = [{"type": "string", "format": part.pop("format")}, {"type": "null"}]
    for one in part.values():
        _make_plain(one)


def _complete(path: str, verb: str, operation: dict[str, Any]) -> None:
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path" and parameter["name"] == "id":
            parameter["schema"] = {"type": "string", "format": "uuid"}
    if verb == "patch":
        parameters.append(_if_match())
    if verb in _UNSAFE and not _is_login(path):
        parameters[:] = [one for one in parameters if one["name"] != _KEY["name"]] + [_KEY]
    if not parameters:
        del operation["parameters"]
    responses = operation["responses"]
    # what a view says beyond the rule: that it may refuse so, without a form of its own for it
    said = [code for code in responses if code in _ERRORS and "content" not in responses[code]]
    responses.update({code: {} for code in said})
    for code, response in responses.items():
        _add_headers(response, _headers(path, verb, code, operation))
        response["description"] = response.get("description") or _DONE.get(code, "")
    for code in [*_codes(path, verb, operation), *said]:
        if _is_login(path):
            responses.setdefault(code, _response(_ERRORS[code]))
        elif not responses.get(code, {}).get("description"):
            responses[code] = {"$ref": f"#/components/responses/{_REFUSALS[code]}"}


def _headers(path: str, verb: str, code: str, operation: dict[str, Any]) -> list[str]:
    if _is_login(path):
        return []
    names = list(_LIMITS)
    if code.startswith("2") and verb in _UNSAFE:
        names.append("Idempotency-Replayed")
    if code.startswith("2") and _decides_about_a_version(operation):
        names.append("ETag")
    return names


def _add_headers(response: dict[str, Any], names: list[str]) -> None:
    links = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if links:
        response["headers"] = links | response.get("headers", {})


def _refusal(code: str) -> dict[str, Any]:
    """Return an error response that the operations share."""
    response = _response(_ERRORS[code])
    names = [] if code in {"401", "413"} else list(_LIMITS)
    _add_headers(response, names + (["Retry-After"] if code in {"409", "429", "503"} else []))
    return response


def _is_login(path: str) -> bool:
    return path in {"/api/v1/session", "/api/v1/tokens"}


def _decides_about_a_version(operation: dict[str, Any]) -> bool:
    return any(one["name"] == "If-Match" for one in operation.get("parameters", ()))


def _codes(path: str, verb: str, operation: dict[str, Any]) -> list[str]:
    codes = ["400", "401", "403", "406", "429"]
    if "{" in path or verb in _UNSAFE or "parameters" in operation:
        codes.append("404")  # of what the address names, or of the patient that a body names
    if verb in _UNSAFE:
        codes += ["409", "413", "415", "422"]
    if _decides_about_a_version(operation):
        codes += ["412", "428"]
    return codes


def _response(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    }


def _if_match() -> dict[str, Any]:
    return {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "description": "The ETag of the version that you edit.",
        "schema": {"type": "string", "example": '"3"', "pattern": '^(W/)?"?[0-9]{1,9}"?$'},
    }
