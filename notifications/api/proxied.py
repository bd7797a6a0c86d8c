"""What a proxy with the right `message` does: read what the patient was sent, and choose."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import proxies
from coordination.api.permissions import PROXIES
from coordination.api.views import OfPatients
from coordination.models import Patient
from notifications import kinds, preferences, reading
from notifications.models import Channel, Message, Purpose


class ProxiedMessageSerializer(serializers.ModelSerializer[Message]):
    """One message that the patient was sent, without a link into the clinic."""

    title = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = ["id", "purpose", "channel", "title", "sent_at"]
        read_only_fields = fields

    def get_title(self, message: Message) -> str:
        """Return the kind's headline."""
        return kinds.headline(message.kind)


class ProxiedChoiceSerializer(serializers.Serializer[Any]):
    """Whether the patient wants messages of one purpose by one channel."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    wanted = serializers.BooleanField()


class ProxiedMessageViewSet(OfPatients):
    """Messages of a patient, for their proxy; every access says `proxy`."""

    audited_as = "Message"
    seen_in = "directory"
    roles = {"messages": PROXIES, "preferences": PROXIES, "choose": PROXIES}
    serializer_class = ProxiedMessageSerializer
    filterset_class = None
    queryset = Patient.objects.none()
    ordering: ClassVar[tuple[str, ...]] = ("-sent_at", "-id")

    def get_queryset(self) -> QuerySet[Message, Message]:
        """Return what the patient was sent."""
        patient_id = serializers.UUIDField().to_internal_value(self.kwargs["pk"])
        return reading.sent_to_patient(patient_id, actor=self.actor, now=self.now)

    @extend_schema(
        summary="Read what a patient was sent for whom I may be written to",
        responses={200: ProxiedMessageSerializer(many=True)},
    )
    @action(detail=True)
    def messages(self, request: Request, pk: str) -> Response:
        """Return one page, newest first; it needs the right `message`."""
        rows = self.paginate_queryset(self.get_queryset()) or []
        self._record_read(UUID(pk), "Message")
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        summary="Read what a patient wants to be sent",
        responses={200: ProxiedChoiceSerializer(many=True)},
    )
    @action(detail=True, url_path="message-preferences", pagination_class=None)
    def preferences(self, request: Request, pk: str) -> Response:
        """Return a choice for each purpose and channel; it needs the right `message`."""
        found = preferences.choices_by_proxy(UUID(pk), actor=self.actor, now=self.now)
        self._record_read(UUID(pk), "Preference")
        return Response(ProxiedChoiceSerializer(found, many=True).data)

    @extend_schema(
        summary="Choose what a patient is sent",
        request=ProxiedChoiceSerializer,
        responses={200: ProxiedChoiceSerializer},
    )
    @preferences.mapping.post
    def choose(self, request: Request, pk: str) -> Response:
        """Choose for one purpose and channel; it counts from now on, and needs `message`."""
        data: dict[str, Any] = self.valid(ProxiedChoiceSerializer)
        choice = preferences.choose_by_proxy(UUID(pk), **data, actor=self.actor, now=self.now)
        return self.answer(choice, serializer_class=ProxiedChoiceSerializer)

    def _record_read(self, patient_id: UUID, resource: str) -> None:
        self.disclosed.add(patient_id)
        patient = Patient.objects.filter(pk=patient_id)
        proxies.record_read(patient, resource=resource, actor=self.actor, now=self.now)
