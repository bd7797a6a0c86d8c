"""How courses and what belongs to them look. No serializer accepts a status: actions move it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.citing import CitedSerializer, WhySerializer, cited, cites
from care_plans.api.finding_serializers import AnswerField
from care_plans.expectation import expected
from care_plans.models import (
    Course,
    Lane,
    LaneSignOff,
    Severity,
    Side,
    StageStay,
    StageTransition,
)
from care_plans.resting import is_stay_opinion
from care_plans.stay_dates import Dated, dates_of
from coordination.models import Discipline, PractitionerRole


class LanePractitionerSerializer(serializers.ModelSerializer[PractitionerRole]):
    """Who does a lane."""

    name = serializers.CharField(source="practitioner.name", read_only=True)

    class Meta:
        model = PractitionerRole
        fields = ["id", "name", "discipline"]
        read_only_fields = fields


class StayDateSerializer(CitedSerializer):
    """Which rule of the pathway says a date of a stay."""

    date = serializers.ChoiceField(choices=[(one, one) for one in ("expected_until", "review_at")])
    at = serializers.DateTimeField()
    rule = serializers.CharField(help_text="Where in the pathway it stands.")
    after = serializers.CharField(help_text="How long after the stay began; ISO 8601.")
    paused = serializers.DurationField(help_text="What pauses have added since.")
    sentence = serializers.CharField()


def _shown_date(one: Dated) -> dict[str, Any]:
    return {
        "date": one.date,
        "at": one.at,
        "rule": one.place,
        "after": one.after.iso,
        "paused": one.paused,
        "sentence": one.sentence,
    }


def told_dates(stay: StageStay, course: Course) -> list[dict[str, Any]]:
    """Return why each date of a stay is what it is, for `StayDateSerializer`."""
    definition = course.pathway_version.definition
    return [{**_shown_date(one), **cited(definition, one.source)} for one in dates_of(stay, course)]


class StageStaySerializer(serializers.ModelSerializer[StageStay]):
    """One stay in one stage, and where it stands."""

    overdue = serializers.SerializerMethodField(
        help_text="Whether it lasts longer than expected; never while the course is paused."
    )
    blocked_by = serializers.ListField(
        source="holding",
        child=serializers.ChoiceField(choices=Discipline.choices),
        read_only=True,
        help_text="The lanes that hold it up, as far as the reader may know.",
    )
    is_expert_consensus = serializers.SerializerMethodField(
        help_text="How long it is expected, or when its review is due, rests on opinion alone."
    )
    dates = serializers.SerializerMethodField(
        help_text="Why it is expected to end, and to be reviewed, when it is."
    )

    class Meta:
        model = StageStay
        fields = [
            "id",
            "stage",
            "sequence",
            "entered_at",
            "recorded_at",
            "left_at",
            "expected_until",
            "review_at",
            "standing",
            "standing_since",
            "blocked_by",
            "overdue",
            "is_expert_consensus",
            "dates",
        ]
        read_only_fields = fields

    @extend_schema_field(StayDateSerializer(many=True))
    def get_dates(self, stay: StageStay) -> list[dict[str, Any]]:
        """Return the rule behind each date."""
        return list(StayDateSerializer(told_dates(stay, stay.course), many=True).data)

    def get_is_expert_consensus(self, stay: StageStay) -> bool:
        """Say whether any of its dates is consensus."""
        return is_stay_opinion(stay, stay.course)

    def get_overdue(self, stay: StageStay) -> bool:
        """Compare what was expected with now."""
        now: datetime = self.context["view"].now
        return stay.left_at is None and stay.course.status == "active" and stay.expected_until < now


class ExpectedDurationSerializer(serializers.Serializer[Any]):
    """How long the whole course is expected to take, for its severity, from its start on."""

    duration = serializers.CharField(
        help_text="ISO 8601, such as P6W/P8W, or P6M/.. without end; `unknown` if no source says."
    )
    earliest = serializers.DateTimeField(allow_null=True)
    latest = serializers.DateTimeField(allow_null=True)
    open_ended = serializers.BooleanField(
        help_text="It may take longer still, or nobody knows how long."
    )
    is_expert_consensus = serializers.BooleanField(
        source="is_consensus", help_text="The band rests, in whole or in part, on opinion alone."
    )
    cites = serializers.ListField(
        child=serializers.CharField(), help_text="What the band rests on."
    )


def told_expected(course: Course) -> dict[str, Any]:
    """Return how long a course is expected to take, and on whose word."""
    band = expected(course)
    return {**asdict(band), "cites": cites(course.pathway_version.definition, band.source)}


class CourseSerializer(serializers.ModelSerializer[Course]):
    """One condition on a plan."""

    patient_name = serializers.CharField(source="patient.__str__", read_only=True)
    pathway = serializers.CharField(source="pathway.slug", read_only=True)
    version = serializers.CharField(source="pathway_version.version", read_only=True)
    stay = serializers.SerializerMethodField(help_text="The present stay; null before and after.")
    expected = serializers.SerializerMethodField()
    previous = serializers.UUIDField(source="previous_shown", read_only=True, allow_null=True)
    earlier = serializers.IntegerField(
        source="earlier_shown",
        read_only=True,
        help_text="How many courses on this pathway and side ended before it: how often it came "
        "back, as far as the reader may know.",
    )

    class Meta:
        model = Course
        fields = [
            "id",
            "care_plan",
            "patient",
            "patient_name",
            "pathway",
            "pathway_version",
            "version",
            "condition",
            "note",
            "severity",
            "side",
            "status",
            "stage",
            "stay",
            "expected",
            "previous",
            "earlier",
            "applied_at",
            "started_at",
            "paused_at",
            "discharged_at",
            "outcome",
            "recorded_at",
        ]
        read_only_fields = [name for name in fields if name not in Course.editable]
        extra_kwargs = {
            "condition": {"max_length": 500, "allow_blank": False},
            "note": {"max_length": 5000},
        }

    @extend_schema_field(StageStaySerializer(allow_null=True))
    def get_stay(self, course: Any) -> dict[str, Any] | None:
        """Return the present stay."""
        stay = course.open_stays[0] if course.open_stays else None
        if stay is None:
            return None
        stay.course = course  # this very one: its version was fetched with it
        data: dict[str, Any] = StageStaySerializer(stay, context=self.context).data
        return data

    @extend_schema_field(ExpectedDurationSerializer)
    def get_expected(self, course: Course) -> dict[str, Any]:
        """Return the band of the course's severity, in dates once it has started."""
        data: dict[str, Any] = ExpectedDurationSerializer(told_expected(course)).data
        return data


