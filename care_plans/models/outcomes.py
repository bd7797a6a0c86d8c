"""What became of the goals of a course, and how complex a case is."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.models import APPEND_ONLY, KEPT, Labels, OrganizationOwned, Patient

from .assessments import Recorded
from .lanes import Goal
from .plans import Course


class GoalAchievement(OrganizationOwned):
    """What the scores say of a goal, from then until they said something else.

    The codes are FHIR R4's goal-achievement. It follows the facts, corrections and late entries
    included, and decides nothing: that a goal was reached is said by a person (`Goal.status`).
    """

    labels: ClassVar[Labels] = Labels(condition="course_id")

    class Code(models.TextChoices):
        IN_PROGRESS = "in-progress", "In progress: nobody knows yet"
        IMPROVING = "improving", "Improving: by at least the change that matters"
        WORSENING = "worsening", "Worsening: by at least the change that matters"
        NO_CHANGE = "no-change", "No change that matters"
        ACHIEVED = "achieved", "Achieved: the target is met"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="achievements")
    code = models.CharField(max_length=11, choices=Code)
    finding = models.JSONField(help_text="The trace of the target and of the change.")
    rests_on = ArrayField(models.UUIDField(), help_text="The rows that the trace rests on.")
    since = models.DateTimeField(help_text="When it was concluded.")
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["goal"], condition=Q(until=None), name="care_plans_achievement_one_now"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="care_plans_achievement_period",
            ),
            models.CheckConstraint(
                condition=Q(
                    code__in=["in-progress", "improving", "worsening", "no-change", "achieved"]
                ),
                name="care_plans_achievement_words",
            ),
        ]
        indexes = [
            models.Index(fields=["course"], name="care_plans_achievement_course"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="achievement_identity",
                fields=[
                    "organization",
                    "patient",
                    "course",
                    "goal",
                    "code",
                    "finding",
                    "rests_on",
                    "since",
                ],
            ),
            pgtrigger.Protect(
                name="achievement_is_over",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__until__isnull=False),
            ),
            *KEPT,
        ]


class ComplexityScreen(Recorded):
    """How complex a case is, by categories of factors (ACC's integrated care pathways).

    Each factor is low, medium or high; the latest screen of a course holds. `level` is what
    whoever screened made of it, and what routing follows.
    """

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
    )

    class Level(models.TextChoices):
        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="complexity_screens")
    level = models.CharField(max_length=6, choices=Level)
    factors = models.JSONField(help_text="By category, each factor with its level.")
    reason = models.TextField(blank=True, help_text="Why the level is not that of the factors.")
    key = models.CharField(
        max_length=200, blank=True, help_text="Recording with it again finds this one."
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent with the key.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "course", "key"],
                condition=~Q(key=""),
                name="care_plans_complexity_key",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__lte=F("recorded_at"))
                & Q(level__in=["low", "medium", "high"]),
                name="care_plans_complexity_words",
            ),
        ]
        indexes = [
            models.Index(fields=["course", "effective_at"], name="care_plans_complexity_course")
        ]
        triggers = APPEND_ONLY
