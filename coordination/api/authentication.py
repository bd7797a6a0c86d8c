"""Who asks: a person with a session, or a program with a token; each in one organization."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from coordination.actors import Actor, actor_for
from coordination.logins import memberships_of
from coordination.models import User
from coordination.tenancy import choose_organization

ORGANIZATION_HEADER = "Continuum-Organization"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer …` for programs: acts as its login in its organization."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return login and actor, or None when no token was presented."""
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        now = timezone.now()
        digest = sha256(presented.strip().encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT user_id, organization_id FROM coordination_token(%s, %s)",
                [digest, now],
            )
            row = cursor.fetchone()
        if row is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        user = User.objects.filter(pk=row[0], is_active=True).first()
        if user is None:
            raise AuthenticationFailed("This token's login is not active.")
        return user, _enter(request, user, row[1], now=now)

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a missing login answers 401."""
        return self.keyword


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie for people; unsafe requests carry the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return login and actor, or None when nobody is logged in."""
        user: Any = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        now = timezone.now()
        allowed = memberships_of(user.id, now=now)
        chosen = _chosen(request) or next(iter(allowed), None)
        if chosen is None or chosen not in allowed:
            raise NotAuthenticated("This login is no member of that organization.")
        return user, _enter(request, user, chosen, now=now)

    def authenticate_header(self, request: Request) -> str:
        """Name a scheme, so that a missing login answers 401."""
        return "Session"


def _chosen(request: Request) -> UUID | None:
    wanted = request.headers.get(ORGANIZATION_HEADER) or request.session.get("organization")
    try:
        return UUID(wanted) if wanted else None
    except ValueError as error:
        raise NotAuthenticated(f"{ORGANIZATION_HEADER} is not an id.") from error


def _enter(request: Request, user: User, organization_id: UUID, *, now: datetime) -> Actor:
    choose_organization(organization_id)
    bind_contextvars(user_id=str(user.id), organization_id=str(organization_id))
    request_id = str(getattr(request._request, "request_id", "") or "")
    return actor_for(user, organization_id, now=now, request_id=request_id)
