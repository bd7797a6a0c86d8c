"""Activities of a plan's courses that are in each other's way, and what the lead decides."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import disclosing, resolving
from care_plans.api.citing import cites
from care_plans.conflicts import (
    RULES,
    Conflict,
    Standing,
    decided,
    found,
    left_out,
    of_plan,
    state_of,
)
from care_plans.models import Activity, CarePlan, ConflictDecision
from coordination.access import owned_by_patient
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients
from coordination.models import Discipline


class ConflictingActivitySerializer(serializers.ModelSerializer[Activity]):
    """One of the two activities, and the version of the pathway that asks for it."""

    pathway = serializers.CharField(source="course.pathway_version.pathway.slug", read_only=True)
    version = serializers.CharField(source="course.pathway_version.version", read_only=True)
    cites = serializers.SerializerMethodField(help_text="What the activity rests on.")
    condition = serializers.CharField(source="course.condition", read_only=True)
    discipline = serializers.ChoiceField(
        choices=Discipline.choices, source="lane.discipline", read_only=True
    )

    class Meta:
        model = Activity
        fields = [
            "id",
            "course",
            "pathway",
            "version",
            "condition",
            "discipline",
            "stage",
            "key",
            "text",
            "status",
            "because",
            "cites",
        ]
        read_only_fields = fields

    def get_cites(self, row: Activity) -> list[str]:
        """Return each citation; empty where the version that is followed now does not have it."""
        definition = row.course.pathway_version.definition
        stage: Any = row.stage
        found = definition.stage(stage).activity(row.key)
        return cites(definition, found[1].source) if found is not None else []


class ConflictSerializer(serializers.Serializer[Any]):
    """Two activities of two courses about which the lead has to decide, or has decided."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ConflictDecision.Kind.choices)
    about = serializers.ListField(
        child=serializers.CharField(), help_text="The exercises, words or structures in common."
    )
    sentence = serializers.CharField()
    rule = serializers.CharField(help_text="What calls for a decision about the two.")
    is_expert_consensus = serializers.BooleanField(
        help_text="The rule is the authors' own: no source says it."
    )
    status = serializers.ChoiceField(choices=[(one.value, one.name) for one in Standing])
    first = ConflictingActivitySerializer(allow_null=True, help_text="Null: withheld from you.")
    second = ConflictingActivitySerializer(allow_null=True, help_text="Null: withheld from you.")
    reason = serializers.CharField(allow_null=True, help_text="Of the latest decision.")
    decided_by = serializers.UUIDField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    left_out = serializers.UUIDField(
        allow_null=True, help_text="The activity that the decision stopped; null where withheld."
    )
    is_current = serializers.BooleanField(
        help_text="False: both are not planned any more, as after one was kept."
    )


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


class ConflictQuerySerializer(serializers.Serializer[Any]):
    """Which conflicts are asked for."""

    decided = serializers.BooleanField(default=False)


class PlanConflictViewSet(OfPatients):
    """What of a plan's courses does not go together."""

    audited_as = "ConflictDecision"
    roles = dict.fromkeys(("conflicts", "decide_conflict"), CLINICAL)
    parameters: ClassVar = {"conflicts": ("decided",)}
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
        parameters=[
            OpenApiParameter(
                "decided",
                OpenApiTypes.BOOL,
                description="True: those that were decided about, also where nothing conflicts "
                "any more, each as it was then, with who decided, why, and what was left out. "
                "Nothing waits for these: one of which anything is withheld is not listed.",
            )
        ],
        responses={200: ConflictSerializer(many=True)},
    )
    @action(detail=True)
    def conflicts(self, request: Request, pk: str) -> Response:
        """Return the conflicts as they stand, with the latest decision about each."""
        asked = ConflictQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        plan: Any = self.get_object()
        self.audit_disclosure([plan], searched=False)
        every = found(of_plan(plan).values())
        states = state_of(every)
        current = {one.id for one in every}
        rows: list[tuple[Conflict, Standing, ConflictDecision | None]] = (
            list(decided(plan))
            if asked.validated_data["decided"]
            else [(one, *states[one.id]) for one in every]
        )
        shown = self._shown({two for one, *_ in rows for two in (one.first, one.second)})
        mine = ConflictDecision.objects.filter(pk__in={row.pk for *_, row in rows if row})
        readable = set(disclosing.disclose(mine, self.actor, self.now).values_list("pk", flat=True))
        if asked.validated_data["decided"]:
            rows = [row for row in rows if _is_shown(row[0], row[2], shown, readable)]
        told = [
            {**self._told(one, standing, row, shown, readable), "is_current": one.id in current}
            for one, standing, row in rows
        ]
        return Response(ConflictSerializer(told, many=True).data)

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
        rows = (
            Activity.objects.filter(pk__in=ids)
            .select_related("course", "lane")
            .prefetch_related("course__pathway_version__pathway")
        )
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
        # its reason may speak of either
        told = last if _is_shown(one, last, shown, readable) else None
        return {
            "id": one.id,
            "kind": one.kind,
            "about": list(one.about) if whole else [],
            "sentence": one.sentence if whole else disclosing.WITHHELD,
            "rule": RULES[one.kind] if whole else disclosing.WITHHELD,
            "is_expert_consensus": whole,
            "status": standing,
            "first": shown.get(one.first),
            "second": shown.get(one.second),
            "reason": told.reason if told else None,
            "decided_by": told.practitioner_role_id if told else None,
            "decided_at": told.recorded_at if told else None,
            "left_out": left_out(one, standing) if told else None,
        }


def _is_shown(
    one: Conflict,
    last: ConflictDecision | None,
    shown: dict[UUID, Activity],
    readable: set[UUID],
) -> bool:
    """Say whether a conflict was decided about, and nothing of it is withheld."""
    return {one.first, one.second} <= shown.keys() and last is not None and last.pk in readable
