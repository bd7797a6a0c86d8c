"""How the trace of a criterion looks to programs."""

from typing import Any

from rest_framework import serializers

from care_plans.evidence import Outcome

OUTCOMES = [(outcome.value, outcome.name) for outcome in Outcome]


class CriterionEvidenceSerializer(serializers.Serializer[Any]):
    """A row that an outcome rests on."""

    kind = serializers.CharField()
    id = serializers.UUIDField()


class CriterionSubjectSerializer(serializers.Serializer[Any]):
    """What a criterion asks about, by its id in the content."""

    kind = serializers.ChoiceField(choices=["measure", "question", "red_flag", "lane"])
    key = serializers.CharField()


class CriterionSerializer(serializers.Serializer[Any]):
    """The outcome of one criterion, why, and what it rests on."""

    id = serializers.CharField(allow_null=True)
    kind = serializers.CharField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    text = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()
    about = CriterionSubjectSerializer(
        many=True,
        default=list,
        help_text="Which measure, question or lane it asks about, or which red flags and lanes "
        "keep it from being met. Empty where there is none such, where it is withheld, and in what "
        "was kept before this was.",
    )
    evidence = CriterionEvidenceSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add the sources, and what a criterion that joins others is made of."""
        sources = serializers.ListField(child=serializers.CharField())
        return {
            **super().get_fields(),
            "source": sources,
            "parts": CriterionSerializer(many=True),
        }
