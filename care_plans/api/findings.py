"""Findings about patients: assessments, red-flag screens, answers, problems, documents."""

from typing import Any

from django.db.models import Model, Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import assessing, circumstances, disclosing, red_flags
from care_plans.api import assessment_serializers
from care_plans.api import finding_serializers as serializers
from care_plans.api.alert_serializers import alerts_beside
from care_plans.api.in_need import SAID_ANYWAY, HeededOfOthers, ShownAnyway, sent_in
from care_plans.models import (
    AbsentScore,
    Assessment,
    Condition,
    CourseAnswer,
    RedFlagScreen,
    Score,
    SourceDocument,
)
from coordination.api.permissions import CLINICAL
from coordination.api.records import MomentFilter, OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.corrections import with_statements


class Findings(OfPatients):
    """Rows of the patients in the reader's circle of care; schedulers never see them."""

    rows: QuerySet[Any, Any]
    ordering: tuple[str, ...] = ("-effective_at", "-id")

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the rows within the actor's reach."""
        rows: QuerySet[Any, Any] = self.narrow(self.rows.all(), self.actor, self.now)
        return rows

    def key(self) -> str:
        """Return the idempotency key of the request, or nothing."""
        return self.request.headers.get("Idempotency-Key", "")

    def recorded(self, row: Model, *, created: bool = True) -> Response:
        """Answer with a row as whoever recorded it sees it; 200 when it was there before."""
        found = self.get_queryset().get(pk=row.pk)
        if not created:
            self.audit_disclosure([found], searched=False)
        return self.answer_recorded(found, status=201 if created else 200)

    def answer_recorded(self, found: Any, *, status: int) -> Response:
        """Answer with a row that was just recorded: as any reader sees it."""
        return self.answer(found, status=status)


