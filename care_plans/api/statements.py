"""What patients want, in their own words: theirs under `/me`, the circle's on the plan."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import disclosing, statements
from care_plans.models import PatientStatement, PatientStatementVersion
from coordination.api.concurrency import expected_version
from coordination.api.permissions import CLINICAL, PATIENTS
from coordination.api.records import OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved

_SAID = ["text", "language", "status", "by_patient", "practitioner_role", "recorded_at"]


class PatientStatementSerializer(serializers.ModelSerializer[PatientStatement]):
    """A goal or a preference, character for character as the patient put it."""

    class Meta:
        model = PatientStatement
        fields = ["id", "patient", "care_plan", "kind", *_SAID]
        read_only_fields = fields


class PatientStatementVersionSerializer(serializers.ModelSerializer[PatientStatementVersion]):
    """One wording that a statement had."""

    class Meta:
        model = PatientStatementVersion
        fields = ["number", *_SAID]
        read_only_fields = fields


class RewordingSerializer(serializers.Serializer[Any]):
    """The words, exactly as they are to be kept, and their language."""

    text = serializers.CharField(trim_whitespace=False, max_length=statements.MOST_CHARACTERS)
    language = serializers.CharField(max_length=35, help_text="A BCP 47 tag such as en-CA.")


class OwnStatementSerializer(RewordingSerializer):
    """What I want."""

    kind = serializers.ChoiceField(choices=PatientStatement.Kind.choices)


class NewStatementSerializer(OwnStatementSerializer):
    """What the patient of a plan said."""

    care_plan = serializers.UUIDField()


class StatementFilter(filters.FilterSet):
    """How a statement is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    care_plan = filters.UUIDFilter(field_name="care_plan_id")
    kind = filters.ChoiceFilter(choices=PatientStatement.Kind.choices)
    status = filters.ChoiceFilter(choices=PatientStatement.Status.choices)

    class Meta:
        model = PatientStatement
        fields: list[str] = []


class _Statements(OfPatients, Listed, Retrieved):
    """What both addresses have in common."""

    audited_as = "PatientStatement"
    ordering = ("id",)
    serializer_class = PatientStatementSerializer
    queryset = PatientStatement.objects.none()

    @extend_schema(
        summary="Say it in other words; the former ones stay in its history",
        request=RewordingSerializer,
        responses={200: PatientStatementSerializer},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        row = statements.reword(
            UUID(pk),
            version=expected_version(request),
            **self.valid(RewordingSerializer, partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(row)

    @extend_schema(
        summary="Say that the patient got there",
        request=None,
        responses={200: PatientStatementSerializer},
    )
    @action(detail=True, methods=["post"])
    def achieve(self, request: Request, pk: str) -> Response:
        """Mark it reached."""
        return self._move(pk, "achieve")

    @extend_schema(
        summary="Say that the patient does not want this any more",
        request=None,
        responses={200: PatientStatementSerializer},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Mark it withdrawn."""
        return self._move(pk, "withdraw")

    @extend_schema(
        summary="Say that the patient wants this again",
        request=None,
        responses={200: PatientStatementSerializer},
    )
    @action(detail=True, methods=["post"], url_path="take-up-again")
    def take_up_again(self, request: Request, pk: str) -> Response:
        """Mark it active."""
        return self._move(pk, "take-up-again")

    @extend_schema(
        summary="Read every wording so far, the first first",
        responses={200: PatientStatementVersionSerializer(many=True)},
    )
    @action(detail=True, filterset_class=None, pagination_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        """Return the history."""
        found = self.get_object()
        self.audit_disclosure([found], searched=False)
        rows = self.versions_of(found).order_by("number")
        return Response(PatientStatementVersionSerializer(rows, many=True).data)

    def versions_of(self, found: PatientStatement) -> Any:
        """Return the wordings that the reader may see."""
        return PatientStatementVersion.objects.filter(statement=found)

    def _move(self, pk: str, name: str) -> Response:
        row = statements.move_statement(UUID(pk), name, actor=self.actor, now=self.now)
        return self.answer(row)


_ACTIONS = (
    "list",
    "retrieve",
    "create",
    "partial_update",
    "achieve",
    "withdraw",
    "take_up_again",
    "versions",
)


@extend_schema_view(
    list=extend_schema(summary="List what patients want, in their own words"),
    retrieve=extend_schema(summary="Read what a patient wants"),
)
class PatientStatementViewSet(_Statements):
    """Goals and preferences of patients, as the circle of care reads and writes them down."""

    roles = dict.fromkeys(_ACTIONS, CLINICAL)
    filterset_class = StatementFilter

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the statements of patients within reach."""
        found: QuerySet[Any, Any] = self.narrow(
            PatientStatement.objects.all(), self.actor, self.now
        )
        return found

    def versions_of(self, found: PatientStatement) -> Any:
        """Return the wordings that nothing withholds from the reader."""
        return disclosing.disclose(super().versions_of(found), self.actor, self.now)

    @extend_schema(
        summary="Write down what a patient wants, in their words",
        request=NewStatementSerializer,
        responses={201: PatientStatementSerializer},
    )
    def create(self, request: Request) -> Response:
        """Keep what was said."""
        data = self.valid(NewStatementSerializer)
        plan_id = data.pop("care_plan")
        row = statements.state(plan_id, **data, actor=self.actor, now=self.now)
        return self.answer(row, status=201)


@extend_schema_view(
    list=extend_schema(summary="List what I want"),
    retrieve=extend_schema(summary="Read one thing that I want"),
)
class OwnStatementViewSet(_Statements):
    """A patient's own goals and preferences."""

    roles = dict.fromkeys(_ACTIONS, PATIENTS)
    filterset_class = None

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the statements of the patient who asks."""
        return statements.statements_of(self.actor)

    @extend_schema(
        summary="Write down what I want, in my words",
        request=OwnStatementSerializer,
        responses={201: PatientStatementSerializer},
    )
    def create(self, request: Request) -> Response:
        """Keep what I wrote."""
        data = self.valid(OwnStatementSerializer)
        row = statements.state(None, **data, actor=self.actor, now=self.now)
        return self.answer(row, status=201)
