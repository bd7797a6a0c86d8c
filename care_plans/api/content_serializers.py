"""How clinical content looks to programs: each figure with its source and how well it is known."""

from datetime import date, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.evidence_serializers import CitationSerializer, GradedClaimSerializer
from care_plans.content.grading import cited, graded_claims
from care_plans.content_review import ReviewStatus, review_status
from care_plans.models import (
    Measure,
    MeasureVersion,
    Pathway,
    PathwayReview,
    PathwaySignature,
    PathwayVersion,
)
from coordination.models import Discipline

_VERIFIED = [("read", "read"), ("recall", "recall"), ("unverified", "unverified")]


def _decimal(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=10,
        decimal_places=4,
        normalize_output=True,
        read_only=True,
        allow_null=True,
        **more,
    )


class CitedSerializer(serializers.Serializer[Any]):
    """A figure's source; only what was `read` may carry a rule."""

    # A field of this name hides the attribute of DRF's own that is called alike; DRF allows it.
    source = serializers.CharField(read_only=True, allow_null=True)  # type: ignore[assignment] # a field of this name hides DRF's own attribute
    doi = serializers.CharField(read_only=True, allow_null=True)
    pmid = serializers.CharField(read_only=True, allow_null=True)
    verified = serializers.ChoiceField(choices=_VERIFIED, read_only=True)
    note = serializers.CharField(read_only=True, allow_null=True)


class MeasureChangeSerializer(CitedSerializer):
    """The smallest change that matters in one population; null is unknown."""

    value = _decimal()
    upper = _decimal()
    percent_of_baseline = _decimal()
    unit = serializers.CharField(read_only=True, allow_null=True)
    mdc = _decimal()
    subscale = serializers.CharField(read_only=True, allow_null=True)
    population = serializers.CharField(read_only=True, allow_null=True)
    quoted_value = _decimal()
    usable = serializers.BooleanField(read_only=True, help_text="Whether a rule may rest on it.")


class MeasureBandSerializer(serializers.Serializer[Any]):
    """Scores up to and including `max`."""

    max = _decimal()
    # The same: the name is the content's.
    label = serializers.CharField(read_only=True)  # type: ignore[assignment] # as `source` above


class MeasureBandsSerializer(CitedSerializer):
    """One published way to put scores in words."""

    scheme = serializers.CharField(read_only=True)
    bands = MeasureBandSerializer(many=True, read_only=True)
    applies_to = serializers.CharField(read_only=True, allow_null=True)


class MeasureReferenceSerializer(CitedSerializer):
    """A figure to compare with."""

    value = _decimal()
    meaning = serializers.CharField(read_only=True)


class SafetyRuleSerializer(CitedSerializer):
    """An answer or a total that somebody must act on at once."""

    id = serializers.CharField()
    text = serializers.CharField()
    item = serializers.IntegerField(allow_null=True, help_text="The item; null: the total.")
    above = serializers.DecimalField(
        max_digits=10, decimal_places=4, allow_null=True, normalize_output=True
    )
    at_least = serializers.DecimalField(
        max_digits=10, decimal_places=4, allow_null=True, normalize_output=True
    )
    action = serializers.CharField(help_text="What is to be done.")
    crisis = serializers.BooleanField(help_text="Who answers is shown whom to call.")


class MeasureSubscaleSerializer(serializers.Serializer[Any]):
    """One part of a measure that is scored by itself, with its inclusive range."""

    subscale = serializers.CharField(read_only=True)
    minimum = _decimal()
    maximum = _decimal()


class MeasureScoringSerializer(CitedSerializer):
    """How numbered items make a score."""

    version = serializers.IntegerField(read_only=True)
    method = serializers.ChoiceField(
        choices=[("sum", "sum"), ("mean", "mean")],
        read_only=True,
        help_text="All items added, or the mean of those that have an answer.",
    )
    items = serializers.IntegerField(read_only=True, help_text="How many there are, from 1.")
    lowest = _decimal(help_text="Of one item.")
    highest = _decimal(help_text="Of one item.")
    step = _decimal()
    at_least = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="How many items must have an answer; null: all of them.",
    )
    named_by_patient = serializers.BooleanField(
        read_only=True, help_text="Each item is an activity in the person's own words (`label`)."
    )
    subscales = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()),
        read_only=True,
        help_text="By subscale, the items that make it.",
    )