class OfCourse(filters.FilterSet):
    """How what was found on a course is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    effective_from = MomentFilter(field_name="effective_at", lookup_expr="gte")
    effective_until = MomentFilter(field_name="effective_at", lookup_expr="lt")


class AssessmentFilter(OfCourse):
    """How an assessment is looked for."""

    collection_point = filters.ChoiceFilter(choices=Assessment.CollectionPoint.choices)
    measure = filters.CharFilter(method="by_measure", label="The slug of a measure it scores.")
    entered_in_error = filters.BooleanFilter(
        field_name="replaced_by", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = Assessment
        fields: list[str] = []

    def by_measure(self, rows: QuerySet[Any, Any], name: str, value: str) -> QuerySet[Any, Any]:
        """Keep the assessments that score a measure."""
        return rows.filter(pk__in=Score.objects.filter(measure__slug=value).values("assessment_id"))


@extend_schema_view(
    list=extend_schema(summary="List assessments with their scores"),
    retrieve=extend_schema(summary="Read an assessment"),
)
class AssessmentViewSet(HeededOfOthers, Findings, Listed, Retrieved):
    """Sittings with their scores, corrected ones included."""

    audited_as = "Assessment"
    roles = {"list": CLINICAL, "retrieve": CLINICAL, "create": CLINICAL, "replace": CLINICAL}
    serializer_class = assessment_serializers.AssessmentSerializer
    filterset_class = AssessmentFilter
    queryset = Assessment.objects.none()
    rows = Assessment.objects.select_related("replaced_by").prefetch_related(
        Prefetch(
            "scores",
            Score.objects.select_related("measure").defer("measure__content").order_by("id"),
        ),
        Prefetch(
            "absent",
            AbsentScore.objects.select_related("measure").defer("measure__content").order_by("id"),
        ),
    )

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the sittings within reach, with what the patient says beside them."""
        rows = disclosing.naming_versions(super().get_queryset(), self.actor, self.now)
        return with_statements(rows, self.actor, self.now)

    def answer_recorded(self, found: Any, *, status: int) -> Response:
        """Answer with the sitting, and with the safety alerts that somebody must act on now."""
        found.open_alerts = alerts_beside(self, found.patient_id)
        shape = assessment_serializers.RecordedAssessmentSerializer
        return self.answer(found, status=status, serializer_class=shape)

    @extend_schema(
        summary="Record an assessment",
        description=(
            "All of it or nothing; 200 when its key was used more than a day ago. What items make "
            "is scored here; what they do not make has a coded reason in `absent`. "
            f"{SAID_ANYWAY}"
        ),
        request=assessment_serializers.AssessmentRecordingSerializer,
        responses={
            200: assessment_serializers.RecordedAssessmentSerializer,
            201: assessment_serializers.RecordedAssessmentSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Record one sitting."""
        self.heed(sent_in(request).get("scores"))
        data = self.valid(assessment_serializers.AssessmentRecordingSerializer)
        row, created = assessing.record_assessment(
            data["patient"],
            course_id=data["course"],
            scores=data["scores"],
            absent=data["absent"],
            occasion=assessing.Occasion(data["collection_point"], data["for_stage"]),
            effective_at=data["effective_at"],
            key=self.key(),
            actor=self.actor,
            now=self.now,
        )
        return self.recorded(row, created=created)

    @extend_schema(
        summary="Correct an assessment",
        description=(
            "The old one stays readable, marked as entered in error. Naming another `course` makes "
            "it evidence for that one. "
            f"{SAID_ANYWAY}"
        ),
        request=assessment_serializers.AssessmentReplacementSerializer,
        responses={
            200: assessment_serializers.RecordedAssessmentSerializer,
            201: assessment_serializers.RecordedAssessmentSerializer,
        },
    )
    @action(detail=True, methods=["post"])
    def replace(self, request: Request, pk: str) -> Response:
        """Replace an assessment by what should have been recorded."""
        self.heed(sent_in(request).get("scores"))
        data = self.valid(assessment_serializers.AssessmentReplacementSerializer)
        point = data["collection_point"]
        row, created = assessing.replace_assessment(
            self.get_object().pk,
            scores=data["scores"],
            absent=data["absent"],
            occasion=assessing.Occasion(point, data["for_stage"]) if point else None,
            reason=data["reason"],
            course_id=data["course"],
            effective_at=data["effective_at"],
            key=self.key(),
            actor=self.actor,
            now=self.now,
        )
        return self.recorded(row, created=created)


class RedFlagScreenFilter(OfCourse):
    """How a screen is looked for."""

    found = filters.CharFilter(method="by_found", label="A flag that it found present.")

    class Meta:
        model = RedFlagScreen
        fields: list[str] = []

    def by_found(self, rows: QuerySet[Any, Any], name: str, value: str) -> QuerySet[Any, Any]:
        """Keep the screens that found a flag."""
        return rows.filter(answers__flag=value, answers__answer="present")


@extend_schema_view(
    list=extend_schema(summary="List red-flag screens"),
    retrieve=extend_schema(summary="Read a red-flag screen"),
)
class RedFlagScreenViewSet(ShownAnyway, Findings, Listed, Retrieved):
    """Screens for red flags, with what to do about what they found."""

    audited_as = "RedFlagScreen"
    roles = {"list": CLINICAL, "retrieve": CLINICAL, "create": CLINICAL}
    serializer_class = serializers.RedFlagScreenSerializer
    filterset_class = RedFlagScreenFilter
    queryset = RedFlagScreen.objects.none()
    # prefetched, not joined: many rows share one large pathway version
    rows = red_flags.with_words(
        RedFlagScreen.objects.prefetch_related("answers", "course__red_flags")
    )

    @extend_schema(
        summary="Record a red-flag screen",
        description=(
            "A hard stop holds the patient's loading activities before this answers; `found` "
            "says what to do at once. A flag that was found stays open. A refusal has `not_held` "
            "where something in it was said to be present: nothing is recorded then, nor held."
        ),
        request=serializers.RedFlagScreeningSerializer,
        responses={
            200: serializers.RedFlagScreenSerializer,
            201: serializers.RedFlagScreenSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Record what was asked and found."""
        answers = sent_in(request).get("answers")
        if red_flags.says_present(answers):
            self.show_anyway(not_held=red_flags.NOT_HELD)
        data = self.valid(serializers.RedFlagScreeningSerializer)
        row, created = red_flags.record_screen(
            data["course"],
            answers=data["answers"],
            effective_at=data["effective_at"],
            key=self.key(),
            actor=self.actor,
            now=self.now,
        )
        return self.recorded(row, created=created)


class CourseAnswerFilter(OfCourse):
    """How an answer is looked for."""

    question = filters.CharFilter()

    class Meta:
        model = CourseAnswer
        fields: list[str] = []


@extend_schema_view(list=extend_schema(summary="List answers about circumstances"))
class CourseAnswerViewSet(Findings, Listed):
    """What people said about their circumstances, as the pathway asks."""

    audited_as = "CourseAnswer"
    roles = {"list": CLINICAL, "create": CLINICAL}
    serializer_class = serializers.CourseAnswerSerializer
    filterset_class = CourseAnswerFilter
    queryset = CourseAnswer.objects.none()
    rows = CourseAnswer.objects.all()

    @extend_schema(
        summary="Record answers about circumstances",
        request=serializers.CourseAnsweringSerializer,
        responses={201: serializers.CourseAnswerSerializer(many=True)},
    )
    def create(self, request: Request) -> Response:
        """Record answers; lanes that they make necessary open at once."""
        data = self.valid(serializers.CourseAnsweringSerializer)
        rows = circumstances.record_answers(
            data["course"],
            answers=data["answers"],
            effective_at=data["effective_at"],
            actor=self.actor,
            now=self.now,
        )
        return Response(self.get_serializer(rows, many=True).data, status=201)


class ConditionFilter(filters.FilterSet):
    """How a problem is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    clinical_status = filters.ChoiceFilter(choices=Condition.ClinicalStatus.choices)
    code = filters.CharFilter()

    class Meta:
        model = Condition
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List the problem list"),
    retrieve=extend_schema(summary="Read a problem"),
)
class ConditionViewSet(Findings, Listed, Retrieved):
    """The problem list: what was imported or diagnosed."""

    audited_as = "Condition"
    roles = {"list": CLINICAL, "retrieve": CLINICAL}
    ordering = ("-id",)
    serializer_class = serializers.ConditionSerializer
    filterset_class = ConditionFilter
    queryset = Condition.objects.none()
    rows = Condition.objects.all()


class SourceDocumentFilter(filters.FilterSet):
    """How an imported document is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    kind = filters.ChoiceFilter(choices=SourceDocument.Kind.choices)

    class Meta:
        model = SourceDocument
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List imported care plans and care teams"),
    retrieve=extend_schema(
        summary="Read an imported document with its content",
        responses={200: serializers.SourceDocumentContentSerializer},
    ),
)
class SourceDocumentViewSet(Findings, Listed, Retrieved):
    """Care plans and care teams as another system sent them."""

    audited_as = "SourceDocument"
    roles = {"list": CLINICAL, "retrieve": CLINICAL}
    ordering = ("-id",)
    serializer_class = serializers.SourceDocumentSerializer
    filterset_class = SourceDocumentFilter
    queryset = SourceDocument.objects.none()
    rows = SourceDocument.objects.all()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Leave the content, which may be large, to the reading of one."""
        rows = super().get_queryset()
        return rows.defer("content") if self.action == "list" else rows

    def get_serializer_class(self) -> Any:
        """Show the content of one alone."""
        if self.action == "retrieve":
            return serializers.SourceDocumentContentSerializer
        return super().get_serializer_class()
