"""Which hat may call what. The default denies; a view lists every action with its roles."""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from coordination.actors import Actor, Role
from coordination.problems import Denied

CLINICAL = frozenset({Role.PRACTITIONER})
SCHEDULING = frozenset({Role.SCHEDULER})
CARE = frozenset({Role.PRACTITIONER, Role.SCHEDULER})
ADMINISTRATION = frozenset({Role.ADMINISTRATOR})
PATIENTS = frozenset({Role.PATIENT})
ANY_ROLE = frozenset(Role) - PATIENTS  # whoever works here


class DenyAll(BasePermission):
    """What a view gets that names nothing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuse."""
        return False


class ByRole(BasePermission):
    """Allow what the view's `roles` table lists for the action; an action it omits is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Decide by the actor's roles; raises `Denied` with the rule `role.<view>.<action>`."""
        actor = request.auth
        if not isinstance(actor, Actor):
            return False
        if view.action is None:
            return True  # a verb that the address does not have: DRF answers 405
        table: Mapping[str, frozenset[Role]] = view.roles
        if not actor.roles & table.get(view.action, frozenset()):
            raise Denied(
                "Your role in this organization does not allow this.",
                rule=f"role.{view.basename}.{view.action}",
            )
        return True


class IsActor(BasePermission):
    """Allow whoever is logged in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether somebody is."""
        return isinstance(request.auth, Actor)
