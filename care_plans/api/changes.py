"""What changed on one patient's plan since the practitioner who asks last looked."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import changes
from coordination import access
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients
from coordination.models import Patient


class ChangeSerializer(serializers.Serializer[Any]):
    """One thing that is not what it was."""

    id = serializers.UUIDField()
    about = serializers.CharField(help_text="How it is called: a condition, a discipline, a goal.")
    course = serializers.UUIDField(allow_null=True)
    before = serializers.DictField(
        allow_null=True, help_text="How it stood at the last look; null for what was not shown."
    )
    after = serializers.DictField(help_text="How it stands now.")


class ChangesByKindSerializer(serializers.Serializer[Any]):
    """The changes by kind."""

    stages = ChangeSerializer(many=True)
    lanes = ChangeSerializer(many=True)
    goals = ChangeSerializer(many=True)
    consents = ChangeSerializer(many=True)


class ChangesSerializer(serializers.Serializer[Any]):
    """What changed since the last look, as far as the reader may know."""

    patient = serializers.UUIDField()
    as_of = serializers.DateTimeField()
    since = serializers.DateTimeField(
        allow_null=True, help_text="The last look; null: this is the first, and all is new."
    )
    state = serializers.CharField(help_text="Names what is shown here: send it back once read.")
    changes = ChangesByKindSerializer()


class SeenSerializer(serializers.Serializer[Any]):
    """What was read."""

    state = serializers.CharField(max_length=64)


class PatientChangesViewSet(OfPatients):
    """Changed since I last looked."""

    audited_as = "Brief"
    roles = {"changes": CLINICAL, "seen": CLINICAL}
    serializer_class = ChangesSerializer
    filterset_class = None
    pagination_class = None
    queryset = Patient.objects.none()

    def get_queryset(self) -> QuerySet[Patient, Patient]:
        """Return the patients within the actor's reach."""
        return access.patients_visible_to(self.actor, self.now)

    def patient_of(self, row: Any) -> UUID | None:
        """Return the patient, who is the row."""
        patient_id: UUID = row.pk
        return patient_id

    @extend_schema(
        summary="Read what changed since I last looked",
        description="By stage, lane, goal and consent. Reading marks nothing as seen.",
        responses={200: ChangesSerializer},
    )
    @action(detail=True)
    def changes(self, request: Request, pk: str) -> Response:
        """Return the changes."""
        patient = self._patient()
        told = changes.changes_since(patient.pk, actor=self.actor, now=self.now)
        return Response(self.get_serializer(told).data)

    @extend_schema(
        summary="Say that I have seen what changed",
        description="Refused when something has changed since it was read.",
        request=SeenSerializer,
        responses={200: ChangesSerializer},
    )
    @changes.mapping.post
    def seen(self, request: Request, pk: str) -> Response:
        """Keep that it was seen."""
        patient = self._patient()
        asked = self.valid(SeenSerializer)
        told = changes.mark_seen(patient.pk, asked["state"], actor=self.actor, now=self.now)
        return Response(self.get_serializer(told).data)

    def _patient(self) -> Any:
        patient = self.get_object()
        self.audit_disclosure([patient], searched=False)
        return patient