class MeasureTakingSerializer(serializers.Serializer[Any]):
    """How a practitioner takes it."""

    methods = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="None: said in words."
    )
    method_required = serializers.BooleanField(read_only=True, help_text="It has to be said.")
    instrument = serializers.CharField(
        read_only=True, allow_null=True, help_text="With what it is taken; null: unknown."
    )
    instrument_required = serializers.BooleanField(read_only=True, help_text="It has to be said.")


class MeasureLoincSerializer(serializers.Serializer[Any]):
    """The LOINC code of the total score."""

    code = serializers.CharField(read_only=True)
    display = serializers.CharField(read_only=True)
    verified = serializers.ChoiceField(choices=_VERIFIED, read_only=True)


class MeasureVersionSerializer(serializers.ModelSerializer[MeasureVersion]):
    """A measure as it was in one version: what its scores of then are read by."""

    measure = serializers.CharField(source="measure.slug", read_only=True)

    class Meta:
        model = MeasureVersion
        fields = ["measure", "version", "sha256", "content"]
        read_only_fields = fields
        extra_kwargs = {"sha256": {"help_text": "Of the content, without layout and comments."}}


class MeasureSerializer(serializers.ModelSerializer[Measure]):
    """An outcome measure: its range, its direction, and which change matters."""

    assesses = serializers.CharField(source="definition.assesses", read_only=True)
    disciplines = serializers.ListField(
        source="definition.disciplines",
        child=serializers.ChoiceField(choices=Discipline.choices),
        read_only=True,
        help_text="Whose practitioners take it.",
    )
    minimum = _decimal()
    maximum = _decimal()
    step = _decimal()
    unit = serializers.CharField(source="definition.unit", read_only=True, allow_null=True)
    change = MeasureChangeSerializer(source="definition.change", many=True, read_only=True)
    severity = MeasureBandsSerializer(source="definition.severity", many=True, read_only=True)
    references = MeasureReferenceSerializer(
        source="definition.references", many=True, read_only=True
    )
    subscales = serializers.SerializerMethodField(
        help_text="The parts that are scored by themselves, each with its range."
    )
    scoring = MeasureScoringSerializer(
        source="definition.scoring",
        read_only=True,
        allow_null=True,
        help_text="How items make a score; null: totals are recorded as they come.",
    )
    taking = MeasureTakingSerializer(
        source="definition.taking", read_only=True, help_text="How a practitioner takes it."
    )
    safety = SafetyRuleSerializer(source="definition.safety", many=True, read_only=True)
    loinc = MeasureLoincSerializer(source="definition.loinc", read_only=True, allow_null=True)
    licence = serializers.CharField(source="definition.licence", read_only=True)
    note = serializers.CharField(source="definition.note", read_only=True, allow_null=True)

    class Meta:
        model = Measure
        fields = [
            "slug",
            "version",
            "name",
            "assesses",
            "disciplines",
            "minimum",
            "maximum",
            "step",
            "unit",
            "better",
            "side_required",
            "change",
            "severity",
            "references",
            "subscales",
            "scoring",
            "taking",
            "safety",
            "loinc",
            "licence",
            "note",
        ]
        read_only_fields = fields

    @extend_schema_field(MeasureSubscaleSerializer(many=True))
    def get_subscales(self, row: Measure) -> Any:
        """Return the subscales by name."""
        ranges = sorted(row.definition.subscales.items())
        rows = [{"subscale": name, "minimum": low, "maximum": high} for name, (low, high) in ranges]
        return MeasureSubscaleSerializer(rows, many=True).data


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
            "The last day on which it counts as reviewed, as your organization's newest review or "
            "else the content says; null when nobody has said."
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
        """Return the day of the newest review of the organization, or the content's own."""
        newest = next(iter(row.reviews.all()), None)
        if newest is not None:
            return newest.next_review_due
        return date.fromisoformat(row.stated_due) if row.stated_due else None

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
