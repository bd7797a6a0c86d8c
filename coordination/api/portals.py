"""OAuth 2.0 for portals, through django-oauth-toolkit: consent, tokens, revocation, introspection.

Who asks names its portal first; the transaction acts in that portal's organization from then on,
so that every row of OAuth lies behind the same fence as everything else.
"""

from base64 import b64decode
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.oauth2_validators import OAuth2Validator, is_valid_resource_uri
from oauth2_provider.views import (
    AuthorizationView,
    IntrospectTokenView,
    RevokeTokenView,
    TokenView,
)
from oauthlib.oauth2 import OAuth2Error

from coordination import audit
from coordination.actors import Actor, actor_for
from coordination.api.authentication import FACTOR, PASSWORD, PENDING
from coordination.api.next_page import redirect_to_change
from coordination.api.pages import show
from coordination.attempts import TooManyAttempts, forgive, take_attempt
from coordination.logins import memberships_of
from coordination.models import Portal, PortalGrant, PortalRefreshToken
from coordination.portals import demand_a_role, end_family, enter_portal
from coordination.problems import Problem
from coordination.request_context import client_address
from coordination.second_factors import Standing

#: how long a parameter of the consent may be: what its column takes (RFC 7636 says 128 as well)
LONGEST = {"code_challenge": 128, "nonce": 255}
#: a grant that the library knows and this server does not offer (RFC 8628)
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class PortalValidator(OAuth2Validator):  # type: ignore[misc] # the library ships no types
    """What the library asks of the database, asked inside the portal's organization."""

    def _load_application(self, client_id: Any, request: Any) -> Any:
        if enter_portal(str(client_id or "")) is None:
            return None
        return super()._load_application(client_id, request)

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a code; of two who bring the same one at once, the second finds it used.

        A used code that comes again was stolen, now or then: what it gave ends (RFC 6749, 4.1.2).
        """
        if PortalGrant.objects.select_for_update().filter(code=code).first() is None:
            end_family(client, _family_of(code), now=timezone.now())
        return bool(super().validate_code(client_id, code, client, request, *args, **kwargs))

    def _create_refresh_token(
        self, request: Any, refresh_token_code: str, access_token: Any, previous_refresh_token: Any
    ) -> Any:
        token = super()._create_refresh_token(
            request, refresh_token_code, access_token, previous_refresh_token
        )
        if request.grant_type == "authorization_code":
            # The code itself is gone by then: its tokens are found by what it hashes to.
            token.token_family = _family_of(request.code)
            PortalRefreshToken.objects.filter(pk=token.pk).update(token_family=token.token_family)
        return token


class PlainParameters:
    """What the library would stumble over is refused before it reads it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer `invalid_request` as RFC 6749 says."""
        if wrong := _wrong_with(request, but="client_id"):  # an unknown one answers 401
            body = {"error": "invalid_request", "error_description": wrong}
            return JsonResponse(body, status=400)
        following: Any = super()  # the library's view, which a mixin cannot name
        answer: HttpResponseBase = following.dispatch(request, *args, **kwargs)
        return answer


@method_decorator(never_cache, name="dispatch")
class ConsentView(AuthorizationView):  # type: ignore[misc] # no types, as above
    """Where somebody who is logged in lets a portal act for them."""

    template_name = "coordination/consent.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask for consent, of a member who has given all that the login needs."""
        if wrong := _wrong_with(request):
            return _refuse(request, wrong, status=400)
        # The library would hand out codes on a GET, unasked and unrecorded, for `auto`.
        query = request.GET.copy()
        query.pop("approval_prompt", None)
        request.GET = query  # type: ignore[assignment]  # the view reads it, and nobody changes it
        client_id = request.POST.get("client_id") or request.GET.get("client_id") or ""
        organization_id = enter_portal(client_id)
        if request.user.is_authenticated and organization_id is not None:
            user: Any = request.user
            if organization_id not in memberships_of(user.id, now=timezone.now()):
                return _refuse(request, "You are no member of the organization of this portal.")
            factor = request.session.get(FACTOR, PASSWORD)
            standing = Standing(factor == PENDING, factor not in {PASSWORD, PENDING})
            actor = actor_for(user, organization_id, now=timezone.now())
            if user.must_change_password:
                return redirect_to_change(request.get_full_path())
            try:
                standing.demand(actor.roles)
                demand_a_role(actor.roles)
            except Problem as problem:
                return _refuse(request, problem.detail)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return _let_form_lead_to(client_id, request, answer)

    def form_valid(self, form: Any) -> HttpResponse:
        """Hand the portal its code, and write the consent down.

        The form came back from a browser: it is checked as the question was, and what stands in
        the address it was sent to says nothing more.
        """
        asked = {name: one for name, one in form.cleaned_data.items() if one and name != "allow"}
        try:
            server = self.get_oauthlib_core().server
            server.validate_authorization_request(f"{self.request.path}?{urlencode(asked)}")
        except OAuth2Error as error:
            return _refuse(self.request, error.description or error.error, status=400)
        self.request.META["QUERY_STRING"] = ""
        answer: HttpResponse = super().form_valid(form)
        portal = Portal.objects.get(client_id=form.cleaned_data["client_id"])
        now, user = timezone.now(), self.request.user
        audit.record(
            actor=actor_for(user, portal.organization_id, now=now),
            now=now,
            action=audit.Action.ACT,
            event="portal.consented" if form.cleaned_data.get("allow") else "portal.refused",
            resource="Portal",
            resource_id=portal.id,
            purpose=audit.Purpose.OPERATIONS,
            detail={"scopes": (form.cleaned_data.get("scope") or "").split()},
        )
        return answer


