"""Safety alerts: taken up, acted on, closed with what came of it."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import alert_reasons, safety_alerts
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.disclosing import WITHHELD_WORDS, disclose, doers_shown
from care_plans.models import Assessment, SafetyAlert
from coordination.api.permissions import CLINICAL
from coordination.api.records import OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved

Rows = QuerySet[Any, Any]


class SafetyThresholdSerializer(serializers.Serializer[Any]):
    """From which answer or total on somebody must act; one of `above` and `at_least` is named."""

    item = serializers.IntegerField(allow_null=True, help_text="Null: the total is meant.")
    above = serializers.DecimalField(
        max_digits=10, decimal_places=4, allow_null=True, help_text="More than this."
    )
    at_least = serializers.DecimalField(
        max_digits=10, decimal_places=4, allow_null=True, help_text="This or more."
    )


class SafetyAlertSerializer(serializers.ModelSerializer[SafetyAlert]):
    """An alert, and why it was raised; that is empty where the answer itself is withheld."""

    assessment = serializers.SerializerMethodField()
    measure = serializers.SerializerMethodField()
    rule = serializers.SerializerMethodField()
    measure_version = serializers.SerializerMethodField(
        help_text="The version of the measure whose rule it is."
    )
    threshold = serializers.SerializerMethodField(help_text="What the rule asks for.")
    finding = serializers.SerializerMethodField(
        help_text="The trace: the rule in its own words, and each score that it was met by."
    )
    is_expert_consensus = serializers.SerializerMethodField(
        help_text="The rule rests on opinion alone."
    )
    acknowledged_by = serializers.UUIDField(
        source="acknowledged_by_shown",
        read_only=True,
        allow_null=True,
        help_text="The practitioner role that took it up; null also where they are withheld.",
    )
    closed_by = serializers.UUIDField(
        source="closed_by_shown",
        read_only=True,
        allow_null=True,
        help_text="The practitioner role that closed it; null also where they are withheld.",
    )
    reason = serializers.SerializerMethodField(
        help_text=(
            "What was done, in the words of whoever closed it; withheld with them, and with the "
            "answer."
        )
    )

    class Meta:
        model = SafetyAlert
        fields = [
            "id",
            "patient",
            "assessment",
            "measure",
            "measure_version",
            "rule",
            "threshold",
            "finding",
            "action",
            "source",
            "verified",
            "is_expert_consensus",
            "status",
            "raised_at",
            "rung",
            "escalates_at",
            "acknowledged_by",
            "acknowledged_at",
            "closed_by",
            "closed_at",
            "outcome",
            "reason",
        ]
        read_only_fields = fields

    def get_assessment(self, alert: Any) -> str | None:
        """Return the sitting in which it was answered, if that is shown."""
        return str(alert.assessment_id) if alert.shows_answer else None

    def get_measure(self, alert: Any) -> str:
        """Return the measure that was answered, if that is shown."""
        return str(alert.measure) if alert.shows_answer else ""

    def get_rule(self, alert: Any) -> str:
        """Return which safety rule of the measure was met, if that is shown."""
        return str(alert.rule) if alert.shows_answer else ""

    def get_measure_version(self, alert: Any) -> int | None:
        """Return which version of the measure has the rule, if the answer is shown."""
        return int(alert.measure_version) if alert.shows_answer else None

    @extend_schema_field(SafetyThresholdSerializer(allow_null=True))
    def get_threshold(self, alert: Any) -> Any:
        """Return from where on the rule is met, if the answer is shown."""
        rule = alert_reasons.rule_of(alert) if alert.shows_answer else None
        return SafetyThresholdSerializer(rule).data if rule is not None else None

    @extend_schema_field(CriterionSerializer(allow_null=True))
    def get_finding(self, alert: Any) -> Any:
        """Return why it was raised, if the answer is shown."""
        finding = alert_reasons.why_raised(alert) if alert.shows_answer else None
        return CriterionSerializer(finding.as_json()).data if finding is not None else None

    def get_reason(self, alert: Any) -> str:
        """Return what was done, unless the answer is withheld from others than whoever wrote it."""
        is_told = alert.shows_answer or alert.closed_by_id in self.context["mine"]
        return str(alert.reason_shown) if is_told or not alert.reason else WITHHELD_WORDS

    def get_is_expert_consensus(self, alert: Any) -> bool:
        """Say whether the rule is opinion."""
        return alert_reasons.is_opinion(alert)


class AlertClosingSerializer(serializers.Serializer[Any]):
    """What came of an alert."""

    outcome = serializers.ChoiceField(choices=SafetyAlert.Outcome.choices)
    reason = serializers.CharField(max_length=2000, help_text="What was done.")


class SafetyAlertFilter(filters.FilterSet):
    """How an alert is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    status = filters.ChoiceFilter(choices=SafetyAlert.Status.choices)
    open = filters.BooleanFilter(method="by_open", label="Not closed.")

    class Meta:
        model = SafetyAlert
        fields: list[str] = []

    def by_open(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what nobody has closed."""
        closed = Q(status=SafetyAlert.Status.CLOSED)
        return rows.exclude(closed) if value else rows.filter(closed)


@extend_schema_view(
    list=extend_schema(summary="List safety alerts"),
    retrieve=extend_schema(
        summary="Read a safety alert, and why it was raised",
        description=(
            "Which rule of which version of the measure, what it asks for, each score that it was "
            "met by, and on whose word."
        ),
    ),
)
class SafetyAlertViewSet(OfPatients, Listed, Retrieved):
    """Answers and scores that somebody must act on at once; no directive hides one."""

    audited_as = "SafetyAlert"
    roles = dict.fromkeys(("list", "retrieve", "acknowledge", "close"), CLINICAL)
    ordering = ("-id",)
    serializer_class = SafetyAlertSerializer
    filterset_class = SafetyAlertFilter
    queryset = SafetyAlert.objects.none()

    def get_queryset(self) -> Rows:
        """Return the alerts of patients within reach, each knowing what of it is shown."""
        shown = disclose(Assessment.objects.all(), self.actor, self.now)
        found = doers_shown(
            self.narrow(SafetyAlert.objects.all(), self.actor, self.now),
            self.actor,
            self.now,
            said_by="closed_by_shown",
            acknowledged_by_shown="acknowledged_by",
            closed_by_shown="closed_by",
        )
        rows: Rows = found.annotate(shows_answer=Q(assessment__in=shown))
        return alert_reasons.with_reasons(rows)

    def get_serializer_context(self) -> dict[str, Any]:
        """Hand on in which roles the asker writes."""
        return {**super().get_serializer_context(), "mine": self.actor.practitioner_role_ids}

    @extend_schema(
        summary="Take up a safety alert",
        description="It is said to nobody again. It stays open until it is closed.",
        request=None,
        responses={200: SafetyAlertSerializer},
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that the asker acts on it."""
        row = safety_alerts.acknowledge(self.get_object().pk, actor=self.actor, now=self.now)
        return self.answer(self.get_queryset().get(pk=row.pk))

    @extend_schema(
        summary="Close a safety alert, and say what came of it",
        request=AlertClosingSerializer,
        responses={200: SafetyAlertSerializer},
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End it with its outcome; who was on call for it may not read it any more."""
        data, seen = self.valid(AlertClosingSerializer), self.get_object()
        row: Any = safety_alerts.close(seen.pk, **data, actor=self.actor, now=self.now)
        # whoever was on call cannot read it any more, and is told what they closed
        row.shows_answer, row.rule_sha256 = seen.shows_answer, seen.rule_sha256
        row.acknowledged_by_shown = seen.acknowledged_by_shown
        row.closed_by_shown, row.reason_shown = row.closed_by_id, row.reason
        row.assessment = seen.assessment
        return self.answer(row)
