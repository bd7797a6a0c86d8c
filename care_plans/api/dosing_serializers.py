"""How dose changes and adherence look to programs."""

from typing import Any

from rest_framework import serializers

from care_plans.adherence import Done
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.models import AdherenceEntry, DoseChange


class ChangeDoseSerializer(serializers.Serializer[Any]):
    """To which level, and why."""

    to_level = serializers.CharField(max_length=60, help_text="A dose level of the pathway.")
    reason = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="Needed to go down or to override."
    )
    override = serializers.BooleanField(
        default=False, help_text="Go up although the gate is not met; for the lead alone."
    )


class DoseChangeSerializer(serializers.ModelSerializer[DoseChange]):
    """One change of a dose level, with the trace of the gate."""

    finding = CriterionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = DoseChange
        fields = [
            "id",
            "activity",
            "from_level",
            "to_level",
            "direction",
            "finding",
            "overridden",
            "reason",
            "practitioner_role",
            "recorded_at",
        ]
        read_only_fields = fields


class AdherenceEntrySerializer(serializers.ModelSerializer[AdherenceEntry]):
    """What was done of an activity on one day; `replaced_by` names what corrects it."""

    replaces = serializers.UUIDField(source="replaces_shown", read_only=True, allow_null=True)
    replaced_by = serializers.UUIDField(source="replaced_by_shown", read_only=True, allow_null=True)

    class Meta:
        model = AdherenceEntry
        fields = [
            "id",
            "patient",
            "course",
            "activity",
            "day",
            "prescribed",
            "completed",
            "pain_during",
            "pain_24h",
            "note",
            "by_patient",
            "practitioner_role",
            "recorded_at",
            "replaces",
            "replaced_by",
        ]
        read_only_fields = fields


class NewAdherenceEntrySerializer(serializers.Serializer[Any]):
    """A day to write down."""

    activity = serializers.UUIDField()
    day = serializers.DateField()
    prescribed = serializers.IntegerField(min_value=1, max_value=50)
    completed = serializers.IntegerField(min_value=0, max_value=50)
    pain_during = serializers.IntegerField(
        min_value=0, max_value=10, default=None, allow_null=True, help_text="From 0 to 10."
    )
    pain_24h = serializers.IntegerField(
        min_value=0, max_value=10, default=None, allow_null=True, help_text="A day after it."
    )
    note = serializers.CharField(max_length=500, default="", allow_blank=True)
    replaces = serializers.UUIDField(
        default=None, allow_null=True, help_text="The entry of this day that this one corrects."
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the activity and what was done of it."""
        values = super().to_internal_value(data)
        return {"activity_id": values.pop("activity"), "done": Done(**values)}
