"""Looking after who looked: a weekly sample of accesses, each for a privacy officer to judge."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from .consent import Override
from .labels import Labels
from .owned import OrganizationOwned
from .records import APPEND_ONLY
from .work import KEPT


class AccessSample(OrganizationOwned):
    """One week's draw; its seed makes it possible to draw the same again."""

    week = models.DateField(help_text="The Monday on which the week began (UTC).")
    seed = models.BigIntegerField()
    drawn_at = models.DateTimeField()
    drawn = models.PositiveIntegerField(help_text="How many accesses were put up for review.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "week"], name="coordination_sample_once"
            )
        ]
        triggers = APPEND_ONLY


class AccessReview(OrganizationOwned):
    """One access to one patient that was drawn, and what a privacy officer made of it."""

    class Rule(models.TextChoices):
        NO_RELATIONSHIP = "no_relationship", "No membership, referral or appointment at the time"
        SAME_FAMILY_NAME = "same_family_name", "Reader and patient have the same family name"
        COLLEAGUE = "colleague", "The patient works here"
        MANY_PATIENTS = "many_patients", "The reader opened unusually many patients that day"
        NO_CURRENT_WORK = "no_current_work", "The reader owed this patient nothing at the time"
        RANDOM = "random", "Drawn at random"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    sample = models.ForeignKey(AccessSample, on_delete=models.PROTECT, related_name="reviews")
    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="access_reviews"
    )
    audit_event_id = models.UUIDField()
    accessed_at = models.DateTimeField()
    user_id = models.UUIDField(help_text="Who looked; may not review it.")
    actor = models.TextField(help_text="Their login.")
    event = models.TextField()
    resource = models.TextField()
    basis = models.TextField(help_text="By what right, as recorded at the time.")
    rules = ArrayField(models.CharField(max_length=16, choices=Rule))
    verdict = models.CharField(max_length=16, choices=Override.Verdict, blank=True)
    reviewed_by = models.UUIDField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "audit_event_id", "patient"],
                name="coordination_review_once",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", reviewed_by=None, reviewed_at=None, review_note="")
                | Q(verdict__in=["appropriate", "inappropriate", "needs_follow_up"])
                & ~Q(review_note="")
                & Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="coordination_review_decided",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("user_id")),
                name="coordination_review_by_another",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="stays_as_drawn",
                exclude=["verdict", "reviewed_by", "reviewed_at", "review_note"],
            ),
            pgtrigger.Protect(
                name="decided_once",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__verdict=""),
            ),
            *KEPT,
        ]
