"""What patients do at home: entered by them or by whoever looks after them, seen by every lane."""

from typing import Any

from django.db.models import F, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import adherence, disclosing
from care_plans.api import dosing_serializers as serializers
from care_plans.models import AdherenceEntry
from coordination.api.permissions import CLINICAL, PATIENTS
from coordination.api.records import OfPatientFilter
from coordination.api.views import Listed, OfPatients


class AdherenceFilter(filters.FilterSet):
    """How an entry is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    activity = filters.UUIDFilter(field_name="activity_id", label="Of this activity alone.")
    day_from = filters.DateFilter(field_name="day", lookup_expr="gte", label="From this day on.")
    day_until = filters.DateFilter(field_name="day", lookup_expr="lt", label="Before this day.")

    class Meta:
        model = AdherenceEntry
        fields: list[str] = []


@extend_schema_view(list=extend_schema(summary="List what was done at home, day by day"))
class AdherenceEntryViewSet(OfPatients, Listed):
    """Days of the home programme, corrected ones included."""

    audited_as = "AdherenceEntry"
    roles = {"list": CLINICAL, "create": CLINICAL}
    ordering = ("-day", "-id")
    serializer_class = serializers.AdherenceEntrySerializer
    filterset_class = AdherenceFilter
    queryset = AdherenceEntry.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the entries of patients within reach."""
        rows: QuerySet[Any, Any] = self.narrow(AdherenceEntry.objects.all(), self.actor, self.now)
        return disclosing.naming_versions(rows, self.actor, self.now)

    @extend_schema(
        summary="Write down a day of the home programme",
        description="It leaves the adherence of the last 14 days and the pain as scores.",
        request=serializers.NewAdherenceEntrySerializer,
        responses={201: serializers.AdherenceEntrySerializer},
    )
    def create(self, request: Request) -> Response:
        """Record what was done."""
        data = self.valid(serializers.NewAdherenceEntrySerializer)
        row = adherence.record_done(**data, actor=self.actor, now=self.now)
        return self.answer(self.get_queryset().get(pk=row.pk), status=201)


class OwnAdherenceEntryViewSet(OfPatients):
    """What patients write down of their own home programme."""

    audited_as = "AdherenceEntry"
    roles = {"create": PATIENTS}
    serializer_class = serializers.AdherenceEntrySerializer
    queryset = AdherenceEntry.objects.none()

    @extend_schema(
        summary="Write down a day of my home programme",
        request=serializers.NewAdherenceEntrySerializer,
        responses={201: serializers.AdherenceEntrySerializer},
    )
    def create(self, request: Request) -> Response:
        """Record what I did."""
        data = self.valid(serializers.NewAdherenceEntrySerializer)
        row = adherence.record_done(**data, actor=self.actor, now=self.now)
        # nothing is withheld from the patient, whose word a directive is
        versions = {"replaces_shown": F("replaces_id"), "replaced_by_shown": F("replaced_by__pk")}
        return self.answer(AdherenceEntry.objects.annotate(**versions).get(pk=row.pk), status=201)
