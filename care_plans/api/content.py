"""Clinical content: measures, pathways, their versions, and who vouches for one."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import content_review, signing
from care_plans.api import content_serializers as serializers
from care_plans.api import measure_serializers
from care_plans.models import (
    Measure,
    MeasureVersion,
    Pathway,
    PathwayReview,
    PathwaySignature,
    PathwayVersion,
)
from coordination.api.permissions import ANY_ROLE, CLINICAL
from coordination.api.views import Listed, Retrieved

SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH)
_SIGNATURES = Prefetch("signatures", PathwaySignature.objects.order_by("signed_at", "id"))
_REVIEWS = Prefetch("reviews", PathwayReview.objects.order_by("-reviewed_at", "-id"))


class MeasureFilter(filters.FilterSet):
    """How a measure is looked for."""

    side_required = filters.BooleanFilter()
    loinc = filters.CharFilter()

    class Meta:
        model = Measure
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List outcome measures"),
    retrieve=extend_schema(summary="Read an outcome measure"),
)
class MeasureViewSet(Listed, Retrieved):
    """Outcome measures with range, direction, thresholds, sources and licence."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE}
    lookup_field = "slug"
    lookup_value_regex = "[a-z][a-z0-9_]{0,59}"
    ordering = ("slug",)
    serializer_class = measure_serializers.MeasureSerializer
    filterset_class = MeasureFilter
    queryset = Measure.objects.all()


@extend_schema_view(
    list=extend_schema(summary="List a measure's versions", parameters=[SLUG]),
    retrieve=extend_schema(
        summary="Read a measure as it was in a version",
        parameters=[
            SLUG,
            OpenApiParameter(
                "measure_version", int, OpenApiParameter.PATH, description="Its number."
            ),
        ],
    ),
)
class MeasureVersionViewSet(Listed, Retrieved):
    """What a measure was in each of its versions; each score names the one that scored it."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE}
    lookup_field = "version"
    lookup_url_kwarg = "measure_version"
    lookup_value_regex = r"\d{1,6}"
    serializer_class = measure_serializers.MeasureVersionSerializer
    queryset = MeasureVersion.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the versions of the measure in the address."""
        rows = MeasureVersion.objects.filter(measure__slug=self.kwargs.get("slug", ""))
        return rows.select_related("measure")


@extend_schema_view(
    list=extend_schema(summary="List pathways with their versions"),
    retrieve=extend_schema(
        summary="Read a pathway with its versions",
        responses={200: serializers.PathwayDetailSerializer},
    ),
)
class PathwayViewSet(Listed, Retrieved):
    """Pathways and which of their versions your organization has signed."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE}
    lookup_field = "slug"
    lookup_value_regex = "[a-z][a-z0-9-]{0,59}"
    ordering = ("slug",)
    serializer_class = serializers.PathwaySerializer
    queryset = Pathway.objects.prefetch_related(
        Prefetch(
            "versions",
            PathwayVersion.objects.with_stated_due()
            .defer("content")
            .order_by("published_at", "id")
            .prefetch_related(_SIGNATURES, _REVIEWS),
        )
    )

    def get_serializer_class(self) -> Any:
        """Show what is known of a stub where one alone is read."""
        if self.action == "retrieve":
            return serializers.PathwayDetailSerializer
        return serializers.PathwaySerializer


@extend_schema_view(
    list=extend_schema(summary="List a pathway's versions", parameters=[SLUG]),
    retrieve=extend_schema(
        summary="Read a version with all its content and sources",
        parameters=[SLUG],
        responses={200: serializers.PathwayVersionSerializer},
    ),
)
class PathwayVersionViewSet(Listed, Retrieved):
    """Published versions: immutable, and pinned by the courses that follow them."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE, "sign": CLINICAL, "review": CLINICAL}
    lookup_field = "version"
    lookup_value_regex = r"\d{1,4}\.\d{1,4}\.\d{1,4}"
    serializer_class = serializers.PathwayVersionSummarySerializer
    queryset = PathwayVersion.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the versions of the pathway in the address."""
        rows = PathwayVersion.objects.filter(pathway__slug=self.kwargs.get("slug", ""))
        rows = rows.with_stated_due().select_related("pathway")
        rows = rows.prefetch_related(_SIGNATURES, _REVIEWS)
        return rows.defer("content") if self.action == "list" else rows

    def get_serializer_class(self) -> Any:
        """Show the content of one alone."""
        if self.action == "list":
            return serializers.PathwayVersionSummarySerializer
        return serializers.PathwayVersionSerializer

    @extend_schema(
        summary="Sign a version for your organization",
        description=(
            "From then on it may be applied to real patients. Name, college and number must be "
            "those of your own registration, in a discipline that the version lets sign."
        ),
        parameters=[SLUG],
        request=serializers.PathwaySigningSerializer,
        responses={201: serializers.PathwaySignatureSerializer},
    )
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, slug: str, version: str) -> Response:
        """Vouch for a version with name, college number and date."""
        signature = signing.sign(
            self.get_object(),
            **self.valid(serializers.PathwaySigningSerializer),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(
            signature, status=201, serializer_class=serializers.PathwaySignatureSerializer
        )

    @extend_schema(
        summary="Record that a version still holds",
        description=(
            "Renews the review of a version that your organization has signed, until the day "
            "given. Name, college and number must be those of your own registration, in a "
            "discipline that the version lets sign."
        ),
        parameters=[SLUG],
        request=serializers.PathwayReviewingSerializer,
        responses={201: serializers.PathwayReviewSerializer},
    )
    @action(detail=True, methods=["post"])
    def review(self, request: Request, slug: str, version: str) -> Response:
        """Vouch again, with name, college number and date, until a new day."""
        renewed = content_review.review(
            self.get_object(),
            **self.valid(serializers.PathwayReviewingSerializer),
            actor=self.actor,
            now=self.now,
        )
        return self.answer(
            renewed, status=201, serializer_class=serializers.PathwayReviewSerializer
        )
