"""How a plan looks: as one row of a list, and whole, its lanes grouped by discipline."""

from typing import Any

from rest_framework import serializers

from care_plans.api.activity_serializers import ActivitySerializer
from care_plans.api.alert_serializers import BESIDE, AlertWarningSerializer
from care_plans.api.course_serializers import (
    CourseSerializer,
    LanePractitionerSerializer,
    LaneSerializer,
)
from care_plans.api.goal_serializers import GoalSerializer
from care_plans.api.statements import PatientStatementSerializer
from care_plans.api.stop_serializers import RedFlagStopSerializer
from care_plans.models import CarePlan, Outcome
from coordination.models import Discipline


class CarePlanSerializer(serializers.ModelSerializer[CarePlan]):
    """The one plan a patient has open."""

    patient_name = serializers.CharField(source="patient.__str__", read_only=True)

    class Meta:
        model = CarePlan
        fields = [
            "id",
            "patient",
            "patient_name",
            "status",
            "summary",
            "opened_at",
            "closed_at",
            "outcome",
            "reason",
            "recorded_at",
        ]
        read_only_fields = [name for name in fields if name not in CarePlan.editable]
        extra_kwargs = {"summary": {"max_length": 5000}}


class ClosedPlanSerializer(CarePlanSerializer):
    """A plan that was closed just now, and what is open of the person still."""

    stops = RedFlagStopSerializer(
        many=True, read_only=True, help_text="Each red flag that stays open, with what to do."
    )
    safety_alerts = AlertWarningSerializer(many=True, read_only=True, help_text=BESIDE)

    class Meta(CarePlanSerializer.Meta):
        fields = [*CarePlanSerializer.Meta.fields, "stops", "safety_alerts"]
        read_only_fields = fields


class OpenPlanSerializer(serializers.Serializer[Any]):
    """Whose plan to open."""

    patient = serializers.UUIDField()


class ClosePlanSerializer(serializers.Serializer[Any]):
    """How a plan ended."""

    outcome = serializers.ChoiceField(
        choices=Outcome.choices,
        default="",
        allow_blank=True,
        help_text="Left out: as its courses ended.",
    )
    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)
    end_courses = serializers.BooleanField(
        default=False,
        help_text="End with this outcome, for this reason, every course that is under way.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask how and why courses end that are under way."""
        if attrs["end_courses"]:
            lacking = [name for name in ("outcome", "reason") if not attrs[name].strip()]
            if lacking:
                raise serializers.ValidationError(
                    {name: ["Needed to end courses that are under way."] for name in lacking}
                )
        return attrs


class PlanLaneSerializer(LaneSerializer):
    """One course's lane of a discipline, with what it does.

    What is the course's is null where the course is withheld from whoever does the lane.
    """

    condition = serializers.CharField(
        source="shown_course.condition", read_only=True, allow_null=True, default=None
    )
    course_status = serializers.CharField(
        source="shown_course.status", read_only=True, allow_null=True, default=None
    )
    stage = serializers.CharField(
        source="shown_course.stage", read_only=True, allow_null=True, default=None
    )
    activities = ActivitySerializer(many=True, read_only=True, source="in_plan")

    class Meta(LaneSerializer.Meta):
        fields = [*LaneSerializer.Meta.fields, "condition", "course_status", "stage", "activities"]
        read_only_fields = fields


class PlanDisciplineSerializer(serializers.Serializer[Any]):
    """One discipline's part of the whole plan: its lane on each course."""

    discipline = serializers.ChoiceField(choices=Discipline.choices)
    lanes = PlanLaneSerializer(many=True)


class WholePlanSerializer(CarePlanSerializer):
    """The plan with its courses, its lanes by discipline over all of them, and shared goals."""

    previous = serializers.UUIDField(
        source="previous_shown",
        read_only=True,
        allow_null=True,
        help_text="The plan before this one, when this is a re-entry.",
    )
    lead = LanePractitionerSerializer(allow_null=True, read_only=True)
    courses = CourseSerializer(many=True, read_only=True, source="in_order")
    disciplines = PlanDisciplineSerializer(many=True, read_only=True)
    goals = GoalSerializer(many=True, read_only=True)
    statements = PatientStatementSerializer(
        many=True,
        read_only=True,
        source="said",
        help_text="The patient's own goals and preferences, character for character.",
    )

    class Meta(CarePlanSerializer.Meta):
        fields = [
            *CarePlanSerializer.Meta.fields,
            "previous",
            "lead",
            "courses",
            "disciplines",
            "goals",
            "statements",
        ]
        read_only_fields = fields
