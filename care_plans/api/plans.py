"""Care plans: opened once, read whole, edited together."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import disclosing, overview, plans
from care_plans.api import course_serializers, plan_serializers
from care_plans.api.alert_serializers import alerts_beside
from care_plans.api.stop_serializers import left_open_beside
from care_plans.courses import apply_pathway
from care_plans.models import CarePlan, Course
from coordination.access import owned_by_patient
from coordination.api.concurrency import expected_version
from coordination.api.permissions import CLINICAL
from coordination.api.records import OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved


class CarePlanFilter(filters.FilterSet):
    """How a plan is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    status = filters.ChoiceFilter(choices=CarePlan.Status.choices)

    class Meta:
        model = CarePlan
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List the care plans of your circle"),
)
class CarePlanViewSet(OfPatients, Listed, Retrieved):
    """The one plan each patient has open, and those that are closed."""

    audited_as = "CarePlan"
    roles = {
        "list": CLINICAL,
        "retrieve": CLINICAL,
        "create": CLINICAL,
        "partial_update": CLINICAL,
        "close": CLINICAL,
        "courses": CLINICAL,
        "apply": CLINICAL,
    }
    serializer_class = plan_serializers.CarePlanSerializer
    filterset_class = CarePlanFilter
    queryset = CarePlan.objects.none()

    def get_queryset(self) -> QuerySet[CarePlan, CarePlan]:
        """Return the plans within the actor's reach."""
        return owned_by_patient(CarePlan.objects.select_related("patient"), self.actor, self.now)

    @extend_schema(
        summary="Read a whole plan: lanes by discipline over all courses, with shared goals",
        responses={200: plan_serializers.WholePlanSerializer},
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the plan with everything on it."""
        plan: Any = self.get_object()
        self.audit_disclosure([plan], searched=False)
        whole = overview.overview(plan, actor=self.actor, now=self.now)
        plan.previous_shown = whole.previous
        plan.lead, plan.in_order = whole.lead, whole.courses
        plan.disciplines, plan.goals = whole.disciplines, whole.goals
        plan.said = whole.statements
        return self.answer(plan, serializer_class=plan_serializers.WholePlanSerializer)

    @extend_schema(
        summary="Open a patient's plan, or find the open one",
        request=plan_serializers.OpenPlanSerializer,
        responses={
            201: plan_serializers.CarePlanSerializer,
            200: plan_serializers.CarePlanSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Open the plan; 200 answers with the one that is open already."""
        patient_id = self.valid(plan_serializers.OpenPlanSerializer)["patient"]
        plan, is_new = plans.open_plan(patient_id, actor=self.actor, now=self.now)
        if not is_new:
            self.audit_disclosure([plan], searched=False)
        return self.answer(plan, status=201 if is_new else 200)

    @extend_schema(summary="Edit what every lane must know")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        plan = plans.edit_plan(
            self.get_object().pk,
            version=expected_version(request),
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(plan)

    @extend_schema(
        summary="Close a plan with its outcome, and stop everything that it started",
        request=plan_serializers.ClosePlanSerializer,
        responses={200: plan_serializers.ClosedPlanSerializer},
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Close the plan; every course has ended, or ends with it."""
        asked = self.valid(plan_serializers.ClosePlanSerializer)
        plan_id = self.get_object().pk
        closed: Any = plans.close_plan(plan_id, actor=self.actor, now=self.now, **asked)
        closed.stops = left_open_beside(self, closed.patient_id)
        closed.safety_alerts = alerts_beside(self, closed.patient_id)
        return self.answer(closed, serializer_class=plan_serializers.ClosedPlanSerializer)

    @extend_schema(
        summary="Read the courses of a plan",
        responses={200: course_serializers.CourseSerializer(many=True)},
    )
    @action(detail=True, filterset_class=None, pagination_class=None)
    def courses(self, request: Request, pk: str) -> Response:
        """Return the courses, the earliest first."""
        plan = self.get_object()
        self.audit_disclosure([plan], searched=False, resource="Course")
        mine = disclosing.disclose(Course.objects.filter(care_plan=plan), self.actor, self.now)
        rows = disclosing.shown(mine, self.actor, self.now).order_by("applied_at", "id")
        shape = course_serializers.CourseSerializer(
            rows, many=True, context=self.get_serializer_context()
        )
        return Response(shape.data)

    @extend_schema(
        summary="Apply a pathway: begin intake of a course",
        request=course_serializers.ApplySerializer,
        responses={
            201: course_serializers.CourseSerializer,
            200: course_serializers.CourseSerializer,
        },
    )
    @courses.mapping.post
    def apply(self, request: Request, pk: str) -> Response:
        """Begin a course; 200 answers with the one that the same request began before."""
        asked = self.valid(course_serializers.ApplySerializer)
        course, is_new = apply_pathway(
            self.get_object().pk,
            pathway_version_id=asked.pop("pathway_version"),
            key=request.headers.get("Idempotency-Key", ""),
            actor=self.actor,
            now=self.now,
            **asked,
        )
        found = owned_by_patient(Course.objects.filter(pk=course.pk), self.actor, self.now)
        shown = disclosing.shown(found, self.actor, self.now).get()
        if not is_new:
            self.audit_disclosure([shown], searched=False, resource="Course")
        return self.answer(
            shown,
            status=201 if is_new else 200,
            serializer_class=course_serializers.CourseSerializer,
        )
