"""Coverage, what patients ask of their records, legal holds, and how long records are kept."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import corrections, coverage, retention
from coordination.api import record_serializers as serializers
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.permissions import CARE, CLINICAL, OVERSIGHT
from coordination.api.records import MomentFilter, OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.disclosure import View
from coordination.models import Coverage, LegalHold, RecordRequest, RetentionPolicy


class CoverageFilter(filters.FilterSet):
    """How a coverage is looked for."""

    patient = OfPatientFilter()

    class Meta:
        model = Coverage
        fields: ClassVar[list[str]] = []


@extend_schema_view(
    list=extend_schema(summary="List who pays for patients within reach"),
    retrieve=extend_schema(summary="Read a coverage, with what is left of it"),
)
class CoverageViewSet(OfPatients, Listed, Retrieved):
    """Who pays, and what is left; nothing clinical."""

    audited_as = "Coverage"
    seen_in: ClassVar[View] = "directory"
    roles = dict.fromkeys(("list", "retrieve", "create", "partial_update", "destroy"), CARE)
    serializer_class = serializers.CoverageSerializer
    filterset_class = CoverageFilter
    queryset = Coverage.objects.none()

    def get_queryset(self) -> QuerySet[Coverage, Coverage]:
        """Return the coverages within reach."""
        return coverage.coverages_visible_to(self.actor, self.now)

    @extend_schema(
        summary="Record who pays",
        request=serializers.CoverageRecordingSerializer,
        responses={201: serializers.CoverageSerializer},
    )
    def create(self, request: Request) -> Response:
        """Record a coverage."""
        data = self.valid(serializers.CoverageRecordingSerializer)
        row = coverage.record_coverage(
            data.pop("patient"), fields=data, actor=self.actor, now=self.now
        )
        return self.answer(row, status=201)

    @extend_schema(summary="Edit a coverage")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        row = coverage.edit_coverage(
            UUID(pk),
            version=expected_version(request),
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(row)

    @extend_schema(
        summary="Remove a coverage that was entered by mistake",
        parameters=[IF_MATCH],
        responses={204: None, **VERSION_PROBLEMS},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove the version that If-Match names."""
        version = expected_version(request)
        coverage.remove_coverage(UUID(pk), version=version, actor=self.actor, now=self.now)
        return Response(status=204)


class RecordRequestFilter(filters.FilterSet):
    """How a request is looked for."""

    patient = OfPatientFilter()
    kind = filters.ChoiceFilter(choices=RecordRequest.Kind.choices)
    status = filters.ChoiceFilter(choices=RecordRequest.Status.choices)
    due_before = MomentFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = RecordRequest
        fields: ClassVar[list[str]] = []


_MOVED = {200: serializers.RecordRequestSerializer}


@extend_schema_view(
    list=extend_schema(summary="List what patients asked of their records"),
    retrieve=extend_schema(summary="Read a request"),
)
class RecordRequestViewSet(OfPatients, Listed, Retrieved):
    """Access, correction, and the patient's own words where a correction was refused."""

    audited_as = "RecordRequest"
    seen_in: ClassVar[View] = "oversight"
    roles = {
        "list": CLINICAL | OVERSIGHT,
        "retrieve": CLINICAL | OVERSIGHT,
        "create": CARE | OVERSIGHT,
        "grant": CLINICAL | OVERSIGHT,
        "refuse": CLINICAL | OVERSIGHT,
        "withdraw": CLINICAL | OVERSIGHT,
        "fulfil": CLINICAL | OVERSIGHT,
        "disagree": CLINICAL | OVERSIGHT,
    }
    ordering: ClassVar[tuple[str, ...]] = ("due_at", "id")
    serializer_class = serializers.RecordRequestSerializer
    filterset_class = RecordRequestFilter
    queryset = RecordRequest.objects.none()

    def get_queryset(self) -> QuerySet[RecordRequest, RecordRequest]:
        """Return the requests that the actor may read."""
        return corrections.requests_visible_to(self.actor, self.now)

    @extend_schema(
        summary="Take down what a patient asks of their records",
        request=serializers.RecordRequestingSerializer,
        responses={201: serializers.RecordRequestSerializer},
    )
    def create(self, request: Request) -> Response:
        """Take down a request."""
        data = self.valid(serializers.RecordRequestingSerializer)
        row = corrections.receive_request(
            data.pop("patient"), **data, actor=self.actor, now=self.now
        )
        return self.answer(row, status=201)

    @extend_schema(
        summary="Grant a request", request=serializers.RequestAnswerSerializer, responses=_MOVED
    )
    @action(detail=True, methods=["post"])
    def grant(self, request: Request, pk: str) -> Response:
        """Grant a request; it is fulfilled by what follows."""
        return self._decide("grant", pk, serializers.RequestAnswerSerializer)

    @extend_schema(
        summary="Refuse a request, with a code and words for the patient",
        request=serializers.RequestRefusalSerializer,
        responses=_MOVED,
    )
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuse a request; the patient may then disagree beside the record."""
        return self._decide("refuse", pk, serializers.RequestRefusalSerializer)

    @extend_schema(
        summary="Withdraw a request at the patient's word",
        request=serializers.RequestAnswerSerializer,
        responses=_MOVED,
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Close a request that the patient no longer makes."""
        return self._decide("withdraw", pk, serializers.RequestAnswerSerializer)

    @extend_schema(
        summary="Close a granted request: access was given, or the record corrected",
        request=serializers.RequestFulfilSerializer,
        responses=_MOVED,
    )
    @action(detail=True, methods=["post"])
    def fulfil(self, request: Request, pk: str) -> Response:
        """Name the record that corrects the one asked about."""
        corrected_by = self.valid(serializers.RequestFulfilSerializer)["corrected_by"]
        row = corrections.fulfil_request(
            UUID(pk), corrected_by=corrected_by, actor=self.actor, now=self.now
        )
        return self._as_read(row)

    @extend_schema(
        summary="Put the patient's disagreement beside the record",
        request=serializers.DisagreementSerializer,
        responses=_MOVED,
    )
    @action(detail=True, methods=["post"])
    def disagree(self, request: Request, pk: str) -> Response:
        """Write down the patient's own words; they are shown with the record from then on."""
        data = self.valid(serializers.DisagreementSerializer)
        statement = corrections.disagree(UUID(pk), **data, actor=self.actor, now=self.now)
        return self._as_read(statement.request)

    def _decide(self, name: str, pk: str, serializer_class: Any) -> Response:
        given = self.valid(serializer_class)
        row = corrections.decide_request(UUID(pk), name, **given, actor=self.actor, now=self.now)
        return self._as_read(row)

    def _as_read(self, row: RecordRequest) -> Response:
        return self.answer(self.get_queryset().get(pk=row.pk))


