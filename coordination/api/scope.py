"""The scope-of-practice table to read, and what an organization takes away from it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import scope
from coordination.api.permissions import ADMINISTRATION, ANY_ROLE
from coordination.api.views import ContinuumViewSet, Listed, Retrieved
from coordination.models import Discipline, ScopeNarrowing


class ScopeCellSerializer(serializers.Serializer[Any]):
    """What one discipline may, and what that rests on."""

    discipline = serializers.ChoiceField(choices=Discipline.choices)
    may = serializers.BooleanField(help_text="By the table, before the organization narrows it.")
    narrowed = serializers.BooleanField(help_text="Your organization took it away.")
    kinds = serializers.ListField(
        child=serializers.CharField(), help_text="To which kinds it applies; empty: to all."
    )
    verified = serializers.ChoiceField(choices=["read", "recall", "unverified"])
    rests_on = serializers.CharField(help_text="Where it comes from, or that nothing was found.")
    note = serializers.CharField()


class ScopeEntrySerializer(serializers.Serializer[Any]):
    """One thing that somebody may do to a patient's care."""

    entry = serializers.CharField()
    says = serializers.CharField()
    who = serializers.ChoiceField(
        choices=["practitioner", "discipline", "lead", "lead_or_discipline"],
        help_text="What somebody must be besides seeing the patient.",
    )
    among = serializers.CharField(help_text="Where the matter's disciplines come from.")
    in_team = serializers.BooleanField(help_text="Being asked does not suffice.")
    is_built = serializers.BooleanField(help_text="False: no address does this yet.")
    cells = ScopeCellSerializer(many=True)


class ScopeOfPracticeViewSet(ContinuumViewSet):
    """Which discipline may do what, as the server enforces it at every write."""

    roles = {"list": ANY_ROLE}
    serializer_class = ScopeEntrySerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        summary="Read the scope-of-practice table",
        description="What has no source says so: it is a default of this software.",
        responses={200: ScopeEntrySerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        """Return every entry with the cell of every discipline."""
        return Response(self.get_serializer(scope.described(), many=True).data)


class ScopeNarrowingSerializer(serializers.ModelSerializer[ScopeNarrowing]):
    """Something that the table allows and the organization does not."""

    class Meta:
        model = ScopeNarrowing
        fields = ["id", "entry", "discipline", "reason", "actor", "since", "until"]
        read_only_fields = ["id", "actor", "since", "until"]


@extend_schema_view(
    list=extend_schema(summary="List what the organization took away from the scope table"),
    retrieve=extend_schema(summary="Read one narrowing"),
)
class ScopeNarrowingViewSet(Listed, Retrieved):
    """An organization may take away what the table allows, never the reverse."""

    roles = {
        "list": ANY_ROLE,
        "retrieve": ANY_ROLE,
        "create": ADMINISTRATION,
        "lift": ADMINISTRATION,
    }
    serializer_class = ScopeNarrowingSerializer
    queryset = ScopeNarrowing.objects.none()

    def get_queryset(self) -> QuerySet[ScopeNarrowing, ScopeNarrowing]:
        """Return the organization's own."""
        return ScopeNarrowing.objects.all()

    @extend_schema(
        summary="Take something away from a discipline",
        responses={201: ScopeNarrowingSerializer},
    )
    def create(self, request: Request) -> Response:
        """Narrow the table; it counts from the next request on."""
        row = scope.narrow(**self.valid(), actor=self.actor, now=self.now)
        return self.answer(row, status=201)

    @extend_schema(summary="Give it back", request=None, responses={200: ScopeNarrowingSerializer})
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:
        """End a narrowing."""
        return self.answer(scope.lift(UUID(pk), actor=self.actor, now=self.now))
