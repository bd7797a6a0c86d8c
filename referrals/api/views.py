"""Referrals over HTTP: each action of the life cycle is a POST of its own."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.api.permissions import CARE, CLINICAL, SCHEDULING
from coordination.api.projected import Projected
from coordination.api.views import Retrieved
from coordination.disclosure import people_withheld
from referrals import lifecycle
from referrals.api import serializers
from referrals.api.filters import ReferralFilter
from referrals.candidates import candidates_for, decisions_on
from referrals.models import Referral, ReferralTransition
from referrals.permission import Report
from referrals.reading import referrals_readable_by
from referrals.requests import Request as ReferralRequest
from referrals.requests import request_referral

_MOVED = {200: serializers.ReferralSerializer}
_UNPAGED: dict[str, Any] = {"filterset_class": None, "pagination_class": None}


@extend_schema_view(
    list=extend_schema(summary="Find referrals within reach"),
    retrieve=extend_schema(summary="Read a referral"),
)
class ReferralViewSet(Projected, Retrieved):
    """Referrals: logistics for schedulers, everything for the patient's circle of care.

    `work` is the present work item (FHIR Task); it lives apart from the request (FHIR
    ServiceRequest), which stays active while one work item after another is declined.
    """

    audited_as = "Referral"
    seen_in = "directory"
    roles = {
        "list": CARE,
        "retrieve": CARE,
        "create": CLINICAL,
        "queue": SCHEDULING,
        "candidates": CARE,
        "transitions": CARE,
        "routing": CARE,
        "submit": CLINICAL,
        "claim": SCHEDULING,
        "release": SCHEDULING,
        "assign": SCHEDULING,
        "reroute": SCHEDULING,
        "accept": CLINICAL,
        "decline": CLINICAL,
        "requeue": CARE,
        "start": CLINICAL,
        "complete": CLINICAL,
        "acknowledge": CLINICAL,
        "hold": CLINICAL,
        "resume": CLINICAL,
        "revoke": CLINICAL,
    }
    projected = frozenset({"list", "queue"})
    ordering: ClassVar[tuple[str, ...]] = ()
    serializer_class = serializers.ReferralSerializer
    filterset_class = ReferralFilter
    queryset = Referral.objects.none()

    def get_queryset(self) -> QuerySet[Referral, Referral]:
        """Return the referrals within the actor's reach."""
        rows: QuerySet[Referral, Referral] = referrals_readable_by(self.actor, self.now).shown()
        return rows

    def projected_rows(self) -> QuerySet[Referral, Referral]:
        """Return the referrals within the actor's reach."""
        return self.get_queryset()

    def page_rows(self) -> QuerySet[Any, Any]:
        """Return what the list, or the queue, is asked for."""
        rows: Any = super().page_rows()
        waiting: QuerySet[Any, Any] = rows.waiting() if self.action == "queue" else rows
        return waiting

    @extend_schema(
        summary="Ask for a discipline's work",
        request=serializers.ReferralRequestSerializer,
        responses={
            201: serializers.ReferralSerializer,
            200: serializers.ReferralSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Refer a patient of your circle. The same key again answers 200 with the first one."""
        data = self.valid(serializers.ReferralRequestSerializer)
        asked = ReferralRequest(
            discipline=data["discipline"],
            reason_code=data["reason_code"],
            priority=data["priority"],
            sensitivity=data["sensitivity"],
            needed_by=data["needed_by"],
            location_id=data["location"],
            key=f"by-hand:{data['key']}" if data["key"] else "",  # a plan's keys are its own
        )
        referral, is_new = request_referral(
            asked,
            patient_id=data["patient"],
            requested_by_id=data["requested_by"],
            draft=data["draft"],
            actor=self.actor,
            now=self.now,
        )
        if not is_new:
            self.audit_disclosure([referral], searched=False)
        return self._as_it_is(referral.id, status=201 if is_new else 200)

    @extend_schema(
        summary="Read the schedulers' queue: the most pressing first, then the oldest",
        responses={200: serializers.ReferralSerializer(many=True)},
    )
    @action(detail=False, ordering=("queue_position",))
    def queue(self, request: Request) -> Response:
        """Return what waits for somebody to be assigned, claimed or not."""
        return self.list(request)

    @extend_schema(
        summary="Rank who could take it now, with every reason",
        responses={200: serializers.RoutingCandidateSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def candidates(self, request: Request, pk: str) -> Response:
        """Return everybody of the discipline; the excluded come last, and say why."""
        referral = self.get_object()
        self.audit_disclosure([referral], searched=False, resource="RoutingCandidate")
        found = candidates_for(referral, now=self.now, reader=self.actor)
        ranked = [entry.as_json() for entry in found]
        return Response(serializers.RoutingCandidateSerializer(ranked, many=True).data)

    @extend_schema(
        summary="Read every step so far, the first first",
        responses={200: serializers.ReferralTransitionSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def transitions(self, request: Request, pk: str) -> Response:
        """Return the history of the request and of all its work items."""
        referral = self.get_object()
        self.audit_disclosure([referral], searched=False, resource="ReferralTransition")
        rows = list(ReferralTransition.objects.filter(referral=referral).order_by("id"))
        people = {row.user_id for row in rows if row.user_id}
        unnamed = people_withheld(
            self.actor, self.now, referral.patient_id, people, view=self.seen_in
        )
        for row in rows:
            row.actor = "" if row.user_id in unnamed else row.actor
        return Response(serializers.ReferralTransitionSerializer(rows, many=True).data)

    @extend_schema(
        summary="Read how each assignment came about",
        responses={200: serializers.RoutingDecisionSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def routing(self, request: Request, pk: str) -> Response:
        """Return the ranking that stood behind each assignment, also of those not chosen."""
        referral = self.get_object()
        self.audit_disclosure([referral], searched=False, resource="RoutingDecision")
        rows = decisions_on(referral, reader=self.actor, now=self.now)
        return Response(serializers.RoutingDecisionSerializer(rows, many=True).data)

    @extend_schema(summary="Send a draft", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Put a draft into the schedulers' queue."""
        return self._perform(pk, "submit")

    @extend_schema(summary="Claim it before assigning", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: str) -> Response:
        """Keep other schedulers from assigning it for a quarter of an hour."""
        return self._perform(pk, "claim")

    @extend_schema(summary="Give your claim up", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Let any scheduler take it again."""
        return self._perform(pk, "release")

    @extend_schema(
        summary="Assign it", request=serializers.ReferralAssignSerializer, responses=_MOVED
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Ask the first of the ranking, or another routable candidate for a coded reason."""
        data = self.valid(serializers.ReferralAssignSerializer)
        return self._perform(
            pk, "assign", to=data["practitioner_role"], reason_code=data["reason_code"]
        )

    @extend_schema(summary="Ask the next candidate", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def reroute(self, request: Request, pk: str) -> Response:
        """Ask the best of those who have room and have not had it; nothing is typed again."""
        return self._perform(pk, "reroute")

    @extend_schema(summary="Accept it", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Take it up and join the patient's care team."""
        return self._perform(pk, "accept")

    @extend_schema(
        summary="Decline it", request=serializers.ReferralDeclineSerializer, responses=_MOVED
    )
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Say why not; it goes back into the queue and your access ends."""
        return self._with_reason(pk, "decline", serializers.ReferralDeclineSerializer)

    @extend_schema(
        summary="Put it back into the queue",
        request=serializers.ReferralRequeueSerializer,
        responses=_MOVED,
    )
    @action(detail=True, methods=["post"])
    def requeue(self, request: Request, pk: str) -> Response:
        """Take the work from its owner, who does not answer or can no longer do it."""
        return self._with_reason(pk, "requeue", serializers.ReferralRequeueSerializer)

    @extend_schema(
        summary="Begin the work", request=serializers.ReferralStartSerializer, responses=_MOVED
    )
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Say that the patient was seen."""
        data = self.valid(serializers.ReferralStartSerializer)
        return self._perform(pk, "start", effective_at=data["effective_at"])

    @extend_schema(
        summary="Report back",
        request=serializers.ReferralCompleteSerializer,
        responses=_MOVED,
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """End the work with a report; the request stays open until it is acknowledged."""
        data = self.valid(serializers.ReferralCompleteSerializer)
        return self._perform(
            pk,
            "complete",
            report=Report(data["text"], data["outcome"]),
            effective_at=data["effective_at"],
        )

    @extend_schema(summary="Acknowledge the report", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Close the loop, as the referrer or the patient's present lead."""
        return self._perform(pk, "acknowledge")

    @extend_schema(
        summary="Let it rest", request=serializers.ReferralHoldSerializer, responses=_MOVED
    )
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """Stop the request where it stands; nobody is reminded meanwhile."""
        return self._with_reason(pk, "hold", serializers.ReferralHoldSerializer)

    @extend_schema(summary="Let it go on", request=None, responses=_MOVED)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it stood."""
        return self._perform(pk, "resume")

    @extend_schema(
        summary="Withdraw it", request=serializers.ReferralRevokeSerializer, responses=_MOVED
    )
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Withdraw the request with its open work, its messages and the access it gave."""
        return self._with_reason(pk, "revoke", serializers.ReferralRevokeSerializer)

    def _with_reason(self, pk: str, name: str, serializer_class: Any) -> Response:
        return self._perform(pk, name, reason_code=self.valid(serializer_class)["reason_code"])

    def _perform(self, pk: str, name: str, **given: Any) -> Response:
        lifecycle.perform(UUID(pk), name, actor=self.actor, now=self.now, **given)
        return self._as_it_is(UUID(pk))

    def _as_it_is(self, referral_id: UUID, *, status: int = 200) -> Response:
        # Whoever has just declined no longer reaches it, and is answered with its logistics only.
        row = Referral.objects.disclosing(self.actor, self.now).shown().get(pk=referral_id)
        return self.answer(row, status=status)
