"""How pathways look to programs: each claim with its source and how well it is known."""

from datetime import date, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.evidence_serializers import CitationSerializer, GradedClaimSerializer
from care_plans.content.grading import cited, graded_claims
from care_plans.content_review import ReviewStatus, due_by, review_status
from care_plans.models import (
    Pathway,
    PathwayReview,
    PathwaySignature,
    PathwayVersion,
)


class PathwaySignatureSerializer(serializers.ModelSerializer[PathwaySignature]):
    """Who vouches for a version in your organization."""

    class Meta:
        model = PathwaySignature
        fields = [
            "id",
            "practitioner_role",
            "name",
            "college",
            "registration_number",
            "signed_at",
        ]
        read_only_fields = fields


class PathwayReviewSerializer(serializers.ModelSerializer[PathwayReview]):
    """Who said in your organization that a version still holds, and until when."""

    class Meta:
        model = PathwayReview
        fields = [
            "id",
            "practitioner_role",
            "name",
            "college",
            "registration_number",
            "reviewed_at",
            "next_review_due",
            "note",
        ]
        read_only_fields = fields


class PathwayVersionSummarySerializer(serializers.ModelSerializer[PathwayVersion]):
    """One published version: who signed it in your organization, and how its review stands."""

    signatures = PathwaySignatureSerializer(many=True, read_only=True)
    is_signed = serializers.SerializerMethodField(
        help_text="Unsigned, it applies to demo and synthetic patients alone."
    )
    reviews = PathwayReviewSerializer(many=True, read_only=True)
    review_due = serializers.SerializerMethodField(
        help_text=(
            "The last day on which it counts as reviewed: as your organization's newest review or "
            "else the content says, or as long after the last signature as a review may hold; "
            "null when nobody has signed it."
        )
    )
    review_status = serializers.SerializerMethodField(
        help_text="No course begins on it once it has expired; before that, overdue is a warning."
    )

    class Meta:
        model = PathwayVersion
        fields = [
            "id",
            "version",
            "title",
            "language",
            "status",
            "published_at",
            "sha256",
            "is_signed",
            "signatures",
            "review_status",
            "review_due",
            "reviews",
        ]
        read_only_fields = fields

    def get_is_signed(self, row: PathwayVersion) -> bool:
        """Say whether anybody of the organization has signed it."""
        return bool(row.signatures.all())

    def get_review_due(self, row: PathwayVersion) -> date | None:
        """Return the last day on which it counts as reviewed; see `content_review.due_by`."""
        newest = next(iter(row.reviews.all()), None)
        return due_by(
            renewed=newest.next_review_due if newest else None,
            stated=date.fromisoformat(row.stated_due) if row.stated_due else None,
            signed_at=max((one.signed_at for one in row.signatures.all()), default=None),
        )

    @extend_schema_field(serializers.ChoiceField(choices=ReviewStatus.choices))
    def get_review_status(self, row: PathwayVersion) -> str:
        """Return how it stands with its review today."""
        now: datetime = self.context["view"].now
        return str(review_status(self.get_review_due(row), today=now.date()))


class PathwayVersionSerializer(PathwayVersionSummarySerializer):
    """One version, complete: every statement with its source and how well it is known."""

    pathway = serializers.CharField(source="pathway.slug", read_only=True)
    content = serializers.DictField(
        read_only=True,
        help_text="As it was published; `citations` says which of its sources support anything.",
    )
    citations = serializers.SerializerMethodField(
        help_text="Each source, and whether its identifier is that of the work it describes."
    )
    claims = serializers.SerializerMethodField(
        help_text="What it claims to work, each claim with what supports it."
    )

    class Meta(PathwayVersionSummarySerializer.Meta):
        fields = [
            *PathwayVersionSummarySerializer.Meta.fields,
            "pathway",
            "content",
            "citations",
            "claims",
        ]
        read_only_fields = fields

    @extend_schema_field(CitationSerializer(many=True))
    def get_citations(self, row: PathwayVersion) -> Any:
        """Return the sources by key."""
        return CitationSerializer(cited(row.definition), many=True).data

    @extend_schema_field(GradedClaimSerializer(many=True))
    def get_claims(self, row: PathwayVersion) -> Any:
        """Return the claims in their order."""
        return GradedClaimSerializer(graded_claims(row.definition), many=True).data


class PathwaySerializer(serializers.ModelSerializer[Pathway]):
    """One condition's protocol through its versions, or a stub, which has none."""

    is_stub = serializers.BooleanField(
        read_only=True, help_text="It cannot be applied: recognize the condition and refer on."
    )
    versions = PathwayVersionSummarySerializer(many=True, read_only=True)

    class Meta:
        model = Pathway
        fields = ["id", "slug", "title", "is_stub", "versions"]
        read_only_fields = fields


class PathwayDetailSerializer(PathwaySerializer):
    """The same with what is known of a stub."""

    stub = serializers.DictField(
        read_only=True,
        allow_null=True,
        help_text="Codes, clue and red flags, each with its source; null unless it is a stub.",
    )

    class Meta(PathwaySerializer.Meta):
        fields = [*PathwaySerializer.Meta.fields, "stub"]
        read_only_fields = fields


class PathwaySigningSerializer(serializers.Serializer[Any]):
    """The signature: your own name, college and registration number, written out."""

    name = serializers.CharField(max_length=200)
    college = serializers.CharField(max_length=200)
    registration_number = serializers.CharField(max_length=60)


class PathwayReviewingSerializer(PathwaySigningSerializer):
    """The review: your own name, college and number, and until when the version holds."""

    next_review_due = serializers.DateField()
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)
