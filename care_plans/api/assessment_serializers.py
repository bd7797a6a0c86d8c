"""How sittings look to programs: scores, what is absent, and why they were taken."""

from typing import Any

from rest_framework import serializers

from care_plans.api.alert_serializers import BESIDE, AlertWarningSerializer
from care_plans.models import AbsentScore, Assessment, Score, Stage
from care_plans.sittings import MAX_SCORES, NewAbsence, NewScore
from coordination.api.record_serializers import CorrectionShownSerializer, StatementShownSerializer

RECORDED = ["id", "patient", "course", "practitioner_role", "effective_at", "recorded_at"]


class ScoreSerializer(serializers.ModelSerializer[Score]):
    """One value of one measure."""

    measure = serializers.CharField(source="measure.slug", read_only=True)
    value = serializers.DecimalField(
        max_digits=10, decimal_places=4, normalize_output=True, read_only=True
    )

    class Meta:
        model = Score
        fields = [
            "id",
            "measure",
            "measure_version",
            "value",
            "side",
            "item",
            "subscale",
            "label",
            "is_computed",
            "method",
            "instrument",
        ]
        read_only_fields = fields


class AbsentScoreSerializer(serializers.ModelSerializer[AbsentScore]):
    """A value that a sitting does not have, and why."""

    measure = serializers.CharField(source="measure.slug", read_only=True)

    class Meta:
        model = AbsentScore
        fields = ["measure", "measure_version", "side", "subscale", "reason"]
        read_only_fields = fields
        extra_kwargs = {"measure_version": {"help_text": "The version that was to be taken."}}


class AssessmentSerializer(serializers.ModelSerializer[Assessment]):
    """One sitting; `entered_in_error` marks one that `replaced_by` corrects."""

    scores = ScoreSerializer(many=True, read_only=True)
    absent = AbsentScoreSerializer(
        many=True, read_only=True, help_text="What the sitting does not have, and why."
    )
    entered_in_error = serializers.BooleanField(read_only=True)
    replaces = serializers.UUIDField(source="replaces_shown", read_only=True, allow_null=True)
    replaced_by = serializers.UUIDField(source="replaced_by_shown", read_only=True, allow_null=True)

    statements = StatementShownSerializer(many=True, read_only=True, default=list)
    corrections = CorrectionShownSerializer(many=True, read_only=True, default=list)

    class Meta:
        model = Assessment
        fields = [
            *RECORDED,
            "collection_point",
            "stage",
            "scores",
            "absent",
            "replaces",
            "reason",
            "replaced_by",
            "entered_in_error",
            "statements",
            "corrections",
        ]
        read_only_fields = fields
        extra_kwargs = {"collection_point": {"help_text": "Why it was taken then."}}


class RecordedAssessmentSerializer(AssessmentSerializer):
    """A sitting that was just recorded, and what is to be known of the person beside it."""

    # the person's, of which this sitting raised some or none
    safety_alerts = AlertWarningSerializer(
        source="open_alerts", many=True, read_only=True, help_text=BESIDE
    )

    class Meta(AssessmentSerializer.Meta):
        fields = [*AssessmentSerializer.Meta.fields, "safety_alerts"]
        read_only_fields = fields


class NewScoreSerializer(serializers.Serializer[Any]):
    """A score to record. A value may be sent as a number or, exactly, as a string."""

    measure = serializers.CharField(max_length=60, help_text="The measure's slug.")
    value = serializers.DecimalField(max_digits=10, decimal_places=4)
    side = serializers.ChoiceField(
        choices=Score.Side.choices,
        default="",
        allow_blank=True,
        help_text="Needed for a measure that is taken per side, and only there.",
    )
    item = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        default=None,
        allow_null=True,
        help_text="One item of a questionnaire; none: its total.",
    )
    subscale = serializers.CharField(
        max_length=60,
        default="",
        allow_blank=True,
        help_text="One of the measure's subscales; none: its total.",
    )
    method = serializers.CharField(
        max_length=60, default="", allow_blank=True, help_text="How it was taken."
    )
    instrument = serializers.CharField(
        max_length=120, default="", allow_blank=True, help_text="With what it was taken."
    )
    label = serializers.CharField(  # type: ignore[assignment] # hides DRF's own, which it allows
        max_length=200,
        default="",
        allow_blank=True,
        help_text="The activity that an item is, where the patient chose it.",
    )
    version = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        default=None,
        allow_null=True,
        help_text="The measure's version; none: the present one, of a correction the original's.",
    )

    def to_internal_value(self, data: Any) -> NewScore:
        """Return the value that the domain takes."""
        return NewScore(**super().to_internal_value(data))


class NewAbsenceSerializer(serializers.Serializer[Any]):
    """A value that was not had, and why."""

    measure = serializers.CharField(max_length=60, help_text="The measure's slug.")
    reason = serializers.ChoiceField(choices=AbsentScore.Reason.choices)
    side = serializers.ChoiceField(choices=Score.Side.choices, default="", allow_blank=True)
    subscale = serializers.CharField(max_length=60, default="", allow_blank=True)

    def to_internal_value(self, data: Any) -> NewAbsence:
        """Return what the domain takes."""
        return NewAbsence(**super().to_internal_value(data))


class SittingSerializer(serializers.Serializer[Any]):
    """What was found at a time."""

    effective_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When it was taken."
    )


class AssessmentRecordingSerializer(SittingSerializer):
    """A sitting to record; without a course it belongs to the patient's history."""

    patient = serializers.UUIDField()
    course = serializers.UUIDField(default=None, allow_null=True)
    # a list serializer looks at the length before it looks at a million scores
    scores: Any = serializers.ListSerializer(
        child=NewScoreSerializer(), allow_empty=True, max_length=MAX_SCORES, default=tuple
    )
    absent: Any = serializers.ListSerializer(
        child=NewAbsenceSerializer(),
        max_length=MAX_SCORES,
        default=tuple,
        help_text="What was to be collected and was not, with the reason.",
    )
    collection_point = serializers.ChoiceField(
        choices=Assessment.CollectionPoint.choices,
        default=Assessment.CollectionPoint.AD_HOC,
        help_text="Why it was taken then.",
    )
    for_stage = serializers.ChoiceField(
        choices=Stage.choices,
        default="",
        allow_blank=True,
        help_text="The stage that it was taken for; with `collection_point` stage alone.",
    )


class AssessmentReplacementSerializer(SittingSerializer):
    """What should have been recorded; no scores withdraw the assessment."""

    course = serializers.UUIDField(
        default=None, allow_null=True, help_text="What it is about; none: what the original was."
    )

    scores: Any = serializers.ListSerializer(
        child=NewScoreSerializer(), allow_empty=True, max_length=MAX_SCORES
    )
    absent: Any = serializers.ListSerializer(
        child=NewAbsenceSerializer(),
        max_length=MAX_SCORES,
        default=tuple,
        help_text="What was to be collected and was not, with the reason.",
    )
    collection_point = serializers.ChoiceField(
        choices=Assessment.CollectionPoint.choices,
        default=None,
        allow_null=True,
        help_text="None: that of the original, with its stage.",
    )
    for_stage = serializers.ChoiceField(
        choices=Stage.choices,
        default="",
        allow_blank=True,
        help_text="The stage that it was taken for; with `collection_point` stage alone.",
    )
    reason = serializers.CharField(max_length=1000, help_text="What was wrong.")
