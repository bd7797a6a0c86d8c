"""What a move of a course asks for."""

from typing import Any

from rest_framework import serializers

from care_plans.models import Course, Stage


class MoveSerializer(serializers.Serializer[Any]):
    """A move; `effective_at` is when it happened, if that was earlier than now."""

    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)
    effective_at = serializers.DateTimeField(default=None, allow_null=True)


class AdvanceSerializer(MoveSerializer):
    """A move that criteria, lanes and red flags are asked about."""

    override = serializers.BooleanField(
        default=False, help_text="The lead goes on although something is not met, for a reason."
    )
    leaving = serializers.ChoiceField(
        choices=[Course.Status.INTAKE.value, *Stage.values],
        default="",
        allow_blank=True,
        help_text="With an override: what the course leaves, so that a repeat moves it only once.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for `leaving` with an override: nothing else would stop its repetition."""
        if attrs["override"] and not attrs["leaving"]:
            raise serializers.ValidationError(
                {"leaving": ["With an override, say what the course leaves."]}
            )
        return attrs


class RegressSerializer(MoveSerializer):
    """A step back."""

    to_stage = serializers.ChoiceField(
        choices=Stage.choices, default="", allow_blank=True, help_text="Left out: one stage."
    )


class DischargeSerializer(MoveSerializer):
    """How a course ends."""

    outcome = serializers.ChoiceField(choices=Course.Outcome.choices)
