"""Dry runs of pathways and forecasts of courses: what would happen, with nothing of it kept."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans.api.evidence_serializers import EvidenceGradeField
from care_plans.api.finding_serializers import AnswerField
from care_plans.content.drafts import read_draft
from care_plans.content_review import ReviewStatus
from care_plans.models import Course, Measure, Pathway, PathwayVersion, Severity, Side
from care_plans.rehearsing.dry_run import Rehearsed, dry_run
from care_plans.rehearsing.forecasting import forecast
from care_plans.rehearsing.telling_of import FORECAST, NOTICE, as_data
from care_plans.rehearsing.turns import take_turn
from coordination.access import owned_by_patient
from coordination.api.permissions import ANY_ROLE, CLINICAL
from coordination.api.views import ContinuumViewSet, OfPatients
from coordination.problems import Invalid

SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="Of the pathway.")
_MOST_DAYS = 3653
#: a rehearsal begins at noon, so that its days are the same in every time zone of a clinic
NOON = time(12, tzinfo=UTC)


class RehearsingSerializer(serializers.Serializer[Any]):
    """Who is sent through the pathway, and when."""

    severity = serializers.ChoiceField(choices=Severity.choices)
    side = serializers.ChoiceField(choices=Side.choices, default="", allow_blank=True)
    answers = serializers.DictField(
        child=AnswerField(),
        default=dict,
        help_text="By question of the pathway; whatever is not answered, plainly.",
    )
    begins_on = serializers.DateField(
        required=False, help_text="Within ten years of today, which it is where none is named."
    )

    def validate_begins_on(self, value: date) -> date:
        """Keep it within what the calendar and a clinic's years reach."""
        if abs((value - timezone.now().date()).days) > _MOST_DAYS:
            raise serializers.ValidationError("A day within ten years of today, before or ahead.")
        return value


class DraftRehearsingSerializer(RehearsingSerializer):
    """A draft, and who is sent through it."""

    draft = serializers.DictField(
        help_text="The content of a version that nobody published, as one is read here."
    )


class _RestingSerializer(serializers.Serializer[Any]):
    """What something rests on in the pathway; null where it rests on nothing there."""

    evidence_grade = EvidenceGradeField(
        allow_null=True,
        help_text="How well it is supported by the best of what it cites; null where people "
        "decide it or the software tells it.",
    )
    is_expert_consensus = serializers.BooleanField(
        allow_null=True,
        help_text="It rests, in whole or in part, on opinion alone; null where the grade is.",
    )

    def get_fields(self) -> dict[str, Any]:
        """Add the sources, by a name that a serializer has a use of its own for."""
        sources = serializers.ListField(
            child=serializers.CharField(),
            help_text="The keys of the sources; `expert_consensus` is no study.",
        )
        return {**super().get_fields(), "source": sources}


class RehearsedStaySerializer(_RestingSerializer):
    """A stay in a stage, and what it rests on how long it is expected to last."""

    stage = serializers.CharField()
    entered_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    expected_until = serializers.DateTimeField()


