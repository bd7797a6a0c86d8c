"""How measures look to programs: each figure with its source and how well it is known."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.evidence_serializers import VERIFIED
from care_plans.models import Measure, MeasureVersion
from coordination.models import Discipline


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
    verified = serializers.ChoiceField(choices=VERIFIED, read_only=True)
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
    verified = serializers.ChoiceField(choices=VERIFIED, read_only=True)


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
