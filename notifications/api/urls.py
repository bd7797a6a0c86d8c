"""`/api/v1/`: messages."""

from rest_framework.routers import SimpleRouter

from notifications.api.consents import MessagingConsentViewSet
from notifications.api.messages import MessageViewSet, OutboxViewSet, PreferenceViewSet
from notifications.api.proxied import ProxiedMessageViewSet

router = SimpleRouter(trailing_slash=False)
router.register("messages", MessageViewSet, basename="message")
router.register("outbox", OutboxViewSet, basename="outbox")
router.register("message-preferences", PreferenceViewSet, basename="message-preference")
router.register("me/patients", ProxiedMessageViewSet, basename="proxied-message")
router.register("messaging-consents", MessagingConsentViewSet, basename="messaging-consent")

urlpatterns = router.urls
