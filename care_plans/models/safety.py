"""Safety alerts: an answer or a score that a named person must act on at once."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from coordination.models import KEPT, Labels, OrganizationOwned, Patient, PractitionerRole

from .assessments import Assessment
from .plans import Course


class SafetyAlert(OrganizationOwned):
    """One alert, from the answer that raised it until a practitioner closes it; never by itself.

    Until somebody acknowledges it, it is said again and to more people. No directive hides that
    there is one; what was answered is the assessment's, and that may be withheld.
    """

    labels: ClassVar[Labels] = Labels(is_safety=True)

    class Status(models.TextChoices):
        OPEN = "open", "Open: nobody has taken it up"
        ACKNOWLEDGED = "acknowledged", "Acknowledged: somebody acts on it"
        CLOSED = "closed"

    class Outcome(models.TextChoices):
        """What came of it."""

        ASSESSED = "assessed", "Assessed by a regulated professional"
        EMERGENCY = "emergency", "Emergency services or an emergency department took over"
        NOT_REACHED = "not_reached", "The person could not be reached"
        ENTERED_IN_ERROR = "entered_in_error", "The answer was never given"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="safety_alerts")
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, related_name="safety_alerts"
    )
    measure = models.CharField(max_length=60)
    rule = models.CharField(max_length=60, help_text="Which safety rule of the measure.")
    measure_version = models.PositiveIntegerField()
    action = models.TextField(help_text="What is to be done, in the words of the rule.")
    source = models.TextField(blank=True, help_text="On whose word; it may be opinion alone.")
    verified = models.CharField(max_length=10)
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN, editable=False)
    raised_at = models.DateTimeField()
    rung = models.PositiveIntegerField(
        default=0, help_text="How often it was said again because nobody took it up."
    )
    escalates_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is said again unless somebody takes it up."
    )
    acknowledged_by = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reason = models.TextField(blank=True, help_text="What was done, by the one who closed it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "measure", "rule"], name="care_plans_safety_alert_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    status="open",
                    escalates_at__isnull=False,
                    acknowledged_by=None,
                    acknowledged_at=None,
                )
                | Q(
                    status__in=["acknowledged", "closed"],
                    escalates_at=None,
                    acknowledged_by__isnull=False,
                    acknowledged_at__isnull=False,
                ),
                name="care_plans_safety_alert_taken_up",
            ),
            models.CheckConstraint(
                condition=Q(
                    status="closed",
                    closed_by__isnull=False,
                    closed_at__gte=F("raised_at"),
                    outcome__in=["assessed", "emergency", "not_reached", "entered_in_error"],
                )
                & ~Q(reason="")
                | Q(
                    status__in=["open", "acknowledged"],
                    closed_by=None,
                    closed_at=None,
                    outcome="",
                    reason="",
                ),
                name="care_plans_safety_alert_closed",
            ),
        ]
        indexes = [
            # the sweep: care_plans_alerts_to_escalate
            models.Index(
                fields=["escalates_at"],
                condition=Q(status="open"),
                name="care_plans_alert_escalates",
            ),
            models.Index(
                fields=["organization", "patient"],
                condition=~Q(status="closed"),
                name="care_plans_alert_open",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="safety_alert_status",
                field="status",
                transitions=[
                    ("open", "acknowledged"),
                    ("acknowledged", "closed"),
                    ("acknowledged", "open"),
                ],
            ),
            pgtrigger.Protect(
                name="begins_open",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status="open"),
            ),
            pgtrigger.ReadOnly(
                name="safety_alert_identity",
                fields=[
                    "organization",
                    "patient",
                    "course",
                    "assessment",
                    "measure",
                    "rule",
                    "measure_version",
                    "action",
                    "source",
                    "verified",
                    "raised_at",
                ],
            ),
            pgtrigger.Protect(
                name="closed_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="closed"),
            ),
            *KEPT,
        ]
