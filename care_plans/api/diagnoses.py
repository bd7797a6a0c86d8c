"""What a course's condition may be instead, and going over to that diagnosis."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import disclosing, rediagnosing
from care_plans.api.alert_serializers import alerts_beside
from care_plans.api.course_serializers import CourseSerializer
from care_plans.api.finding_serializers import AnswerField
from care_plans.api.readiness_serializers import MovedCourseSerializer
from care_plans.api.stop_serializers import stops_beside
from care_plans.models import Course, Severity, Side
from coordination.access import owned_by_patient
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients


class AlternativeSerializer(serializers.Serializer[Any]):
    """A look-alike of the condition, or what a finding points to."""

    id = serializers.CharField(help_text="As the pathway names it.")
    name = serializers.CharField()
    clue = serializers.CharField(help_text="What tells it apart.")
    pathway = serializers.CharField(allow_null=True, help_text="Null: no pathway is named for it.")
    is_stub = serializers.BooleanField(help_text="No protocol is published: refer the patient on.")
    pathway_version = serializers.UUIDField(
        source="version.id", allow_null=True, default=None, help_text="The newest one."
    )
    version = serializers.CharField(source="version.version", allow_null=True, default=None)

    def get_fields(self) -> dict[str, Any]:
        """Add the sources of the clue."""
        sources = serializers.ListField(child=serializers.CharField())
        return {**super().get_fields(), "source": sources}


class SwitchDiagnosisSerializer(serializers.Serializer[Any]):
    """Which diagnosis it is instead, how bad that is, and what points to it."""

    pathway = serializers.CharField(max_length=60, help_text="One of the alternatives.")
    reason = serializers.CharField(max_length=2000)
    severity = serializers.ChoiceField(choices=Severity.choices)
    side = serializers.ChoiceField(choices=Side.choices, default="", allow_blank=True)
    condition = serializers.CharField(max_length=500, default="", allow_blank=True)
    answers = serializers.DictField(
        child=AnswerField(), default=dict, help_text="By question of the new pathway."
    )


class CourseDiagnosisViewSet(OfPatients):
    """The differential table of a course's pathway, and the switch along it."""

    audited_as = "Course"
    roles = dict.fromkeys(("alternatives", "switch_diagnosis"), CLINICAL)
    serializer_class = CourseSerializer
    filterset_class = None
    pagination_class = None
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the courses within the actor's reach."""
        rows = owned_by_patient(Course.objects.all(), self.actor, self.now)
        found = rows.select_related("pathway", "pathway_version")
        return found.defer("pathway_version__content")

    @extend_schema(
        summary="Read what a course's condition may be instead",
        responses={200: AlternativeSerializer(many=True)},
    )
    @action(detail=True)
    def alternatives(self, request: Request, pk: str) -> Response:
        """Return the differential table, each with its pathway."""
        course: Any = self.get_object()
        self.audit_disclosure([course], searched=False)
        rows = rediagnosing.alternatives(course)
        return Response(AlternativeSerializer(rows, many=True).data)

    @extend_schema(
        summary="Go over to another diagnosis",
        description=(
            "The course ends as `new_diagnosis` and all of it is kept; a new course, in intake on "
            "the other pathway, names it as its previous one."
        ),
        request=SwitchDiagnosisSerializer,
        responses={201: MovedCourseSerializer},
    )
    @action(detail=True, methods=["post"], url_path="switch-diagnosis")
    def switch_diagnosis(self, request: Request, pk: str) -> Response:
        """End this course and begin the other one, both or neither."""
        begun = rediagnosing.switch(
            self.get_object().pk,
            **self.valid(SwitchDiagnosisSerializer),
            key=request.headers.get("Idempotency-Key", ""),
            actor=self.actor,
            now=self.now,
        )
        shown = disclosing.shown(Course.objects.filter(pk=begun.pk), self.actor, self.now)
        course: Any = shown.get()
        course.stops = stops_beside(self, course)
        course.safety_alerts = alerts_beside(self, course.patient_id)
        return self.answer(course, status=201, serializer_class=MovedCourseSerializer)
