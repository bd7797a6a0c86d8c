"""Provenance: where a record comes from."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import provenance
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients
from coordination.models import AuditEvent
from coordination.problems import Invalid


class ProvenanceAgentSerializer(serializers.Serializer[Any]):
    """Who wrote it."""

    kind = serializers.ChoiceField(choices=[("person", "Person"), ("software", "Software")])
    name = serializers.CharField(
        allow_blank=True,
        help_text="The login (empty where it is withheld), or the part of the software.",
    )
    user = serializers.UUIDField(allow_null=True)
    version = serializers.CharField(allow_blank=True, help_text="Of the software.")


class ProvenanceSerializer(serializers.Serializer[Any]):
    """One write of a record, or of what it is a part of (FHIR Provenance)."""

    id = serializers.UUIDField()
    target = serializers.UUIDField()
    target_kind = serializers.CharField()
    activity = serializers.CharField(help_text="What happened, dotted: `course.advance`.")
    agent = ProvenanceAgentSerializer()
    organization = serializers.UUIDField(help_text="On whose behalf.")
    effective_at = serializers.DateTimeField(help_text="When it held or happened.")
    recorded_at = serializers.DateTimeField(help_text="When it was written down.")
    request = serializers.CharField(help_text="The X-Request-ID, or the transaction of a task.")
    is_import = serializers.BooleanField()
    purpose = serializers.CharField()
    reason_code = serializers.CharField(allow_blank=True)
    fields_changed = serializers.ListField(child=serializers.CharField(), source="fields")
    patient = serializers.UUIDField()


class ProvenanceViewSet(OfPatients):
    """Who wrote a record, for whom, when it held, when it was written down, and why."""

    audited_as = "Provenance"
    roles: ClassVar = {"list": CLINICAL}
    parameters: ClassVar = {"list": ("target",)}
    serializer_class = ProvenanceSerializer
    pagination_class = None
    filter_backends = ()
    queryset = AuditEvent.objects.none()

    def patient_of(self, row: Any) -> UUID | None:
        """Return the patient whose record it is."""
        patient: UUID = row.patient
        return patient

    @extend_schema(
        summary="Read where a record comes from, the first write first",
        parameters=[
            OpenApiParameter("target", UUID, required=True, description="Of which record.")
        ],
        responses={200: ProvenanceSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        """Return every write of the record, those of the software included."""
        found = provenance.provenance_of(_target(request), actor=self.actor, now=self.now)
        self.audit_disclosure([found], searched=False)
        return Response(ProvenanceSerializer(found.writes, many=True).data)


def _target(request: Request) -> UUID:
    try:
        return UUID(request.query_params.get("target", ""))
    except ValueError as error:
        raise Invalid.field("/target", "Name a record by its id.") from error
