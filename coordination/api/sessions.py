"""Logging in and out, and tokens for programs."""

from typing import Any

from django.contrib.auth import login, logout
from django.middleware.csrf import get_token
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coordination import logins
from coordination.actors import Actor, actor_for
from coordination.api import serializers
from coordination.api.permissions import IsActor
from coordination.models import Organization, User
from coordination.tenancy import choose_organization


class SessionView(APIView):
    """The session of a person at a browser."""

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
        return Response(_session(request.user, request.auth))

    @extend_schema(
        summary="Log in",
        request=serializers.CredentialsSerializer,
        responses=serializers.SessionSerializer,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Open a session; the answer sets the session and the CSRF cookie."""
        body = serializers.CredentialsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        now = timezone.now()
        user, organization_id = logins.log_in(
            email=body.validated_data["email"],
            password=body.validated_data["password"],
            organization_id=body.validated_data.get("organization"),
            now=now,
        )
        login(request._request, user)
        request._request.session["organization"] = str(organization_id)
        get_token(request._request)
        choose_organization(organization_id)
        return Response(_session(user, actor_for(user, organization_id, now=now)))

    @extend_schema(summary="Log out", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Close the session."""
        logout(request._request)
        return Response(status=204)


class TokenView(APIView):
    """Tokens for programs."""

    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)

    @extend_schema(
        summary="Get a token for a program",
        request=serializers.TokenRequestSerializer,
        responses={201: serializers.TokenSerializer},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Return a bearer token that acts as the login in one organization."""
        body = serializers.TokenRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        now = timezone.now()
        user, organization_id = logins.log_in(
            email=body.validated_data["email"],
            password=body.validated_data["password"],
            organization_id=body.validated_data.get("organization"),
            now=now,
        )
        token, secret = logins.issue_token(
            user, organization_id, name=body.validated_data["name"], now=now
        )
        answer = {
            "id": token.id,
            "token": secret,
            "organization": organization_id,
            "expires_at": token.expires_at,
        }
        return Response(serializers.TokenSerializer(answer).data, status=201)


def _session(user: Any, actor: Actor) -> dict[str, Any]:
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
        }
    ).data
    return data
