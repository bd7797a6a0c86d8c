"""How hand-offs look: note and evidence to the two parties, that it waits to everybody else."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.course_serializers import LanePractitionerSerializer
from care_plans.hand_off_evidence import KINDS, MOST
from care_plans.hand_off_moves import DeclineReason
from coordination.models import HandOff, HandOffStep, WorkItem


class EvidenceSerializer(serializers.Serializer[Any]):
    """One record to review: what it is, and its id."""

    kind = serializers.ChoiceField(choices=[(kind, kind) for kind in KINDS])
    id = serializers.UUIDField()


class HandOverSerializer(serializers.Serializer[Any]):
    """Who is to take over, why, and what they should review."""

    practitioner_role = serializers.UUIDField()
    because = serializers.CharField(max_length=500)
    note = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, help_text="For the receiver alone."
    )
    evidence = serializers.ListField(
        child=EvidenceSerializer(),
        required=False,
        max_length=MOST,
        help_text="Default: what is under way.",
    )
    due_at = serializers.DateTimeField(required=False, help_text="When it counts as overdue.")


class AssignHandOffSerializer(serializers.Serializer[Any]):
    """Who is asked to take over."""

    practitioner_role = serializers.UUIDField()


class AcceptHandOffSerializer(serializers.Serializer[Any]):
    """The receiver's statement."""

    evidence_reviewed = serializers.BooleanField(
        help_text="True: the receiver has reviewed the evidence."
    )


class DeclineHandOffSerializer(serializers.Serializer[Any]):
    """Why it is declined."""

    reason_code = serializers.ChoiceField(choices=DeclineReason.choices)


class HandOffContentSerializer(serializers.Serializer[Any]):
    """What the two parties see."""

    note = serializers.CharField()
    evidence = EvidenceSerializer(many=True)
    withheld = serializers.IntegerField(help_text="Records named that this reader may not see.")


class HandOffStepSerializer(serializers.ModelSerializer[HandOffStep]):
    """One step, with its coded reason."""

    class Meta:
        model = HandOffStep
        fields = ["action", "from_status", "to_status", "reason_code", "actor", "recorded_at"]
        read_only_fields = fields


class HandOffSerializer(serializers.ModelSerializer[HandOff]):
    """A hand-off: who answers, who is asked, and for how long already."""

    sender = LanePractitionerSerializer(read_only=True)
    receiver = LanePractitionerSerializer(source="work_item.owner", read_only=True, allow_null=True)
    status = serializers.ChoiceField(
        choices=WorkItem.Status.choices, source="work_item.status", read_only=True
    )
    age_hours = serializers.SerializerMethodField(
        help_text="Whole hours since it was opened, until it was closed."
    )
    overdue = serializers.SerializerMethodField(help_text="Open, and past its due time.")
    content = serializers.SerializerMethodField(
        help_text="For sender and receiver; null for everybody else."
    )

    class Meta:
        model = HandOff
        fields = [
            "id",
            "patient",
            "sender",
            "receiver",
            "cause",
            "because",
            "is_urgent",
            "status",
            "opened_at",
            "due_at",
            "age_hours",
            "overdue",
            "closed_at",
            "outcome",
            "content",
        ]
        read_only_fields = fields

    def get_age_hours(self, row: HandOff) -> int:
        """Return how long it waits, or waited."""
        end = row.closed_at or self.context["now"]
        return int((end - row.opened_at).total_seconds() // 3600)

    def get_overdue(self, row: HandOff) -> bool:
        """Say whether it should have been answered by now."""
        return bool(row.closed_at is None and row.due_at < self.context["now"])

    @extend_schema_field(HandOffContentSerializer(allow_null=True))
    def get_content(self, row: HandOff) -> dict[str, Any] | None:
        """Return note and evidence for the parties."""
        shown = self.context["shown"].get(row.id)
        if shown is None:
            return None
        return {"note": row.note, "evidence": shown.records, "withheld": shown.withheld}


class HandOffWithStepsSerializer(HandOffSerializer):
    """A hand-off with its history."""

    steps = serializers.SerializerMethodField()

    class Meta(HandOffSerializer.Meta):
        fields = [*HandOffSerializer.Meta.fields, "steps"]
        read_only_fields = fields

    @extend_schema_field(HandOffStepSerializer(many=True))
    def get_steps(self, row: HandOff) -> Any:
        """Return each step, the first one first."""
        steps = sorted(row.steps.all(), key=lambda step: (step.recorded_at, step.id))
        return HandOffStepSerializer(steps, many=True).data
