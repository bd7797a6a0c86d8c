"""The catch-up brief of one patient."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import brief
from coordination import access
from coordination.api.permissions import CLINICAL
from coordination.api.plausible import watch
from coordination.api.views import OfPatients
from coordination.models import Discipline, Patient


class BriefLineSerializer(serializers.Serializer[Any]):
    """One short line."""

    text = serializers.CharField()
    about = serializers.CharField(help_text="The kind of record that it is made of.")
    id = serializers.UUIDField(help_text="The record.")


class BriefSectionSerializer(serializers.Serializer[Any]):
    """The answers to one question."""

    name = serializers.ChoiceField(choices=[(name, name) for name in brief.BUDGET])
    lines = BriefLineSerializer(many=True)
    more = serializers.IntegerField(help_text="How many lines there would be beyond these.")


class BriefSerializer(serializers.Serializer[Any]):
    """What one needs to know to join in: at most 40 lines, made of what is recorded."""

    patient = serializers.UUIDField()
    as_of = serializers.DateTimeField()
    since = serializers.DateTimeField(help_text="How far back it tells what changed.")
    withheld = serializers.BooleanField(
        help_text="Something of this patient is withheld from the reader; never what."
    )
    sections = BriefSectionSerializer(many=True)


class BriefQuerySerializer(serializers.Serializer[Any]):
    """Which discipline joins in."""

    discipline = serializers.ChoiceField(choices=Discipline.choices, required=False)


class PatientBriefViewSet(OfPatients):
    """Catching up on one patient."""

    audited_as = "Brief"
    roles = {"brief": CLINICAL}
    parameters = {"brief": ["discipline"]}
    serializer_class = BriefSerializer
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
        summary="Catch up on a patient: one screen, made of what is recorded",
        parameters=[
            OpenApiParameter(
                "discipline",
                OpenApiTypes.STR,
                enum=Discipline.values,
                description="Which discipline joins in; the reader's own when left out.",
            )
        ],
        responses={200: BriefSerializer},
    )
    @action(detail=True)
    def brief(self, request: Request, pk: str) -> Response:
        """Return the brief."""
        asked = BriefQuerySerializer(data=request.query_params)
        watch(asked).is_valid(raise_exception=True)
        patient: Any = self.get_object()
        self.audit_disclosure([patient], searched=False)
        named = asked.validated_data.get("discipline")
        told = brief.brief(
            patient,
            disciplines=[named] if named else self.actor.disciplines,
            actor=self.actor,
            now=self.now,
        )
        return Response(self.get_serializer(told).data)
