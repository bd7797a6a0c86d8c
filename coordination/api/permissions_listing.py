"""Who may call what: the caller's own permissions, and the whole matrix as a document.

Both are read off the addresses themselves: their `roles` tables and the scope-of-practice table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import scope
from coordination.actors import Actor, Role
from coordination.api.permissions import ANY_ROLE, PATIENTS, must_have_role
from coordination.api.views import ContinuumViewSet, OfPatients
from coordination.disclosure import View
from coordination.problems import Denied
from coordination.scope_table import TABLE, NotClinical

HATS = (*sorted(ANY_ROLE), *PATIENTS)
_HEAD = """# Permissions

Who may call which address. Generated from the code by `manage.py print_permissions`; do not edit.

A role is where it begins. Beyond it, a patient must be within reach (circle of care, directives),
and a write obeys the entry of the scope-of-practice table that is named here
(`GET /api/v1/scope-of-practice`). `GET /api/v1/permissions` tells what the caller's own login may.
What is about one's own login, under `/me`, is open to everybody who is logged in with a session.
"""


@dataclass(frozen=True, slots=True)
class Permission:
    """One verb of one address, with the roles that may call it."""

    resource: str
    action: str
    verb: str
    address: str
    hats: frozenset[Role]
    view: View | None  # how it sees patients, if it is about any

    @property
    def name(self) -> str:
        """Return what it is called: `resource.action`."""
        return f"{self.resource}.{self.action}"

    @property
    def entry(self) -> str:
        """Return the entry of the scope table that it asks, or nothing."""
        target = TABLE.actions.get(self.name)
        return "" if target is None or isinstance(target, NotClinical) else target


def permissions() -> list[Permission]:
    """Return every verb of every address that goes by roles, by resource and address."""
    found = _permissions(get_resolver(), "/")
    return sorted(found, key=lambda one: (one.resource, one.address, one.verb))


def _permissions(resolver: URLResolver, prefix: str) -> Iterator[Permission]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _permissions(entry, path)
        elif isinstance(entry, URLPattern):
            yield from _of_address(entry.callback, path)


def _of_address(view: Any, path: str) -> Iterator[Permission]:
    made_with: Mapping[str, Any] = getattr(view, "initkwargs", None) or {}
    actions: Mapping[str, str] = getattr(view, "actions", None) or {}
    for verb, action in actions.items():
        if verb != "head":
            hats = view.cls.roles.get(action, frozenset())
            resource = str(made_with["basename"])
            seen_in = view.cls.seen_in if issubclass(view.cls, OfPatients) else None
            yield Permission(resource, action, verb.upper(), _readable(path), hats, seen_in)


def _readable(path: str) -> str:
    form, names = normalize(path)[0]
    return str(form % {name: f"{{{'id' if name == 'pk' else name}}}" for name in names})


def refusing(permission: Permission, actor: Actor) -> str:
    """Return the rule that refuses an actor this whatever it is about; "" if none does."""
    try:
        must_have_role(permission.name, permission.hats, actor)
        if permission.verb not in SAFE_METHODS:
            scope.admit(permission.name, actor=actor, hats=permission.hats)
    except Denied as denied:
        return denied.rule
    return ""


def document() -> str:
    """Return the whole matrix as Markdown."""
    parts = [_HEAD]
    for resource, rows in groupby(permissions(), key=lambda one: one.resource):
        parts.append(f"## {resource}\n")
        parts.append("| Call | " + " | ".join(_words(hat) for hat in HATS) + " | Scope entry |")
        parts.append("| --- | " + " | ".join(":-:" for _ in HATS) + " | --- |")
        parts.extend(map(_row, rows))
        parts.append("")
    return "\n".join(parts)


def _row(permission: Permission) -> str:
    may = " | ".join("yes" if hat in permission.hats else "" for hat in HATS)
    entry = f"`{permission.entry}`" if permission.entry else ""
    return f"| `{permission.verb} {permission.address}` | {may} | {entry} |"


def _words(hat: Role) -> str:
    return str(hat).replace("_", " ").capitalize()


class PermissionSerializer(serializers.Serializer[Any]):
    """What the caller may do at one address."""

    action = serializers.CharField(help_text="As rules name it: `care-plan.create`.")
    verb = serializers.CharField()
    address = serializers.CharField()
    may = serializers.BooleanField(
        help_text="Your roles and disciplines allow it, for patients within your reach."
    )
    refused_by = serializers.CharField(help_text="The rule that refuses it, or nothing.")
    scope_entry = serializers.CharField(help_text="What it asks of the scope table, or nothing.")


class PermissionViewSet(ContinuumViewSet):
    """What the caller's own login may do."""

    roles = {"list": ANY_ROLE | PATIENTS}
    serializer_class = PermissionSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        summary="List what I may do",
        description="A token may be narrower still: it does nothing beyond its scopes.",
        responses={200: PermissionSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        """Return every address with whether this login may call it, and the rule if not."""
        rows = [_told(one, self.actor) for one in permissions()]
        return Response(self.get_serializer(rows, many=True).data)


def _told(permission: Permission, actor: Actor) -> dict[str, Any]:
    rule = refusing(permission, actor)
    return {
        "action": permission.name,
        "verb": permission.verb,
        "address": permission.address,
        "may": not rule,
        "refused_by": rule,
        "scope_entry": permission.entry,
    }
