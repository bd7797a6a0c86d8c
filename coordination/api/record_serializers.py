"""How coverage, patients' requests, holds and retention look to programs."""

from typing import Any

from rest_framework import serializers

from coordination.models import (
    Coverage,
    LegalHold,
    RecordRequest,
    RetentionPolicy,
    StatementOfDisagreement,
)


class StatementShownSerializer(serializers.Serializer[Any]):
    """What the patient says beside a record whose correction was refused."""

    id = serializers.UUIDField(read_only=True)
    text = serializers.CharField(read_only=True)
    said_at = serializers.DateTimeField(read_only=True)


class CorrectionShownSerializer(serializers.Serializer[Any]):
    """Which record corrects this one, at the patient's request."""

    corrected_by = serializers.UUIDField(read_only=True, allow_null=True)
    corrected_at = serializers.DateTimeField(read_only=True)


class CoverageSerializer(serializers.ModelSerializer[Coverage]):
    """Who pays, and what is left of it."""

    sessions_left = serializers.IntegerField(read_only=True, allow_null=True)
    amount_left = serializers.DecimalField(
        max_digits=9, decimal_places=2, read_only=True, allow_null=True
    )

    class Meta:
        model = Coverage
        fields = [
            "id",
            "patient",
            "payer",
            "programme",
            "member_number",
            "discipline",
            "starts_on",
            "ends_on",
            "sessions_allowed",
            "sessions_used",
            "sessions_left",
            "amount_allowed",
            "amount_used",
            "amount_left",
            "recorded_at",
        ]
        read_only_fields = ["id", "patient", "recorded_at"]


class CoverageRecordingSerializer(CoverageSerializer):
    """A coverage of a patient within reach."""

    patient = serializers.UUIDField()

    class Meta(CoverageSerializer.Meta):
        read_only_fields = ["id", "recorded_at"]


class StatementSerializer(serializers.ModelSerializer[StatementOfDisagreement]):
    """A statement with its provenance."""

    class Meta:
        model = StatementOfDisagreement
        fields = ["id", "text", "said_at", "recorded_by", "recorded_at"]
        read_only_fields = fields


class RecordRequestSerializer(serializers.ModelSerializer[RecordRequest]):
    """What a patient asked, and what became of it."""

    statement = StatementSerializer(read_only=True, allow_null=True, default=None)
    corrected_by = serializers.UUIDField(
        source="correction_shown", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = RecordRequest
        fields = [
            "id",
            "patient",
            "kind",
            "resource",
            "resource_id",
            "text",
            "status",
            "received_at",
            "due_at",
            "recorded_by",
            "recorded_at",
            "decided_at",
            "decided_by",
            "refusal",
            "answer",
            "corrected_by",
            "closed_at",
            "statement",
        ]
        read_only_fields = fields


class RecordRequestingSerializer(serializers.Serializer[Any]):
    """What a patient asks; without a record, access to all of it."""

    patient = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=RecordRequest.Kind.choices)
    resource = serializers.CharField(
        max_length=40, default="", allow_blank=True, help_text="`ClinicalNote`, `Assessment`, …"
    )
    resource_id = serializers.UUIDField(default=None, allow_null=True)
    text = serializers.CharField(max_length=10_000)
    received_at = serializers.DateTimeField(default=None, allow_null=True)


class RequestAnswerSerializer(serializers.Serializer[Any]):
    """What the patient is told."""

    answer = serializers.CharField(max_length=10_000, default="", allow_blank=True)


class RequestRefusalSerializer(serializers.Serializer[Any]):
    """Why it is refused, as a code and in words for the patient."""

    refusal = serializers.ChoiceField(choices=RecordRequest.Refusal.choices)
    answer = serializers.CharField(max_length=10_000)


class RequestFulfilSerializer(serializers.Serializer[Any]):
    """For a correction: the record that corrects the one asked about."""

    corrected_by = serializers.UUIDField(default=None, allow_null=True)


class DisagreementSerializer(serializers.Serializer[Any]):
    """The patient's own words, to stand beside the record."""

    text = serializers.CharField(max_length=10_000)
    said_at = serializers.DateTimeField(default=None, allow_null=True)


class LegalHoldSerializer(serializers.ModelSerializer[LegalHold]):
    """A hold that keeps everything of a patient."""

    class Meta:
        model = LegalHold
        fields = [
            "id",
            "patient",
            "reason",
            "ordered_by",
            "since",
            "until",
            "placed_by",
            "released_by",
            "release_reason",
        ]
        read_only_fields = fields


class HoldPlacingSerializer(serializers.Serializer[Any]):
    """Whom it is about, why, and who ordered it."""

    patient = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000)
    ordered_by = serializers.CharField(max_length=400)


class HoldReleaseSerializer(serializers.Serializer[Any]):
    """Why it is released."""

    reason = serializers.CharField(max_length=2000)


class RetentionPolicySerializer(serializers.ModelSerializer[RetentionPolicy]):
    """How long one kind of record is kept; the latest decision about a kind counts."""

    years_after_last_contact = serializers.IntegerField(min_value=1, max_value=200)
    minor_until_age = serializers.IntegerField(min_value=0, max_value=30)
    years_after_minority = serializers.IntegerField(min_value=0, max_value=200)
    record_kind = serializers.CharField(max_length=40)

    class Meta:
        model = RetentionPolicy
        fields = [
            "id",
            "record_kind",
            "years_after_last_contact",
            "minor_until_age",
            "years_after_minority",
            "decided_by",
            "recorded_at",
        ]
        read_only_fields = ["id", "decided_by", "recorded_at"]
