"""How visits, notes and summaries look to programs. No serializer accepts a status."""

from typing import Any

from rest_framework import serializers

from care_plans.models import CareSummary, ClinicalNote, Encounter
from coordination.api.record_serializers import (
    CorrectionShownSerializer,
    StatementShownSerializer,
)

_LENGTH = 50_000
_OWN_ROLE = "Your role, when you see the patient in several disciplines."


class EncounterSerializer(serializers.ModelSerializer[Encounter]):
    """One visit."""

    practitioner_name = serializers.CharField(
        source="practitioner_role.practitioner.name", read_only=True
    )
    discipline = serializers.CharField(source="practitioner_role.discipline", read_only=True)

    statements = StatementShownSerializer(many=True, read_only=True, default=list)
    corrections = CorrectionShownSerializer(many=True, read_only=True, default=list)

    class Meta:
        model = Encounter
        fields = [
            "id",
            "patient",
            "practitioner_role",
            "practitioner_name",
            "discipline",
            "location",
            "course",
            "lane",
            "encounter_class",
            "status",
            "started_at",
            "ended_at",
            "because",
            "statements",
            "corrections",
            "recorded_at",
        ]
        read_only_fields = fields


class EncounterRecordingSerializer(serializers.Serializer[Any]):
    """A visit of your own; with an end it is finished."""

    patient = serializers.UUIDField()
    encounter_class = serializers.ChoiceField(choices=Encounter.Class.choices)
    started_at = serializers.DateTimeField(default=None, allow_null=True)
    ended_at = serializers.DateTimeField(default=None, allow_null=True)
    location = serializers.UUIDField(default=None, allow_null=True)
    course = serializers.UUIDField(default=None, allow_null=True)
    lane = serializers.UUIDField(default=None, allow_null=True)
    author = serializers.UUIDField(default=None, allow_null=True, help_text=_OWN_ROLE)


class EncounterFinishSerializer(serializers.Serializer[Any]):
    """When it ended, if that was earlier than now."""

    ended_at = serializers.DateTimeField(default=None, allow_null=True)


class WithReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    because = serializers.CharField(max_length=2000)


class ClinicalNoteSerializer(serializers.ModelSerializer[ClinicalNote]):
    """One note; `amended_by` leads to what was written instead, the original stays readable."""

    author_name = serializers.CharField(source="author.practitioner.name", read_only=True)
    encounter = serializers.UUIDField(source="encounter_shown", read_only=True, allow_null=True)
    amends = serializers.UUIDField(source="amends_shown", read_only=True, allow_null=True)
    amended_by = serializers.UUIDField(source="amended_by_shown", read_only=True, allow_null=True)

    statements = StatementShownSerializer(many=True, read_only=True, default=list)
    corrections = CorrectionShownSerializer(many=True, read_only=True, default=list)

    class Meta:
        model = ClinicalNote
        fields = [
            "id",
            "patient",
            "encounter",
            "course",
            "author",
            "author_name",
            "discipline",
            "sensitivity",
            "status",
            "text",
            "amends",
            "amended_by",
            "because",
            "error_reason",
            "written_at",
            "statements",
            "corrections",
            "recorded_at",
            "signed_at",
        ]
        read_only_fields = fields


class NoteWritingSerializer(serializers.Serializer[Any]):
    """A note of your own; `sign` signs it at once, otherwise it is a draft that only you see."""

    patient = serializers.UUIDField()
    text = serializers.CharField(max_length=_LENGTH)
    written_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="The time that it is about; null: now."
    )
    encounter = serializers.UUIDField(default=None, allow_null=True)
    course = serializers.UUIDField(default=None, allow_null=True)
    author = serializers.UUIDField(default=None, allow_null=True, help_text=_OWN_ROLE)
    is_restricted = serializers.BooleanField(
        default=False,
        help_text="Only you and your discipline read it; always so in psychotherapy.",
    )
    sign = serializers.BooleanField(default=False)


class NoteEditSerializer(serializers.Serializer[Any]):
    """What a draft says."""

    text = serializers.CharField(max_length=_LENGTH)
    written_at = serializers.DateTimeField()


class NoteAmendingSerializer(serializers.Serializer[Any]):
    """What should have been written, and why it is amended."""

    text = serializers.CharField(max_length=_LENGTH)
    because = serializers.CharField(max_length=2000)
    written_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="Null: the time that the original is about."
    )


class CareSummarySerializer(serializers.ModelSerializer[CareSummary]):
    """What one discipline tells the team."""

    author_name = serializers.CharField(source="author.practitioner.name", read_only=True)

    statements = StatementShownSerializer(many=True, read_only=True, default=list)
    corrections = CorrectionShownSerializer(many=True, read_only=True, default=list)

    class Meta:
        model = CareSummary
        fields = [
            "id",
            "patient",
            "course",
            "author",
            "author_name",
            "discipline",
            "kind",
            "text",
            "agreed_at",
            "agreed_how",
            "withdrawn_at",
            "written_at",
            "statements",
            "corrections",
            "recorded_at",
        ]
        read_only_fields = fields


class SummaryWritingSerializer(serializers.Serializer[Any]):
    """Words for the team, which the patient agreed to."""

    patient = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=CareSummary.Kind.choices, default="summary")
    text = serializers.CharField(max_length=_LENGTH)
    agreed_at = serializers.DateTimeField()
    agreed_how = serializers.ChoiceField(choices=CareSummary.Agreed.choices)
    written_at = serializers.DateTimeField(default=None, allow_null=True)
    course = serializers.UUIDField(default=None, allow_null=True)
    author = serializers.UUIDField(default=None, allow_null=True, help_text=_OWN_ROLE)
