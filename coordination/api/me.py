"""One's own login: second factors, sessions, tokens, password."""

from typing import Any, NoReturn
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import logout
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coordination import logins, second_factors
from coordination.actors import Actor, Role
from coordination.api import login_serializers as shapes
from coordination.api import passkeys, scopes, serializers
from coordination.api.authentication import SessionAuthentication, standing_of
from coordination.api.members import read_whole
from coordination.api.permissions import IsActor
from coordination.api.session_store import digest_of
from coordination.api.sessions import locked_out, raise_to, shown_once
from coordination.attempts import TooManyAttempts
from coordination.models import User
from coordination.problems import Denied, FieldError, Invalid, NotFound
from coordination.request_context import client_address


class OwnView(APIView):
    """Something of one's own login, which no token may touch."""

    authentication_classes: Any = (SessionAuthentication,)
    permission_classes: Any = (IsActor,)

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Refuse; whoever comes with a token is told that none opens this address."""
        if request.headers.get("Authorization"):
            raise NotAuthenticated("Only a session opens this address, and no token: log in first.")
        super().permission_denied(request, message, code)

    @property
    def me(self) -> User:
        """Return the login that asks."""
        assert isinstance(self.request.user, User)
        return self.request.user

    @property
    def actor(self) -> Actor:
        """Return who asks, in the organization."""
        actor: Any = self.request.auth
        assert isinstance(actor, Actor)
        return actor

    def valid(self, serializer: Any) -> dict[str, Any]:
        """Return the request's body, validated; raises DRF's ValidationError."""
        return read_whole(serializer(data=self.request.data))


class EnrollingView(OwnView):
    """Where a session that has proven only a password may enrol, unless it must give a factor."""

    before_second_factor = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse to enrol beside a factor that was not given: whose password it is, is unknown."""
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            second_factors.take_turn(self.me)
        standing_of(request).demand(frozenset())

    def enrolled(self, factor: str, codes: list[str]) -> Response:
        """Answer with the codes for paper; all other sessions have to log in anew."""
        raise_to(self.request._request, factor)
        logins.end_sessions(self.me, but=digest_of(self.request.session.session_key))
        logins.note("login.factor-enrolled", self.actor, now=timezone.now(), factor=factor)
        return Response({"recovery_codes": codes}, status=201)


