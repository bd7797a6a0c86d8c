"""The lead's accountability on its way from one practitioner to another."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .labels import Labels
from .owned import OrganizationOwned
from .records import APPEND_ONLY
from .work import KEPT


class HandOff(OrganizationOwned):
    """One offer to take over the lead. Until somebody accepts, the sender answers for the plan.

    Whom it waits for stands in its work item: one that nobody owns waits for a scheduler to name
    somebody. `evidence` holds kinds and ids of records, never copies of them.
    """

    class Cause(models.TextChoices):
        OFFERED = "offered", "The lead or a scheduler offered it"
        REGISTRATION_LAPSED = "registration_lapsed", "The lead's registration is not valid"
        CANNOT_LOG_IN = "cannot_log_in", "The lead cannot log in"

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    # note and evidence go to the two parties only, whatever is withheld
    labels: ClassVar[Labels] = Labels(
        parties=("sender_id", "work_item__owner_id"),
        members=("sender_id", "work_item__owner_id"),
        is_logistic=True,
    )

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="hand_offs"
    )
    sender = models.ForeignKey(
        "coordination.PractitionerRole",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The lead who stays accountable until somebody accepts.",
    )
    cause = models.CharField(max_length=20, choices=Cause)
    because = models.TextField(blank=True, help_text="Why, in a few words.")
    note = models.TextField(blank=True, help_text="For whoever takes over.")
    evidence = models.JSONField(default=list, help_text="Kind and id of each record to review.")
    is_urgent = models.BooleanField(default=False)
    work_item = models.ForeignKey(
        "coordination.WorkItem",
        on_delete=models.PROTECT,
        related_name="hand_off",
        help_text="Whose answer it waits for now.",
    )
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Overdue after it.")
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "patient"],
                condition=Q(closed_at=None),
                name="coordination_hand_off_one_open",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="")
                | Q(
                    closed_at__gte=F("opened_at"),
                    outcome__in=["accepted", "declined", "withdrawn"],
                ),
                name="coordination_hand_off_closed",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("opened_at"))
                & Q(cause__in=["offered", "registration_lapsed", "cannot_log_in"]),
                name="coordination_hand_off_words",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="offers_the_same",
                fields=["organization", "patient", "sender", "because", "note", "evidence"],
            ),
            pgtrigger.Protect(
                name="closed_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
            ),
            *KEPT,
        ]


class HandOffStep(OrganizationOwned):
    """One step of a hand-off: who did what, and the coded reason where one was given."""

    labels: ClassVar[Labels] = Labels(
        patient="hand_off__patient_id",
        record="hand_off_id",
        parties=("hand_off__sender_id", "hand_off__work_item__owner_id", "work_item__owner_id"),
        members=("hand_off__sender_id", "hand_off__work_item__owner_id", "work_item__owner_id"),
        is_logistic=True,
    )

    hand_off = models.ForeignKey(HandOff, on_delete=models.PROTECT, related_name="steps")
    work_item = models.ForeignKey(
        "coordination.WorkItem", on_delete=models.PROTECT, related_name="+"
    )
    action = models.CharField(max_length=12)
    from_status = models.CharField(max_length=12, blank=True)
    to_status = models.CharField(max_length=12)
    reason_code = models.CharField(max_length=24, blank=True)
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["hand_off", "recorded_at"], name="coordination_hand_off_steps")
        ]
        triggers = APPEND_ONLY
