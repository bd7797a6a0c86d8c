"""The shapes in which messages are read and preferences chosen."""

from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from rest_framework import serializers

from notifications import kinds
from notifications.models import Attempt, Channel, Message, MessagingConsent, Purpose


class MessageSerializer(serializers.ModelSerializer[Message]):
    """One message in the inbox."""

    title = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    subject = serializers.UUIDField(
        source="subject_id",
        read_only=True,
        help_text="The course, referral, … that it is about.",
    )
    patient_name = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id",
            "kind",
            "purpose",
            "title",
            "text",
            "path",
            "subject",
            "patient",
            "patient_name",
            "due_at",
            "sent_at",
            "read_at",
        ]
        read_only_fields = fields

    def get_title(self, message: Message) -> str:
        """Return the kind's headline."""
        return kinds.headline(message.kind)

    def get_text(self, message: Message) -> str:
        """Return the kind's one sentence."""
        return kinds.sentence(message.kind)

    def get_patient_name(self, message: Message) -> str | None:
        """Return whom it is about."""
        return str(message.patient) if message.patient else None


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try to send a message."""

    class Meta:
        model = Attempt
        fields = ["started_at", "finished_at", "outcome", "response"]
        read_only_fields = fields


class RecipientType(TextChoices):
    """What a recipient is."""

    USER = "user", "Login"
    PRACTITIONER_ROLE = "practitioner_role", "Practitioner"
    PATIENT = "patient", "Patient"


class RecipientSerializer(serializers.Serializer[Any]):
    """Who a message is for."""

    type = serializers.ChoiceField(choices=RecipientType.choices)
    id = serializers.UUIDField()
    name = serializers.CharField()


class OutboxMessageSerializer(serializers.ModelSerializer[Message]):
    """One message on its way, sent, or not sent and why."""

    recipient = serializers.SerializerMethodField()
    subject = serializers.UUIDField(source="subject_id", read_only=True)
    attempts = AttemptSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = [
            "id",
            "kind",
            "purpose",
            "channel",
            "recipient",
            "subject",
            "patient",
            "status",
            "reason",
            "created_at",
            "due_at",
            "next_at",
            "sent_at",
            "read_at",
            "attempts",
        ]
        read_only_fields = fields

    def get_recipient(self, message: Message) -> RecipientSerializer:
        """Name who it is for."""
        shown: Any = RecipientSerializer(_recipient(message)).data
        return shown  # type: ignore[no-any-return]  # the annotation tells the schema


def _recipient(message: Message) -> dict[str, str | UUID]:
    if message.to_practitioner_role is not None:
        role = message.to_practitioner_role
        return {
            "type": RecipientType.PRACTITIONER_ROLE,
            "id": role.id,
            "name": role.practitioner.name,
        }
    if message.to_patient is not None:
        patient = message.to_patient
        return {"type": RecipientType.PATIENT, "id": patient.id, "name": str(patient)}
    assert message.to_user is not None, "a constraint says that there is a recipient"
    return {"type": RecipientType.USER, "id": message.to_user.id, "name": message.to_user.name}


class PreferenceSerializer(serializers.Serializer[Any]):
    """Whether messages of one purpose are wanted by one channel."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    wanted = serializers.BooleanField()
    patient = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="A patient who told you so; without it, the choice is your own.",
    )


class MessagingConsentSerializer(serializers.ModelSerializer[MessagingConsent]):
    """One step in the history of a patient's consent to messages."""

    class Meta:
        model = MessagingConsent
        fields = [
            "id",
            "patient",
            "purpose",
            "channel",
            "decision",
            "basis",
            "means",
            "wording",
            "evidence",
            "obtained_at",
            "expires_at",
            "recorded_by",
            "recorded_at",
        ]
        read_only_fields = fields


class MessagingConsentGivingSerializer(serializers.Serializer[Any]):
    """What a patient agreed to, how, and where the proof lies."""

    patient = serializers.UUIDField()
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    basis = serializers.ChoiceField(choices=MessagingConsent.Basis.choices)
    means = serializers.ChoiceField(choices=MessagingConsent.Means.choices)
    wording = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="The version of the words agreed to; needed for express consent.",
    )
    evidence = serializers.CharField(
        max_length=400, help_text="Where the proof lies: a form, a recording, a message."
    )
    obtained_at = serializers.DateTimeField(default=None, allow_null=True)
    expires_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="Needed for implied consent."
    )
