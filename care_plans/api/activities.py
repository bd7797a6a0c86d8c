"""Activities: read with what they wait for, begun, completed, stopped, released, dosed."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import activities, disclosing, dosing, early_release, reasons, timetable
from care_plans.api import dosing_serializers
from care_plans.api.activity_serializers import (
    ActivitySerializer,
    ExplainedActivitySerializer,
    MovedActivitySerializer,
    ReleaseSerializer,
    StopSerializer,
)
from care_plans.api.citing import told_next_dose, told_why
from care_plans.api.lanes import OfCourse
from care_plans.api.stop_serializers import stops_beside
from care_plans.models import Activity, DoseChange
from care_plans.versions_then import versions_then
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.permissions import CLINICAL


class ActivityViewSet(OfCourse):
    """One thing a lane does for a goal of a stage."""

    audited_as = "Activity"
    roles = dict.fromkeys(
        (
            "retrieve",
            "partial_update",
            "begin",
            "complete",
            "stop",
            "change_dose",
            "dose_changes",
            "release",
        ),
        CLINICAL,
    )
    serializer_class = ActivitySerializer
    queryset = Activity.objects.none()

    def rows(self) -> QuerySet[Any, Any]:
        """Return all of them."""
        rows = Activity.objects.select_related("course")
        return disclosing.activities_shown(rows, self.actor, self.now)

    def answer(self, row: Any, *, status: int = 200, serializer_class: Any = None) -> Response:
        """Return one activity, with what it waits for and when it is due."""
        timetable.timed([row], actor=self.actor, now=self.now)
        return super().answer(row, status=status, serializer_class=serializer_class)

    @extend_schema(
        summary="Read an activity: why it is there, what it waits for, and its next dose",
        responses={200: ExplainedActivitySerializer},
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return it with the rule that asks for it."""
        row = self.get_object()
        self.audit_disclosure([row], searched=False)
        timetable.timed([row], actor=self.actor, now=self.now)
        row.loading, dose = reasons.of_going_on(row, actor=self.actor, now=self.now)
        row.why = told_why(reasons.of_activity(row), row.timing)
        row.next_dose = told_next_dose(dose)
        row.stops = stops_beside(self, row.course, of_loading=True) if row.is_loading else []
        return super().answer(row, serializer_class=ExplainedActivitySerializer)

    @extend_schema(summary="Edit cadence or note of an activity")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        activity = activities.edit_activity(
            self.get_object().pk,
            version=expected_version(request),
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self.again(activity)

    @extend_schema(
        summary="Begin an activity, or go on with one that was held",
        request=None,
        responses={200: MovedActivitySerializer},
    )
    @action(detail=True, methods=["post"])
    def begin(self, request: Request, pk: str) -> Response:
        """Begin what waits for nothing; loading needs a screen without an open red flag."""
        return self._move("begin")

    @extend_schema(
        summary="Complete an activity",
        request=None,
        responses={200: MovedActivitySerializer},
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """Say that it was done."""
        return self._move("complete")

    @extend_schema(
        summary="Stop an activity",
        request=StopSerializer,
        responses={200: MovedActivitySerializer},
    )
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Stop it, for a reason."""
        return self._move("stop", **self.valid(StopSerializer))

    @extend_schema(
        summary="Release an activity that waits, as the lead",
        description=(
            "It may begin although a condition or another activity that it waits for is missing; "
            "a red flag holds loading all the same."
        ),
        request=ReleaseSerializer,
        responses={200: MovedActivitySerializer},
    )
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Let it begin, for a reason."""
        activity = early_release.release(
            self.get_object().pk, **self.valid(ReleaseSerializer), actor=self.actor, now=self.now
        )
        return self._moved(activity)

    @extend_schema(
        summary="Take an activity to another dose level",
        description=(
            "Up, one level at a time, when the level's gate is met; the lead may override the gate "
            "for a reason. Down at any time, for a reason."
        ),
        parameters=[IF_MATCH],
        request=dosing_serializers.ChangeDoseSerializer,
        responses={200: MovedActivitySerializer, **VERSION_PROBLEMS},
    )
    @action(detail=True, methods=["post"], url_path="change-dose")
    def change_dose(self, request: Request, pk: str) -> Response:
        """Go up or down."""
        activity = dosing.change_dose(
            self.get_object().pk,
            version=expected_version(request),
            **self.valid(dosing_serializers.ChangeDoseSerializer),
            actor=self.actor,
            now=self.now,
        )
        return self._moved(activity)

    @extend_schema(
        summary="Read every change of an activity's dose, the first first, with its trace",
        responses={200: dosing_serializers.DoseChangeSerializer(many=True)},
    )
    @action(detail=True, pagination_class=None, filter_backends=(), url_path="dose-changes")
    def dose_changes(self, request: Request, pk: str) -> Response:
        """Return the history, its traces as far as the reader may know."""
        activity = self.get_object()
        self.audit_disclosure([activity], searched=False, resource="DoseChange")
        rows: list[Any] = list(
            disclosing.disclose(
                DoseChange.objects.filter(activity=activity), self.actor, self.now
            ).order_by("recorded_at", "id")
        )
        hidden = disclosing.hidden_evidence(
            [row.finding for row in rows],
            activity.course.patient_id,
            actor=self.actor,
            now=self.now,
        )
        followed = versions_then((activity.course_id, row.recorded_at) for row in rows)
        for row in rows:
            row.finding = disclosing.withhold(row.finding, hidden) if row.finding else None
            row.followed = followed[activity.course_id, row.recorded_at]
            row.is_course_shown = activity.course_shown is not None
        return Response(dosing_serializers.DoseChangeSerializer(rows, many=True).data)

    def _move(self, name: str, **asked: Any) -> Response:
        activity = activities.move_activity(
            self.get_object().pk, name, actor=self.actor, now=self.now, **asked
        )
        return self._moved(activity)

    def _moved(self, activity: Activity) -> Response:
        """Answer with an activity as it stands now, and with what stops its course."""
        row = self.get_queryset().get(pk=activity.pk)
        row.course_stops = stops_beside(self, row.course)
        return self.answer(row, serializer_class=MovedActivitySerializer)
