"""What a token may do: `patient:read`, `referral:write`, … read off the addresses themselves.

The resource is the view's basename, the verb `read` for what changes nothing and `write` for
everything else. What has no basename has no scope: there only `*` passes, which is a person's own
token and never a portal's. A scope narrows what the login may do anyway and adds nothing to it.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from oauth2_provider.scopes import BaseScopes

from coordination.problems import Denied

EVERYTHING = "*"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def scope_of(view: Any, method: str) -> str | None:
    """Return the scope that a view's method needs; None where only `*` passes."""
    resource = getattr(view, "basename", None)
    if not isinstance(resource, str) or not resource:
        return None
    return f"{resource}:{'read' if method.upper() in _READING else 'write'}"


def demand(granted: Iterable[str], view: Any, method: str) -> None:
    """Raise `Denied` with the rule `token.<scope>` unless the scopes granted cover the call."""
    needed = scope_of(view, method)
    if _covers(granted, needed):
        return
    if needed is None:
        raise Denied("No portal and no narrowed token may do this.", rule="token.none")
    raise Denied(f"The token was not granted {needed}.", rule=f"token.{needed}")


def remember(request: Any, granted: Iterable[str]) -> None:
    """Let whoever answers this request ask what else its token was granted (`may_read`)."""
    request.granted_scopes = frozenset(granted)


def may_read(request: Any, resource: str) -> bool:
    """Say whether whoever asks may read a resource that is told beside what they asked for.

    A session, which is a person at the screen, may read whatever its roles may.
    """
    return _covers(granted_to(request), f"{resource}:read")


def granted_to(request: Any) -> list[str]:
    """Return the scopes with which a request was made, sorted; of a session, everything."""
    return sorted(getattr(request, "granted_scopes", (EVERYTHING,)))


def _covers(granted: Iterable[str], needed: str | None) -> bool:
    scopes = frozenset(granted)
    return EVERYTHING in scopes or needed in scopes


@cache
def all_scopes() -> dict[str, str]:
    """Return every scope with what it allows, in words for the page that asks for consent."""
    found = {}
    for resource in sorted(set(_resources(get_resolver()))):
        thing = resource.replace("-", " ")
        found[f"{resource}:read"] = f"Read: {thing}"
        found[f"{resource}:write"] = f"Add and change: {thing}"
    return found


def _resources(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _resources(entry)
        elif isinstance(entry, URLPattern):
            made_with = getattr(entry.callback, "initkwargs", None) or {}
            if basename := made_with.get("basename"):
                yield str(basename)


class PortalScopes(BaseScopes):  # type: ignore[misc] # the library ships no types
    """What django-oauth-toolkit asks: a portal gets at most what it was registered for."""

    def get_all_scopes(self) -> dict[str, str]:
        """Return every scope."""
        return all_scopes()

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what the portal may ask for."""
        return list(application.scopes) if application is not None else []

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what a portal gets that asks for nothing in particular."""
        return self.get_available_scopes(application=application)
