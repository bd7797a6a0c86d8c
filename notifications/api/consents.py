"""The history of patients' consent to messages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.api.permissions import CARE
from coordination.api.records import OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.disclosure import View
from notifications import consents
from notifications.api import serializers
from notifications.models import Channel, MessagingConsent, Purpose


class MessagingConsentFilter(filters.FilterSet):
    """How a step is looked for."""

    patient = OfPatientFilter()
    purpose = filters.ChoiceFilter(choices=Purpose.choices)
    channel = filters.ChoiceFilter(choices=Channel.choices)

    class Meta:
        model = MessagingConsent
        fields: ClassVar[list[str]] = []


@extend_schema_view(
    list=extend_schema(summary="Read the history of consent to messages"),
    retrieve=extend_schema(summary="Read one step of it"),
)
class MessagingConsentViewSet(OfPatients, Listed, Retrieved):
    """Consents and withdrawals, the latest first; opting out is a message preference."""

    audited_as = "MessagingConsent"
    seen_in: ClassVar[View] = "directory"
    roles = dict.fromkeys(("list", "retrieve", "create"), CARE)
    ordering: ClassVar[tuple[str, ...]] = ("-recorded_at", "-id")
    serializer_class = serializers.MessagingConsentSerializer
    filterset_class = MessagingConsentFilter
    queryset = MessagingConsent.objects.none()

    def get_queryset(self) -> QuerySet[MessagingConsent, MessagingConsent]:
        """Return the steps of patients within reach."""
        return consents.consents_visible_to(self.actor, self.now)

    @extend_schema(
        summary="Record a consent to messages, with its evidence",
        request=serializers.MessagingConsentGivingSerializer,
        responses={201: serializers.MessagingConsentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Record a consent; it counts from now on."""
        data: dict[str, Any] = self.valid(serializers.MessagingConsentGivingSerializer)
        row = consents.record_consent(
            data.pop("patient"),
            evidence_at=data.pop("evidence"),
            **data,
            actor=self.actor,
            now=self.now,
        )
        return self.answer(row, status=201)
