"""Where a page of a login leads: back to where one came from, or to the change of the password."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def next_of(request: HttpRequest) -> str:
    """Return where one came from, or the first page where that is none of our addresses."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=settings.IS_PRODUCTION
    )
    return wanted if is_ours else "/"


def redirect_to_change(afterwards: str) -> HttpResponseRedirect:
    """Lead to the change of the password, and from there on to `afterwards`."""
    return _to("login-password", afterwards)


def redirect_to_login(afterwards: str) -> HttpResponseRedirect:
    """Lead to the login page, and from there on to `afterwards`."""
    return _to("login", afterwards)


def _to(page: str, afterwards: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': afterwards})}")
