"""Two records that may be one person, until somebody has looked."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from .labels import Labels
from .owned import OrganizationOwned
from .records import APPEND_ONLY
from .work import KEPT


class DuplicateReview(OrganizationOwned):
    """A pair of records that somebody must compare; what they decided is remembered.

    No pair is asked about twice. Merging links the one record to the other and changes nothing
    else of it, so that it can be undone.
    """

    class Status(models.TextChoices):
        OPEN = "open"
        DISTINCT = "distinct", "Two persons"
        MERGED = "merged", "One person; the records are linked"

    class Match(models.TextChoices):
        """What the two have in common, or contradict each other in."""

        SAME_IDENTIFIER = "same_identifier"
        OTHER_DEMOGRAPHICS = "other_demographics", "Same identifier, other name or birth date"
        SAME_DEMOGRAPHICS = "same_demographics", "Same name and birth date"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(
        "coordination.Patient",
        on_delete=models.PROTECT,
        related_name="duplicate_reviews",
        help_text="The record that came second.",
    )
    candidate = models.ForeignKey(
        "coordination.Patient",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The record that was there.",
    )
    matches = ArrayField(models.CharField(max_length=20, choices=Match))
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN, editable=False)
    survivor = models.ForeignKey(
        "coordination.Patient",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The record that goes on, while the two are merged.",
    )
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                F("organization"),
                Least("patient", "candidate"),
                Greatest("patient", "candidate"),
                name="coordination_duplicate_pair",
            ),
            models.CheckConstraint(
                condition=~Q(patient=F("candidate")), name="coordination_duplicate_two"
            ),
            models.CheckConstraint(
                condition=Q(status="open", survivor=None)
                | Q(status="distinct", survivor=None, decided_at__isnull=False)
                | Q(status="merged", decided_at__isnull=False)
                & (Q(survivor=F("patient")) | Q(survivor=F("candidate"))),
                name="coordination_duplicate_decided",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="duplicate_status",
                field="status",
                transitions=[
                    ("open", "distinct"),
                    ("open", "merged"),
                    ("distinct", "open"),
                    ("merged", "open"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="same_pair", fields=["organization", "patient", "candidate", "opened_at"]
            ),
            *KEPT,
        ]


class DuplicateStep(OrganizationOwned):
    """One decision about a pair, with the reason in the words of whoever took it."""

    labels: ClassVar[Labels] = Labels(patient="review__patient_id", is_identity=True)

    review = models.ForeignKey(DuplicateReview, on_delete=models.PROTECT, related_name="steps")
    action = models.CharField(max_length=12)
    from_status = models.CharField(max_length=8)
    to_status = models.CharField(max_length=8)
    survivor_id = models.UUIDField(null=True, blank=True)
    identifiers = models.JSONField(
        default=list, help_text="Parked identifiers that it took away, to give them back."
    )
    because = models.TextField(blank=True)
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["review", "recorded_at"], name="coordination_duplicate_steps")
        ]
        triggers = APPEND_ONLY
