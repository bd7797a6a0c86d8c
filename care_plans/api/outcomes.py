"""`/courses/{id}/outcomes` and `/collection-points`: how measures develop, and what is due."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import collecting, disclosing, facts, routing_level, trends
from care_plans.api.citing import CitedSerializer, cited
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.content.measures import OPINION
from care_plans.content.sourced import STAGES
from care_plans.models import AbsentScore, Assessment, Course, Measure, Score, Stage
from coordination.access import owned_by_patient
from coordination.api.permissions import CLINICAL
from coordination.api.views import OfPatients
from coordination.models import Discipline

_UNPAGED: dict[str, Any] = {"pagination_class": None, "filter_backends": ()}
_DIRECTIONS = [
    ("improving", "Improving by at least the change that matters"),
    ("worsening", "Worsening by at least the change that matters"),
    ("no-change", "No change that matters"),
    ("unknown", "Unknown: no two scores, or nobody knows which change matters"),
]
LEVELS = [("low", "Low"), ("medium", "Medium"), ("high", "High"), ("unknown", "Unknown")]
_STATUSES = [
    ("collected", "Collected"),
    ("absent", "Not collected, for a reason"),
    ("outstanding", "Outstanding"),
]


def _decimal(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=10, decimal_places=4, normalize_output=True, **more)


class PointSerializer(serializers.Serializer[Any]):
    """One score of a trend."""

    score = serializers.UUIDField(help_text="The score's id.")
    assessment = serializers.UUIDField(help_text="The sitting that it is of.")
    value = _decimal()
    effective_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    collection_point = serializers.ChoiceField(choices=Assessment.CollectionPoint.choices)
    stage = serializers.ChoiceField(
        choices=Stage.choices, allow_blank=True, help_text="The stage it was taken in."
    )
    discipline = serializers.ChoiceField(
        choices=Discipline.choices, allow_blank=True, help_text="Who took it; blank: the patient."
    )
    method = serializers.CharField(allow_blank=True, help_text="How it was taken.")
    measure_version = serializers.IntegerField(
        allow_null=True, help_text="The version that scored it; null: before any was kept."
    )


class TrendSerializer(serializers.Serializer[Any]):
    """One measure of one side, or one subscale of it, over a course."""

    measure = serializers.CharField()
    name = serializers.CharField()
    side = serializers.ChoiceField(choices=Score.Side.choices, allow_blank=True)
    subscale = serializers.CharField(allow_blank=True)
    better = serializers.ChoiceField(choices=Measure.Better.choices)
    points = PointSerializer(many=True, help_text="The earliest first.")
    compared_from = serializers.UUIDField(allow_null=True, help_text="The score compared with.")
    compared_to = serializers.UUIDField(allow_null=True, help_text="The later score.")
    gain = _decimal(allow_null=True, help_text="In the direction of improvement.")
    matters_from = _decimal(
        allow_null=True,
        help_text="The smallest change that matters, or the measurement error if larger.",
    )
    direction = serializers.ChoiceField(choices=_DIRECTIONS)
    goals = serializers.ListField(
        child=serializers.UUIDField(), help_text="The goals whose target reads the measure."
    )


class CollectionReasonSerializer(serializers.Serializer[Any]):
    """A criterion that reads a measure."""

    criterion = serializers.CharField(allow_blank=True, help_text="The pathway's name for it.")
    text = serializers.CharField(allow_blank=True)


class CollectionSerializer(CitedSerializer):
    """One measure to collect at a point, by which version and on whose word, and what became."""

    point = serializers.ChoiceField(choices=Assessment.CollectionPoint.choices)
    stage = serializers.ChoiceField(choices=Stage.choices, allow_blank=True)
    measure = serializers.CharField()
    side = serializers.ChoiceField(choices=Score.Side.choices, allow_blank=True)
    status = serializers.ChoiceField(choices=_STATUSES)
    assessment = serializers.UUIDField(allow_null=True, help_text="Null too where withheld.")
    effective_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.ChoiceField(choices=AbsentScore.Reason.choices, allow_null=True)
    due_at = serializers.DateTimeField(
        allow_null=True,
        help_text=(
            "By when, for what the way out of a stage reads: its review, or its expected end where "
            "that is sooner. Null: where the point is reached."
        ),
    )
    why = CollectionReasonSerializer(
        many=True, help_text="The criteria of that way out that read it."
    )


class RoutingSerializer(CitedSerializer):
    """Which level of help a course needs, and on whose word; unknown is not low."""

    level = serializers.ChoiceField(choices=LEVELS)
    basis = serializers.ChoiceField(
        choices=[
            ("complexity_screen", "The latest complexity screen"),
            ("risk_screen", "A screening measure, by the classes that it publishes"),
            ("yellow_flags", "How many yellow flags are met"),
            ("nothing", "Nothing is known"),
            ("withheld", "Withheld from you"),
        ]
    )
    finding = CriterionSerializer()


class CourseOutcomeViewSet(OfPatients):
    """What the measures of a course say over time, to every discipline alike."""

    audited_as = "Score"
    roles = dict.fromkeys(("outcomes", "collection_points", "routing_level"), CLINICAL)
    serializer_class = TrendSerializer
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the courses within the actor's reach."""
        rows = owned_by_patient(Course.objects.all(), self.actor, self.now)
        return disclosing.shown(rows, self.actor, self.now)

    @extend_schema(
        summary="Read how each measure of a course has developed",
        responses={200: TrendSerializer(many=True)},
    )
    @action(detail=True, **_UNPAGED)
    def outcomes(self, request: Request, pk: str) -> Response:
        """Return the trends, as far as the reader may know."""
        rows = trends.trends(self._disclosed("Score"), actor=self.actor, now=self.now)
        return Response(TrendSerializer(rows, many=True).data)

    @extend_schema(
        summary="Read what was and is to be collected: baseline, each stage, exit",
        responses={200: CollectionSerializer(many=True)},
    )
    @action(detail=True, url_path="collection-points", **_UNPAGED)
    def collection_points(self, request: Request, pk: str) -> Response:
        """Return each measure at each point, with what became of it."""
        course = self._disclosed("Score")
        found = collecting.collections(course, actor=self.actor, now=self.now)
        rows = [_collection(one, course) for one in found]
        return Response(CollectionSerializer(rows, many=True).data)

    @extend_schema(
        summary="Read which level of help a course needs, and what says so",
        description="By its complexity screen, else by STarT Back, else by yellow flags.",
        responses={200: RoutingSerializer},
    )
    @action(detail=True, url_path="routing-level", **_UNPAGED)
    def routing_level(self, request: Request, pk: str) -> Response:
        """Return the level; where what it rests on is withheld, the level alone."""
        course = self._disclosed("ComplexityScreen")
        known = facts.gather([course], now=self.now)[course.pk]
        found = routing_level.routing(course.pathway_version.definition, known, self.now)
        [trace] = disclosing.explain(
            [found.finding], course.patient_id, actor=self.actor, now=self.now
        )
        is_told = trace["kind"] != "Withheld"
        shown = {
            "level": found.level,
            "basis": found.basis if is_told else "withheld",
            "finding": trace,
            **_rests_on(course, found.basis if is_told else "", trace),
        }
        return Response(RoutingSerializer(shown).data)

    def _disclosed(self, resource: str) -> Course:
        course: Course = self.get_object()
        self.audit_disclosure([course], searched=False, resource=resource)
        return course


def _collection(one: collecting.Collection, course: Course) -> dict[str, Any]:
    """Return a measure to collect with its sources: of what reads it, or of its stage."""
    definition = course.pathway_version.definition
    stage: Any = one.stage or STAGES[0]
    read_by = [key for why in one.why for key in why.source]
    keys = read_by or definition.stage(stage).source
    return {name: getattr(one, name) for name in one.__slots__} | cited(definition, keys)


def _rests_on(course: Course, basis: str, trace: dict[str, Any]) -> dict[str, Any]:
    """Return on whose word a level is; a screening measure's is its own authors'."""
    definition = course.pathway_version.definition
    flags = definition.yellow_flags.source if basis == "yellow_flags" else ()
    told = cited(definition, [*flags, *trace["source"]])
    if basis != "risk_screen":
        return told
    scores = Score.objects.filter(pk__in=[row["id"] for row in trace["evidence"]])
    risks = [score.measure.definition.risk for score in scores.select_related("measure")]
    words = list(dict.fromkeys(risk.source for risk in risks if risk and risk.source))
    consensus = any(OPINION in word.casefold() for word in words)
    return {**told, "cites": words, "is_expert_consensus": consensus}
