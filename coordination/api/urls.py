"""`/api/v1/`: people, places and the feed."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from coordination.api.consents import ConsentViewSet, DirectiveViewSet, OverrideViewSet
from coordination.api.patients import CareTeamMemberViewSet, PatientViewSet
from coordination.api.places import (
    EventViewSet,
    LocationViewSet,
    PractitionerRoleViewSet,
    PractitionerViewSet,
)
from coordination.api.sessions import SessionView, TokenView

router = SimpleRouter(trailing_slash=False)
router.register("patients", PatientViewSet, basename="patient")
router.register("care-team-members", CareTeamMemberViewSet, basename="care-team-member")
router.register("consents", ConsentViewSet, basename="consent")
router.register("directives", DirectiveViewSet, basename="directive")
router.register("overrides", OverrideViewSet, basename="override")
router.register("practitioners", PractitionerViewSet, basename="practitioner")
router.register("practitioner-roles", PractitionerRoleViewSet, basename="practitioner-role")
router.register("locations", LocationViewSet, basename="location")
router.register("events", EventViewSet, basename="event")

urlpatterns = [
    path("session", SessionView.as_view(), name="session"),
    path("tokens", TokenView.as_view(), name="tokens"),
    *router.urls,
]