class SecondFactorsView(EnrollingView):
    """One's second factors."""

    @extend_schema(
        summary="List my second factors",
        responses=shapes.SecondFactorSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return them, oldest first."""
        rows = second_factors.factors_of(self.me)
        return Response(shapes.SecondFactorSerializer(rows, many=True).data)


class SecondFactorDetailView(OwnView):
    """One of one's second factors."""

    @extend_schema(summary="Remove a second factor", request=None, responses={204: None})
    def delete(self, request: Request, number: int) -> Response:
        """Remove it; with the last one, the recovery codes go too."""
        held = logins.roles_anywhere(self.me, now=timezone.now())
        factor = second_factors.remove_factor(self.me, number, roles=held)
        if factor is None:
            raise NotFound("You have no such second factor.")
        logins.end_sessions(self.me, but=digest_of(request.session.session_key))
        logins.note("login.factor-removed", self.actor, now=timezone.now(), factor=factor)
        return Response(status=204)


class TotpView(EnrollingView):
    """A secret for an authenticator app."""

    @extend_schema(
        summary="Begin to enrol an authenticator app",
        request=None,
        responses=shapes.TotpOfferSerializer,
    )
    def post(self, request: Request) -> Response:
        """Return a fresh secret; it waits in the session for its first code."""
        secret = totp.get_totp_secret(regenerate=True)
        url = get_adapter().build_totp_url(self.me, secret)
        return Response({"secret": secret, "url": url})


class TotpConfirmView(EnrollingView):
    """The first code of an authenticator app."""

    @extend_schema(
        summary="Confirm an authenticator app",
        request=shapes.TotpConfirmSerializer,
        responses={201: shapes.RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Enrol the app whose code this is, and return recovery codes for paper."""
        code = self.valid(shapes.TotpConfirmSerializer)["code"]
        secret = request.session.get(totp.SECRET_SESSION_KEY)
        if not secret:
            raise Invalid("Begin with POST /api/v1/me/second-factors/totp.")
        codes = second_factors.enrol_totp(self.me, secret, code, now=timezone.now())
        totp.clear_totp_secret(request._request)
        return self.enrolled("totp", codes)


class PasskeyView(EnrollingView):
    """What a new passkey is asked."""

    @extend_schema(
        summary="Begin to enrol a passkey", request=None, responses=shapes.PublicKeySerializer
    )
    def post(self, request: Request) -> Response:
        """Return the options for the browser."""
        return Response({"options": passkeys.ask_to_register(self.me)})


class PasskeyConfirmView(EnrollingView):
    """What a new passkey answered."""

    @extend_schema(
        summary="Confirm a passkey",
        request=shapes.PasskeyConfirmSerializer,
        responses={201: shapes.RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Enrol the passkey, and return recovery codes for paper."""
        body = self.valid(shapes.PasskeyConfirmSerializer)
        passkeys.register(self.me, body["name"], body["credential"])
        return self.enrolled("webauthn", second_factors.paper_codes(self.me))


class RecoveryCodesView(OwnView):
    """Codes for paper."""

    @extend_schema(
        summary="Make new recovery codes",
        request=None,
        responses={201: shapes.RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Return fresh ones; those before no longer count."""
        if not second_factors.is_enrolled(self.me):
            raise Invalid("Recovery codes come with an authenticator app or a passkey.")
        codes = second_factors.paper_codes(self.me, anew=True)
        logins.note("login.recovery-codes-renewed", self.actor, now=timezone.now())
        return Response({"recovery_codes": codes}, status=201)


class OwnSessionsView(OwnView):
    """Where one is logged in."""

    @extend_schema(summary="List my sessions", responses=shapes.OwnSessionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return the sessions that have not ended, the one used last first."""
        rows = logins.sessions_of(self.me, now=timezone.now())
        context = {"digest": digest_of(request.session.session_key)}
        return Response(shapes.OwnSessionSerializer(rows, many=True, context=context).data)


class OwnSessionView(OwnView):
    """One browser in which one is logged in."""

    @extend_schema(summary="End one of my sessions", request=None, responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """End it; nothing can be done in it any more."""
        now = timezone.now()
        if not logins.end_session(self.me, pk, now=now):
            raise NotFound("You have no such session.")
        logins.note("login.session-ended", self.actor, now=now)
        return Response(status=204)


class LogOutEverywhereView(OwnView):
    """All browsers at once."""

    before_second_factor = True
    before_password_change = True

    @extend_schema(summary="Log out everywhere", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End every session of this login, this one too."""
        ended = logins.end_sessions(self.me)
        logins.note("login.everywhere-ended", self.actor, now=timezone.now(), sessions=str(ended))
        logout(request._request)
        return Response(status=204)


class OwnTokensView(OwnView):
    """The tokens that programs carry for one's login, in this organization."""

    @extend_schema(summary="List my tokens", responses=shapes.OwnTokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return those that hold, the newest first; never their secrets."""
        rows = logins.tokens_of(self.me, now=timezone.now())
        return Response(shapes.OwnTokenSerializer(rows, many=True).data)

    @extend_schema(
        summary="Make a token",
        request=shapes.NewTokenSerializer,
        responses={201: serializers.TokenSerializer},
    )
    def post(self, request: Request) -> Response:
        """Return a token; its secret is shown this once."""
        body = self.valid(shapes.NewTokenSerializer)
        wanted = body.get("scopes") or [scopes.EVERYTHING]
        known = {scopes.EVERYTHING, *scopes.all_scopes()}
        unknown = [place for place, scope in enumerate(wanted) if scope not in known]
        if unknown:
            # named by their places: what somebody sent is not said back to a log or a screen
            raise Invalid(
                "There are no such scopes. A scope is `patient:read`, say.",
                errors=[FieldError(f"/scopes/{at}", "There is no such scope.") for at in unknown],
            )
        token, secret = logins.issue_token(
            self.me,
            self.actor.organization_id,
            name=body["name"],
            scopes=wanted,
            is_vouched=standing_of(request).is_proven,
            now=timezone.now(),
        )
        return Response(shown_once(token, secret), status=201)


class OwnTokenView(OwnView):
    """One of one's tokens."""

    @extend_schema(summary="Revoke one of my tokens", request=None, responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """End it; within a second nothing can be done with it."""
        now = timezone.now()
        if not logins.revoke_tokens(self.me, actor=self.actor, now=now, token_id=pk):
            raise NotFound("You have no such token.")
        return Response(status=204)


class PasswordView(OwnView):
    """One's password."""

    before_password_change = True

    @extend_schema(
        summary="Change my password", request=shapes.PasswordSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Change it; every session ends, this one too, and every token.

        While the password is one that somebody else chose, this and logging out is all there is.
        """
        body, now = self.valid(shapes.PasswordSerializer), timezone.now()
        address = client_address(request._request)
        try:
            logins.change_password(self.me, **body, actor=self.actor, now=now, address=address)
        except TooManyAttempts as refused:
            return locked_out(refused, self.me.email, now=now)
        logout(request._request)
        return Response(status=204)


class EndAccessView(OwnView):
    """Somebody else's access, ended by an administrator."""

    @extend_schema(
        summary="End a colleague's sessions and tokens", request=None, responses={204: None}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """End all sessions of the login, and its tokens in this organization."""
        if Role.ADMINISTRATOR not in self.actor.roles:
            raise Denied("Only an administrator ends another's access.", rule="login.end-access")
        user = User.objects.filter(pk=pk).first()
        if user is None:
            raise NotFound("Nobody with this login belongs to your organization.")
        logins.end_access(user, actor=self.actor, now=timezone.now())
        return Response(status=204)
