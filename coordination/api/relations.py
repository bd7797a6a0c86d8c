"""Related persons and their rights, as staff write them down; and what a proxy may do."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import access, consent, proxies
from coordination.api.consent_serializers import DirectiveSerializer
from coordination.api.permissions import CARE, PROXIES, SCHEDULING
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.models import (
    Directive,
    Discipline,
    Patient,
    RelatedPerson,
    RelatedPersonRight,
)


class RelatedPersonRightSerializer(serializers.ModelSerializer[RelatedPersonRight]):
    """One right, with its period."""

    class Meta:
        model = RelatedPersonRight
        fields = [
            "id",
            "right",
            "granted_by",
            "legal_basis",
            "evidence",
            "since",
            "until",
            "revoked_at",
            "revoked_because",
        ]
        read_only_fields = ["id", "revoked_at", "revoked_because"]
        extra_kwargs = {"evidence": {"max_length": 200}}


class RelatedPersonSerializer(serializers.ModelSerializer[RelatedPerson]):
    """Somebody beside the patient, with every right they have or had."""

    rights = RelatedPersonRightSerializer(many=True, read_only=True)
    has_login = serializers.SerializerMethodField(help_text="Whether this person can log in.")

    class Meta:
        model = RelatedPerson
        fields = ["id", "patient", "name", "relationship", "email", "phone", "has_login", "rights"]
        read_only_fields = ["id", "patient"]
        extra_kwargs = {"name": {"max_length": 200}}

    def get_has_login(self, person: RelatedPerson) -> bool:
        """Say whether a login belongs to this person."""
        return person.user_id is not None


class RelatedPersonRecordSerializer(RelatedPersonSerializer):
    """Whom to write down, and beside which patient."""

    patient = serializers.UUIDField()

    class Meta(RelatedPersonSerializer.Meta):
        fields = ["patient", "name", "relationship", "email", "phone"]
        read_only_fields: list[str] = []


class RevokeRightSerializer(serializers.Serializer[Any]):
    """Which right ends, and why."""

    right = serializers.UUIDField(help_text="The id of the right.")
    because = serializers.CharField(max_length=500)


class ProxyLoginSerializer(serializers.Serializer[Any]):
    """The address that this person logs in with."""

    email = serializers.EmailField()


class RelatedPersonFilter(filters.FilterSet):
    """How a related person is looked for."""

    patient = filters.UUIDFilter(field_name="patient_id")

    class Meta:
        model = RelatedPerson
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List related persons of patients within reach"),
    retrieve=extend_schema(summary="Read a related person with their rights"),
)
class RelatedPersonViewSet(OfPatients, Listed, Retrieved):
    """Proxies and substitute decision makers, with rights granted one by one."""

    audited_as = "RelatedPerson"
    seen_in = "directory"
    roles = {
        "list": CARE,
        "retrieve": CARE,
        "create": CARE,
        "grant": CARE,
        "revoke": CARE,
        "login": SCHEDULING,
    }
    serializer_class = RelatedPersonSerializer
    filterset_class = RelatedPersonFilter
    queryset = RelatedPerson.objects.none()

    def get_queryset(self) -> QuerySet[RelatedPerson, RelatedPerson]:
        """Return the related persons of patients within reach."""
        rows = RelatedPerson.objects.prefetch_related("rights")
        return access.owned_by_patient(rows, self.actor, self.now, view="directory")

    @extend_schema(
        summary="Write down somebody beside a patient; it gives no right",
        request=RelatedPersonRecordSerializer,
        responses={201: RelatedPersonSerializer},
    )
    def create(self, request: Request) -> Response:
        """Write down who somebody is to a patient."""
        data = self.valid(RelatedPersonRecordSerializer)
        patient_id = data.pop("patient")
        person = proxies.record_related_person(patient_id, data, actor=self.actor, now=self.now)
        return self.answer(person, status=201)

    @extend_schema(
        summary="Write down one right that was granted",
        request=RelatedPersonRightSerializer,
        responses={201: RelatedPersonRightSerializer},
    )
    @action(detail=True, methods=["post"], url_path="rights")
    def grant(self, request: Request, pk: str) -> Response:
        """Grant one right for a time."""
        person = self.get_object()
        data = self.valid(RelatedPersonRightSerializer)
        right = proxies.grant_right(person.pk, data, actor=self.actor, now=self.now)
        return self.answer(right, status=201, serializer_class=RelatedPersonRightSerializer)

    @extend_schema(
        summary="Revoke one right",
        request=RevokeRightSerializer,
        responses={200: RelatedPersonRightSerializer},
    )
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """End one right at once."""
        person = self.get_object()
        data = self.valid(RevokeRightSerializer)
        right = proxies.revoke_right(
            person.pk, data["right"], because=data["because"], actor=self.actor, now=self.now
        )
        return self.answer(right, serializer_class=RelatedPersonRightSerializer)

    @extend_schema(
        summary="Give a related person a login",
        request=ProxyLoginSerializer,
        responses={200: RelatedPersonSerializer},
    )
    @action(detail=True, methods=["post"])
    def login(self, request: Request, pk: str) -> Response:
        """Bind a login; its rights are still granted one by one."""
        person = self.get_object()
        email = self.valid(ProxyLoginSerializer)["email"]
        proxies.bind_login(person.pk, email=email, actor=self.actor, now=self.now)
        return self.answer(self.get_object())


class ProxiedPatientSerializer(serializers.ModelSerializer[Patient]):
    """Whom a proxy may view: who they are."""

    class Meta:
        model = Patient
        fields = ["id", "family_name", "given_name", "preferred_name", "birth_date", "language"]
        read_only_fields = fields


class ProxyDirectiveSerializer(serializers.Serializer[Any]):
    """What a substitute decision maker has locked away, and from whom."""

    target = serializers.ChoiceField(
        choices=[
            choice
            for choice in Directive.Target.choices
            if choice[0] in {Directive.Target.EVERYTHING, Directive.Target.DISCIPLINE}
        ]
    )
    target_discipline = serializers.ChoiceField(
        choices=Discipline.choices, default="", allow_blank=True
    )
    audience = serializers.ChoiceField(
        choices=[
            choice
            for choice in Directive.Audience.choices
            if choice[0] in {Directive.Audience.EVERYONE, Directive.Audience.DISCIPLINE}
        ]
    )
    audience_discipline = serializers.ChoiceField(
        choices=Discipline.choices, default="", allow_blank=True
    )


class ProxiedPatientViewSet(OfPatients):
    """The patients for whom a proxy holds rights; every access says `proxy`."""

    audited_as = "Patient"
    seen_in = "directory"
    roles = {"list": PROXIES, "retrieve": PROXIES, "directives": PROXIES}
    serializer_class = ProxiedPatientSerializer
    filterset_class = None
    pagination_class = None
    queryset = Patient.objects.none()

    def get_queryset(self) -> QuerySet[Patient, Patient]:
        """Return whom the proxy may view now."""
        return proxies.patients_seen_by(self.actor, self.now)

    @extend_schema(summary="List the patients whose proxy I am and whom I may view")
    def list(self, request: Request) -> Response:
        """Return them."""
        rows = list(self.get_queryset().order_by("search_key", "id"))
        proxies.record_read(rows, searched=True, actor=self.actor, now=self.now)
        return Response(self.get_serializer(rows, many=True).data)

    @extend_schema(summary="Read a patient whose proxy I am")
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return who the patient is."""
        row = self.get_object()
        proxies.record_read([row], actor=self.actor, now=self.now)
        return self.answer(row)

    @extend_schema(
        summary="Lock something away as the patient's substitute decision maker",
        request=ProxyDirectiveSerializer,
        responses={201: DirectiveSerializer, 200: DirectiveSerializer},
    )
    @action(detail=True, methods=["post"])
    def directives(self, request: Request, pk: str) -> Response:
        """Set one directive, or find the very same; it needs the right `consent`."""
        patient_id = serializers.UUIDField().to_internal_value(pk)
        proxies.demand("consent", self.actor, patient_id, self.now)
        data = self.valid(ProxyDirectiveSerializer)
        directive, is_new = proxies.lock_away(
            patient_id,
            consent.Locked(**data),
            effective_at=None,
            actor=self.actor,
            now=self.now,
        )
        status = 201 if is_new else 200
        return self.answer(directive, status=status, serializer_class=DirectiveSerializer)
