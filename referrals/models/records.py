"""What is kept of a referral: each step, each routing, each report. Never edited afterwards."""

import pgtrigger
from django.db import models

from coordination.models import APPEND_ONLY, KEPT, OrganizationOwned

from .referral import Referral


class ReferralTransition(OrganizationOwned):
    """One step of a referral's life: its history, and the work queue of whoever follows it.

    Append-only but for `processed_at`, which the plan sets once it has taken the step in.
    """

    class Part(models.TextChoices):
        REQUEST = "request", "The request (FHIR ServiceRequest)"
        WORK = "work", "The work item (FHIR Task)"

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="transitions")
    work_item = models.ForeignKey(
        "coordination.WorkItem",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    part = models.CharField(max_length=7, choices=Part)
    action = models.CharField(max_length=16)
    from_status = models.CharField(max_length=12, blank=True, help_text="Empty: it began here.")
    to_status = models.CharField(max_length=12)
    reason_code = models.CharField(max_length=64, blank=True)
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    user_id = models.UUIDField(null=True, blank=True)
    effective_at = models.DateTimeField(help_text="When it happened.")
    recorded_at = models.DateTimeField(help_text="When it was entered.")
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(part__in=["request", "work"]), name="referrals_step_part"
            ),
            models.CheckConstraint(
                condition=models.Q(effective_at__lte=models.F("recorded_at")),
                name="referrals_step_times",
            ),
        ]
        indexes = [
            # the steps that the plan has not taken in yet (`referrals_unprocessed`)
            models.Index(
                fields=["id"],
                condition=models.Q(processed_at=None),
                name="referrals_unprocessed_steps",
            ),
            models.Index(fields=["organization", "referral", "id"], name="referrals_history"),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="append_only", exclude=["processed_at"]),
            pgtrigger.Protect(
                name="processed_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__processed_at__isnull=False),
            ),
            *KEPT,
        ]


class RoutingDecision(OrganizationOwned):
    """The ranked candidates of one assignment with every reason, also of those not chosen."""

    referral = models.ForeignKey(
        Referral, on_delete=models.PROTECT, related_name="routing_decisions"
    )
    work_item = models.OneToOneField(
        "coordination.WorkItem", on_delete=models.PROTECT, related_name="routing_decision"
    )
    candidates = models.JSONField(help_text="In order, the excluded last; each with its reasons.")
    chosen = models.ForeignKey(
        "coordination.PractitionerRole", on_delete=models.PROTECT, related_name="+"
    )
    reason_code = models.CharField(
        max_length=64, blank=True, help_text="Why not the first; empty: the first was chosen."
    )
    decided_by = models.TextField(help_text="Login, or the part of the software that acted.")
    user_id = models.UUIDField(null=True, blank=True)
    decided_at = models.DateTimeField()
    rules_version = models.CharField(max_length=16)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "referral"], name="referrals_routing_of"),
        ]
        triggers = APPEND_ONLY


class ReferralReport(OrganizationOwned):
    """The report back, one per work item: clinical content, never in the directory view."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="reports")
    work_item = models.OneToOneField(
        "coordination.WorkItem", on_delete=models.PROTECT, related_name="report"
    )
    author = models.ForeignKey(
        "coordination.PractitionerRole", on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField()
    outcome = models.CharField(max_length=16, choices=Referral.Outcome)
    written_at = models.DateTimeField(help_text="When the work that it reports on ended.")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(text=""), name="referrals_report_says_something"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Referral.Outcome.values),
                name="referrals_report_outcome",
            ),
        ]
        triggers = APPEND_ONLY
