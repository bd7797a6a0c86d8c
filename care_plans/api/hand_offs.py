"""Hand-offs of the lead: offered, answered, and visible while they wait."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import hand_offs
from care_plans.api import hand_off_serializers as serializers
from care_plans.hand_off_evidence import shown_to
from care_plans.hand_off_moves import Answer
from coordination import access
from coordination.api.permissions import CARE, CLINICAL, SCHEDULING
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.disclosure import disclosed_to
from coordination.models import HandOff, HandOffStep, Patient

Rows = QuerySet[HandOff, HandOff]


class HandOffFilter(filters.FilterSet):
    """How a hand-off is looked for."""

    patient = filters.UUIDFilter(field_name="patient_id")
    open = filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    urgent = filters.BooleanFilter(field_name="is_urgent")
    overdue = filters.BooleanFilter(method="by_overdue", label="Open, and past its due time.")
    waiting = filters.BooleanFilter(
        method="by_waiting", label="Open, and nobody is named: a scheduler must name somebody."
    )
    mine = filters.BooleanFilter(method="by_mine", label="Offered by you, or waiting for you.")

    class Meta:
        model = HandOff
        fields: list[str] = []

    def by_overdue(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what should have been answered."""
        request: Any = self.request
        late = Q(closed_at=None, due_at__lt=request.parser_context["view"].now)
        return rows.filter(late) if value else rows.exclude(late)

    def by_waiting(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what waits for a scheduler."""
        waiting = Q(closed_at=None, work_item__owner=None)
        return rows.filter(waiting) if value else rows.exclude(waiting)

    def by_mine(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what the asker is a party to."""
        request: Any = self.request
        roles = request.auth.practitioner_role_ids
        party = Q(sender_id__in=roles) | Q(
            work_item__owner__isnull=False, work_item__owner_id__in=roles
        )
        return rows.filter(party) if value else rows.exclude(party)


@extend_schema_view(
    list=extend_schema(summary="List hand-offs, with their age"),
    retrieve=extend_schema(
        summary="Read a hand-off with its steps",
        responses={200: serializers.HandOffWithStepsSerializer},
    ),
)
class HandOffViewSet(OfPatients, Listed, Retrieved):
    """Hand-offs: until one is accepted, its sender stays accountable, and it ages visibly."""

    audited_as = "HandOff"
    seen_in = "directory"
    ordering = ("-id",)
    roles = {
        "list": CARE,
        "retrieve": CARE,
        "assign": SCHEDULING,
        "accept": CLINICAL,
        "decline": CLINICAL,
        "withdraw": CARE,
    }
    serializer_class = serializers.HandOffSerializer
    filterset_class = HandOffFilter
    queryset = HandOff.objects.none()

    def get_queryset(self) -> Rows:
        """Return the hand-offs of patients within reach."""
        rows = HandOff.objects.select_related(
            "sender__practitioner", "work_item__owner__practitioner"
        )
        if self.action == "retrieve":
            shown = disclosed_to(HandOffStep, self.actor, self.now, view="directory")
            steps = HandOffStep.objects.filter(shown).order_by("recorded_at", "id")
            rows = rows.prefetch_related(Prefetch("steps", steps))
        return access.owned_by_patient(rows, self.actor, self.now, view="directory")

    def get_serializer_class(self) -> Any:
        """Show the steps of one alone."""
        if self.action == "retrieve":
            return serializers.HandOffWithStepsSerializer
        return super().get_serializer_class()

    def audit_disclosure(self, rows: Iterable[Any], *, searched: bool, resource: str = "") -> None:
        """Record the reading, and find out what of the evidence this reader may see."""
        found = list(rows)
        super().audit_disclosure(found, searched=searched, resource=resource)
        self._weigh(found)

    def _weigh(self, found: list[HandOff]) -> None:
        mine = set(self.actor.practitioner_role_ids)
        parties = [row for row in found if mine & {row.sender_id, row.work_item.owner_id}]
        self.shown = shown_to(self.actor, parties, now=self.now)

    def get_serializer_context(self) -> dict[str, Any]:
        """Hand on the clock and what may be shown of the evidence."""
        return {
            **super().get_serializer_context(),
            "now": self.now,
            "shown": getattr(self, "shown", {}),
        }

    @extend_schema(
        summary="Name who is to take over, where nobody is named",
        request=serializers.AssignHandOffSerializer,
        responses={200: serializers.HandOffSerializer},
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Ask a practitioner to take over from a lead who may not practise or cannot log in."""
        self.get_object()
        data = self.valid(serializers.AssignHandOffSerializer)
        return self._take("assign", pk, Answer(to=data["practitioner_role"]))

    @extend_schema(
        summary="Accept a hand-off: become the lead",
        request=serializers.AcceptHandOffSerializer,
        responses={200: serializers.HandOffSerializer},
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Take over the lead, stating that the evidence was reviewed."""
        self.get_object()
        data = self.valid(serializers.AcceptHandOffSerializer)
        return self._take("accept", pk, Answer(**data))

    @extend_schema(
        summary="Decline a hand-off: the sender stays accountable",
        request=serializers.DeclineHandOffSerializer,
        responses={200: serializers.HandOffSerializer},
    )
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Decline with a coded reason."""
        self.get_object()
        data = self.valid(serializers.DeclineHandOffSerializer)
        return self._take("decline", pk, Answer(**data))

    @extend_schema(
        summary="Withdraw a hand-off",
        request=None,
        responses={200: serializers.HandOffSerializer},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take the offer back."""
        self.get_object()
        return self._take("withdraw", pk, Answer())

    def _take(self, step: str, pk: str, answer: Answer) -> Response:
        row = self.get_object()
        hand_offs.perform(row.pk, step, answer, actor=self.actor, now=self.now)
        # read anew, without asking for access: whoever declined sees their answer this once
        after = HandOff.objects.select_related(
            "sender__practitioner", "work_item__owner__practitioner"
        ).get(pk=row.pk)
        if step in {"accept", "withdraw"}:
            self._weigh([after])
        return self.answer(after)


class PatientHandOverViewSet(OfPatients):
    """Offering the lead of one patient to somebody else."""

    audited_as = "HandOff"
    seen_in = "directory"
    roles = {"hand_over": CARE}
    serializer_class = serializers.HandOffSerializer
    queryset = Patient.objects.none()

    def get_queryset(self) -> QuerySet[Patient, Patient]:
        """Return the patients within the actor's reach."""
        return access.patients_visible_to(self.actor, self.now, view="directory")

    @extend_schema(
        summary="Offer the lead to somebody, who must accept it",
        description="The present lead stays accountable until the hand-off is accepted.",
        request=serializers.HandOverSerializer,
        responses={201: serializers.HandOffSerializer},
    )
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: Request, pk: str) -> Response:
        """Open a hand-off."""
        patient = self.get_object()
        data = self.valid(serializers.HandOverSerializer)
        hand_off = hand_offs.offer(
            patient.pk,
            to_id=data.pop("practitioner_role"),
            actor=self.actor,
            now=self.now,
            **data,
        )
        mine = hand_off.sender_id in self.actor.practitioner_role_ids
        self.shown = shown_to(self.actor, [hand_off] if mine else [], now=self.now)
        return self.answer(hand_off, status=201)

    def get_serializer_context(self) -> dict[str, Any]:
        """Hand on the clock and what may be shown of the evidence."""
        return {
            **super().get_serializer_context(),
            "now": self.now,
            "shown": getattr(self, "shown", {}),
        }
