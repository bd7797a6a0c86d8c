"""How recommendations look to programs."""

from functools import cached_property
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.citing import cites, supported
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.api.evidence_serializers import EvidenceGradeField, SupportSerializer
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.disclosing import WITHHELD, evidence_in, hidden_evidence
from care_plans.models import Recommendation

#: what is left of a recommendation for whom something that it rests on is withheld
_SHOWN_ANYWAY = frozenset(
    {
        "id",
        "patient",
        "course",
        "status",
        "made_at",
        "until",
        "decided_by",
        "decided_at",
        "is_withheld",
    }
)


class EarlierReasonSerializer(serializers.Serializer[Any]):
    """What a recommendation said before it was traced anew."""

    until = serializers.DateTimeField(help_text="When it was traced anew.")
    text = serializers.CharField(allow_null=True, help_text="Null where something is withheld.")
    cites = serializers.ListField(child=serializers.CharField())
    is_expert_consensus = serializers.BooleanField(help_text="Any part of it was opinion.")
    finding = CriterionSerializer(
        allow_null=True, help_text="The trace then; null where something is withheld."
    )
    is_withheld = serializers.BooleanField(
        help_text="Something that it rested on is withheld from you."
    )


class RecommendationSerializer(serializers.ModelSerializer[Recommendation]):
    """What a rule concluded, of which version, from what, on whose word, and what was decided."""

    pathway = serializers.CharField(source="pathway_version.pathway.slug", read_only=True)
    version = serializers.CharField(source="pathway_version.version", read_only=True)
    kind = serializers.ChoiceField(
        choices=Recommendation.Kind.choices,
        read_only=True,
        allow_null=True,
        help_text="What kind of rule suggests it; null where it is withheld.",
    )
    finding = CriterionSerializer(
        read_only=True, allow_null=True, help_text="The trace: each input, and what it was."
    )
    cites = serializers.SerializerMethodField(help_text="The sources, as the version cites them.")
    is_expert_consensus = serializers.SerializerMethodField(
        help_text="It rests, in whole or in part, on opinion alone."
    )
    decided_by = serializers.UUIDField(source="decided_by_shown", read_only=True, allow_null=True)
    reason = serializers.CharField(source="reason_shown", read_only=True)
    evidence = serializers.SerializerMethodField(help_text="The same, with how well it is known.")
    evidence_grade = serializers.SerializerMethodField(help_text="Null where it is withheld.")
    earlier = serializers.SerializerMethodField(
        help_text="What it said before rows or words changed, the first first."
    )
    is_withheld = serializers.BooleanField(
        read_only=True, help_text="Something that it rests on is withheld from you."
    )

    class Meta:
        model = Recommendation
        fields = [
            "id",
            "patient",
            "course",
            "pathway",
            "version",
            "rule",
            "kind",
            "text",
            "then",
            "lane",
            "towards",
            "cites",
            "evidence",
            "evidence_grade",
            "is_expert_consensus",
            "finding",
            "status",
            "made_at",
            "traced_at",
            "earlier",
            "until",
            "decided_by",
            "decided_at",
            "reason",
            "is_withheld",
        ]
        read_only_fields = fields

    def get_cites(self, row: Recommendation) -> list[str]:
        """Return each citation; consensus says that it is one."""
        return cites(row.pathway_version.definition, row.source)

    @extend_schema_field(SupportSerializer(many=True))
    def get_evidence(self, row: Recommendation) -> Any:
        """Return what supports it; nothing that belongs to another work."""
        return SupportSerializer(
            row.pathway_version.definition.evidence(row.source), many=True
        ).data

    @extend_schema_field(EvidenceGradeField(allow_null=True))
    def get_evidence_grade(self, row: Recommendation) -> str:
        """Return how well it is supported."""
        return row.pathway_version.definition.grade(row.source)

    def get_is_expert_consensus(self, row: Recommendation) -> bool:
        """Say whether any part of it is opinion."""
        return EXPERT_CONSENSUS in row.source

    @extend_schema_field(EarlierReasonSerializer(many=True))
    def get_earlier(self, row: Recommendation) -> list[dict[str, Any]]:
        """Return what it said before, each as far as the reader may know what it rested on."""
        return [_earlier(row, before, self._hidden) for before in row.earlier]

    @cached_property
    def _hidden(self) -> set[str]:
        """Return what earlier reasons of all these rows rested on and is withheld."""
        listed: Any = self.parent.instance if self.parent is not None else [self.instance]
        rows = [row for row in listed if row.earlier]
        found = [before["finding"] for row in rows for before in row.earlier]
        patient_ids = {row.patient_id for row in rows}
        view = self.context["view"]
        return hidden_evidence(found, *patient_ids, actor=view.actor, now=view.now)

    def to_representation(self, instance: Recommendation) -> dict[str, Any]:
        """Return it, or what may be told of one that rests on something withheld."""
        shown: dict[str, Any] = super().to_representation(instance)
        shown["finding"] = supported(shown["finding"], instance.pathway_version.definition)
        if not shown["is_withheld"]:
            return shown
        empty: dict[str, Any] = {
            "towards": [],
            "earlier": [],
            "cites": [],
            "evidence": [],
            "evidence_grade": None,
            "kind": None,
            "is_expert_consensus": False,
            "traced_at": None,
        }
        kept = {name: shown[name] for name in shown if name in _SHOWN_ANYWAY}
        hidden = {name: empty.get(name, "") for name in shown if name not in _SHOWN_ANYWAY}
        return {**shown, **hidden, **kept, "text": WITHHELD, "finding": None}


def _earlier(row: Recommendation, before: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    withheld = not hidden.isdisjoint(evidence_in(before["finding"]))
    told: dict[str, Any] = {
        "until": before["until"],
        "text": before["text"],
        "cites": cites(row.pathway_version.definition, before["source"]),
        "is_expert_consensus": EXPERT_CONSENSUS in before["source"],
        "finding": supported(before["finding"], row.pathway_version.definition),
        "is_withheld": withheld,
    }
    nothing: dict[str, Any] = {
        "text": None,
        "cites": [],
        "is_expert_consensus": False,
        "finding": None,
    }
    return {**told, **nothing} if withheld else told


class AcceptanceSerializer(serializers.Serializer[Any]):
    """What is to be remembered of accepting it, if anything."""

    reason = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="What was decided, in words."
    )


class DeclineSerializer(serializers.Serializer[Any]):
    """Why it is not followed."""

    reason = serializers.CharField(max_length=2000, help_text="Why it is not followed.")


class RuleOutcomesSerializer(serializers.Serializer[Any]):
    """One rule of one version: how often it was met, and what people decided."""

    pathway = serializers.CharField()
    version = serializers.CharField()
    rule = serializers.CharField()
    made = serializers.IntegerField(help_text="How often it was met.")
    accepted = serializers.IntegerField()
    declined = serializers.IntegerField()
    lapsed = serializers.IntegerField(help_text="Met no more before anybody decided.")
    open = serializers.IntegerField(help_text="Waits for a decision.")
    overridden = serializers.IntegerField(help_text="A lead went on although it was not met.")
    override_rate = serializers.FloatField(
        allow_null=True,
        help_text="The share of decisions against it; null while nobody has decided.",
    )
