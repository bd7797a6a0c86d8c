"""Activities of a plan's courses that are in each other's way, and what the lead decides."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import disclosing, resolving
from care_plans.conflicts import Conflict, Standing, found, of_plan, state_of
from care_plans.models import Activity, CarePlan, ConflictDecision
from coordination.access import owned_by_patient
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients
from coordination.models import Discipline


class ConflictingActivitySerializer(serializers.ModelSerializer[Activity]):
    """One of the two activities."""

    condition = serializers.CharField(source="course.condition", read_only=True)
    discipline = serializers.ChoiceField(
        choices=Discipline.choices, source="lane.discipline", read_only=True
    )

    class Meta:
        model = Activity
        fields = ["id", "course", "condition", "discipline", "stage", "key", "text", "status"]
        read_only_fields = fields


class ConflictSerializer(serializers.Serializer[Any]):
    """Two activities of two courses about which the lead has to decide, or has decided."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ConflictDecision.Kind.choices)
    about = serializers.ListField(
        child=serializers.CharField(), help_text="The exercises, words or structures in common."
    )
    sentence = serializers.CharField()
    status = serializers.ChoiceField(choices=[(one.value, one.name) for one in Standing])
    first = ConflictingActivitySerializer(allow_null=True, help_text="Null: withheld from you.")
    second = ConflictingActivitySerializer(allow_null=True, help_text="Null: withheld from you.")
    reason = serializers.CharField(allow_null=True, help_text="Of the latest decision.")
    decided_by = serializers.UUIDField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class ConflictDecisionSerializer(serializers.ModelSerializer[ConflictDecision]):
    """What was decided."""

    class Meta:
        model = ConflictDecision
        fields = [
            "id",
            "conflict",
            "kind",
            "about",
            "first",
            "second",
            "decision",
            "reason",
            "practitioner_role",
            "recorded_at",
        ]
        read_only_fields = fields


class DecideConflictSerializer(serializers.Serializer[Any]):
    """Which conflict, what is kept, and why."""

    conflict = serializers.UUIDField(help_text="Its id, as it is listed.")
    decision = serializers.ChoiceField(choices=ConflictDecision.Decision.choices)
    reason = serializers.CharField(max_length=2000)


class PlanConflictViewSet(OfPatients):
    """What of a plan's courses does not go together."""

    audited_as = "ConflictDecision"
    roles = dict.fromkeys(("conflicts", "decide_conflict"), CLINICAL)
    serializer_class = ConflictSerializer
    filterset_class = None
    pagination_class = None
    queryset = CarePlan.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the plans within the actor's reach."""
        return owned_by_patient(CarePlan.objects.all(), self.actor, self.now)

    @extend_schema(
        summary="Read which activities of a plan's courses are in each other's way",
        description=(
            "Reckoned from what is planned now, always in the same order. Until the lead has "
            "decided, the second of two does not begin while the first goes on."
        ),
        responses={200: ConflictSerializer(many=True)},
    )
    @action(detail=True)
    def conflicts(self, request: Request, pk: str) -> Response:
        """Return the conflicts as they stand, with the latest decision about each."""
        plan: Any = self.get_object()
        self.audit_disclosure([plan], searched=False)
        every = found(of_plan(plan).values())
        states = state_of(every)
        shown = self._shown({one for each in every for one in (each.first, each.second)})
        decided = {last.pk for _, last in states.values() if last is not None}
        mine = ConflictDecision.objects.filter(pk__in=decided)
        readable = set(disclosing.disclose(mine, self.actor, self.now).values_list("pk", flat=True))
        rows = [self._told(one, *states[one.id], shown, readable) for one in every]
        return Response(ConflictSerializer(rows, many=True).data)

    @extend_schema(
        summary="Decide about two activities that are in each other's way, as the lead",
        description="Keeping one of them stops the other.",
        request=DecideConflictSerializer,
        responses={201: ConflictDecisionSerializer},
    )
    @action(detail=True, methods=["post"], url_path="decide-conflict")
    def decide_conflict(self, request: Request, pk: str) -> Response:
        """Keep both, or one, for a reason."""
        asked = self.valid(DecideConflictSerializer)
        row = resolving.decide(
            self.get_object().pk,
            asked["conflict"],
            asked["decision"],
            reason=asked["reason"],
            actor=self.actor,
            now=self.now,
        )
        return self.answer(row, status=201, serializer_class=ConflictDecisionSerializer)

    def _shown(self, ids: set[UUID]) -> dict[UUID, Activity]:
        rows = Activity.objects.filter(pk__in=ids).select_related("course", "lane")
        return {row.pk: row for row in disclosing.disclose(rows, self.actor, self.now)}

    def _told(
        self,
        one: Conflict,
        standing: Standing,
        last: ConflictDecision | None,
        shown: dict[UUID, Activity],
        readable: set[UUID],
    ) -> dict[str, Any]:
        """Return a conflict as the reader may know it: what is withheld keeps its effect."""
        whole = one.first in shown and one.second in shown
        told = last if last is not None and last.pk in readable else None
        return {
            "id": one.id,
            "kind": one.kind,
            "about": list(one.about) if whole else [],
            "sentence": one.sentence if whole else disclosing.WITHHELD,
            "status": standing,
            "first": shown.get(one.first),
            "second": shown.get(one.second),
            "reason": told.reason if told else None,
            "decided_by": told.practitioner_role_id if told else None,
            "decided_at": told.recorded_at if told else None,
        }
