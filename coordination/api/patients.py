"""Patients and their care teams."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import access, care_team, registration, search
from coordination.api import serializers
from coordination.api.concurrency import expected_version
from coordination.api.permissions import CARE, OVERSIGHT
from coordination.api.projected import Projected
from coordination.api.views import READS, OfPatients, Retrieved
from coordination.consent import view_of
from coordination.disclosure import View
from coordination.models import CareTeamMember, Patient, PatientIdentifier

PATIENT_PATH = OpenApiParameter("patient_id", str, OpenApiParameter.PATH)


class PatientFilter(filters.FilterSet):
    """How a patient is looked for."""

    name = filters.CharFilter(
        method="by_name",
        label="Beginnings of words of the name, in any order; accents and case do not matter.",
    )
    identifier = filters.CharFilter(method="by_identifier", label="An exact identifier.")
    birth_date = filters.DateFilter()

    class Meta:
        model = Patient
        fields: list[str] = []

    def by_name(
        self, rows: QuerySet[Patient, Patient], name: str, value: str
    ) -> QuerySet[Patient, Patient]:
        """Keep who has words that begin so in the name."""
        return search.named(rows, value)

    def by_identifier(
        self, rows: QuerySet[Patient, Patient], name: str, value: str
    ) -> QuerySet[Patient, Patient]:
        """Keep who bears it."""
        return search.bearing(rows, value)


@extend_schema_view(
    list=extend_schema(summary="Find patients within reach"),
    retrieve=extend_schema(summary="Read a patient"),
)
class PatientViewSet(Projected, Retrieved):
    """Patients: practitioners reach their circle, schedulers and oversight the whole directory.

    Who guards privacy reads who somebody is and how to reach them, as the desk does, to find whose
    directives, holds and accesses they look after; they write nothing of it.
    """

    audited_as = "Patient"
    patient_path = "pk"
    seen_in = "directory"
    roles = {
        "list": CARE | OVERSIGHT,
        "retrieve": CARE | OVERSIGHT,
        "create": CARE,
        "partial_update": CARE,
        "intake": CARE,
        "care_team": CARE,
        "join": CARE,
    }
    serializer_class = serializers.PatientSerializer
    filterset_class = PatientFilter
    queryset = Patient.objects.none()

    def get_queryset(self) -> QuerySet[Patient, Patient]:
        """Return the patients within the actor's reach; oversight reads all, and only reads."""
        view: View = view_of(self.actor) if self.action in READS else "directory"
        visible = access.patients_visible_to(self.actor, self.now, view=view)
        identifiers = PatientIdentifier.objects.order_by("kind", "system", "value")
        return visible.prefetch_related(Prefetch("identifiers", identifiers))

    def projected_rows(self) -> QuerySet[Patient, Patient]:
        """Return the patients within the actor's reach."""
        return self.get_queryset()

    def patient_of(self, row: Any) -> Any:
        """Return the patient's own id."""
        return row.pk if isinstance(row, Patient) else row.patient_id

    @extend_schema(
        summary="Register a patient and open intake",
        request=serializers.PatientRegistrationSerializer,
        responses={201: serializers.PatientSerializer},
    )
    def create(self, request: Request) -> Response:
        """Register a patient; the lead named gets access."""
        data = self.valid(serializers.PatientRegistrationSerializer)
        lead_id = data.pop("lead")
        identifiers = [registration.Identifier(**row) for row in data.pop("identifiers", [])]
        patient = registration.register_patient(
            fields=data,
            identifiers=identifiers,
            lead_id=lead_id,
            actor=self.actor,
            now=self.now,
        )
        return self.answer(patient, status=201)

    @extend_schema(summary="Correct a patient's data")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change fields of the version that If-Match names."""
        version = expected_version(request)
        patient = registration.correct_patient(
            self.get_object().pk,
            version=version,
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(patient)

    @extend_schema(
        summary="Open intake: name the first lead",
        request=serializers.LeadSerializer,
        responses={201: serializers.CareTeamMemberSerializer},
    )
    @action(detail=True, methods=["post"])
    def intake(self, request: Request, pk: str) -> Response:
        """Name the lead of a patient who has none yet (an imported one, say)."""
        lead_id = self.valid(serializers.LeadSerializer)["lead"]
        member = care_team.open_intake(
            self.get_object().pk, lead_id=lead_id, actor=self.actor, now=self.now
        )
        return self._member(member, status=201)

    @extend_schema(
        summary="Read the care team, former members included",
        responses={200: serializers.CareTeamMemberSerializer(many=True)},
    )
    @action(detail=True, url_path="care-team", filterset_class=None, pagination_class=None)
    def care_team(self, request: Request, pk: str) -> Response:
        """Return who cares for the patient, in what role, since and until when."""
        patient = self.get_object()
        members = access.owned_by_patient(
            CareTeamMember.objects.filter(patient=patient).select_related(
                "practitioner_role__practitioner"
            ),
            self.actor,
            self.now,
            view="directory",
        )
        self.audit_disclosure([patient], searched=False, resource="CareTeamMember")
        rows = members.order_by("since", "id")
        return Response(serializers.CareTeamMemberSerializer(rows, many=True).data)

    @extend_schema(
        summary="Add a member to the care team",
        request=serializers.JoinSerializer,
        responses={201: serializers.CareTeamMemberSerializer},
    )
    @care_team.mapping.post
    def join(self, request: Request, pk: str) -> Response:
        """Add a member, who thereby gets access."""
        data = self.valid(serializers.JoinSerializer)
        member = care_team.join(
            self.get_object().pk,
            practitioner_role_id=data["practitioner_role"],
            actor=self.actor,
            now=self.now,
        )
        return self._member(member, status=201)

    def _member(self, member: CareTeamMember, *, status: int = 200) -> Response:
        return self.answer(
            member, status=status, serializer_class=serializers.CareTeamMemberSerializer
        )


class CareTeamMemberViewSet(OfPatients):
    """A membership: it is ended, never edited."""

    audited_as = "CareTeamMember"
    seen_in = "directory"
    roles = {"leave": CARE}
    serializer_class = serializers.CareTeamMemberSerializer
    queryset = CareTeamMember.objects.none()

    def get_queryset(self) -> QuerySet[CareTeamMember, CareTeamMember]:
        """Return the memberships of patients within reach."""
        return access.owned_by_patient(
            CareTeamMember.objects.select_related("practitioner_role__practitioner"),
            self.actor,
            self.now,
            view="directory",
        )

    @extend_schema(
        summary="End a membership",
        request=serializers.LeaveSerializer,
        responses={200: serializers.CareTeamMemberSerializer},
    )
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, pk: str) -> Response:
        """End a membership and the access that it gave."""
        because = self.valid(serializers.LeaveSerializer)["because"]
        member = self.get_object()
        ended = care_team.leave(
            member.patient_id,
            member.pk,
            because=because,
            actor=self.actor,
            now=self.now,
        )
        return self.answer(ended)
