"""A newer version of a course's pathway: what it says differently, adopted or declined."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import adopting, disclosing
from care_plans.api.content_serializers import PathwayVersionSummarySerializer
from care_plans.api.course_serializers import CourseSerializer
from care_plans.models import Course, PathwayVersion, VersionDecision
from coordination.access import owned_by_patient
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients


@extend_schema_field({})
class _Said(serializers.JSONField):
    """What stands there: a text, a number, a list or a part of the pathway."""


class DifferenceSerializer(serializers.Serializer[Any]):
    """One place at which two versions differ."""

    place = serializers.CharField(help_text="Where it stands, items of lists by their id.")
    kind = serializers.ChoiceField(
        choices=[("added", "Added"), ("removed", "Removed"), ("changed", "Changed")]
    )
    before = _Said(allow_null=True, help_text="What the course's own version says.")
    after = _Said(allow_null=True, help_text="What the other version says.")


class VersionDecisionSerializer(serializers.ModelSerializer[VersionDecision]):
    """What was decided about a version for one patient."""

    from_version = serializers.CharField(source="from_version.version", read_only=True)
    to_version = serializers.CharField(source="to_version.version", read_only=True)

    class Meta:
        model = VersionDecision
        fields = [
            "id",
            "course",
            "from_version",
            "to_version",
            "decision",
            "reason",
            "practitioner_role",
            "recorded_at",
        ]
        read_only_fields = fields


class NewerVersionSerializer(serializers.Serializer[Any]):
    """The newest version of a course's pathway, what it changes, and what was decided so far."""

    version = PathwayVersionSummarySerializer(
        allow_null=True, help_text="Null: the course follows the newest."
    )
    differences = DifferenceSerializer(many=True)
    decisions = VersionDecisionSerializer(many=True)


class AdoptionSerializer(serializers.Serializer[Any]):
    """Which version to follow."""

    pathway_version = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)


class VersionRefusalSerializer(serializers.Serializer[Any]):
    """Which version is not followed, and why."""

    pathway_version = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000)


class CourseVersionViewSet(OfPatients):
    """What is newer about the pathway of a course, decided patient by patient."""

    audited_as = "VersionDecision"
    roles = dict.fromkeys(("newer_version", "adopt_version", "decline_version"), CLINICAL)
    serializer_class = NewerVersionSerializer
    filterset_class = None
    pagination_class = None
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the courses within the actor's reach."""
        rows = owned_by_patient(Course.objects.all(), self.actor, self.now)
        found = rows.select_related("pathway", "pathway_version")
        return found.defer("pathway_version__content")

    @extend_schema(
        summary="Read what the newest version of a course's pathway says differently",
        responses={200: NewerVersionSerializer},
    )
    @action(detail=True, url_path="newer-version")
    def newer_version(self, request: Request, pk: str) -> Response:
        """Return the version, its differences, and what was decided before."""
        course: Any = self.get_object()
        self.audit_disclosure([course], searched=False)
        newest = adopting.newer_version(course)
        known = [newest.pk] if newest else []
        rows = PathwayVersion.objects.filter(pk__in=known)
        found = rows.with_stated_due().select_related("pathway").first()
        mine = VersionDecision.objects.filter(course=course)
        decisions = disclosing.disclose(mine, self.actor, self.now)
        shown = {
            "version": found,
            "differences": adopting.compared(course, found) if found else [],
            "decisions": decisions.select_related("from_version", "to_version").order_by(
                "recorded_at", "id"
            ),
        }
        context = self.get_serializer_context()
        return Response(NewerVersionSerializer(shown, context=context).data)

    @extend_schema(
        summary="Let a course follow another version of its pathway",
        description=(
            "What was begun or completed stays as it is; what lies ahead follows the new version."
        ),
        parameters=[IF_MATCH],
        request=AdoptionSerializer,
        responses={200: CourseSerializer, **VERSION_PROBLEMS},
    )
    @action(detail=True, methods=["post"], url_path="adopt-version")
    def adopt_version(self, request: Request, pk: str) -> Response:
        """Adopt it for this patient."""
        data = self.valid(AdoptionSerializer)
        course = adopting.adopt(
            self.get_object().pk,
            data["pathway_version"],
            version=expected_version(request),
            reason=data["reason"],
            actor=self.actor,
            now=self.now,
        )
        shown = disclosing.shown(Course.objects.filter(pk=course.pk), self.actor, self.now)
        return self.answer(shown.get(), serializer_class=CourseSerializer)

    @extend_schema(
        summary="Keep a course on its version, and say why",
        request=VersionRefusalSerializer,
        responses={200: VersionDecisionSerializer},
    )
    @action(detail=True, methods=["post"], url_path="decline-version")
    def decline_version(self, request: Request, pk: str) -> Response:
        """Decline it for this patient."""
        data = self.valid(VersionRefusalSerializer)
        row = adopting.decline(
            self.get_object().pk,
            data["pathway_version"],
            reason=data["reason"],
            actor=self.actor,
            now=self.now,
        )
        return self.answer(row, serializer_class=VersionDecisionSerializer)
