"""The inbox, the outbox and what people want to receive."""

from typing import ClassVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.api.permissions import ANY_ROLE, CARE
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.problems import Invalid
from notifications import preferences, reading
from notifications.api import serializers
from notifications.models import Attempt, Channel, Message


class InboxFilter(filters.FilterSet):
    """What is looked for in the inbox."""

    kind = filters.CharFilter()
    unread = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")
    patient = filters.UUIDFilter(field_name="patient_id")

    class Meta:
        model = Message
        fields: list[str] = []


class OutboxFilter(filters.FilterSet):
    """What is looked for in the outbox."""

    patient = filters.UUIDFilter(field_name="patient_id")
    subject = filters.UUIDFilter(field_name="subject_id")
    kind = filters.CharFilter()
    status = filters.ChoiceFilter(choices=Message.Status.choices)
    channel = filters.ChoiceFilter(choices=Channel.choices)

    class Meta:
        model = Message
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="Read your inbox, newest first"),
    retrieve=extend_schema(summary="Read one message of your inbox"),
)
class MessageViewSet(OfPatients, Listed, Retrieved):
    """What the application has to tell the person who is logged in."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE, "read": ANY_ROLE}
    audited_as = "Message"
    seen_in = "directory"
    serializer_class = serializers.MessageSerializer
    filterset_class = InboxFilter
    queryset = Message.objects.none()
    ordering: ClassVar[tuple[str, ...]] = ("-sent_at", "-id")

    def get_queryset(self) -> QuerySet[Message, Message]:
        """Return the person's own messages."""
        return reading.inbox_of(self.actor, self.now).select_related("patient")

    @extend_schema(
        summary="Mark a message as read",
        request=None,
        responses={200: serializers.MessageSerializer},
    )
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Note that it was read; a repeat changes nothing."""
        message = reading.mark_read(UUID(pk), actor=self.actor, now=self.now)
        return self.answer(message)


@extend_schema_view(
    list=extend_schema(
        summary="Ask what was sent, is about to be sent, or was not sent and why",
        description="Practitioners ask about their patients, schedulers about logistics.",
    ),
    retrieve=extend_schema(summary="Follow one message with each try to send it"),
)
class OutboxViewSet(OfPatients, Listed, Retrieved):
    """Every message with its state, its reason and its attempts: "did it go out?"."""

    roles = {"list": CARE, "retrieve": CARE}
    audited_as = "Message"
    seen_in = "directory"
    serializer_class = serializers.OutboxMessageSerializer
    filterset_class = OutboxFilter
    queryset = Message.objects.none()

    def get_queryset(self) -> QuerySet[Message, Message]:
        """Return the messages that the actor may ask after."""
        tries = Attempt.objects.order_by("started_at", "id")
        return (
            reading.outbox_visible_to(self.actor, self.now)
            .select_related("to_user", "to_practitioner_role__practitioner", "to_patient")
            .prefetch_related(Prefetch("attempts", tries))
        )


class PreferenceViewSet(OfPatients):
    """What the person wants to receive, or a patient who told them so."""

    audited_as = "Preference"
    seen_in = "directory"
    roles = {"list": ANY_ROLE, "create": ANY_ROLE}
    parameters: ClassVar = {"list": ("patient",)}
    serializer_class = serializers.PreferenceSerializer
    pagination_class = None
    filter_backends = ()

    def patient_of(self, row: preferences.Choice) -> UUID | None:
        """Return whose choice it is, if a patient's."""
        return row.patient

    @extend_schema(
        summary="Read what is wanted, by purpose and channel",
        parameters=[
            OpenApiParameter("patient", UUID, description="Of this patient instead of your own.")
        ],
        responses={200: serializers.PreferenceSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        """Return a choice for each purpose and channel; the default is that it is wanted."""
        patient_id = _uuid(request.query_params.get("patient"))
        found = preferences.choices_of(patient_id=patient_id, actor=self.actor, now=self.now)
        if patient_id is not None:
            self.audit_disclosure(found, searched=False)
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(
        summary="Choose what is wanted",
        responses={200: serializers.PreferenceSerializer},
    )
    def create(self, request: Request) -> Response:
        """Choose for one purpose and channel; it counts from now on."""
        data = self.valid()
        patient_id = data.pop("patient", None)
        choice = preferences.choose(**data, patient_id=patient_id, actor=self.actor, now=self.now)
        return self.answer(choice)


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise Invalid.field("/patient", "This is not an id; ids are UUIDs.") from error
