"""`/access-reviews`: a privacy officer judges the accesses that were drawn."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import access_reviews
from coordination.api.permissions import OVERSIGHT
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.disclosure import View
from coordination.models import AccessGrant, AccessReview, AuditEvent, Override, User


class AccessReviewSerializer(serializers.ModelSerializer[AccessReview]):
    """One access to one patient, why it was drawn, and what was made of it."""

    patient_name = serializers.CharField(source="patient")
    week = serializers.DateField(source="sample.week")
    rules = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = AccessReview
        fields = [
            "id",
            "week",
            "patient",
            "patient_name",
            "accessed_at",
            "user_id",
            "actor",
            "event",
            "resource",
            "basis",
            "rules",
            "verdict",
            "reviewed_by",
            "reviewed_at",
            "review_note",
        ]
        read_only_fields = fields


class HeldSerializer(serializers.ModelSerializer[AccessGrant]):
    """A reason that the reader had, or has, to see the patient."""

    class Meta:
        model = AccessGrant
        fields = ["basis", "source_id", "since", "until"]
        read_only_fields = fields


class AccessReviewInContextSerializer(AccessReviewSerializer):
    """The same, with what helps to judge it."""

    reader_name = serializers.SerializerMethodField()
    accesses_to_this_patient = serializers.SerializerMethodField()
    reasons_held = serializers.SerializerMethodField()

    class Meta(AccessReviewSerializer.Meta):
        fields = [
            *AccessReviewSerializer.Meta.fields,
            "reader_name",
            "accesses_to_this_patient",
            "reasons_held",
        ]
        read_only_fields = fields

    def get_reader_name(self, review: AccessReview) -> str:
        """Return the name of who looked."""
        return str(User.objects.get(pk=review.user_id).name)

    def get_accesses_to_this_patient(self, review: AccessReview) -> int:
        """Return how often this reader ever met this patient."""
        return AuditEvent.objects.filter(
            user_id=review.user_id, patient_ids__contains=[review.patient_id]
        ).count()

    @extend_schema_field(HeldSerializer(many=True))
    def get_reasons_held(self, review: AccessReview) -> Any:
        """Return every grant that the reader ever had to this patient."""
        held = AccessGrant.objects.filter(
            patient=review.patient_id, practitioner_role__practitioner__user=review.user_id
        )
        return HeldSerializer(held.order_by("since", "id"), many=True).data


class DecisionSerializer(serializers.Serializer[Any]):
    """What a privacy officer makes of an access."""

    verdict = serializers.ChoiceField(choices=Override.Verdict.choices)
    reason = serializers.CharField(max_length=2000)


class AccessReviewFilter(filters.FilterSet):
    """What is looked for."""

    decided = filters.BooleanFilter(method="by_decided", label="Judged already, or still open.")
    week = filters.DateFilter(field_name="sample__week")

    class Meta:
        model = AccessReview
        fields: ClassVar[list[str]] = []

    def by_decided(
        self, rows: QuerySet[AccessReview, AccessReview], name: str, value: bool
    ) -> QuerySet[AccessReview, AccessReview]:
        """Keep one or the other."""
        return rows.exclude(verdict="") if value else rows.filter(verdict="")


@extend_schema_view(
    list=extend_schema(summary="List the accesses that were drawn for review"),
    retrieve=extend_schema(
        summary="Read one with its context", responses=AccessReviewInContextSerializer
    ),
)
class AccessReviewViewSet(OfPatients, Listed, Retrieved):
    """Drawn each week by rule and at random; judged once, by somebody else than the reader."""

    audited_as = "AccessReview"
    seen_in: ClassVar[View] = "oversight"
    roles = dict.fromkeys(("list", "retrieve", "decide"), OVERSIGHT)
    serializer_class = AccessReviewSerializer
    filterset_class = AccessReviewFilter
    queryset = AccessReview.objects.none()

    def get_queryset(self) -> QuerySet[AccessReview, AccessReview]:
        """Return the reviews of the organization."""
        return access_reviews.reviews_visible_to(self.actor, self.now)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one review with its context."""
        row = self.get_object()
        self.audit_disclosure([row], searched=False)
        return self.answer(row, serializer_class=AccessReviewInContextSerializer)

    @extend_schema(
        summary="Judge an access, once",
        request=DecisionSerializer,
        responses={200: AccessReviewSerializer},
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Store the verdict with its reason."""
        review = access_reviews.decide(
            self.get_object().pk, actor=self.actor, now=self.now, **self.valid(DecisionSerializer)
        )
        return self.answer(review)