class RehearsedEntrySerializer(_RestingSerializer):
    """One thing that would happen, and what it rests on."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(
        choices=["stage", "lane", "task", "referral", "recommendation", "message"]
    )
    who = serializers.CharField(allow_blank=True, help_text="A discipline, a role, the patient.")
    what = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class RehearsalSerializer(serializers.Serializer[Any]):
    """What a rehearsal showed."""

    notice = serializers.CharField(help_text="What this is, and what it is not.")
    pathway = serializers.CharField()
    version = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    side = serializers.CharField(allow_blank=True)
    review_due = serializers.DateField(
        allow_null=True, help_text="The last day on which the version counts as reviewed."
    )
    review_status = serializers.ChoiceField(
        choices=ReviewStatus.choices,
        help_text="How it stands with its review when this begins, or now for a course. It is "
        "rehearsed also where no course would begin on it, as when its review has expired.",
    )
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    stopped = serializers.CharField(
        allow_blank=True, help_text="What kept it from its end, such as a red flag."
    )
    unmet = serializers.ListField(
        child=serializers.CharField(), help_text="What the lead would have to override."
    )
    stays = RehearsedStaySerializer(many=True)
    entries = RehearsedEntrySerializer(many=True)


def _told(found: Rehearsed, notice: str) -> Response:
    return Response(RehearsalSerializer({**as_data(found), "notice": notice}).data)


class _DryRun(ContinuumViewSet):
    """What dry runs of stored versions and of drafts have in common."""

    serializer_class = RehearsalSerializer
    filterset_class = None
    pagination_class = None

    def rehearse(self, data: dict[str, Any], **which: Any) -> Response:
        """Send a made-up patient through, and tell what happened."""
        begins_on: date = data["begins_on"] if "begins_on" in data else self.now.date()
        found = dry_run(
            severity=data["severity"],
            side=data["side"],
            answers=data["answers"],
            organization_id=self.actor.organization_id,
            at=datetime.combine(begins_on, NOON),
            **which,
        )
        return _told(found, NOTICE)


class DryRunOfVersionViewSet(_DryRun):
    """Rehearsing a stored version."""

    roles = {"dry_run": ANY_ROLE}
    lookup_field = "version"
    lookup_value_regex = r"\d{1,4}\.\d{1,4}\.\d{1,4}"
    queryset = PathwayVersion.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the versions of the pathway in the address."""
        rows = PathwayVersion.objects.filter(pathway__slug=self.kwargs.get("slug", ""))
        return rows.select_related("pathway")

    @extend_schema(
        summary="Send a made-up patient through a version",
        description=(
            "Every stage, task, referral and message with its date, as the engine brings them "
            "about if each stage is met on its last expected day. Nothing is kept or sent."
        ),
        parameters=[SLUG],
        request=RehearsingSerializer,
        responses={200: RehearsalSerializer, 503: None},
    )
    @action(detail=True, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request, slug: str, version: str) -> Response:
        """Rehearse it."""
        stored, data = self.get_object(), self.valid(RehearsingSerializer)
        with take_turn():
            return self.rehearse(data, version=stored)


class DryRunOfDraftViewSet(_DryRun):
    """Rehearsing what nobody has published."""

    roles = {"dry_run": ANY_ROLE}
    lookup_field = "slug"
    lookup_value_regex = "[a-z][a-z0-9-]{0,59}"
    queryset = Pathway.objects.all()

    @extend_schema(
        summary="Send a made-up patient through a draft of a pathway",
        description=(
            "As for a version. The draft is what reading a version returns as its content, edited; "
            "everything that is wrong with it is named at once. It is not stored."
        ),
        parameters=[SLUG],
        request=DraftRehearsingSerializer,
        responses={200: RehearsalSerializer, 503: None},
    )
    @action(detail=True, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request, slug: str) -> Response:
        """Rehearse it."""
        pathway: Any = self.get_object()
        data = self.valid(DraftRehearsingSerializer)
        with take_turn():
            draft = read_draft(
                data["draft"],
                measures={one.slug: one.definition for one in Measure.objects.order_by("slug")},
                pathways=frozenset(Pathway.objects.values_list("slug", flat=True)),
                at="/draft",
            )
            if draft.pathway != pathway.slug:
                raise Invalid.field("/draft/pathway", f"This is asked of {pathway.slug}.")
            return self.rehearse(data, version=None, draft=draft)


class CourseForecastViewSet(OfPatients):
    """What lies ahead of a course."""

    audited_as = "Course"
    roles = {"forecast": CLINICAL}
    serializer_class = RehearsalSerializer
    filterset_class = None
    pagination_class = None
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the courses within the actor's reach."""
        rows = owned_by_patient(Course.objects.all(), self.actor, self.now)
        return rows.select_related("pathway_version").defer("pathway_version__content")

    @extend_schema(
        summary="Forecast what lies ahead of a course",
        description=(
            "Each task, referral and message with its date, as the engine would bring them about "
            "if each stage were met on its last expected day. It says what the pathway does, not "
            "how the patient will fare. Nothing of it is kept or sent."
        ),
        responses={200: RehearsalSerializer, 409: None, 503: None},
    )
    @action(detail=True)
    def forecast(self, request: Request, pk: str) -> Response:
        """Play it on, and undo that."""
        course: Any = self.get_object()
        self.audit_disclosure([course], searched=False)
        with take_turn():
            found = forecast(course, actor=self.actor, now=self.now)
        return _told(found, FORECAST)
