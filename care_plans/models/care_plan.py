"""The one plan that a patient has open, and how it ended."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from coordination.models import KEPT, Editable, Labels, OrganizationOwned, Patient

from .words import Outcome


class CarePlan(OrganizationOwned, Editable):
    """The one plan a patient has open: every discipline writes to it, none has a copy."""

    labels: ClassVar[Labels] = Labels()

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    editable = ("summary",)

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="care_plans")
    status = models.CharField(max_length=6, choices=Status, default=Status.OPEN, editable=False)
    summary = models.TextField(blank=True, help_text="What every lane must know.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=16,
        choices=Outcome,
        blank=True,
        editable=False,
        help_text="How it ended; empty while it is open, and where nobody had said so.",
    )
    reason = models.TextField(blank=True, editable=False, help_text="Why it was closed.")
    previous = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="next",
        help_text="The patient's plan before this one: this is a re-entry.",
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "patient"],
                condition=Q(status="open"),
                name="care_plans_one_open_plan",
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None)
                | Q(status="closed", closed_at__gte=F("opened_at")),
                name="care_plans_plan_closed",
            ),
            models.CheckConstraint(
                # what was closed before outcomes were asked for has none: nobody knows it
                condition=Q(status="open", outcome="", reason="")
                | Q(status="closed", outcome__in=["", *Outcome.values]),
                name="care_plans_plan_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(previous=F("id")), name="care_plans_plan_not_own_previous"
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="plan_status", field="status", transitions=[("open", "closed")]),
            pgtrigger.ReadOnly(
                name="plan_identity", fields=["patient", "organization", "previous"]
            ),
            *KEPT,
        ]