@method_decorator(csrf_exempt, name="dispatch")
class OfClients(PlainParameters):
    """An address where a portal names itself, in one way, and waits if it guesses secrets."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer as RFC 6749 says; who guesses a secret waits, wherever it is checked."""
        go_on = super().dispatch
        if request.method != "POST":  # an OPTIONS that goes well proves nothing
            other: HttpResponseBase = go_on(request, *args, **kwargs)
            return other
        if _names_itself_twice(request):
            words = "Name the client once: by header, or in the body, never in the address."
            return JsonResponse(
                {"error": "invalid_request", "error_description": words}, status=400
            )
        client_id, address = _client_id(request), client_address(request)
        try:
            take_attempt("portal", client_id, address, now=timezone.now())
        except TooManyAttempts as refused:
            body = {"error": "slow_down", "error_description": refused.detail}
            return JsonResponse(body, status=429, headers={"Retry-After": str(refused.wait)})
        if request.POST.get("grant_type") == _DEVICE:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        answer: HttpResponseBase = go_on(request, *args, **kwargs)
        if answer.status_code == 200:
            forgive("portal", client_id, address)
            self.note(request, client_id)
        return answer

    def note(self, request: HttpRequest, client_id: str) -> None:
        """Write down what a portal was given, where that is to be known."""


@method_decorator(never_cache, name="dispatch")
class PortalTokenView(OfClients, TokenView):  # type: ignore[misc] # no types, as above
    """Where a portal changes a code, a refresh token or its secret for an access token."""

    def note(self, request: HttpRequest, client_id: str) -> None:
        """Write down that a token was issued, and for what."""
        _note_issue(client_id, str(request.POST.get("grant_type", "")))


class PortalRevokeView(OfClients, RevokeTokenView):  # type: ignore[misc] # no types, as above
    """Where a portal gives a token back (RFC 7009)."""


class PortalIntrospectView(OfClients, IntrospectTokenView):  # type: ignore[misc] # no types, as above
    """Where a portal asks what a token is worth (RFC 7662), within its organization."""

    http_method_names = ["post"]  # a token has no place in an address


def _family_of(code: str) -> UUID:
    return UUID(bytes=sha256(code.encode()).digest()[:16])


def _note_issue(client_id: str, grant: str) -> None:
    portal = Portal.objects.get(client_id=client_id)
    audit.record(
        actor=Actor.system("portals", portal.organization_id),
        now=timezone.now(),
        action=audit.Action.CREATE,
        event="portal.token-issued",
        resource="Portal",
        resource_id=portal.id,
        purpose=audit.Purpose.OPERATIONS,
        detail={"grant": grant},
    )


def _names_itself_twice(request: HttpRequest) -> bool:
    # RFC 6749, 2.3: one way to authenticate in each request. The library tries one after another,
    # so that what is counted and what is authenticated could be two portals.
    if request.META.get("QUERY_STRING"):
        return True
    if request.headers.get("Authorization", "").partition(" ")[0] != "Basic":
        return False
    other = request.POST.get("client_id")
    return "client_secret" in request.POST or other not in {None, _client_id(request)}


def _client_id(request: HttpRequest) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            return unquote_plus(b64decode(given).decode().partition(":")[0])
        except ValueError:
            return ""
    return request.POST.get("client_id", "")


def _wrong_with(request: HttpRequest, *, but: str = "") -> str:
    given = [*request.GET.lists(), *request.POST.lists()]
    for name, values in given:
        if name == but:
            continue
        if any("\0" in value for value in (name, *values)):
            return "A parameter holds a character that cannot be."
        if any(len(value) > LONGEST.get(name, len(value)) for value in values):
            return f"The parameter {name} is too long."
        if name == "resource" and not all(map(_may_be_resource, values)):
            return "The parameter resource is no absolute address."
    return ""


def _may_be_resource(value: str) -> bool:
    try:
        return all(is_valid_resource_uri(one) for one in value.split())
    except ValueError:
        return False


def _refuse(request: HttpRequest, why: str, *, status: int = 403) -> HttpResponse:
    return show(request, "coordination/consent.html", {"refused": why}, status=status)


def _let_form_lead_to(
    client_id: str, request: HttpRequest, answer: HttpResponseBase
) -> HttpResponseBase:
    # The browser follows the form's answer to the portal only if the policy names it.
    portal = Portal.objects.filter(client_id=client_id).first()
    if portal is None or not isinstance(answer, HttpResponse):
        return answer
    places = {f"{one.scheme}://{one.netloc}" for one in map(urlsplit, portal.redirect_uris.split())}
    policy: dict[str, Any] = dict(settings.SECURE_CSP)
    policy["form-action"] = [*policy["form-action"], *sorted(places)]
    return csp_override(policy)(lambda _: answer)(request)
