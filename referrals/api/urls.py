"""`/api/v1/referrals`."""

from rest_framework.routers import SimpleRouter

from referrals.api.views import ReferralViewSet

router = SimpleRouter(trailing_slash=False)
router.register("referrals", ReferralViewSet, basename="referral")

urlpatterns = router.urls
