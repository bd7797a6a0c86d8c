"""The link in a message: opting out without a login, for people and for mail programs."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from coordination.api.pages import show
from notifications import consents

_PAGE = "notifications/unsubscribe.html"


@csrf_exempt  # the link itself is the proof: a mail program sends no cookie (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Opt out on POST. A GET only shows the button: scanners of mail open every link."""
    try:
        consents.organization_in(token)
        if request.method == "POST":
            consents.unsubscribe(token, now=timezone.now())
    except consents.LinkBroken:
        return show(request, "coordination/not_found.html", status=404)
    response = show(request, _PAGE, {"done": request.method == "POST"})
    response["Referrer-Policy"] = "no-referrer"
    return response


urlpatterns = [path("unsubscribe/<str:token>", unsubscribe, name="unsubscribe")]