class ApplySerializer(serializers.Serializer[Any]):
    """What to begin on a plan."""

    pathway_version = serializers.UUIDField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    side = serializers.ChoiceField(
        choices=Side.choices, default="", allow_blank=True, help_text="Where the condition has one."
    )
    condition = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="As the team calls it."
    )
    answers = serializers.DictField(
        child=AnswerField(), default=dict, help_text="By question of the pathway."
    )
    effective_at = serializers.DateTimeField(default=None, allow_null=True)
    previous = serializers.UUIDField(
        default=None,
        allow_null=True,
        source="previous_id",
        help_text="The ended course that this one follows, such as after a new diagnosis; left "
        "out: the last one on the same pathway and side.",
    )


class SeverityChangeSerializer(serializers.Serializer[Any]):
    """A new severity; the stage stays."""

    severity = serializers.ChoiceField(choices=Severity.choices)
    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)
    effective_at = serializers.DateTimeField(default=None, allow_null=True)


class StageTransitionSerializer(serializers.ModelSerializer[StageTransition]):
    """One move with what it rested on."""

    class Meta:
        model = StageTransition
        fields = [
            "id",
            "action",
            "from_status",
            "to_status",
            "from_stage",
            "to_stage",
            "actor",
            "practitioner_role",
            "reason",
            "evidence",
            "overridden",
            "unmet",
            "effective_at",
            "recorded_at",
        ]
        read_only_fields = fields


class LaneSignOffSerializer(serializers.ModelSerializer[LaneSignOff]):
    """What a lane said."""

    class Meta:
        model = LaneSignOff
        fields = [
            "id",
            "lane",
            "stay",
            "verdict",
            "practitioner_role",
            "actor",
            "reason",
            "effective_at",
            "recorded_at",
        ]
        read_only_fields = fields


class SignOffSerializer(serializers.Serializer[Any]):
    """Whether a lane is ready for the next step; if not, what is missing."""

    verdict = serializers.ChoiceField(choices=LaneSignOff.Verdict.choices)
    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)
    effective_at = serializers.DateTimeField(default=None, allow_null=True)


class DecideLaneSerializer(serializers.Serializer[Any]):
    """Whether a lane is needed in the present stage, and why."""

    needed = serializers.BooleanField()
    reason = serializers.CharField(max_length=2000)


class LaneSerializer(serializers.ModelSerializer[Lane]):
    """One discipline's part of a course."""

    course = serializers.UUIDField(
        source="course_shown",
        read_only=True,
        allow_null=True,
        help_text="Null where the course is withheld from whoever does the lane.",
    )
    practitioner = LanePractitionerSerializer(
        source="practitioner_role", read_only=True, allow_null=True
    )
    referral = serializers.UUIDField(
        source="shown_referral.id",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="The referral that finds somebody for it; null for none, or where withheld.",
    )
    referral_status = serializers.CharField(
        source="shown_referral.status", read_only=True, allow_null=True, default=None
    )
    sign_off = serializers.SerializerMethodField(
        help_text="Its latest word in the present stay; null: it has not said anything."
    )
    reason = serializers.CharField(
        source="reason_shown",
        read_only=True,
        help_text="Why it is needed, is not, or is undecided; what it rests on may be withheld.",
    )

    class Meta:
        model = Lane
        fields = [
            "id",
            "course",
            "discipline",
            "needed",
            "decided_by",
            "reason",
            "order",
            "practitioner",
            "referral",
            "referral_status",
            "sign_off",
            "note",
        ]
        read_only_fields = [name for name in fields if name not in Lane.editable]
        extra_kwargs = {"note": {"max_length": 5000}}

    @extend_schema_field(LaneSignOffSerializer(allow_null=True))
    def get_sign_off(self, lane: Any) -> dict[str, Any] | None:
        """Return the latest word."""
        if not lane.words:
            return None
        data: dict[str, Any] = LaneSignOffSerializer(lane.words[-1]).data
        return data


class ExplainedLaneSerializer(LaneSerializer):
    """A lane, with the rule that asks for it."""

    why = WhySerializer(
        read_only=True,
        allow_null=True,
        help_text="What the pathway says of it in the present stage, whoever decided; null where "
        "the course is withheld from whoever does the lane.",
    )

    class Meta(LaneSerializer.Meta):
        fields = [*LaneSerializer.Meta.fields, "why"]
        read_only_fields = [*LaneSerializer.Meta.read_only_fields, "why"]
