"""Who asks: a person with a session, or a program with a token; each in one organization."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from coordination import second_factors
from coordination.actors import Actor, actor_for
from coordination.api import rate_limit, scopes
from coordination.api.principals import principal_of
from coordination.attempts import take_attempt
from coordination.logins import demand_own_password, memberships_of
from coordination.models import User
from coordination.request_context import client_address
from coordination.second_factors import Standing
from coordination.tenancy import choose_organization

ORGANIZATION_HEADER = "Continuum-Organization"
#: what a session holds besides the login: where it acts, and what was proven
ORGANIZATION, FACTOR = "organization", "factor"
PASSWORD, PENDING = "password", "pending"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer …` for programs and portals: acts as its login, within its scopes."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return login and actor, or None when no token was presented.

        Raises `Denied` for a call outside the token's scopes, `SecondFactorRequired` and
        `PasswordChangeRequired` for one that was issued for a password alone, `TooManyAttempts`
        for who guesses.
        """
        presented = presented_token(request)
        if presented is None:
            return None
        now = timezone.now()
        principal = principal_of(presented, now=now, request_id=_request_id(request))
        if principal is None:
            take_attempt("token", "*", client_address(request._request), now=now)
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        _bind(request, principal.user, principal.actor)
        view = request.parser_context.get("view")
        scopes.demand(principal.scopes, view, request.method or "")
        scopes.remember(request, principal.scopes)
        standing = Standing(is_enrolled=False, is_proven=principal.is_vouched)
        if not _may_come_half_way(view):
            standing.demand(principal.actor.roles)
        if not principal.is_vouched and not _may_come_before_change(view):
            demand_own_password(principal.user)
        return principal.user, principal.actor

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a missing login answers 401."""
        return self.keyword


def presented_token(request: Request) -> str | None:
    """Return the token that a request brings, whoever's it may be; None: it brings none."""
    scheme, _, presented = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return presented.strip() if scheme.lower() == TokenAuthentication.keyword.lower() else None


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie for people; unsafe requests carry the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return login and actor, or None when nobody is logged in.

        Raises `SecondFactorRequired` while a second factor is missing, except where it is given,
        and `PasswordChangeRequired` while the password is another's choice.
        """
        user: Any = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        now = timezone.now()
        actor = enter(request, user, now=now)
        view = request.parser_context.get("view")
        if not _may_come_half_way(view):
            # Whoever has to change the password enrols afterwards, and gives what is enrolled now.
            standing_of(request).demand(frozenset() if user.must_change_password else actor.roles)
        if not _may_come_before_change(view):
            demand_own_password(user)
        return user, actor

    def authenticate_header(self, request: Request) -> str:
        """Name a scheme, so that a missing login answers 401."""
        return "Session"


def enter(request: Request, user: User, *, now: datetime) -> Actor:
    """Return the actor of a session, with the transaction in the organization it acts in."""
    allowed = memberships_of(user.id, now=now)
    chosen = _chosen(request) or next(iter(allowed), None)
    if chosen is None or chosen not in allowed:
        raise NotAuthenticated("This login is no member of that organization.")
    choose_organization(chosen)
    actor = actor_for(user, chosen, now=now, request_id=_request_id(request))
    _bind(request, user, actor)
    return actor


def standing_of(request: Request) -> Standing:
    """Return what the session has proven besides the password, and what it owes by now."""
    factor = request.session.get(FACTOR, PASSWORD)
    user: Any = getattr(request._request, "user", None)
    owes = factor == PENDING
    if factor == PASSWORD and isinstance(user, User):
        # A factor that was enrolled while this login was under way has not ended its session.
        owes = second_factors.is_enrolled(user)
    return Standing(is_enrolled=owes, is_proven=factor not in {PASSWORD, PENDING})


def _may_come_half_way(view: Any) -> bool:
    return bool(getattr(view, "before_second_factor", False))


def _may_come_before_change(view: Any) -> bool:
    return bool(getattr(view, "before_password_change", False))


def _chosen(request: Request) -> UUID | None:
    wanted = request.headers.get(ORGANIZATION_HEADER) or request.session.get(ORGANIZATION)
    try:
        return UUID(wanted) if wanted else None
    except ValueError as error:
        raise NotAuthenticated(f"{ORGANIZATION_HEADER} is not an id.") from error


def _request_id(request: Request) -> str:
    return str(getattr(request._request, "request_id", "") or "")


def _bind(request: Request, user: User, actor: Actor) -> None:
    rate_limit.note_caller(request, user, actor)
    bind_contextvars(user_id=str(user.id), organization_id=str(actor.organization_id))
