"""Which hat may call what. The default denies; a view lists every action with its roles."""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from coordination import scope
from coordination.actors import Actor, Role
from coordination.problems import Denied

CLINICAL = frozenset({Role.PRACTITIONER})
SCHEDULING = frozenset({Role.SCHEDULER})
CARE = frozenset({Role.PRACTITIONER, Role.SCHEDULER})
OVERSIGHT = frozenset({Role.PRIVACY_OFFICER})
ADMINISTRATION = frozenset({Role.ADMINISTRATOR})
PATIENTS = frozenset({Role.PATIENT})
PROXIES = frozenset({Role.PROXY})
ANY_ROLE = frozenset(Role) - PATIENTS - PROXIES  # whoever works here


class DenyAll(BasePermission):
    """What a view gets that names nothing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuse."""
        return False


class ByRole(BasePermission):
    """Allow what the view's `roles` table lists for the action; an action it omits is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Decide by roles, and a write by scope; raises `Denied` with the rule that refuses."""
        actor = request.auth
        if not isinstance(actor, Actor):
            return False
        if view.action is None:
            return True  # a verb that the address does not have: DRF answers 405
        table: Mapping[str, frozenset[Role]] = view.roles
        name, hats = f"{view.basename}.{view.action}", table.get(view.action, frozenset())
        must_have_role(name, hats, actor)
        if request.method not in SAFE_METHODS:
            scope.admit(name, actor=actor, hats=hats)
        return True


def must_have_role(action: str, hats: frozenset[Role], actor: Actor) -> None:
    """Raise `Denied` with the rule `role.<action>` unless the actor wears one of the hats."""
    if not actor.roles & hats:
        raise Denied("Your role in this organization does not allow this.", rule=f"role.{action}")


class IsActor(BasePermission):
    """Allow whoever is logged in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether somebody is."""
        return isinstance(request.auth, Actor)
