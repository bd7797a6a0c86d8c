"""Courses: found, read, moved; each move is a POST of its own."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import (
    achieving,
    courses,
    disclosing,
    progress,
    resting,
    standing,
    timetable,
)
from care_plans.api import course_serializers as serializers
from care_plans.api import move_serializers
from care_plans.api.activity_serializers import ActivitySerializer, UnplannedActivitySerializer
from care_plans.api.alert_serializers import alerts_beside
from care_plans.api.citing import cited, cites, keys_in, supported
from care_plans.api.goal_serializers import GoalSerializer
from care_plans.api.listing_serializers import ListedCourseSerializer
from care_plans.api.readiness_serializers import CourseReadinessSerializer, MovedCourseSerializer
from care_plans.api.stop_serializers import stops_beside
from care_plans.evidence import Readiness
from care_plans.listing import lanes_at_work, listed_courses
from care_plans.models import (
    Activity,
    Course,
    Goal,
    Lane,
    Severity,
    Stage,
    StageStay,
    StageTransition,
)
from coordination.access import owned_by_patient
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.permissions import CARE, CLINICAL
from coordination.api.projected import Projected
from coordination.api.records import OfPatientFilter
from coordination.api.views import Retrieved
from coordination.models import Discipline

Rows = Any
#: what a course can only be found by where its content may be read
CLINICAL_FILTERS = frozenset({"pathway", "stage", "severity", "overdue", "blocked", "ready"})
_UNPAGED: dict[str, Any] = {"filterset_class": None, "pagination_class": None}


class CourseFilter(filters.FilterSet):
    """How a course is looked for; several filters together narrow the list."""

    patient = OfPatientFilter(field_name="patient_id")
    care_plan = filters.UUIDFilter(field_name="care_plan_id")
    pathway = filters.CharFilter(field_name="pathway__slug", label="A pathway's slug.")
    stage = filters.ChoiceFilter(choices=Stage.choices)
    status = filters.ChoiceFilter(choices=Course.Status.choices)
    severity = filters.ChoiceFilter(choices=Severity.choices)
    discipline = filters.ChoiceFilter(
        choices=Discipline.choices,
        method="by_discipline",
        label="Courses whose present stage needs this discipline.",
    )
    overdue = filters.BooleanFilter(
        method="by_overdue", label="The present stage lasts longer than expected."
    )
    blocked = filters.BooleanFilter(method="by_blocked", label="A lane holds the next step up.")
    ready = filters.BooleanFilter(method="by_ready", label="Everything for the next step is met.")

    class Meta:
        model = Course
        fields: list[str] = []

    def view(self) -> Any:
        """Return the view that filters, which knows who asks and when."""
        request: Any = self.request
        return request.parser_context["view"]

    def by_discipline(self, rows: Rows, name: str, value: str) -> Rows:
        """Keep the courses on which the discipline works."""
        view = self.view()
        lanes = lanes_at_work(view.actor, view.now, discipline=value)
        return rows.filter(pk__in=lanes.values("course_id"))

    def by_overdue(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what is overdue."""
        now = self.view().now
        found = Course.objects.overdue(now)
        return rows.overdue(now) if value else rows.exclude(pk__in=found.values("pk"))

    def by_blocked(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what a lane holds up."""
        return _standing(rows, StageStay.Standing.BLOCKED, value)

    def by_ready(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what may take its next step."""
        return _standing(rows, StageStay.Standing.READY, value)


def _standing(rows: Rows, standing: str, value: bool) -> Rows:
    found = Course.objects.standing(standing)
    return rows.standing(standing) if value else rows.exclude(pk__in=found.values("pk"))


def _moves[V: Callable[..., Response]](
    summary: str, request: Any = move_serializers.MoveSerializer
) -> Callable[[V], V]:
    """Describe a move: what it asks for, and that it answers with the course."""
    described: Callable[[V], V] = extend_schema(
        summary=summary, request=request, responses={200: MovedCourseSerializer}
    )
    return described


@extend_schema_view(
    list=extend_schema(
        summary="Find the courses of your circle, or as a scheduler of the organization",
        responses={200: ListedCourseSerializer(many=True)},
    ),
    retrieve=extend_schema(summary="Read a course"),
)
class CourseViewSet(Projected, Retrieved):
    """One condition on a plan, moving through the stages of its pathway.

    The list is also the schedulers', who see in it what the directory view holds.
    """

    audited_as = "Course"
    roles = dict.fromkeys(
        (
            "retrieve",
            "partial_update",
            "change_severity",
            "start",
            "pause",
            "resume",
            "discharge",
            "advance",
            "regress",
            "transitions",
            "readiness",
            "lanes",
            "activities",
            "unplanned_activities",
            "goals",
        ),
        CLINICAL,
    ) | {"list": CARE}
    serializer_class = serializers.CourseSerializer
    filterset_class = CourseFilter
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the courses within the actor's reach."""
        rows = owned_by_patient(Course.objects.all(), self.actor, self.now)
        return disclosing.shown(rows, self.actor, self.now)

    def get_serializer_class(self) -> Any:
        """Return the shape of the list, or of one course."""
        return ListedCourseSerializer if self.action == "list" else super().get_serializer_class()

    def projected_rows(self) -> QuerySet[Any, Any]:
        """Return the courses that the actor may find."""
        return listed_courses(self.actor, self.now)

    def page_rows(self) -> QuerySet[Any, Any]:
        """Return what is asked for; only disclosed courses are found by what is clinical."""
        rows = super().page_rows()
        is_clinical = not CLINICAL_FILTERS.isdisjoint(self.request.query_params)
        return rows.filter(discloses=True) if is_clinical else rows

    @extend_schema(summary="Edit how a course is called, or its note")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the version that If-Match names."""
        course = courses.edit_course(
            self.get_object().pk,
            version=expected_version(request),
            fields=self.valid(partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self._shown(course.pk)

    @extend_schema(
        summary="Change the severity; the stage stays",
        parameters=[IF_MATCH],
        request=serializers.SeverityChangeSerializer,
        responses={200: serializers.CourseSerializer, **VERSION_PROBLEMS},
    )
    @action(detail=True, methods=["post"], url_path="change-severity")
    def change_severity(self, request: Request, pk: str) -> Response:
        """Say that the condition is more or less severe than before."""
        course = courses.change_severity(
            self.get_object().pk,
            version=expected_version(request),
            actor=self.actor,
            now=self.now,
            **self.valid(serializers.SeverityChangeSerializer),
        )
        return self._shown(course.pk)

    @_moves(
        "Start a course: intake ends, the acute stage begins", move_serializers.AdvanceSerializer
    )
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Begin the first stage, once red flags were screened.

        The lead may override that nobody screened, with a reason, as any other criterion; loading
        waits for the screen all the same, and an open flag can be overridden by nobody.
        """
        return self._perform("start", move_serializers.AdvanceSerializer)

    @_moves("Pause a course; its stage survives")
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let a course rest, for a reason."""
        return self._perform("pause")

    @_moves("Resume a paused course")
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it rested."""
        return self._perform("resume")

    @_moves("End a course, with its outcome", move_serializers.DischargeSerializer)
    @action(detail=True, methods=["post"])
    def discharge(self, request: Request, pk: str) -> Response:
        """End a course and everything that was open on it."""
        return self._perform("discharge", move_serializers.DischargeSerializer)

    @_moves("Go on to the next stage", move_serializers.AdvanceSerializer)
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, pk: str) -> Response:
        """Go on if criteria, lanes and red flags allow it; 409 says what does not."""
        return self._perform("advance", move_serializers.AdvanceSerializer)

    @_moves("Step back to an earlier stage", move_serializers.RegressSerializer)
    @action(detail=True, methods=["post"])
    def regress(self, request: Request, pk: str) -> Response:
        """Step back one stage, or to the one named, for a reason."""
        return self._perform("regress", move_serializers.RegressSerializer)

    @extend_schema(
        summary="Read every move so far, the first first, with its evidence",
        responses={200: serializers.StageTransitionSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def transitions(self, request: Request, pk: str) -> Response:
        """Return the history of a course."""
        course = self._disclosed("StageTransition")
        rows = self._of(StageTransition, course).order_by("id")
        moves, definition = list(rows), course.pathway_version.definition
        kept = [part for move in moves for part in (move.evidence, move.unmet)]
        hidden = self._hidden(course, disclosing.traces(kept))
        for move in moves:
            move.evidence = supported(disclosing.withhold_all(move.evidence, hidden), definition)
            move.unmet = supported(disclosing.withhold_all(move.unmet, hidden), definition)
        return self._listed(moves, serializers.StageTransitionSerializer)

    @extend_schema(
        summary="Read whether a course may take its next step, and what holds it up",
        responses={200: CourseReadinessSerializer},
    )
    @action(detail=True, **_UNPAGED)
    def readiness(self, request: Request, pk: str) -> Response:
        """Return the trace of every criterion, the lanes, and what is expected."""
        course = self._disclosed("Readiness")
        judged = standing.judge([course], now=self.now)[course.pk]
        trace = self._explained(course, judged.readiness)
        context = self.get_serializer_context()
        stay = course.open_stays[0] if course.open_stays else None
        shape = serializers.StageStaySerializer(context=context)
        found = disclosing.lanes_shown(self._of(Lane, course), self.actor, self.now)
        lanes = list(found.order_by("order", "discipline"))
        named = {lane.discipline for lane in lanes}
        trace |= {
            "course": course.pk,
            "status": course.status,
            "standing": judged.standing,
            "blocked_by": [name for name in judged.blocked_by if name in named],
            "overdue": bool(stay and shape.get_overdue(stay)),
            "expected_until": stay.expected_until if stay else None,
            "expected": serializers.told_expected(course),
            "cites": cites(course.pathway_version.definition, keys_in(trace)),
            "stops": stops_beside(self, course),
            "safety_alerts": alerts_beside(self, course.patient_id),
            "dates": serializers.told_dates(stay, course) if stay else [],
            "is_expert_consensus": bool(stay and resting.is_stay_opinion(stay, course)),
            "lanes": lanes,
        }
        return Response(CourseReadinessSerializer(trace, context=context).data)

    @extend_schema(
        summary="Read the lanes of a course",
        responses={200: serializers.LaneSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def lanes(self, request: Request, pk: str) -> Response:
        """Return each discipline's lane, in the order of the stage's referrals."""
        mine = self._of(Lane, self._disclosed("Lane"))
        rows = disclosing.lanes_shown(mine, self.actor, self.now)
        return self._listed(rows.order_by("order", "discipline"), serializers.LaneSerializer)

    @extend_schema(
        summary="Read the activities of a course, of all its stays",
        responses={200: ActivitySerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def activities(self, request: Request, pk: str) -> Response:
        """Return the activities, those of the first stay first."""
        mine = self._of(Activity, self._disclosed("Activity"))
        rows = disclosing.activities_shown(mine, self.actor, self.now)
        found = list(rows.order_by("sequence", "id"))
        return self._listed(
            timetable.timed(found, actor=self.actor, now=self.now), ActivitySerializer
        )

    @extend_schema(
        summary="Read which activities of the present stage are not planned, and why",
        responses={200: UnplannedActivitySerializer(many=True)},
    )
    @action(detail=True, url_path="unplanned-activities", **_UNPAGED)
    def unplanned_activities(self, request: Request, pk: str) -> Response:
        """Return what does not apply, or whose lane is not needed, or of which nobody knows."""
        course = self._disclosed("Activity")
        definition = course.pathway_version.definition
        rows = [
            {**one, **cited(definition, [*one["source"], *keys_in(one["applicability"])])}
            for one in timetable.unplanned(course, actor=self.actor, now=self.now)
        ]
        return Response(UnplannedActivitySerializer(rows, many=True).data)

    @extend_schema(
        summary="Read the goals of a course",
        responses={200: GoalSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def goals(self, request: Request, pk: str) -> Response:
        """Return the goals."""
        mine = self._of(Goal, self._disclosed("Goal"))
        rows = achieving.shown(mine, self.actor, self.now)
        return self._listed(rows.order_by("id"), GoalSerializer)

    def _explained(self, course: Course, readiness: Readiness) -> dict[str, Any]:
        """Return the trace of each part and the blockers, as far as the reader may know."""
        trace: dict[str, Any] = readiness.as_json()
        trace["blockers"] = [finding.as_json() for finding in readiness.blockers()]
        hidden = self._hidden(course, disclosing.traces(trace))
        trace = disclosing.withhold_all(trace, hidden)
        trace["sign_offs"] = trace.pop("lanes")
        return trace

    def _perform(self, name: str, shape: Any = move_serializers.MoveSerializer) -> Response:
        asked = progress.Request(action=name, **self.valid(shape))
        moved = progress.perform(self.get_object().pk, asked, actor=self.actor, now=self.now)
        course = self._present(moved.pk)
        course.stops = stops_beside(self, course)
        course.safety_alerts = alerts_beside(self, course.patient_id)
        return self.answer(course, serializer_class=MovedCourseSerializer)

    def _disclosed(self, resource: str) -> Any:
        course = self.get_object()
        self.audit_disclosure([course], searched=False, resource=resource)
        return course

    def _shown(self, course_id: UUID) -> Response:
        return self.answer(self._present(course_id))

    def _present(self, course_id: UUID) -> Any:
        rows = Course.objects.filter(pk=course_id)
        return disclosing.shown(rows, self.actor, self.now).get()

    def _of(self, model: Any, course: Course) -> Any:
        rows = model.objects.filter(course=course)
        return disclosing.disclose(rows, self.actor, self.now)

    def _hidden(self, course: Course, traces: Any) -> set[str]:
        return disclosing.hidden_evidence(traces, course.patient_id, actor=self.actor, now=self.now)

    def _listed(self, rows: Iterable[Any], shape: Any) -> Response:
        return Response(shape(rows, many=True, context=self.get_serializer_context()).data)
