"""What a proxy who may view sees of a patient's plan, in few words."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans.disclosing import disclose
from care_plans.models import Course
from coordination import proxies
from coordination.api.permissions import PROXIES
from coordination.api.views import OfPatients
from coordination.models import Patient


class ProxiedCourseSerializer(serializers.ModelSerializer[Course]):
    """What is treated, and where it stands."""

    class Meta:
        model = Course
        fields = ["condition", "status", "stage"]
        read_only_fields = fields


class ProxiedPlanViewSet(OfPatients):
    """The plan of a patient, as their proxy sees it; every access says `proxy`."""

    audited_as = "CarePlan"
    roles = {"plan": PROXIES}
    serializer_class = ProxiedCourseSerializer
    filterset_class = None
    pagination_class = None
    queryset = Patient.objects.none()

    def get_queryset(self) -> QuerySet[Patient, Patient]:
        """Return whom the proxy may view now."""
        return proxies.patients_seen_by(self.actor, self.now)

    @extend_schema(
        summary="Read what a patient whose proxy I am is treated for",
        responses={200: ProxiedCourseSerializer(many=True)},
    )
    @action(detail=True)
    def plan(self, request: Request, pk: str) -> Response:
        """Return the courses of the open plan; what was locked away from everyone is left out."""
        patient: Any = self.get_object()
        self.disclosed.add(patient.pk)
        proxies.record_read([patient], resource="CarePlan", actor=self.actor, now=self.now)
        mine = Course.objects.filter(patient=patient, care_plan__status="open")
        rows = disclose(mine, self.actor, self.now).order_by("applied_at", "id")
        return Response(self.get_serializer(rows, many=True).data)
