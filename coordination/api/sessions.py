"""Logging in and out, the second factor, and tokens for programs."""

from datetime import datetime
from typing import Any

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coordination import logins, second_factors
from coordination.actors import Actor, actor_for
from coordination.api import login_serializers, passkeys, problem_details, serializers
from coordination.api.authentication import (
    FACTOR,
    ORGANIZATION,
    PASSWORD,
    PENDING,
    SessionAuthentication,
    TokenAuthentication,
    standing_of,
)
from coordination.api.members import read_whole
from coordination.api.permissions import IsActor
from coordination.attempts import TooManyAttempts
from coordination.models import Organization, User
from coordination.problems import FieldError
from coordination.request_context import client_address
from coordination.second_factors import NEEDED_BY, SecondFactorRequired, Standing
from coordination.tenancy import choose_organization


class SessionView(APIView):
    """The session of a person at a browser."""

    before_second_factor = True
    before_password_change = True

    def get_authenticators(self) -> list[Any]:
        """Take a login whatever cookie comes with it.

        Only JSON is parsed, which no foreign page can send without asking first, so logging in
        needs no CSRF token.
        """
        logging_in = self.request is not None and self.request.method == "POST"
        return [] if logging_in else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        """Let strangers log in; everything else needs a login."""
        return [AllowAny()] if self.request.method == "POST" else [IsActor()]

    @extend_schema(summary="Who am I?", responses=serializers.SessionSerializer)
    def get(self, request: Request) -> Response:
        """Return the login, its organization and its roles."""
        assert isinstance(request.auth, Actor)
        get_token(request._request)  # sets the cookie whose value unsafe requests send back
        return Response(_session(request, request.user, request.auth))

    @extend_schema(
        summary="Log in",
        request=serializers.CredentialsSerializer,
        responses=serializers.SessionSerializer,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Open a session; the answer sets the session and the CSRF cookie."""
        given = read_whole(serializers.CredentialsSerializer(data=request.data))
        now = timezone.now()
        try:
            user, actor, factor = log_in(request._request, now=now, **given)
        except TooManyAttempts as refused:
            return locked_out(refused, given["email"], now=now)
        open_session(request._request, user, actor, factor)
        logins.note("login.opened", actor, now=now, factor=factor)
        return Response(_session(request, user, actor))

    @extend_schema(summary="Log out", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Close the session."""
        logout(request._request)
        return Response(status=204)


class SecondFactorView(APIView):
    """The second step of logging in."""

    before_second_factor = True
    before_password_change = True
    authentication_classes: Any = (SessionAuthentication,)
    permission_classes: Any = (IsActor,)

    @extend_schema(
        summary="Give the second factor",
        request=login_serializers.CodeSerializer,
        responses=serializers.SessionSerializer,
    )
    def post(self, request: Request) -> Response:
        """Complete the login; the session gets a new key."""
        given = read_whole(login_serializers.CodeSerializer(data=request.data))
        assert isinstance(request.user, User)
        assert isinstance(request.auth, Actor)
        now = timezone.now()
        try:
            factor = _prove(request, request.user, given, now=now)
        except TooManyAttempts as refused:
            return locked_out(refused, request.user.email, now=now)
        raise_to(request._request, factor)
        logins.note("login.factor-proven", request.auth, now=now, factor=factor)
        return Response(_session(request, request.user, request.auth))


class PasskeyChallengeView(APIView):
    """What a passkey is asked."""

    before_second_factor = True
    before_password_change = True
    authentication_classes: Any = (SessionAuthentication,)
    permission_classes: Any = (IsActor,)

    @extend_schema(
        summary="Ask a passkey",
        request=None,
        responses=login_serializers.PublicKeySerializer,
    )
    def post(self, request: Request) -> Response:
        """Return the options whose answer goes to `/session/second-factor`."""
        assert isinstance(request.user, User)
        return Response({"options": passkeys.ask_to_prove(request.user)})


class TokenView(APIView):
    """Tokens for programs."""

    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)

    @extend_schema(
        summary="Get a token for a program",
        description="A login with a second factor sends its `code` along. Without it the answer is "
        "403 `second-factor-required`, whose `at` names where the factor is given, here this very "
        "address, or enrolled. A password that somebody else chose gives no token: 403 "
        "`password-change-required`.",
        request=serializers.TokenRequestSerializer,
        responses={201: serializers.TokenSerializer},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Return a bearer token that acts as the login in one organization."""
        given = dict(read_whole(serializers.TokenRequestSerializer(data=request.data)))
        now = timezone.now()
        name = given.pop("name")
        try:
            user, actor, factor = log_in(request._request, now=now, **given)
        except TooManyAttempts as refused:
            return locked_out(refused, given["email"], now=now)
        if factor == PENDING:
            # A program has no session in which the code could follow.
            raise SecondFactorRequired(
                "This login has a second factor: send its code with this very request.",
                errors=[FieldError("/code", "Give the code, from the app or from paper.")],
                rule="login.prove",
                at=second_factors.PROGRAM_AT,
            )
        logins.demand_own_password(user)
        standing = Standing(is_enrolled=False, is_proven=factor != PASSWORD)
        standing.demand(actor.roles)
        token, secret = logins.issue_token(
            user, actor.organization_id, name=name, now=now, is_vouched=standing.is_proven
        )
        return Response(shown_once(token, secret), status=201)


def log_in(
    request: HttpRequest,
    *,
    now: datetime,
    email: str,
    password: str,
    organization: Any = None,
    code: str = "",
) -> tuple[User, Actor, str]:
    """Return login, actor and what was proven: a factor, `pending` or `password` alone.

    The transaction acts in the organization from then on.
    """
    address = client_address(request)
    user, organization_id = logins.log_in(
        email=email, password=password, organization_id=organization, now=now, address=address
    )
    factor = PENDING if second_factors.is_enrolled(user) else PASSWORD
    if factor == PENDING and code:
        factor = logins.give_code(user, code, now=now, address=address)
    choose_organization(organization_id)
    request_id = str(getattr(request, "request_id", "") or "")
    return user, actor_for(user, organization_id, now=now, request_id=request_id), factor


def open_session(request: HttpRequest, user: User, actor: Actor, factor: str) -> None:
    """Begin a session under a fresh key, with nothing left of one before."""
    request.session.flush()
    # Our own store keeps it; the stubs know Django's only.
    request.session.agent = request.headers.get("User-Agent", "")  # type: ignore[attr-defined] # as said above
    login(request, user)
    request.session[ORGANIZATION] = str(actor.organization_id)
    request.session[FACTOR] = factor
    get_token(request)


def raise_to(request: HttpRequest, factor: str) -> None:
    """Let the session have proven a factor, under a fresh key."""
    request.session.cycle_key()
    request.session[FACTOR] = factor


def locked_out(refused: TooManyAttempts, email: str, *, now: datetime) -> Response:
    """Answer who has to wait, and write it down the first time."""
    if refused.began:
        logins.note_lockout(email, kind="login", now=now)
    answer = problem_details.respond(refused)
    assert answer is not None
    return answer


def shown_once(token: Any, secret: str) -> dict[str, Any]:
    """Return a fresh token as its owner sees it, this once."""
    answer = {
        "id": token.id,
        "token": secret,
        "organization": token.organization_id,
        "expires_at": token.expires_at,
    }
    data: dict[str, Any] = serializers.TokenSerializer(answer).data
    return data


def _prove(request: Request, user: User, given: dict[str, Any], *, now: datetime) -> str:
    if not second_factors.is_enrolled(user):
        raise SecondFactorRequired(
            "This login has no second factor yet: enrol one first.",
            rule="login.enrol",
            at=second_factors.ENROL_AT,
        )
    if "credential" in given:
        return passkeys.prove(user, given["credential"], now=now)
    return logins.give_code(user, given["code"], now=now, address=client_address(request._request))


def _session(request: Request, user: Any, actor: Actor) -> dict[str, Any]:
    assert isinstance(user, User)
    organization = Organization.objects.get(pk=actor.organization_id)
    data: dict[str, Any] = serializers.SessionSerializer(
        {
            "user": user.id,
            "email": user.email,
            "name": user.name,
            "organization": organization.id,
            "organization_name": organization.name,
            "roles": sorted(actor.roles),
            "practitioner_roles": actor.practitioner_roles,
            "second_factor": _state(request, actor),
            "must_change_password": user.must_change_password,
        }
    ).data
    return data


def _state(request: Request, actor: Actor) -> str:
    if isinstance(request.successful_authenticator, TokenAuthentication):
        return "not_needed"
    standing = standing_of(request)
    if standing.is_proven:
        return "proven"
    if standing.is_enrolled:
        return "give"
    return "enrol" if actor.roles & NEEDED_BY else "not_needed"
