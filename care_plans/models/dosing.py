"""How much is done: changes of an activity's dose level, and what was done at home."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from coordination.models import (
    APPEND_ONLY,
    Labels,
    OrganizationOwned,
    Patient,
    PractitionerRole,
)

from .lanes import Activity
from .plans import Course


class DoseChange(OrganizationOwned):
    """One step of an activity to another dose level, with the trace on which it was made."""

    labels: ClassVar[Labels] = Labels(
        patient="activity__course__patient_id",
        discipline="activity__lane__discipline",
        author="practitioner_role_id",
        condition="activity__course_id",
    )

    class Direction(models.TextChoices):
        UP = "up"
        DOWN = "down"

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="dose_changes")
    from_level = models.CharField(max_length=60)
    to_level = models.CharField(max_length=60)
    direction = models.CharField(max_length=4, choices=Direction)
    finding = models.JSONField(
        null=True, help_text="The trace of the level's gate; null: it has none, or one went down."
    )
    overridden = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=["up", "down"]) & ~Q(from_level=F("to_level")),
                name="care_plans_dose_words",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") | Q(direction="up", overridden=False),
                name="care_plans_dose_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["activity", "recorded_at"], name="care_plans_dose_of"),
        ]
        triggers = APPEND_ONLY


class AdherenceEntry(OrganizationOwned):
    """What was done of one activity on one day, and the pain with it; a correction replaces it."""

    labels: ClassVar[Labels] = Labels(
        discipline="activity__lane__discipline",
        author="practitioner_role_id",
        condition="course_id",
        versions=("AdherenceEntry",),
        ties=("id", "replaces_id"),
    )

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="adherence_entries")
    activity = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="adherence_entries"
    )
    day = models.DateField()
    prescribed = models.PositiveSmallIntegerField(help_text="Sessions that were to be done.")
    completed = models.PositiveSmallIntegerField(help_text="Sessions that were done.")
    pain_during = models.PositiveSmallIntegerField(null=True, blank=True)
    pain_24h = models.PositiveSmallIntegerField(null=True, blank=True, help_text="A day after it.")
    note = models.TextField(blank=True)
    by_patient = models.BooleanField(help_text="The patient entered it.")
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(prescribed__gte=1, prescribed__lte=50, completed__lte=50)
                & (Q(pain_during=None) | Q(pain_during__gte=0, pain_during__lte=10))
                & (Q(pain_24h=None) | Q(pain_24h__gte=0, pain_24h__lte=10)),
                name="care_plans_adherence_values",
            ),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(replaces=F("id")),
                name="care_plans_adherence_replaces",
            ),
        ]
        indexes = [
            # the days of a course, and what was done of one activity
            models.Index(fields=["course", "day"], name="care_plans_adherence_of"),
            models.Index(fields=["activity", "day"], name="care_plans_adherence_activity"),
        ]
        triggers = APPEND_ONLY
