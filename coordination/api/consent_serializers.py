"""How consents, directives and overrides look; what is locked away is shown to oversight alone."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from coordination.locked import flaws_of
from coordination.models import Consent, Directive, Discipline, Override


class DecidedSerializer(serializers.Serializer[Any]):
    """How the patient decided."""

    given_by = serializers.ChoiceField(choices=Consent.GivenBy.choices)
    means = serializers.ChoiceField(choices=Consent.Means.choices)
    effective_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When they decided; now, unless said."
    )
    evidence = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="Where the evidence lies."
    )
    wording = serializers.CharField(
        max_length=64, default="", allow_blank=True, help_text="The text shown, and its version."
    )


class ConsentOfPatientSerializer(DecidedSerializer):
    """One decision of a patient."""

    patient = serializers.UUIDField()

    category = serializers.ChoiceField(
        choices=[choice for choice in Consent.Category.choices if choice[0] != "lockbox"]
    )
    decision = serializers.ChoiceField(choices=Consent.Decision.choices)
    about = serializers.CharField(max_length=500, default="", allow_blank=True)
    expires_at = serializers.DateTimeField(default=None, allow_null=True)
    agreement = serializers.UUIDField(
        default=None, allow_null=True, help_text="A further decision on the same agreement."
    )


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """One version of one agreement."""

    about = serializers.CharField(
        source="about_told",
        allow_null=True,
        read_only=True,
        help_text="What was asked; null for schedulers, unless they wrote it down.",
    )

    class Meta:
        model = Consent
        fields = [
            "id",
            "patient",
            "agreement",
            "version",
            "category",
            "decision",
            "about",
            "wording",
            "given_by",
            "means",
            "evidence",
            "effective_at",
            "expires_at",
            "recorded_at",
            "recorded_by",
        ]
        read_only_fields = fields


class DirectiveOfPatientSerializer(DecidedSerializer):
    """What to lock away, whose it is, and from whom."""

    patient = serializers.UUIDField()

    target = serializers.ChoiceField(choices=Directive.Target.choices)
    target_discipline = serializers.ChoiceField(
        choices=Discipline.choices, default="", allow_blank=True
    )
    target_practitioner = serializers.UUIDField(default=None, allow_null=True)
    target_id = serializers.UUIDField(
        default=None, allow_null=True, help_text="A course, or one record of the patient."
    )
    audience = serializers.ChoiceField(choices=Directive.Audience.choices)
    audience_discipline = serializers.ChoiceField(
        choices=Discipline.choices, default="", allow_blank=True
    )
    audience_practitioner = serializers.UUIDField(default=None, allow_null=True)

    def to_internal_value(self, data: Any) -> Any:
        """Return what is to be locked away; whatever is wrong is said at once."""
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            lacking = {
                flaw.pointer.removeprefix("/"): [flaw.detail]
                for flaw in flaws_of(data if isinstance(data, Mapping) else {})
            }
            detail: Any = error.detail
            raise serializers.ValidationError({**lacking, **detail}) from error


class DirectiveSerializer(serializers.ModelSerializer[Directive]):
    """One directive, in force until it is ended."""

    class Meta:
        model = Directive
        fields = [
            "id",
            "patient",
            "consent",
            "target",
            "target_discipline",
            "target_practitioner",
            "target_id",
            "audience",
            "audience_discipline",
            "audience_practitioner",
            "since",
            "until",
            "original",
        ]
        read_only_fields = fields


@extend_schema_serializer(component_name="Override")  # the request: `OverrideRequest`
class OverrideRequestSerializer(serializers.Serializer[Any]):
    """Whose record, why, and for how long.

    The patient is named by id, or by an identifier (a health number, say) with the birth date.
    """

    patient = serializers.UUIDField(default=None, allow_null=True)
    identifier = serializers.CharField(max_length=200, default="", allow_blank=True)
    birth_date = serializers.DateField(default=None, allow_null=True)
    practitioner_role = serializers.UUIDField(
        default=None, allow_null=True, help_text="In which of your registrations; the first."
    )
    reason_code = serializers.ChoiceField(choices=Override.Reason.choices)
    reason = serializers.CharField(max_length=2000)
    minutes = serializers.IntegerField(default=None, allow_null=True, min_value=1)
    opens_withheld = serializers.BooleanField(
        default=False, help_text="Also open what the patient had locked away."
    )


class OverrideSerializer(serializers.ModelSerializer[Override]):
    """One breaking of the glass, and its review."""

    practitioner_name = serializers.CharField(
        source="practitioner_role.practitioner.name", read_only=True
    )
    patient_name = serializers.CharField(source="patient.__str__", read_only=True)

    class Meta:
        model = Override
        fields = [
            "id",
            "patient",
            "patient_name",
            "practitioner_role",
            "practitioner_name",
            "reason_code",
            "reason",
            "opens_withheld",
            "since",
            "until",
            "review_due_at",
            "verdict",
            "reviewed_by",
            "reviewed_at",
            "review_note",
        ]
        read_only_fields = fields


class OverrideReviewSerializer(serializers.Serializer[Any]):
    """What the privacy officer made of it."""

    verdict = serializers.ChoiceField(choices=Override.Verdict.choices)
    note = serializers.CharField(max_length=2000)