class LegalHoldFilter(filters.FilterSet):
    """How a hold is looked for."""

    patient = OfPatientFilter()
    standing = filters.BooleanFilter(field_name="until", lookup_expr="isnull")

    class Meta:
        model = LegalHold
        fields: ClassVar[list[str]] = []


@extend_schema_view(
    list=extend_schema(summary="List legal holds"),
    retrieve=extend_schema(summary="Read a legal hold"),
)
class LegalHoldViewSet(OfPatients, Listed, Retrieved):
    """Holds that keep everything of a patient from being disposed of."""

    audited_as = "LegalHold"
    seen_in: ClassVar[View] = "oversight"
    roles = dict.fromkeys(("list", "retrieve", "create", "release"), OVERSIGHT)
    ordering: ClassVar[tuple[str, ...]] = ("-since", "-id")
    serializer_class = serializers.LegalHoldSerializer
    filterset_class = LegalHoldFilter
    queryset = LegalHold.objects.none()

    def get_queryset(self) -> QuerySet[LegalHold, LegalHold]:
        """Return the organization's holds."""
        return retention.holds_visible_to(self.actor, self.now)

    @extend_schema(
        summary="Place a legal hold",
        request=serializers.HoldPlacingSerializer,
        responses={201: serializers.LegalHoldSerializer},
    )
    def create(self, request: Request) -> Response:
        """Place a hold."""
        data = self.valid(serializers.HoldPlacingSerializer)
        hold = retention.place_hold(data.pop("patient"), **data, actor=self.actor, now=self.now)
        return self.answer(hold, status=201)

    @extend_schema(
        summary="Release a legal hold",
        request=serializers.HoldReleaseSerializer,
        responses={200: serializers.LegalHoldSerializer},
    )
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Release a hold."""
        reason = self.valid(serializers.HoldReleaseSerializer)["reason"]
        hold = retention.release_hold(UUID(pk), reason=reason, actor=self.actor, now=self.now)
        return self.answer(hold)


@extend_schema_view(list=extend_schema(summary="List decisions about how long records are kept"))
class RetentionPolicyViewSet(Listed):
    """How long the organization keeps each kind of record; nothing of any patient."""

    roles = dict.fromkeys(("list", "create"), OVERSIGHT)
    ordering: ClassVar[tuple[str, ...]] = ("-recorded_at", "-id")
    serializer_class = serializers.RetentionPolicySerializer
    queryset = RetentionPolicy.objects.none()

    def get_queryset(self) -> QuerySet[RetentionPolicy, RetentionPolicy]:
        """Return every decision, the latest first."""
        return RetentionPolicy.objects.filter(organization_id=self.actor.organization_id)

    @extend_schema(
        summary="Decide how long one kind of record is kept",
        responses={201: serializers.RetentionPolicySerializer},
    )
    def create(self, request: Request) -> Response:
        """Record a decision; it counts from now on."""
        row = retention.decide_policy(**self.valid(), actor=self.actor, now=self.now)
        return self.answer(row, status=201)
