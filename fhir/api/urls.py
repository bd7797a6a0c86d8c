"""`/api/v1/`: what is said in the words of FHIR R4."""

from rest_framework.routers import SimpleRouter

from fhir.api.questionnaires import QuestionnaireResponseViewSet, QuestionnaireViewSet

router = SimpleRouter(trailing_slash=False)
router.register("questionnaires", QuestionnaireViewSet, basename="questionnaire")
router.register(
    "questionnaire-responses", QuestionnaireResponseViewSet, basename="questionnaire-response"
)

urlpatterns = router.urls
