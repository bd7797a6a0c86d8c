"""The page at `/`: what Continuum is, what runs, and where to look; and the pages for errors."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from coordination.api import problem_details
from coordination.api.pages import show
from coordination.metrics import may_read
from coordination.organizations import OrganizationNotFound, organization_named
from coordination.readiness import readiness
from coordination.second_factors import totp_code

if TYPE_CHECKING:
    from coordination.demo.cast import Login


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to look."""

    title: str
    address: str
    says: str


@require_safe
@never_cache
@transaction.non_atomic_requests
def front(request: HttpRequest) -> HttpResponse:
    """Show the page; it also answers when parts of the system are down."""
    parts = readiness(timezone.now())
    demo = demo_logins() if all(part.ok for part in parts if part.name == "database") else {}
    context = {
        "english_only": True,  # what runs is for those who run it
        "parts": parts,
        "down": [part for part in parts if not part.ok],
        "places": _places(request),
        "demo": demo,
        "codes": _codes() if demo else {},
        "password": next((login.password for row in demo.values() for login in row), ""),
    }
    return render(request, "coordination/front.html", context)


def demo_logins() -> "dict[str, list[Login]]":
    """Return the demo's logins by organization; empty where no demo clinic has been made."""
    if not settings.MAIL_CATCHER_URL:
        return {}
    from coordination.demo.cast import read_cast

    cast = read_cast()
    here = {part.name for part in cast.organizations if _exists(part.slug)}
    return {
        name: list(logins)
        for name, logins in groupby(cast.logins, key=lambda login: login.organization)
        if name in here
    }


def _codes() -> dict[str, tuple[str, str]]:
    from coordination.demo.cast import read_cast
    from coordination.demo.second_factors import secrets_of

    found = secrets_of(read_cast(), settings.SECRET_KEY)
    now = timezone.now()
    return {email: (secret, totp_code(secret, now)) for email, secret in found.items()}


@require_safe
@transaction.non_atomic_requests
def followed(request: HttpRequest, collection: str, record_id: UUID) -> HttpResponse:
    """Say what a link in a mail leads to, alike whether the record exists or not."""
    thing = {
        "courses": "a course of care",
        "patients": "a patient's record",
        "referrals": "a referral",
        "safety-alerts": "a safety alert",
    }[collection]
    address = f"/api/v1/{collection}/{record_id}"
    context = {"thing": thing, "address": address}
    if collection == "safety-alerts":
        context["take_up"] = f"POST {address}/acknowledge"
    return show(request, "coordination/followed.html", context)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist."""
    if _is_for_programs(request):
        return problem_details.not_found(request, exception)
    return show(request, "coordination/not_found.html", status=404)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without the token which tells ours from a forged one."""
    if _is_for_programs(request):
        return problem_details.forged(request)
    return show(request, "coordination/forged.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that is malformed, whoever sent it."""
    return problem_details.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a defect of ours."""
    return problem_details.server_error(request)


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or not request.accepts("text/html")


def _exists(slug: str) -> bool:
    try:
        organization_named(slug)
    except (OrganizationNotFound, DatabaseError):
        return False
    return True


def _places(request: HttpRequest) -> list[Place]:
    places = [
        Place("API documentation", reverse("docs"), "Every operation, to read and to try."),
        Place("OpenAPI document", reverse("schema"), "OpenAPI 3.1, for client generators."),
    ]
    if settings.MAIL_CATCHER_URL:
        mails = "What reminders and referrals have sent; nothing leaves this machine."
        places.append(Place("Caught mails", settings.MAIL_CATCHER_URL, mails))
    places.append(Place("Health", reverse("ready"), "Which part is up, and if not, why not."))
    if may_read(request):
        places.append(Place("Metrics", reverse("metrics"), "Counts and times, for Prometheus."))
    return places
