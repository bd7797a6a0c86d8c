"""How activities look: what a lane does, whether it may begin, and what it waits for."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.citing import CitedSerializer, NextDoseSerializer, WhySerializer
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.api.evidence_serializers import OPINION
from care_plans.api.stop_serializers import STOPS_BESIDE, RedFlagStopSerializer
from care_plans.models import Activity, Lane, Stage
from care_plans.resting import is_activity_opinion
from coordination.models import Discipline


class CalendarSerializer(serializers.Serializer[Any]):
    """By whose days an activity is reckoned."""

    location = serializers.UUIDField(allow_null=True)
    time_zone = serializers.CharField()
    holidays = serializers.CharField(
        allow_null=True,
        help_text="The location's calendar of holidays; null: it names none, and business days "
        "pass over weekends alone.",
    )


class ActivityTimingSerializer(serializers.Serializer[Any]):
    """Whether an activity may begin, since when, what it waits for, and when it is due."""

    released = serializers.BooleanField(help_text="Whether anything still holds its beginning.")
    released_at = serializers.DateTimeField(
        allow_null=True, help_text="Null while it waits, or until the moment has been recorded."
    )
    released_by = serializers.CharField(
        help_text="Who released it by hand; empty: the pathway's own conditions did."
    )
    release_reason = serializers.CharField()
    waits_for = CriterionSerializer(
        many=True, help_text="Every condition that is not met, or not known to be."
    )
    applicability = CriterionSerializer(
        allow_null=True, help_text="The condition on which it is planned, as it stands now."
    )
    start = CriterionSerializer(
        many=True,
        help_text="Its start condition and the activities it waits for: as they were when it was "
        "released, or as they stand now.",
    )
    stop = CriterionSerializer(
        allow_null=True,
        help_text="Its stop condition: met stops it; unknown lets it go on.",
    )
    finish = CriterionSerializer(
        many=True, help_text="What must be over before it may be completed."
    )
    due_from = serializers.DateTimeField(
        allow_null=True, help_text="The earliest beginning, as far as it is known."
    )
    due_until = serializers.DateTimeField(
        allow_null=True, help_text="When it should have begun; null: no time is set, or known yet."
    )
    began_at = serializers.DateTimeField(allow_null=True, help_text="Null: it has not begun.")
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was completed or stopped; null while it goes on."
    )
    calendar = CalendarSerializer(allow_null=True, help_text="Null for a past stay.")


class ActivitySerializer(serializers.ModelSerializer[Activity]):
    """One thing a lane does for a goal of a stage; what is withheld of these is null."""

    course = serializers.UUIDField(source="course_shown", read_only=True, allow_null=True)
    goal = serializers.UUIDField(source="goal_shown", read_only=True, allow_null=True)
    timing = serializers.SerializerMethodField(
        help_text="Whether it may begin, what it waits for, and when it is due."
    )
    discipline = serializers.ChoiceField(
        choices=Discipline.choices, source="lane.discipline", read_only=True
    )
    is_expert_consensus = serializers.SerializerMethodField(help_text=OPINION)

    class Meta:
        model = Activity
        fields = [
            "id",
            "course",
            "stage",
            "sequence",
            "lane",
            "discipline",
            "goal",
            "key",
            "text",
            "caution",
            "is_expert_consensus",
            "dose_level",
            "cadence",
            "is_loading",
            "is_optional",
            "status",
            "because",
            "timing",
            "note",
        ]
        read_only_fields = [name for name in fields if name not in Activity.editable]
        extra_kwargs = {
            "cadence": {"max_length": 500},
            "note": {"max_length": 5000},
        }

    def get_is_expert_consensus(self, activity: Activity) -> bool | None:
        """Say whether that it is done is consensus."""
        return is_activity_opinion(activity)

    @extend_schema_field(ActivityTimingSerializer)
    def get_timing(self, activity: Any) -> dict[str, Any]:
        """Return what `timetable.timed` found out."""
        data: dict[str, Any] = ActivityTimingSerializer(activity.timing).data
        return data


class MovedActivitySerializer(ActivitySerializer):
    """An activity that was begun, completed, stopped, released or dosed; what stops its course."""

    course_stops = RedFlagStopSerializer(many=True, read_only=True, help_text=STOPS_BESIDE)

    class Meta(ActivitySerializer.Meta):
        fields = [*ActivitySerializer.Meta.fields, "course_stops"]
        read_only_fields = [*ActivitySerializer.Meta.read_only_fields, "course_stops"]


class ExplainedActivitySerializer(ActivitySerializer):
    """An activity, with the place in the pathway that asks for it, and its next dose."""

    why = WhySerializer(
        read_only=True,
        allow_null=True,
        help_text="Null where the course is withheld from whoever does the lane, or where the "
        "version that is followed now does not have it.",
    )
    next_dose = NextDoseSerializer(
        read_only=True,
        allow_null=True,
        help_text="Null where there is none, or while nothing goes on.",
    )

    stops = RedFlagStopSerializer(
        many=True,
        read_only=True,
        help_text="Each open red flag that holds it; empty for what does not load.",
    )
    loading = CriterionSerializer(
        read_only=True,
        allow_null=True,
        help_text="Whether loading may begin, or go on, by the red flags and who was asked about "
        "them. Null for what does not load, and where nothing goes on.",
    )

    class Meta(ActivitySerializer.Meta):
        fields = [*ActivitySerializer.Meta.fields, "why", "next_dose", "stops", "loading"]
        read_only_fields = [
            *ActivitySerializer.Meta.read_only_fields,
            "why",
            "next_dose",
            "stops",
            "loading",
        ]


class UnplannedActivitySerializer(CitedSerializer):
    """An activity of the present stage that the course does not have."""

    key = serializers.CharField()
    text = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    lane = serializers.UUIDField()
    discipline = serializers.ChoiceField(choices=Discipline.choices)
    needed = serializers.ChoiceField(
        choices=Lane.Needed.choices,
        help_text="Whether its lane is needed; only then is it planned.",
    )
    applicability = CriterionSerializer(
        allow_null=True, help_text="The condition on which it applies; null: it has none."
    )


class StopSerializer(serializers.Serializer[Any]):
    """Why an activity stops."""

    because = serializers.CharField(max_length=500)


class ReleaseSerializer(serializers.Serializer[Any]):
    """Why an activity may begin although something that it waits for is not there."""

    reason = serializers.CharField(max_length=2000)
