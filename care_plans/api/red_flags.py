"""Red flags that were found: the open ones first, taken up and cleared."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import open_flags, red_flags
from care_plans.api import finding_serializers as serializers
from care_plans.disclosing import doers_shown
from care_plans.models import RedFlag
from coordination.api.permissions import CLINICAL
from coordination.api.records import OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved

Rows = QuerySet[Any, Any]


class RedFlagFilter(filters.FilterSet):
    """How a red flag is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    urgency = filters.ChoiceFilter(choices=RedFlag.urgency.field.choices)
    open = filters.BooleanFilter(method="by_open", label="Not cleared.")
    overdue = filters.BooleanFilter(method="by_overdue", label="Open, and past its due time.")
    mine = filters.BooleanFilter(method="by_mine", label="Yours to look into.")

    class Meta:
        model = RedFlag
        fields: list[str] = []

    def by_open(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what nobody has cleared."""
        cleared = Q(status=RedFlag.Status.CLEARED)
        return rows.exclude(cleared) if value else rows.filter(cleared)

    def by_overdue(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what should have been dealt with."""
        request: Any = self.request
        late = ~Q(status=RedFlag.Status.CLEARED) & Q(due_at__lt=request.parser_context["view"].now)
        return rows.filter(late) if value else rows.filter(~late | Q(due_at=None))

    def by_mine(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what the asker owes looking into."""
        request: Any = self.request
        mine = Q(work_item__owner_id__in=request.auth.practitioner_role_ids)
        return rows.filter(mine) if value else rows.filter(~mine | Q(work_item=None))


@extend_schema_view(
    list=extend_schema(summary="List red flags that were found"),
    retrieve=extend_schema(summary="Read a red flag"),
)
class RedFlagViewSet(OfPatients, Listed, Retrieved):
    """Flags that a screen found present: each stays open until a clinician clears it."""

    audited_as = "RedFlag"
    roles = {
        "list": CLINICAL,
        "retrieve": CLINICAL,
        "acknowledge": CLINICAL,
        "clear": CLINICAL,
    }
    ordering = ("-id",)
    serializer_class = serializers.RedFlagSerializer
    filterset_class = RedFlagFilter
    queryset = RedFlag.objects.none()

    def get_queryset(self) -> Rows:
        """Return the flags of patients within the actor's reach."""
        rows = red_flags.with_words(RedFlag.objects.select_related("work_item"))
        return doers_shown(
            self.narrow(rows, self.actor, self.now),
            self.actor,
            self.now,
            said_by="cleared_by_shown",
            owner_shown="work_item__owner",
            acknowledged_by_shown="acknowledged_by",
            cleared_by_shown="cleared_by",
        )

    def get_serializer_context(self) -> dict[str, Any]:
        """Hand on the clock."""
        return {**super().get_serializer_context(), "now": self.now}

    @extend_schema(
        summary="Take up a red flag",
        description="It is yours to look into from now on. It stays open.",
        request=None,
        responses={200: serializers.RedFlagSerializer},
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that the asker looks into it."""
        row = open_flags.acknowledge(self.get_object().pk, actor=self.actor, now=self.now)
        return self.answer(self.get_queryset().get(pk=row.pk))

    @extend_schema(
        summary="Clear a red flag",
        description=(
            "By a clinician of the team who may diagnose the condition, with the outcome and the "
            "reason. What it stopped may begin again; nothing begins by itself."
        ),
        request=serializers.ClearingSerializer,
        responses={200: serializers.RedFlagSerializer},
    )
    @action(detail=True, methods=["post"])
    def clear(self, request: Request, pk: str) -> Response:
        """Conclude that it does not hold any more."""
        data = self.valid(serializers.ClearingSerializer)
        row = open_flags.clear(self.get_object().pk, **data, actor=self.actor, now=self.now)
        return self.answer(self.get_queryset().get(pk=row.pk))
