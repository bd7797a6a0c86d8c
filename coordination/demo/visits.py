"""A browser or a program of the demo's cast, as the server sees it: plain HTTP, nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from coordination.second_factors import PERIOD, totp_code


class Surprise(Exception):
    """The server answered something else than what the step expects."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise `Surprise` unless it holds."""
    if not holds:
        raise Surprise(otherwise)


class Visitor:
    """Somebody with a session. Each call names the status that it expects."""

    def __init__(self, base_url: str, name: str) -> None:
        self.name = name
        self._http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=20)
        self.roles: list[dict[str, Any]] = []

    @classmethod
    def logged_in(
        cls, base_url: str, *, name: str, email: str, password: str, secret: str | None = None
    ) -> Self:
        """Log in as a person at a browser does, with the app of this secret if one is needed.

        Raises `Surprise`.
        """
        visitor = cls(base_url, name)
        me = visitor.post("/session", {"email": email, "password": password}, expect=200)
        if secret is not None:
            me = visitor.give_code(secret)
        visitor.roles = me["practitioner_roles"]
        return visitor

    def give_code(self, secret: str) -> Any:
        """Give the second factor; a code that an earlier check used up is followed by the next."""
        for ahead in (0, PERIOD):
            body = {"code": totp_code(secret, datetime.now(UTC) + timedelta(seconds=ahead))}
            sent = self._http.post("/session/second-factor", json=body, headers=self._unsafe())
            if sent.status_code != 401:
                break
        return self._body(sent, 200)

    @property
    def role_id(self) -> str:
        """Return the id under which this person practises (the first, of several)."""
        return str(self.roles[0]["id"])

    def get(self, path: str, *, expect: int = 200, **query: Any) -> Any:
        """Read; returns the body."""
        # Empty parameters would take the query away that a link to the next page has.
        return self._body(self._http.get(path, params=query or None), expect)

    def every(self, path: str, **query: Any) -> list[Any]:
        """Read a list, page after page."""
        found: list[Any] = []
        page = self.get(path, **query)
        while True:
            found += page["results"]
            if not page["next"]:
                return found
            page = self._body(self._http.get(page["next"]), 200)

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        expect: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Act; returns the body."""
        sent = self._http.post(path, json=body or {}, headers={**self._unsafe(), **(headers or {})})
        return self._body(sent, expect)

    def patch(self, path: str, body: Any, *, etag: str, expect: int = 200) -> Any:
        """Edit the version that `etag` names; returns the body."""
        sent = self._http.patch(path, json=body, headers={**self._unsafe(), "If-Match": etag})
        return self._body(sent, expect)

    def etag(self, path: str) -> str:
        """Return the version of what stands at a path."""
        answer = self._http.get(path)
        self._body(answer, 200)
        return answer.headers["ETag"]

    def _unsafe(self) -> dict[str, str]:
        token = self._http.cookies.get("csrftoken")
        return {"X-CSRFToken": token} if token else {}

    def _body(self, answer: httpx.Response, expect: int) -> Any:
        if answer.status_code != expect:
            raise Surprise(
                f"{self.name}: {answer.request.method} {answer.request.url.path} answered "
                f"{answer.status_code}, not {expect}: {answer.text[:600]}"
            )
        return answer.json() if answer.content else None
