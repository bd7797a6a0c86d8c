"""Every address of the server."""

from django.db.transaction import non_atomic_requests
from django.urls import include, path
from django.views.generic import RedirectView

from coordination import front, health, metrics
from coordination.api import portals
from coordination.api.documentation import DocumentationView, SchemaView
from coordination.api.login_page import LoginPage
from coordination.api.password_page import PasswordPage

urlpatterns = [
    path("", front.front, name="front"),
    path("courses/<uuid:record_id>", front.followed, {"collection": "courses"}, name="course"),
    path(
        "referrals/<uuid:record_id>", front.followed, {"collection": "referrals"}, name="referral"
    ),
    path("patients/<uuid:record_id>", front.followed, {"collection": "patients"}, name="patient"),
    path(
        "safety-alerts/<uuid:record_id>",
        front.followed,
        {"collection": "safety-alerts"},
        name="safety-alert",
    ),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("login", LoginPage.as_view(), name="login"),
    path("login/password", PasswordPage.as_view(), name="login-password"),
    path("oauth/authorize", portals.ConsentView.as_view(), name="oauth-authorize"),
    path("oauth/token", portals.PortalTokenView.as_view(), name="oauth-token"),
    path("oauth/revoke", portals.PortalRevokeView.as_view(), name="oauth-revoke"),
    path("oauth/introspect", portals.PortalIntrospectView.as_view(), name="oauth-introspect"),
    path("api/schema", non_atomic_requests(SchemaView.as_view()), name="schema"),
    path("api/docs/", non_atomic_requests(DocumentationView.as_view()), name="docs"),
    path("api/docs", non_atomic_requests(RedirectView.as_view(pattern_name="docs"))),
    path("api/v1/", include("coordination.api.urls")),
    path("", include("notifications.api.unsubscribing")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("referrals.api.urls")),
    path("api/v1/", include("care_plans.api.urls")),
    path("api/v1/", include("fhir.api.urls")),
]

handler400 = front.bad_request
handler404 = front.not_found
handler500 = front.server_error
