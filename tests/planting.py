"""Planting a word in every free text that the API accepts, as its own OpenAPI document tells."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx

PREFIX = "/api/v1"
VERBS = ("post", "put", "patch", "delete")
# Texts that name somebody to the login itself; what is planted there would lock the cast out.
NOT_PLANTED = ("/session", "/tokens", "/sessions", "/mfa", "/account")


@dataclass(frozen=True)
class Operation:
    """One unsafe operation, and the schema of its body."""

    verb: str
    path: str
    body: Mapping[str, Any]


class Garden:
    """Every unsafe operation of a document, and where a canary was planted and taken in."""

    def __init__(self, document: Mapping[str, Any], canary: str) -> None:
        self.document = document
        self.canary = canary
        self.planted: set[str] = set()
        self.accepted: set[str] = set()

    def operations(self) -> list[Operation]:
        """Return every unsafe operation that does not log somebody in or out."""
        found = [
            Operation(verb, path.removeprefix(PREFIX), self._body(operation))
            for path, verbs in self.document["paths"].items()
            for verb, operation in verbs.items()
            if verb in VERBS and not path.removeprefix(PREFIX).startswith(NOT_PLANTED)
        ]
        # What comes into being first can be written about afterwards, and ends last.
        return sorted(found, key=lambda one: (one.verb == "delete", one.path.count("/"), one.verb))

    def collections(self) -> list[str]:
        """Return the names of the lists that can be read."""
        return [
            path.removeprefix(f"{PREFIX}/")
            for path, verbs in self.document["paths"].items()
            if "get" in verbs and path.startswith(f"{PREFIX}/") and path.count("/") == 3
        ]

    def free_texts(self) -> set[str]:
        """Return every free text of every operation, as `verb path pointer`."""
        return {
            f"{operation.verb} {operation.path} {pointer}"
            for operation in self.operations()
            for pointer in self._texts(operation.body)
        }

    def grow(self, operation: Operation, known: Mapping[str, Any]) -> Any:
        """Return a body with a canary in every free text, and known ids where ids belong."""
        marker = f"{operation.verb} {operation.path} "
        self.planted |= {marker + pointer for pointer in self._texts(operation.body)}
        return self._grown(operation.body, "", known)

    def taken(self, operation: Operation) -> None:
        """Note that the operation accepted what `grow` returned for it."""
        marker = f"{operation.verb} {operation.path} "
        self.accepted |= {marker + pointer for pointer in self._texts(operation.body)}

    def _body(self, operation: Mapping[str, Any]) -> Mapping[str, Any]:
        content = operation.get("requestBody", {}).get("content", {})
        found: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
        return found

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while True:
            if "$ref" in schema:
                schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                continue
            parts = schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf")
            if not parts or "properties" in schema:
                return schema
            schema = next(part for part in parts if part.get("type") != "null")

    def _is_free(self, schema: Mapping[str, Any]) -> bool:
        bound = {"enum", "const", "format", "pattern"} & set(schema)
        room = schema.get("maxLength", 10_000) >= len(self.canary)
        return _type(schema) == "string" and not bound and room and not schema.get("readOnly")

    def _texts(self, schema: Mapping[str, Any], pointer: str = "", depth: int = 0) -> Iterator[str]:
        schema = self._resolved(schema)
        if depth > 6:
            return
        if self._is_free(schema):
            yield pointer
        for name, part in schema.get("properties", {}).items():
            yield from self._texts(part, f"{pointer}/{name}", depth + 1)
        for keyword, step in (("items", "/-"), ("additionalProperties", "/*")):
            if isinstance(schema.get(keyword), Mapping):
                yield from self._texts(schema[keyword], pointer + step, depth + 1)

    def _grown(
        self, schema: Mapping[str, Any], name: str, known: Mapping[str, Any], depth: int = 0
    ) -> Any:
        schema = self._resolved(schema)
        if name in known:
            return known[name]
        if self._is_free(schema):
            return f"{self.canary} said {uuid4().hex[:6]}"[: schema.get("maxLength", 200)]
        if "enum" in schema:
            return next((one for one in schema["enum"] if one), None)
        if "properties" in schema and depth < 7:
            return {
                key: self._grown(part, key, known, depth + 1)
                for key, part in schema["properties"].items()
                # what is neither a text nor required would only be one more thing to refuse
                if key in schema.get("required", ()) or any(self._texts(part))
            }
        if _type(schema) == "array":
            return [self._grown(schema.get("items", {}), name, known, depth + 1)]
        return _plain(schema, self.canary)


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(kind, list):
        return str(next(one for one in kind if one != "null"))
    return str(kind)


def _plain(schema: Mapping[str, Any], canary: str) -> Any:
    """Return something valid for a schema that is no free text."""
    formats = {
        "date": "1990-05-17",
        "date-time": datetime.now(UTC).isoformat(),
        "uuid": str(uuid4()),
        "email": f"{canary}@continuum.example",
        "uri": f"https://continuum.example/{canary}",
        "time": "10:00:00",
    }
    kinds = {"boolean": True, "integer": schema.get("minimum", 1), "number": 1, "object": {}}
    if _type(schema) == "string":
        return formats.get(schema.get("format", ""), "1")
    return kinds.get(_type(schema))


@dataclass
class Heard:
    """One answer: who asked what, and everything that came back."""

    who: str
    asked: str
    status: int
    headers: str
    text: str


class Planting(httpx.HTTPTransport):
    """The wire: whatever text a person writes carries the canary, and every answer is kept."""

    canary = ""
    heard: ClassVar[list[Heard]] = []
    TEXTS = ("text", "because", "reason", "note", "notes", "comment", "words", "remark", "name")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and keep what came of it."""
        path = request.url.path.removeprefix(PREFIX)
        if request.method in ("POST", "PATCH") and not path.startswith(NOT_PLANTED):
            request = _with_body(request, self._plant(json.loads(request.read() or b"{}")))
        answer = super().handle_request(request)
        answer.read()
        self.heard.append(
            Heard(
                who=str(request.headers.get("x-visitor", "")),
                asked=f"{request.method} {path}",
                status=answer.status_code,
                headers=str(answer.headers.raw),
                text=answer.text,
            )
        )
        return answer

    def _plant(self, body: Any) -> Any:
        if isinstance(body, dict):
            return {
                key: f"{part} {self.canary}"
                if key in self.TEXTS and isinstance(part, str)
                else self._plant(part)
                for key, part in body.items()
            }
        return [self._plant(part) for part in body] if isinstance(body, list) else body


def _with_body(request: httpx.Request, body: Any) -> httpx.Request:
    headers = [(name, value) for name, value in request.headers.items() if name != "content-length"]
    return httpx.Request(
        request.method,
        request.url,
        headers=headers,
        content=json.dumps(body).encode(),
        extensions=request.extensions,
    )


def plant_in_fhir(part: Any, canary: str) -> Any:
    """Return a FHIR document in which every text meant for people carries the canary."""
    texts = re.compile(r"text|display|given|line|city|title|description|div|note|comment|suffix")
    if isinstance(part, dict):
        return {key: _texted(key, value, canary, texts) for key, value in part.items()}
    return [plant_in_fhir(one, canary) for one in part] if isinstance(part, list) else part


def _texted(key: str, value: Any, canary: str, texts: "re.Pattern[str]") -> Any:
    if texts.fullmatch(key):
        if isinstance(value, str):
            return f"{value} {canary}"
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return [f"{one} {canary}" for one in value]
    return plant_in_fhir(value, canary)
