"""`/me/assessments`: what patients answer of themselves; they see at once whom to call."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import assessing, crisis, safety_alerts
from care_plans.api.assessment_serializers import NewScoreSerializer, ScoreSerializer
from care_plans.api.in_need import SHOWN_ANYWAY, Heeded, sent_in, wished
from care_plans.api.self_checks import CrisisSerializer
from care_plans.models import Assessment, Score
from care_plans.sittings import MAX_SCORES
from coordination import own_access
from coordination.api.language import LANGUAGE_ASKED, language_for, spoken
from coordination.api.permissions import PATIENTS
from coordination.api.views import OfPatients
from coordination.languages import LANGUAGES, Language


class OwnScoresSerializer(serializers.Serializer[Any]):
    """A patient's own answers."""

    scores: Any = serializers.ListSerializer(
        child=NewScoreSerializer(), allow_empty=False, max_length=MAX_SCORES
    )
    course = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="Which of my courses it is about; none: the only one that is under way.",
    )
    language = serializers.ChoiceField(
        choices=LANGUAGES, default=None, allow_null=True, help_text=LANGUAGE_ASKED
    )


class OwnAssessmentSerializer(serializers.Serializer[Any]):
    """What was recorded, and whom to call if an answer calls for it."""

    id = serializers.UUIDField()
    course = serializers.UUIDField(
        allow_null=True, help_text="What it counts for; null: for my history alone."
    )
    effective_at = serializers.DateTimeField()
    scores = ScoreSerializer(many=True)
    crisis = CrisisSerializer(allow_null=True)


class OwnAssessmentViewSet(Heeded, OfPatients):
    """What patients answer of themselves."""

    # a session may have ended while the patient answered
    unread = (*Heeded.unread, NotAuthenticated, AuthenticationFailed)
    audited_as = "Assessment"
    roles = {"create": PATIENTS}
    serializer_class = OwnAssessmentSerializer
    queryset = Assessment.objects.none()

    @extend_schema(
        summary="Answer a questionnaire about myself",
        description=(
            "`crisis` is there when an answer calls for help now: show it before anything else. "
            f"It says so when nobody of the clinic can be reached. {SHOWN_ANYWAY} Whoever is "
            "treated for several things names the `course`; a refusal says which can be named, and "
            "what may call somebody for help is heard whatever it names."
        ),
        request=OwnScoresSerializer,
        responses={200: OwnAssessmentSerializer, 201: OwnAssessmentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Record the answers, and tell whom to call."""
        mine = own_access.own_patient(self.actor)
        self.speaks = language = language_for(request, mine.language)
        sent = sent_in(request)
        self.heed(sent.get("scores"), language=wished(sent, language))
        data = self.valid(OwnScoresSerializer)
        language = data["language"] or language
        row, created = assessing.record_own_assessment(
            scores=data["scores"],
            course_id=data["course"],
            key=request.headers.get("Idempotency-Key", ""),
            actor=self.actor,
            now=self.now,
        )
        shown = {
            "id": row.pk,
            "course": row.course_id,
            "effective_at": row.effective_at,
            "scores": Score.objects.filter(assessment=row).select_related("measure").order_by("id"),
            "crisis": self._crisis(row, language),
        }
        status = 201 if created else 200
        answer = Response(OwnAssessmentSerializer(shown).data, status=status)
        return spoken(answer, language)

    def _crisis(self, row: Assessment, language: Language) -> dict[str, Any] | None:
        if not safety_alerts.shows_lines_after(row):
            return None
        reachable = safety_alerts.is_reachable(row.patient_id, now=self.now)
        return asdict(crisis.crisis_in(language, reachable=reachable))
