"""`/api/v1/`: people, places and the feed."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from coordination.api import me
from coordination.api.access_check import AccessCheckViewSet
from coordination.api.access_log import AccessLogViewSet
from coordination.api.access_reviews import AccessReviewViewSet
from coordination.api.consents import ConsentViewSet, DirectiveViewSet, OverrideViewSet
from coordination.api.denials import DenialViewSet
from coordination.api.login_listing import LoginViewSet
from coordination.api.on_call import OnCallDutyViewSet
from coordination.api.patients import CareTeamMemberViewSet, PatientViewSet
from coordination.api.permissions_listing import PermissionViewSet
from coordination.api.places import (
    EventViewSet,
    LocationViewSet,
    PractitionerRoleViewSet,
    PractitionerViewSet,
)
from coordination.api.provenance import ProvenanceViewSet
from coordination.api.record_requests import (
    CoverageViewSet,
    LegalHoldViewSet,
    RecordRequestViewSet,
    RetentionPolicyViewSet,
)
from coordination.api.relations import ProxiedPatientViewSet, RelatedPersonViewSet
from coordination.api.scope import ScopeNarrowingViewSet, ScopeOfPracticeViewSet
from coordination.api.sessions import (
    PasskeyChallengeView,
    SecondFactorView,
    SessionView,
    TokenView,
)

router = SimpleRouter(trailing_slash=False)
router.register("patients", PatientViewSet, basename="patient")
router.register("care-team-members", CareTeamMemberViewSet, basename="care-team-member")
router.register("consents", ConsentViewSet, basename="consent")
router.register("directives", DirectiveViewSet, basename="directive")
router.register("overrides", OverrideViewSet, basename="override")
router.register("on-call-duties", OnCallDutyViewSet, basename="on-call-duty")
router.register("practitioners", PractitionerViewSet, basename="practitioner")
router.register("practitioner-roles", PractitionerRoleViewSet, basename="practitioner-role")
router.register("locations", LocationViewSet, basename="location")
router.register("access-reviews", AccessReviewViewSet, basename="access-review")
router.register("related-persons", RelatedPersonViewSet, basename="related-person")
router.register("me/patients", ProxiedPatientViewSet, basename="proxied-patient")
router.register("logins", LoginViewSet, basename="login")
router.register("me/access-log", AccessLogViewSet, basename="access-log")
router.register("access-check", AccessCheckViewSet, basename="access-check")
router.register("denials", DenialViewSet, basename="denial")
router.register("permissions", PermissionViewSet, basename="permission")
router.register("scope-of-practice", ScopeOfPracticeViewSet, basename="scope-of-practice")
router.register("scope-narrowings", ScopeNarrowingViewSet, basename="scope-narrowing")
router.register("events", EventViewSet, basename="event")
router.register("provenance", ProvenanceViewSet, basename="provenance")
router.register("coverages", CoverageViewSet, basename="coverage")
router.register("record-requests", RecordRequestViewSet, basename="record-request")
router.register("legal-holds", LegalHoldViewSet, basename="legal-hold")
router.register("retention-policies", RetentionPolicyViewSet, basename="retention-policy")

urlpatterns = [
    path("session", SessionView.as_view(), name="session"),
    path("session/second-factor", SecondFactorView.as_view(), name="second-factor"),
    path("session/passkey-challenge", PasskeyChallengeView.as_view(), name="passkey-challenge"),
    path("me/second-factors", me.SecondFactorsView.as_view(), name="me-factors"),
    path("me/second-factors/<int:number>", me.SecondFactorDetailView.as_view(), name="me-factor"),
    path("me/second-factors/totp", me.TotpView.as_view(), name="me-totp"),
    path("me/second-factors/totp/confirm", me.TotpConfirmView.as_view(), name="me-totp-confirm"),
    path("me/second-factors/passkey", me.PasskeyView.as_view(), name="me-passkey"),
    path(
        "me/second-factors/passkey/confirm",
        me.PasskeyConfirmView.as_view(),
        name="me-passkey-confirm",
    ),
    path("me/recovery-codes", me.RecoveryCodesView.as_view(), name="me-recovery-codes"),
    path("me/sessions", me.OwnSessionsView.as_view(), name="me-sessions"),
    path("me/sessions/<uuid:pk>", me.OwnSessionView.as_view(), name="me-session"),
    path("me/log-out-everywhere", me.LogOutEverywhereView.as_view(), name="me-everywhere"),
    path("me/tokens", me.OwnTokensView.as_view(), name="me-tokens"),
    path("me/tokens/<uuid:pk>", me.OwnTokenView.as_view(), name="me-token"),
    path("me/password", me.PasswordView.as_view(), name="me-password"),
    path("logins/<uuid:pk>/end-access", me.EndAccessView.as_view(), name="end-access"),
    path("tokens", TokenView.as_view(), name="tokens"),
    *router.urls,
]
