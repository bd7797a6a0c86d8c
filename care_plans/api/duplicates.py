"""The queue of records that may be one person.

It is the schedulers' alone: to compare two records one must be allowed to see both, and only they
see the identity of everybody in the organization.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import merging
from coordination import access, audit
from coordination.api.permissions import SCHEDULING
from coordination.api.serializers import IdentifierSerializer
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.models import DuplicateReview, DuplicateStep, Patient


class ComparedPatientSerializer(serializers.ModelSerializer[Patient]):
    """As much of a record as it takes to compare it."""

    identifiers = IdentifierSerializer(many=True, read_only=True)

    class Meta:
        model = Patient
        fields = [
            "id",
            "family_name",
            "given_name",
            "preferred_name",
            "birth_date",
            "gender",
            "phone",
            "email",
            "address",
            "identifiers",
            "registered_at",
            "merged_into",
        ]
        read_only_fields = fields


class DuplicateStepSerializer(serializers.ModelSerializer[DuplicateStep]):
    """One decision about the pair."""

    class Meta:
        model = DuplicateStep
        fields = ["action", "survivor_id", "because", "actor", "recorded_at"]
        read_only_fields = fields


class DuplicateReviewSerializer(serializers.ModelSerializer[DuplicateReview]):
    """Two records, what matches, and what was decided."""

    patient = ComparedPatientSerializer(read_only=True)
    candidate = ComparedPatientSerializer(read_only=True)
    matches = serializers.ListField(
        child=serializers.ChoiceField(choices=DuplicateReview.Match.choices), read_only=True
    )
    steps = DuplicateStepSerializer(many=True, read_only=True)

    class Meta:
        model = DuplicateReview
        fields = [
            "id",
            "patient",
            "candidate",
            "matches",
            "status",
            "survivor",
            "opened_at",
            "decided_at",
            "steps",
        ]
        read_only_fields = fields


class DuplicateDecisionSerializer(serializers.Serializer[Any]):
    """Why it is decided so."""

    because = serializers.CharField(max_length=500)


class MergeSerializer(DuplicateDecisionSerializer):
    """Which of the two records goes on, and why they are one person's."""

    survivor = serializers.UUIDField()


class DuplicateReviewFilter(filters.FilterSet):
    """How a review is looked for."""

    status = filters.ChoiceFilter(choices=DuplicateReview.Status.choices)

    class Meta:
        model = DuplicateReview
        fields: list[str] = []


_ANSWER = {200: DuplicateReviewSerializer}


@extend_schema_view(
    list=extend_schema(summary="List records that may be one person"),
    retrieve=extend_schema(summary="Read a pair of records that may be one person"),
)
class DuplicateReviewViewSet(OfPatients, Listed, Retrieved):
    """Pairs of records: told apart or merged by a person, and both can be undone."""

    audited_as = "DuplicateReview"
    seen_in = "directory"
    roles = {
        "list": SCHEDULING,
        "retrieve": SCHEDULING,
        "tell_apart": SCHEDULING,
        "merge": SCHEDULING,
        "unmerge": SCHEDULING,
        "reopen": SCHEDULING,
    }
    serializer_class = DuplicateReviewSerializer
    filterset_class = DuplicateReviewFilter
    queryset = DuplicateReview.objects.none()

    def get_queryset(self) -> QuerySet[DuplicateReview, DuplicateReview]:
        """Return the pairs, each with both records."""
        rows = DuplicateReview.objects.select_related("patient", "candidate").prefetch_related(
            "patient__identifiers", "candidate__identifiers", "steps"
        )
        return access.owned_by_patient(rows, self.actor, self.now, view="directory")

    def audit_disclosure(self, rows: Iterable[Any], *, searched: bool, resource: str = "") -> None:
        """Name both patients of each pair."""
        found: list[DuplicateReview] = list(rows)
        patient_ids: list[UUID] = []
        for row in found:
            patient_ids += [row.patient_id, row.candidate_id]
        audit.record(
            actor=self.actor,
            now=self.now,
            action=audit.Action.SEARCH if searched else audit.Action.READ,
            event=f"DuplicateReview.{'search' if searched else 'read'}",
            resource="DuplicateReview",
            resource_id=None if searched else found[0].pk,
            patient_ids=patient_ids,
            detail={"parameters": sorted(self.request.query_params)} if searched else {},
        )

    @extend_schema(
        summary="Tell two records apart, for good",
        request=DuplicateDecisionSerializer,
        responses=_ANSWER,
    )
    @action(detail=True, methods=["post"], url_path="not-the-same")
    def tell_apart(self, request: Request, pk: str) -> Response:
        """Remember that they are two persons; nobody is asked about this pair again."""
        return self._decide("not-the-same", DuplicateDecisionSerializer)

    @extend_schema(
        summary="Merge two records of one person",
        description="The other record rests, and is read together with the survivor.",
        request=MergeSerializer,
        responses=_ANSWER,
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """Link the one record to the other."""
        return self._decide("merge", MergeSerializer)

    @extend_schema(summary="Undo a merge", request=DuplicateDecisionSerializer, responses=_ANSWER)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, pk: str) -> Response:
        """Take the link away; the pair waits for a decision again."""
        return self._decide("unmerge", DuplicateDecisionSerializer)

    @extend_schema(
        summary="Ask again about two records that were told apart",
        request=DuplicateDecisionSerializer,
        responses=_ANSWER,
    )
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Let the pair wait for a decision again."""
        return self._decide("reopen", DuplicateDecisionSerializer)

    def _decide(self, step: str, shape: Any) -> Response:
        row = self.get_object()
        data = self.valid(shape)
        merging.decide(
            row.pk,
            step,
            because=data["because"],
            survivor_id=data.get("survivor"),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(self.get_queryset().get(pk=row.pk))
