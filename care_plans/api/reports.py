"""What is read across courses: who came back, and who pays beside where the care stands."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import funding, recurring
from care_plans.api.citing import CitedSerializer, cited
from care_plans.models import CarePlan, Course, Outcome, Stage
from coordination.access import owned_by_patient
from coordination.api.permissions import CLINICAL
from coordination.api.plausible import watch
from coordination.api.views import OfPatients
from coordination.models import Discipline, Patient

MISMATCHES = [(one, one) for one in ("window_ends_first", "no_visits_left")]


class RecurrenceSerializer(serializers.Serializer[Any]):
    """Courses of one pathway that ended with one outcome."""

    pathway = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    ended = serializers.IntegerField()
    followed = serializers.IntegerField(help_text="Their twelve months have passed.")
    recurred = serializers.IntegerField(help_text="Of those followed: came back in the months.")
    rate = serializers.FloatField(
        allow_null=True, help_text="The share of those followed, in percent; null: of nobody."
    )
    watched = serializers.IntegerField(help_text="Their twelve months have not passed yet.")
    recurred_so_far = serializers.IntegerField(help_text="Of those watched; in no rate.")
    lost = serializers.IntegerField(help_text="Died in the months without coming back.")


@extend_schema_serializer(many=False)
class RecurrenceReportSerializer(serializers.Serializer[Any]):
    """Twelve-month recurrence, over the courses that the reader may know of."""

    as_of = serializers.DateTimeField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    months = serializers.IntegerField()
    rows = RecurrenceSerializer(many=True)


class RecurrenceQuerySerializer(serializers.Serializer[Any]):
    """When the courses ended."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class RecurrenceViewSet(OfPatients):
    """Who came back within twelve months."""

    audited_as = "Course"
    roles = {"list": CLINICAL}
    parameters = {"list": ["since", "until"]}
    serializer_class = RecurrenceReportSerializer
    filterset_class = None
    pagination_class = None
    queryset = Course.objects.none()

    def patient_of(self, row: Any) -> Any:
        """Return the patient, who is the row."""
        return row.pk

    @extend_schema(
        summary="Read how many courses came back within twelve months",
        description=(
            "By pathway and outcome, over the courses of your circle that ended in the period "
            "(left out: in the two years until now). What never began, what turned out to be "
            "another condition, and who died ended nothing that could come back."
        ),
        parameters=[
            OpenApiParameter("since", OpenApiTypes.DATETIME, description="Ended from then on."),
            OpenApiParameter("until", OpenApiTypes.DATETIME, description="Ended before then."),
        ],
        responses={200: RecurrenceReportSerializer},
    )
    def list(self, request: Request) -> Response:
        """Return the report."""
        asked = RecurrenceQuerySerializer(data=request.query_params)
        watch(asked).is_valid(raise_exception=True)
        until: datetime = asked.validated_data.get("until", self.now)
        since: datetime = asked.validated_data.get("since", until - timedelta(days=730))
        rows, patients = recurring.recurrences(
            since=since, until=until, actor=self.actor, now=self.now
        )
        self.audit_disclosure([Patient(pk=one) for one in sorted(patients)], searched=True)
        report = {
            "as_of": self.now,
            "since": since,
            "until": until,
            "months": recurring.MONTHS,
            "rows": rows,
        }
        return Response(self.get_serializer(report).data)


class BlockSerializer(serializers.Serializer[Any]):
    """A payer's block: its window, and the visits."""

    coverage = serializers.UUIDField(source="coverage.pk")
    payer = serializers.CharField(source="coverage.payer")
    programme = serializers.CharField(source="coverage.programme")
    discipline = serializers.ChoiceField(
        choices=Discipline.choices, allow_blank=True, source="coverage.discipline"
    )
    starts_on = serializers.DateField(source="coverage.starts_on")
    ends_on = serializers.DateField(source="coverage.ends_on", allow_null=True)
    is_running = serializers.BooleanField()
    day = serializers.IntegerField(allow_null=True, help_text="Which day of the window it is.")
    days = serializers.IntegerField(allow_null=True, help_text="How many days it has; null: open.")
    days_left = serializers.IntegerField(allow_null=True, help_text="After today.")
    visits_allowed = serializers.IntegerField(source="coverage.sessions_allowed", allow_null=True)
    visits_used = serializers.IntegerField(
        source="coverage.sessions_used", help_text="As entered, or as the payer tells."
    )
    visits_left = serializers.IntegerField(source="coverage.sessions_left", allow_null=True)
    visits_recorded = serializers.IntegerField(
        help_text="Finished visits here in the window that you may know of; it makes no other."
    )


class ClinicalSerializer(serializers.Serializer[Any]):
    """Where a course stands."""

    course = serializers.UUIDField()
    condition = serializers.CharField()
    status = serializers.ChoiceField(choices=Course.Status.choices)
    stage = serializers.ChoiceField(choices=Stage.choices, allow_null=True)
    stage_since = serializers.DateTimeField(allow_null=True)
    expected_until = serializers.DateTimeField(allow_null=True)
    disciplines = serializers.ListField(child=serializers.ChoiceField(choices=Discipline.choices))


class MismatchSerializer(CitedSerializer):
    """Where the two do not fit, and what dates the stage; nothing follows from it by itself."""

    coverage = serializers.UUIDField()
    course = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=MISMATCHES)
    text = serializers.CharField()
    rule = serializers.CharField(
        allow_null=True,
        help_text="Where in the pathway it stands how long the stage is expected to last; null "
        "where that is not compared.",
    )
    sentence = serializers.CharField(allow_null=True, help_text="The same in words.")


class FundingSerializer(serializers.Serializer[Any]):
    """Clinical stage and funding window side by side."""

    as_of = serializers.DateTimeField()
    blocks = BlockSerializer(many=True)
    courses = ClinicalSerializer(many=True)
    mismatches = MismatchSerializer(many=True)


class PlanFundingViewSet(OfPatients):
    """Who pays, beside where the care stands."""

    audited_as = "Coverage"
    roles = {"funding": CLINICAL}
    serializer_class = FundingSerializer
    filterset_class = None
    pagination_class = None
    queryset = CarePlan.objects.none()

    def get_queryset(self) -> QuerySet[CarePlan, CarePlan]:
        """Return the plans within the actor's reach."""
        return owned_by_patient(CarePlan.objects.all(), self.actor, self.now)

    @extend_schema(
        summary="Read the payers' blocks beside the stages of a plan",
        description="Neither moves the other: where they do not fit, that is said.",
        responses={200: FundingSerializer},
    )
    @action(detail=True)
    def funding(self, request: Request, pk: str) -> Response:
        """Return both."""
        plan: Any = self.get_object()
        self.audit_disclosure([plan], searched=False, resource="Coverage")
        told = funding.funding(plan, actor=self.actor, now=self.now)
        shown = {
            "as_of": told.as_of,
            "blocks": told.blocks,
            "courses": told.courses,
            "mismatches": [_mismatch(one) for one in told.mismatches],
        }
        return Response(self.get_serializer(shown).data)


def _mismatch(one: funding.Mismatch) -> dict[str, Any]:
    dated = one.dated
    return {
        "coverage": one.coverage,
        "course": one.course,
        "kind": one.kind,
        "text": one.text,
        "rule": dated.place if dated else None,
        "sentence": dated.sentence if dated else None,
        **cited(one.definition, dated.source if dated else ()),
    }
