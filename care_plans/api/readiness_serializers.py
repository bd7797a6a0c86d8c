"""How the readiness of a course looks: what holds it up, by which rule, and on whose word."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.alert_serializers import BESIDE, AlertWarningSerializer
from care_plans.api.course_serializers import (
    CourseSerializer,
    ExpectedDurationSerializer,
    LaneSerializer,
    StayDateSerializer,
)
from care_plans.api.criterion_serializers import OUTCOMES, CriterionSerializer
from care_plans.api.finding_serializers import FoundFlagSerializer
from care_plans.models import Course, RedFlagAnswer, Stage, StageStay
from care_plans.red_flags import found_flag
from care_plans.stopping import Stop
from coordination.models import Discipline


class RedFlagStopSerializer(serializers.Serializer[Any]):
    """An open red flag that holds a course up; all but the sentence is null where withheld."""

    sentence = serializers.CharField()
    red_flag = serializers.UUIDField(
        source="red_flag.pk", default=None, allow_null=True, help_text="The finding itself."
    )
    flag = serializers.CharField(source="red_flag.flag", default=None, allow_null=True)
    urgency = serializers.ChoiceField(
        source="red_flag.urgency",
        choices=RedFlagAnswer.Urgency.choices,
        default=None,
        allow_null=True,
    )
    course = serializers.UUIDField(
        source="red_flag.course_id",
        default=None,
        allow_null=True,
        help_text="On which it was found.",
    )
    condition = serializers.CharField(
        source="red_flag.course.condition", default=None, allow_null=True
    )
    is_of_other_course = serializers.BooleanField(
        allow_null=True, help_text="It was found on another course of the patient."
    )
    found_at = serializers.DateTimeField(
        source="red_flag.found_at",
        default=None,
        allow_null=True,
        help_text="When it was found present.",
    )
    found = serializers.SerializerMethodField(help_text="What to do, and on whose word.")
    is_withheld = serializers.SerializerMethodField()

    @extend_schema_field(FoundFlagSerializer(allow_null=True))
    def get_found(self, stop: Stop) -> Any:
        """Return the flag in the words of its pathway."""
        return FoundFlagSerializer(found_flag(stop.red_flag)).data if stop.red_flag else None

    def get_is_withheld(self, stop: Stop) -> bool:
        """Say whether nothing of it may be told."""
        return stop.red_flag is None


class MovedCourseSerializer(CourseSerializer):
    """A course that has taken its step, and what is to be known of the person beside it."""

    safety_alerts = AlertWarningSerializer(many=True, read_only=True, help_text=BESIDE)

    class Meta(CourseSerializer.Meta):
        model = Course
        fields = [*CourseSerializer.Meta.fields, "safety_alerts"]
        read_only_fields = fields


class CourseReadinessSerializer(serializers.Serializer[Any]):
    """Whether a course may take its next step, with the trace of every criterion.

    `blocked_by` names the lanes that hold it up; `blockers` every question that is not met.
    """

    course = serializers.UUIDField()
    pathway = serializers.CharField()
    version = serializers.CharField()
    as_of = serializers.DateTimeField()
    stage = serializers.ChoiceField(choices=Stage.choices, allow_null=True)
    next_stage = serializers.ChoiceField(choices=Stage.choices, allow_null=True)
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    standing = serializers.ChoiceField(choices=StageStay.Standing.choices)
    blocked_by = serializers.ListField(child=serializers.ChoiceField(choices=Discipline.choices))
    overdue = serializers.BooleanField()
    expected_until = serializers.DateTimeField(allow_null=True)
    is_expert_consensus = serializers.BooleanField(
        help_text="`expected_until` rests on opinion alone; criteria say it each for itself."
    )
    expected = ExpectedDurationSerializer()
    safety = CriterionSerializer()
    exit = CriterionSerializer(allow_null=True)
    entry = CriterionSerializer(allow_null=True)
    sign_offs = CriterionSerializer(allow_null=True)
    blockers = CriterionSerializer(many=True)
    cites = serializers.ListField(
        child=serializers.CharField(), help_text="What the criteria rest on, those that are shown."
    )
    stops = RedFlagStopSerializer(many=True, help_text="Each open red flag that holds it up.")
    safety_alerts = AlertWarningSerializer(many=True, help_text=BESIDE)
    dates = StayDateSerializer(many=True, help_text="Why each date of the stay is what it is.")
    lanes = LaneSerializer(many=True)
