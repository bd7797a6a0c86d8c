"""What belongs to a course and is edited on its own: lanes and goals."""

from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import achieving, disclosing, goals, lanes, reasons, standing
from care_plans.api import course_serializers as serializers
from care_plans.api.citing import told_why
from care_plans.api.goal_serializers import (
    ExplainedGoalSerializer,
    GoalAchievementSerializer,
    GoalSerializer,
)
from care_plans.api.readiness_serializers import SignedOffSerializer
from care_plans.api.stop_serializers import stops_beside
from care_plans.disclosing import lanes_shown
from care_plans.models import Goal, GoalAchievement, Lane
from coordination.access import owned_by_patient
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients, Retrieved


class OfCourse(OfPatients, Retrieved):
    """A row that a course owns."""

    def rows(self) -> QuerySet[Any, Any]:
        """Return all rows, with what is shown of each."""
        raise NotImplementedError  # abstract: each resource below says it

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the rows within the actor's reach."""
        return owned_by_patient(self.rows(), self.actor, self.now, path="course__patient_id")

    def patient_of(self, row: Any) -> UUID:
        """Return the patient of the course."""
        patient_id: UUID = row.course.patient_id
        return patient_id

    def again(self, row: Model) -> Response:
        """Answer with a row as it stands now."""
        return self.answer(self.get_queryset().get(pk=row.pk))


class LaneViewSet(OfCourse):
    """One discipline's part of one course."""

    audited_as = "Lane"
    roles = dict.fromkeys(("retrieve", "partial_update", "decide", "sign_off"), CLINICAL)
    serializer_class = serializers.LaneSerializer
    queryset = Lane.objects.none()

    def rows(self) -> QuerySet[Any, Any]:
        """Return all of them."""
        return lanes_shown(Lane.objects.all(), self.actor, self.now)

    @extend_schema(
        summary="Read a lane, and why it is needed or not",
        responses={200: serializers.ExplainedLaneSerializer},
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return it with what the pathway says of it."""
        row = self.get_object()
        self.audit_disclosure([row], searched=False)
        row.why = told_why(reasons.of_lane(row, actor=self.actor, now=self.now))
        return self.answer(row, serializer_class=serializers.ExplainedLaneSerializer)

    @extend_schema(summary="Edit a lane's note")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        lane = lanes.edit_lane(
            self.get_object().pk,
            version=expected_version(request),
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.again(lane)

    @extend_schema(
        summary="Decide whether a lane is needed in the present stage",
        parameters=[IF_MATCH],
        request=serializers.DecideLaneSerializer,
        responses={200: serializers.LaneSerializer, **VERSION_PROBLEMS},
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Let the lead decide; activities and referral follow."""
        lane = standing.decide_lane(
            self.get_object().pk,
            version=expected_version(request),
            actor=self.actor,
            now=self.now,
            **self.valid(serializers.DecideLaneSerializer),
        )
        return self.again(lane)

    @extend_schema(
        summary="Sign a lane ready, or not ready, for the next step",
        request=serializers.SignOffSerializer,
        responses={201: SignedOffSerializer},
    )
    @action(detail=True, methods=["post"], url_path="sign-off")
    def sign_off(self, request: Request, pk: str) -> Response:
        """Record the lane's word on the present stay."""
        signed: Any = standing.sign_off(
            self.get_object().pk,
            actor=self.actor,
            now=self.now,
            **self.valid(serializers.SignOffSerializer),
        )
        signed.course_stops = stops_beside(self, signed.lane.course)
        return self.answer(signed, status=201, serializer_class=SignedOffSerializer)


class GoalViewSet(OfCourse):
    """What a stage of a course is for."""

    audited_as = "Goal"
    roles = dict.fromkeys(
        ("retrieve", "partial_update", "achieve", "give_up", "reopen", "achievements"), CLINICAL
    )
    serializer_class = GoalSerializer
    queryset = Goal.objects.none()

    def rows(self) -> QuerySet[Any, Any]:
        """Return all of them."""
        rows = Goal.objects.select_related("course")
        return achieving.shown(rows, self.actor, self.now)

    @extend_schema(
        summary="Read a goal, and why it stands as it does",
        responses={200: ExplainedGoalSerializer},
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return it with the place in the pathway that sets it."""
        row = self.get_object()
        self.audit_disclosure([row], searched=False)
        said = [one.finding for one in row.standing_achievements if not one.is_withheld]
        row.why = told_why(reasons.of_goal(row), said)
        return self.answer(row, serializer_class=ExplainedGoalSerializer)

    @extend_schema(
        summary="Read all that the scores have said of a goal, the first first",
        responses={200: GoalAchievementSerializer(many=True)},
    )
    @action(detail=True, pagination_class=None, filter_backends=())
    def achievements(self, request: Request, pk: str) -> Response:
        """Return the history, each with its trace as far as the reader may know."""
        goal = self.get_object()
        self.audit_disclosure([goal], searched=False, resource="GoalAchievement")
        mine = disclosing.disclose(GoalAchievement.objects.filter(goal=goal), self.actor, self.now)
        rows = achieving.as_told(mine, self.actor, self.now).order_by("since", "id")
        return Response(GoalAchievementSerializer(rows, many=True).data)

    @extend_schema(summary="Edit a goal's note")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        goal = goals.edit_goal(
            self.get_object().pk,
            version=expected_version(request),
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.again(goal)

    @extend_schema(
        summary="Say that a goal was reached",
        request=None,
        responses={200: GoalSerializer},
    )
    @action(detail=True, methods=["post"])
    def achieve(self, request: Request, pk: str) -> Response:
        """Mark it achieved."""
        return self._move("achieve")

    @extend_schema(
        summary="Say that a goal was not reached",
        request=None,
        responses={200: GoalSerializer},
    )
    @action(detail=True, methods=["post"], url_path="give-up")
    def give_up(self, request: Request, pk: str) -> Response:
        """Mark it not achieved."""
        return self._move("give-up")

    @extend_schema(
        summary="Work on a goal again",
        request=None,
        responses={200: GoalSerializer},
    )
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Mark it in progress."""
        return self._move("reopen")

    def _move(self, name: str) -> Response:
        goal = goals.move_goal(self.get_object().pk, name, actor=self.actor, now=self.now)
        return self.again(goal)
