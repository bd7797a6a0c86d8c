"""What the lead decided where activities of two courses are in each other's way."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.models import APPEND_ONLY, Labels, OrganizationOwned, Patient, PractitionerRole

from .care_plan import CarePlan
from .lanes import Activity


class ConflictDecision(OrganizationOwned):
    """One decision about two activities; the latest counts, none is ever edited."""

    labels: ClassVar[Labels] = Labels(
        discipline="first__lane__discipline",
        author="practitioner_role_id",
        condition="first__course_id",
    )

    class Kind(models.TextChoices):
        DUPLICATE = "duplicate", "Both do the same"
        CAUTION = "caution", "One warns against what the other one asks for"
        LOAD = "load", "Both load the same part of the body"

    class Decision(models.TextChoices):
        KEEP_BOTH = "keep_both"
        KEEP_FIRST = "keep_first", "Keep the first, stop the second"
        KEEP_SECOND = "keep_second", "Keep the second, stop the first"
        REOPEN = "reopen", "Decide again"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    care_plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="+")
    conflict = models.UUIDField(help_text="The same for the same two activities and kind.")
    kind = models.CharField(max_length=9, choices=Kind)
    first = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="+")
    about = ArrayField(models.TextField(), help_text="What it was about when it was decided.")
    sequence = models.PositiveSmallIntegerField(help_text="1 for the first decision about it.")
    decision = models.CharField(max_length=11, choices=Decision)
    reason = models.TextField()
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "conflict", "sequence"], name="care_plans_conflict_in_turn"
            ),
            models.CheckConstraint(
                condition=~Q(first=F("second")) & ~Q(reason=""),
                name="care_plans_conflict_complete",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["duplicate", "caution", "load"])
                & Q(decision__in=["keep_both", "keep_first", "keep_second", "reopen"]),
                name="care_plans_conflict_words",
            ),
        ]
        triggers = APPEND_ONLY
