"""How evidence looks to programs: what was cited, and how well that is known."""

from typing import Any

from rest_framework import serializers

from care_plans.content.citations import GRADES
from coordination.models import Discipline

#: of a goal or an activity of a plan
OPINION = (
    "It rests, in whole or in part, on opinion alone; null where the version that is followed now "
    "does not have it."
)
VERIFIED = [
    ("read", "Its text was read"),
    ("recall", "It is known from memory or from a summary"),
    ("unverified", "Nobody has looked at it"),
]
VERIFIED_OR_NOT = [*VERIFIED, ("mismatch", "Its identifier belongs to another work")]


class SupportSerializer(serializers.Serializer[Any]):
    """A citation, and how well it is known; one whose identifier is of another work is left out."""

    cite = serializers.CharField(help_text="The work, in words.")
    doi = serializers.CharField(allow_null=True, help_text="Its DOI, where the version names it.")
    pmid = serializers.CharField(allow_null=True, help_text="Its number in PubMed, likewise.")
    verified = serializers.ChoiceField(choices=VERIFIED, help_text="How well it is known.")


class EvidenceGradeField(serializers.ChoiceField):
    """How well something is supported: as well as by the best of what it cites."""

    def __init__(self, **said: Any) -> None:
        said.setdefault("help_text", "How well it is supported by the best of what it cites.")
        super().__init__(choices=list(GRADES), **said)


class CitedPageSerializer(serializers.Serializer[Any]):
    """Who reviewed a page, what of it, and when; null is unknown."""

    reviewer = serializers.CharField(allow_null=True, help_text="Who reviewed the page.")
    discipline = serializers.ChoiceField(
        choices=Discipline.choices, allow_null=True, help_text="Of whoever reviewed it."
    )
    scope = serializers.CharField(help_text="What was reviewed.")
    last_updated = serializers.CharField(allow_null=True, help_text="A day, or a month.")
    next_review_due = serializers.CharField(
        allow_null=True, help_text="When the page is to be reviewed again."
    )


class CitationSerializer(serializers.Serializer[Any]):
    """A source of a version, and whether its identifier is that of the work it describes."""

    key = serializers.CharField(help_text="By which statements of the version name it.")
    cite = serializers.CharField(help_text="The work, in words.")
    doi = serializers.CharField(allow_null=True, help_text="Its DOI, where the version names it.")
    pmid = serializers.CharField(allow_null=True, help_text="Its number in PubMed, likewise.")
    verified = serializers.ChoiceField(
        choices=VERIFIED_OR_NOT,
        help_text="How well it is known.",
    )
    identity = serializers.ChoiceField(
        choices=[
            ("agrees", "The identifier is that of the work described"),
            ("mismatch", "It belongs to another work"),
            ("unchecked", "The identifier is not known here"),
            ("none", "It has no identifier"),
        ],
        help_text="Whether the identifier is that of the work described.",
    )
    why = serializers.CharField(help_text="What differs; empty where nothing does.")
    is_evidence = serializers.BooleanField(help_text="False: it supports nothing.")
    page = CitedPageSerializer(
        allow_null=True,
        help_text="Who reviewed a page, which is no review of the pathway.",
    )


class GradedClaimSerializer(serializers.Serializer[Any]):
    """A claim about what works, with what supports it."""

    text = serializers.CharField(help_text="What is claimed.")
    grade = serializers.ChoiceField(
        choices=["supported", "unverified", "unsupported"], help_text="What its authors say."
    )
    evidence = SupportSerializer(many=True, help_text="What supports it, if it is supported.")
    said_by = SupportSerializer(many=True, help_text="Who says it without supporting it.")
    is_expert_consensus = serializers.BooleanField(
        help_text="It rests, in whole or in part, on opinion alone."
    )
    not_evidence = serializers.ListField(
        child=serializers.CharField(),
        help_text="The keys of what was cited for it and belongs to another work.",
    )
