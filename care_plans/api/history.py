"""A course over time: stages, lanes and owners, when it was so and when it was entered."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import history
from care_plans.api.course_serializers import LanePractitionerSerializer
from care_plans.models import Course, LaneDecision, LaneOwner, Severity, SeverityChange, Stage
from coordination.access import owned_by_patient
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients
from coordination.models import Discipline


class StayedSerializer(serializers.Serializer[Any]):
    """One stay; `entered_at` is when it began, `recorded_at` when that was entered."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    sequence = serializers.IntegerField()
    entered_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    days = serializers.FloatField(help_text="How long it lasted by now, without the pauses in it.")


class PauseSerializer(serializers.Serializer[Any]):
    """One pause."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    paused_at = serializers.DateTimeField(source="entered_at")
    resumed_at = serializers.DateTimeField(source="left_at", allow_null=True)


class SeverityHeldSerializer(serializers.ModelSerializer[SeverityChange]):
    """How severe it was from when on."""

    severity = serializers.ChoiceField(choices=Severity.choices)

    class Meta:
        model = SeverityChange
        fields = ["severity", "effective_at", "recorded_at"]
        read_only_fields = fields


class LaneOwnerSerializer(serializers.ModelSerializer[LaneOwner]):
    """Who did a lane from when on; null: nobody."""

    discipline = serializers.ChoiceField(
        choices=Discipline.choices, source="lane.discipline", read_only=True
    )
    practitioner = LanePractitionerSerializer(
        source="practitioner_role", read_only=True, allow_null=True
    )

    class Meta:
        model = LaneOwner
        fields = ["lane", "discipline", "practitioner", "effective_at", "recorded_at"]
        read_only_fields = fields


class LaneDecisionSerializer(serializers.ModelSerializer[LaneDecision]):
    """Whether a stage needed a lane from when on, and why."""

    discipline = serializers.ChoiceField(
        choices=Discipline.choices, source="lane.discipline", read_only=True
    )
    reason = serializers.CharField(
        source="reason_shown",
        read_only=True,
        help_text="Without the words of a decision that rests on something withheld.",
    )
    practitioner_role = serializers.UUIDField(
        source="decider_shown",
        read_only=True,
        allow_null=True,
        help_text="Of the person who decided; null: the pathway, or withheld from you.",
    )

    class Meta:
        model = LaneDecision
        fields = [
            "lane",
            "discipline",
            "stage",
            "needed",
            "decided_by",
            "practitioner_role",
            "reason",
            "effective_at",
            "recorded_at",
        ]
        read_only_fields = fields


class CourseHistorySerializer(serializers.Serializer[Any]):
    """A course over time, as far as the reader may know."""

    course = serializers.UUIDField()
    as_of = serializers.DateTimeField()
    stays = StayedSerializer(many=True)
    pauses = PauseSerializer(many=True)
    severities = SeverityHeldSerializer(many=True)
    owners = LaneOwnerSerializer(many=True)
    lanes = LaneDecisionSerializer(many=True)


class CourseHistoryViewSet(OfPatients):
    """Stage, lane and owner history."""

    audited_as = "StageTransition"
    roles = {"history": CLINICAL}
    serializer_class = CourseHistorySerializer
    filterset_class = None
    pagination_class = None
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Course, Course]:
        """Return the courses within the actor's reach."""
        rows: QuerySet[Course, Course] = Course.objects.all()
        return owned_by_patient(rows, self.actor, self.now)

    @extend_schema(
        summary="Read how a course went: stages, pauses, severities, lanes and owners",
        description="Each with when it was so and when it was entered. Durations leave out pauses.",
        responses={200: CourseHistorySerializer},
    )
    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        """Return the history."""
        course: Any = self.get_object()
        self.audit_disclosure([course], searched=False)
        told = history.history(course, actor=self.actor, now=self.now)
        return Response(self.get_serializer(told).data)
