"""`/complexity-screens`: how complex a case is, by the categories of ACC."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import complexity
from care_plans.api.assessment_serializers import RECORDED, SittingSerializer
from care_plans.api.findings import Findings, OfCourse
from care_plans.complexity_factors import CATEGORIES
from care_plans.models import ComplexityScreen
from coordination.api.permissions import CLINICAL
from coordination.api.views import Listed, Retrieved

_LEVELS = ComplexityScreen.Level.choices


class FactorsField(serializers.DictField):
    """By category its factors, each with a level; `vocational` may be left out."""

    child = serializers.DictField(child=serializers.ChoiceField(choices=_LEVELS))


class ComplexityScreenSerializer(serializers.ModelSerializer[ComplexityScreen]):
    """One screen; the latest of a course holds."""

    factors = FactorsField(read_only=True, help_text="By category, each factor with its level.")

    class Meta:
        model = ComplexityScreen
        fields = [*RECORDED, "level", "factors", "reason"]
        read_only_fields = fields
        extra_kwargs = {"level": {"help_text": "Of the whole, as whoever screened said it."}}


class ComplexityScreeningSerializer(SittingSerializer):
    """A screen to record."""

    course = serializers.UUIDField()
    level = serializers.ChoiceField(choices=_LEVELS, help_text="Of the whole.")
    factors = FactorsField(help_text=f"Categories: {', '.join(CATEGORIES)}.")
    reason = serializers.CharField(
        max_length=2000,
        default="",
        allow_blank=True,
        help_text="Needed where the level is below the highest factor.",
    )


class ComplexityScreenFilter(OfCourse):
    """How a screen is looked for."""

    class Meta:
        model = ComplexityScreen
        fields = ["level"]


@extend_schema_view(
    list=extend_schema(summary="List complexity screens"),
    retrieve=extend_schema(summary="Read a complexity screen"),
)
class ComplexityScreenViewSet(Findings, Listed, Retrieved):
    """How complex cases were found to be."""

    audited_as = "ComplexityScreen"
    roles = {"list": CLINICAL, "retrieve": CLINICAL, "create": CLINICAL}
    serializer_class = ComplexityScreenSerializer
    filterset_class = ComplexityScreenFilter
    queryset = ComplexityScreen.objects.none()
    rows = ComplexityScreen.objects.all()

    @extend_schema(
        summary="Record a complexity screen",
        description=(
            "Psychosocial factors offer or recommend psychotherapy; after a high level, referrals "
            "that open are urgent."
        ),
        request=ComplexityScreeningSerializer,
        responses={200: ComplexityScreenSerializer, 201: ComplexityScreenSerializer},
    )
    def create(self, request: Request) -> Response:
        """Record what was found."""
        data = self.valid(ComplexityScreeningSerializer)
        row, created = complexity.record_screen(
            data["course"],
            complexity.Screened(data["factors"], data["level"], data["reason"]),
            effective_at=data["effective_at"],
            key=self.key(),
            actor=self.actor,
            now=self.now,
        )
        return self.recorded(row, created=created)
