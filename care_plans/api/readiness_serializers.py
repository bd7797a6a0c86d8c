"""How the readiness of a course looks: what holds it up, by which rule, and on whose word."""

from typing import Any

from rest_framework import serializers

from care_plans.api.alert_serializers import BESIDE, AlertWarningSerializer
from care_plans.api.course_serializers import (
    CourseSerializer,
    ExpectedDurationSerializer,
    LaneSerializer,
    LaneSignOffSerializer,
    StayDateSerializer,
)
from care_plans.api.criterion_serializers import OUTCOMES, CriterionSerializer
from care_plans.api.stop_serializers import STOPS_BESIDE, RedFlagStopSerializer
from care_plans.models import Course, Stage, StageStay
from coordination.models import Discipline


class MovedCourseSerializer(CourseSerializer):
    """A course that has taken its step, and what is to be known of the person beside it."""

    stops = RedFlagStopSerializer(many=True, read_only=True, help_text=STOPS_BESIDE)
    safety_alerts = AlertWarningSerializer(many=True, read_only=True, help_text=BESIDE)

    class Meta(CourseSerializer.Meta):
        model = Course
        fields = [*CourseSerializer.Meta.fields, "stops", "safety_alerts"]
        read_only_fields = fields


class SignedOffSerializer(LaneSignOffSerializer):
    """What a lane said just now, and what stops its course."""

    course_stops = RedFlagStopSerializer(many=True, read_only=True, help_text=STOPS_BESIDE)

    class Meta(LaneSignOffSerializer.Meta):
        fields = [*LaneSignOffSerializer.Meta.fields, "course_stops"]
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
    status = serializers.ChoiceField(choices=Course.Status.choices)
    standing = serializers.ChoiceField(
        choices=StageStay.Standing.choices,
        help_text="By what is recorded, also while `status` says that the course rests.",
    )
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
