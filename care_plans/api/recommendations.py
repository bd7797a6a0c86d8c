"""Recommendations: what rules concluded, why, and what a person decided."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import deciding
from care_plans.api import recommendation_serializers as serializers
from care_plans.disclosing import doers_shown, rests_on_hidden
from care_plans.models import Recommendation
from care_plans.rule_outcomes import rule_outcomes
from coordination.actors import Role
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.permissions import ADMINISTRATION, CLINICAL
from coordination.api.records import OfPatientFilter
from coordination.api.views import ContinuumViewSet, Listed, OfPatients, Retrieved

Rows = QuerySet[Any, Any]


class RecommendationFilter(filters.FilterSet):
    """How a recommendation is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    status = filters.ChoiceFilter(choices=Recommendation.Status.choices)
    kind = filters.ChoiceFilter(choices=Recommendation.Kind.choices, method="of_kind")
    standing = filters.BooleanFilter(
        field_name="until", lookup_expr="isnull", label="Its rule is still met."
    )

    class Meta:
        model = Recommendation
        fields: list[str] = []

    def of_kind(self, rows: Rows, name: str, value: str) -> Rows:
        """Narrow to a kind; of one that is withheld, the kind is too."""
        found: Rows = rows.filter(kind=value, is_withheld=False)
        return found


@extend_schema_view(
    list=extend_schema(summary="List what rules suggest, and what was decided"),
    retrieve=extend_schema(
        summary="Read why something is suggested",
        description=(
            "Which rule of which version, what it was met by, what it cites, and what was decided."
        ),
    ),
)
class RecommendationViewSet(OfPatients, Listed, Retrieved):
    """What rules conclude about a course: never applied by itself, decided by a person."""

    audited_as = "Recommendation"
    roles = {
        "list": CLINICAL,
        "retrieve": CLINICAL,
        "accept": CLINICAL,
        "decline": CLINICAL,
    }
    ordering = ("-id",)
    serializer_class = serializers.RecommendationSerializer
    filterset_class = RecommendationFilter
    queryset = Recommendation.objects.none()

    def get_queryset(self) -> Rows:
        """Return the recommendations within reach; one that rests on something withheld says so."""
        rows = Recommendation.objects.prefetch_related("pathway_version__pathway")
        found = doers_shown(
            self.narrow(rows, self.actor, self.now),
            self.actor,
            self.now,
            said_by="decided_by_shown",
            decided_by_shown="decided_by",
        )
        hidden = [Q(one) for one in rests_on_hidden(self.actor, self.now, patient="patient_id")]
        shown: Rows = found.annotate(
            is_withheld=Case(
                When(reduce(or_, hidden), then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
        )
        return shown

    def answer(self, row: Any, *, status: int = 200, serializer_class: Any = None) -> Response:
        """Return one, with the ETag of its trace; of one that is withheld, that is too."""
        response = super().answer(row, status=status, serializer_class=serializer_class)
        if not row.is_withheld:
            response["ETag"] = f'"{row.version}"'
        return response

    @extend_schema(
        summary="Accept a recommendation",
        description="One that names a lane opens it, if you lead; whatever else it says is yours.",
        request=serializers.AcceptanceSerializer,
        parameters=[IF_MATCH],
        responses={200: serializers.RecommendationSerializer, **VERSION_PROBLEMS},
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Follow what is suggested."""
        return self._decide("accept", serializers.AcceptanceSerializer)

    @extend_schema(
        summary="Decline a recommendation, and say why",
        request=serializers.DeclineSerializer,
        parameters=[IF_MATCH],
        responses={200: serializers.RecommendationSerializer, **VERSION_PROBLEMS},
    )
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Do not follow what is suggested, for a reason."""
        return self._decide("decline", serializers.DeclineSerializer)

    def _decide(self, name: str, shape: Any) -> Response:
        data = self.valid(shape)
        row = deciding.decide(
            self.get_object().pk,
            name,
            version=expected_version(self.request),
            **data,
            actor=self.actor,
            now=self.now,
        )
        return self.answer(self.get_queryset().get(pk=row.pk))


class RuleOutcomeViewSet(ContinuumViewSet):
    """How often each rule was met and followed in the organization; no patient is named."""

    roles = {"list": CLINICAL | ADMINISTRATION | {Role.PRIVACY_OFFICER}}
    serializer_class = serializers.RuleOutcomesSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        summary="Read how often each rule was followed",
        description=(
            "By pathway version: how often it was met, what was decided, and the share of "
            "decisions against it. What a lead overrode counts under the version in force then: "
            "`criterion.<id>`, `dose-gate.<level>` and `early-release.<key>` of an activity."
        ),
        responses={200: serializers.RuleOutcomesSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        """Return the outcomes of every rule."""
        return Response(self.get_serializer(rule_outcomes(), many=True).data)
