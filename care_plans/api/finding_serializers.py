"""How findings look to programs: scores, screens, answers, problems and imported documents."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans import red_flags
from care_plans.api.assessment_serializers import RECORDED, SittingSerializer
from care_plans.api.evidence_serializers import EvidenceGradeField, SupportSerializer
from care_plans.models import (
    Condition,
    CourseAnswer,
    RedFlag,
    RedFlagAnswer,
    RedFlagScreen,
    SourceDocument,
)


class FoundFlagSerializer(serializers.Serializer[Any]):
    """A flag found present: what to do at once, how soon, and on whose word."""

    pathway = serializers.CharField(read_only=True, help_text="Whose flag it is.")
    version = serializers.CharField(
        read_only=True, help_text="The version of the pathway whose words these are."
    )
    flag = serializers.CharField(source="flag.id", read_only=True)
    text = serializers.CharField(source="flag.text", read_only=True)
    action = serializers.CharField(source="flag.action", read_only=True)
    urgency = serializers.ChoiceField(
        source="flag.urgency", choices=RedFlagAnswer.Urgency.choices, read_only=True
    )
    suspects = serializers.CharField(source="flag.suspects", read_only=True, allow_null=True)
    stops_loading = serializers.BooleanField(source="flag.stops_loading", read_only=True)
    blocks_progression = serializers.BooleanField(source="flag.blocks_progression", read_only=True)
    towards = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Pathways to consider instead."
    )
    cites = serializers.ListField(child=serializers.CharField(), read_only=True)
    evidence = SupportSerializer(
        many=True, read_only=True, help_text="The same, with how well each is known."
    )
    evidence_grade = EvidenceGradeField(
        source="grade", read_only=True, help_text="How well what to do is known."
    )
    is_expert_consensus = serializers.BooleanField(
        source="is_consensus", read_only=True, help_text="What to do rests on opinion alone."
    )
    notice = serializers.CharField(read_only=True, help_text="To be shown with the action.")


class RedFlagSerializer(serializers.ModelSerializer[RedFlag]):
    """A flag that was found: what to do, who looks into it, and how it was cleared."""

    found = serializers.SerializerMethodField()
    owner = serializers.UUIDField(
        source="owner_shown",
        read_only=True,
        allow_null=True,
        help_text="The practitioner role that owes looking into it.",
    )
    acknowledged_by = serializers.UUIDField(
        source="acknowledged_by_shown", read_only=True, allow_null=True
    )
    cleared_by = serializers.UUIDField(source="cleared_by_shown", read_only=True, allow_null=True)
    reason = serializers.CharField(source="reason_shown", read_only=True)
    is_overdue = serializers.SerializerMethodField()

    class Meta:
        model = RedFlag
        fields = [
            "id",
            "patient",
            "course",
            "screen",
            "flag",
            "status",
            "urgency",
            "found",
            "found_at",
            "recorded_at",
            "due_at",
            "is_overdue",
            "owner",
            "acknowledged_by",
            "acknowledged_at",
            "cleared_by",
            "cleared_at",
            "clearing_recorded_at",
            "outcome",
            "reason",
        ]
        read_only_fields = fields

    @extend_schema_field(FoundFlagSerializer)
    def get_found(self, row: RedFlag) -> Any:
        """Return the flag in the words of the pathway version that it was found on."""
        return FoundFlagSerializer(red_flags.found_flag(row)).data

    def get_is_overdue(self, row: RedFlag) -> bool:
        """Say whether its time has gone by without its being cleared."""
        open_now = row.status != RedFlag.Status.CLEARED
        return open_now and row.due_at is not None and row.due_at < self.context["now"]


class ClearingSerializer(serializers.Serializer[Any]):
    """What was concluded of a red flag, and why."""

    outcome = serializers.ChoiceField(choices=RedFlag.Outcome.choices)
    reason = serializers.CharField(
        max_length=2000, help_text="What was looked into, by whom, and what it showed."
    )
    effective_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When that was concluded; none: now."
    )


class RedFlagScreenSerializer(serializers.ModelSerializer[RedFlagScreen]):
    """One screen: what was answered, what was found, and what nobody knows."""

    answers = serializers.SerializerMethodField()
    found = serializers.SerializerMethodField()
    not_known = serializers.SerializerMethodField(
        help_text="Flags that were not asked about, or had no answer. Unknown is not negative."
    )

    class Meta:
        model = RedFlagScreen
        fields = [*RECORDED, "answers", "found", "not_known"]
        read_only_fields = fields

    @extend_schema_field(
        serializers.DictField(child=serializers.ChoiceField(choices=RedFlagAnswer.Answer.choices))
    )
    def get_answers(self, row: RedFlagScreen) -> dict[str, str]:
        """Return the answers by flag."""
        return {answer.flag: answer.answer for answer in row.answers.all()}

    @extend_schema_field(FoundFlagSerializer(many=True))
    def get_found(self, row: RedFlagScreen) -> Any:
        """Return what was found present, the most urgent first."""
        return FoundFlagSerializer(red_flags.found_by(row), many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_not_known(self, row: RedFlagScreen) -> list[str]:
        """Return the flags that the screen leaves open to doubt."""
        return red_flags.not_known(row)


class RedFlagScreeningSerializer(SittingSerializer):
    """A screen to record: by flag of the course's pathway; one left out was not asked."""

    course = serializers.UUIDField()
    answers = serializers.DictField(
        child=serializers.ChoiceField(choices=RedFlagAnswer.Answer.choices), allow_empty=False
    )


_ANSWER = {"oneOf": [{"type": "boolean"}, {"type": "string"}]}


@extend_schema_field(_ANSWER)
class AnswerField(serializers.JSONField):
    """An answer about the person's circumstances: true, false, a choice or words."""


class CourseAnswerSerializer(serializers.ModelSerializer[CourseAnswer]):
    """One answer about the person's circumstances; for each question the latest holds."""

    answer = serializers.SerializerMethodField()

    class Meta:
        model = CourseAnswer
        fields = [*RECORDED, "question", "answer"]
        read_only_fields = fields

    @extend_schema_field(_ANSWER)
    def get_answer(self, row: CourseAnswer) -> Any:
        """Return true, false, a choice or words."""
        return row.answer


class CourseAnsweringSerializer(SittingSerializer):
    """Answers to record, by question of the course's pathway: true, false, a choice or words."""

    course = serializers.UUIDField()
    answers = serializers.DictField(child=AnswerField(), allow_empty=False)


class ConditionSerializer(serializers.ModelSerializer[Condition]):
    """One entry of the problem list."""

    class Meta:
        model = Condition
        fields = [
            "id",
            "patient",
            "origin",
            "code_system",
            "code",
            "display",
            "clinical_status",
            "onset_at",
            "abated_at",
            "recorded_at",
        ]
        read_only_fields = fields


class SourceDocumentSerializer(serializers.ModelSerializer[SourceDocument]):
    """An imported care plan or care team, as it came; it never acts."""

    class Meta:
        model = SourceDocument
        fields = [
            "id",
            "patient",
            "kind",
            "title",
            "status",
            "starts_at",
            "ends_at",
            "recorded_at",
        ]
        read_only_fields = fields


class SourceDocumentContentSerializer(SourceDocumentSerializer):
    """The same with its content."""

    class Meta(SourceDocumentSerializer.Meta):
        fields = [*SourceDocumentSerializer.Meta.fields, "content"]
        read_only_fields = fields
