"""On-call duties: who answers for safety alerts, and when."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import on_call
from coordination.api.permissions import ADMINISTRATION, CARE, SCHEDULING
from coordination.api.views import Listed, Retrieved
from coordination.models import OnCallDuty

Rows = QuerySet[Any, Any]


class OnCallDutySerializer(serializers.ModelSerializer[OnCallDuty]):
    """One period in which a practitioner answers for safety alerts."""

    practitioner_name = serializers.CharField(
        source="practitioner_role.practitioner.name", read_only=True
    )

    class Meta:
        model = OnCallDuty
        fields = [
            "id",
            "practitioner_role",
            "practitioner_name",
            "since",
            "until",
            "recorded_by",
            "recorded_at",
        ]
        read_only_fields = fields


class NewOnCallDutySerializer(serializers.Serializer[Any]):
    """Who is to be on call, and when."""

    practitioner_role = serializers.UUIDField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When it ends; null: until further notice."
    )


class OnCallDutyFilter(filters.FilterSet):
    """How a duty is looked for."""

    current = filters.BooleanFilter(method="by_current", label="On call now.")

    class Meta:
        model = OnCallDuty
        fields: list[str] = []

    def by_current(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) who is on call now."""
        request: Any = self.request
        now = request.parser_context["view"].now
        running = Q(since__lte=now) & (Q(until=None) | Q(until__gt=now))
        return rows.filter(running) if value else rows.exclude(running)


@extend_schema_view(
    list=extend_schema(summary="List who is on call, and when"),
    retrieve=extend_schema(summary="Read one on-call duty"),
)
class OnCallDutyViewSet(Listed, Retrieved):
    """Who answers for safety alerts: of whichever patient, for as long as they are on call."""

    roles = {
        "list": CARE | ADMINISTRATION,
        "retrieve": CARE | ADMINISTRATION,
        "create": SCHEDULING | ADMINISTRATION,
        "end": SCHEDULING | ADMINISTRATION,
    }
    ordering = ("-id",)
    serializer_class = OnCallDutySerializer
    filterset_class = OnCallDutyFilter
    queryset = OnCallDuty.objects.none()

    def get_queryset(self) -> Rows:
        """Return the duties of the organization."""
        return OnCallDuty.objects.select_related("practitioner_role__practitioner")

    @extend_schema(
        summary="Put a practitioner on call",
        request=NewOnCallDutySerializer,
        responses={201: OnCallDutySerializer},
    )
    def create(self, request: Request) -> Response:
        """Arrange a duty."""
        data = self.valid(NewOnCallDutySerializer)
        duty = on_call.arrange_duty(
            data["practitioner_role"],
            since=data["since"],
            until=data["until"],
            actor=self.actor,
            now=self.now,
        )
        return self.answer(self.get_queryset().get(pk=duty.pk), status=201)

    @extend_schema(
        summary="End an on-call duty now",
        request=None,
        responses={200: OnCallDutySerializer},
    )
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Let somebody be on call no longer."""
        duty = on_call.end_duty(self.get_object().pk, actor=self.actor, now=self.now)
        return self.answer(self.get_queryset().get(pk=duty.pk))
