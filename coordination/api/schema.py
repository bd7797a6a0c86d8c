"""What the OpenAPI document says beyond what drf-spectacular reads off the code."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_ERRORS = {
    "400": "The input is not valid; `errors` points to the fields.",
    "401": "Nobody is logged in, or the token is not valid.",
    "403": "The actor's role or scope does not allow this; `rule` says which rule.",
    "404": "Missing, or out of the actor's reach: the two look the same.",
    "409": "Not possible in the present state, or changed meanwhile.",
    "412": "If-Match names a version that is no longer the newest.",
    "428": "If-Match is required.",
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


class ContinuumSchema(AutoSchema):
    """Reads the operations off the views."""


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
    """Give every operation its error responses, and every edit its If-Match header."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for verb, operation in operations.items():
            for code in _codes(path, verb):
                operation["responses"].setdefault(code, _response(_ERRORS[code]))
            if verb == "patch":
                operation.setdefault("parameters", []).append(_if_match())
    return result


def _codes(path: str, verb: str) -> list[str]:
    codes = ["400", "401", "403"]
    if "{" in path:
        codes.append("404")
    if verb in {"post", "patch", "delete"}:
        codes.append("409")
    if verb == "patch":
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
        "schema": {"type": "string", "example": '"3"'},
    }
