"""Flags that were found present: each stays open until a clinician clears it for a reason."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.models import (
    KEPT,
    Labels,
    OrganizationOwned,
    Patient,
    PractitionerRole,
    WorkItem,
)

from .assessments import RedFlagAnswer, RedFlagScreen
from .plans import Course

#: the most urgent first
_MOST_URGENT = f"ARRAY[{', '.join(map(repr, RedFlagAnswer.Urgency.values))}]"


class RedFlag(OrganizationOwned):
    """One flag of a course that was found present, and what became of it (FHIR Flag).

    While it is open it has what its urgency says: a hard stop, or no move forward. Screens that
    find it again meanwhile are added to `found_in`; one that finds it after it was cleared opens
    another. A version that the course adopts may call it more urgent, and never less.
    """

    labels: ClassVar[Labels] = Labels(
        record="screen_id",
        discipline="screen__practitioner_role__discipline",
        author="screen__practitioner_role_id",
        condition="course_id",
    )

    class Status(models.TextChoices):
        OPEN = "open", "Open: nobody has taken it up"
        ACKNOWLEDGED = "acknowledged", "Acknowledged: somebody looks into it"
        CLEARED = "cleared"

    class Outcome(models.TextChoices):
        """What a clinician concluded when clearing it."""

        RULED_OUT = "ruled_out", "Ruled out: looked into, and not there"
        RESOLVED = "resolved", "Resolved: it was there, and has been dealt with"
        ENTERED_IN_ERROR = "entered_in_error", "Entered in error: it was never found"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="red_flags")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="red_flags")
    screen = models.ForeignKey(
        RedFlagScreen,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The screen that found it first.",
    )
    found_in = ArrayField(
        models.UUIDField(), help_text="Every screen that found it until it was cleared."
    )
    flag = models.CharField(max_length=60)
    urgency = models.CharField(max_length=22, choices=RedFlagAnswer.Urgency)
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN, editable=False)
    found_at = models.DateTimeField(
        help_text="When it was found, of which a screen may say so late."
    )
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="By when somebody must have acted; none: no time is named."
    )
    work_item = models.OneToOneField(
        WorkItem, on_delete=models.PROTECT, null=True, blank=True, related_name="red_flag"
    )
    acknowledged_by = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cleared_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it does not hold."
    )
    clearing_recorded_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reason = models.TextField(blank=True, help_text="Why it was cleared.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course", "flag"],
                condition=~Q(status="cleared"),
                name="care_plans_red_flag_open_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "acknowledged", "cleared"])
                & Q(urgency__in=RedFlagAnswer.Urgency.values)
                & Q(outcome__in=["", "ruled_out", "resolved", "entered_in_error"]),
                name="care_plans_red_flag_words",
            ),
            models.CheckConstraint(
                condition=Q(
                    status="cleared",
                    cleared_by__isnull=False,
                    cleared_at__isnull=False,
                    cleared_at__gte=F("found_at"),
                    clearing_recorded_at__gte=F("cleared_at"),
                )
                & ~Q(outcome="")
                & ~Q(reason="")
                | ~Q(status="cleared")
                & Q(
                    cleared_by=None,
                    cleared_at=None,
                    clearing_recorded_at=None,
                    outcome="",
                    reason="",
                ),
                name="care_plans_red_flag_cleared",
            ),
            models.CheckConstraint(
                condition=Q(status="open", acknowledged_by=None, acknowledged_at=None)
                | Q(
                    status="acknowledged",
                    acknowledged_by__isnull=False,
                    acknowledged_at__isnull=False,
                )
                | Q(status="cleared"),
                name="care_plans_red_flag_acknowledged",
            ),
            models.CheckConstraint(
                condition=Q(found_at__lte=F("recorded_at")), name="care_plans_red_flag_not_ahead"
            ),
        ]
        indexes = [
            # the open flags of a patient, the most pressing first
            models.Index(
                fields=["organization", "patient", "due_at"],
                condition=~Q(status="cleared"),
                name="care_plans_red_flag_open",
            ),
            # the facts of a course: which of its findings were cleared
            models.Index(
                fields=["course"], condition=Q(status="cleared"), name="care_plans_red_flag_of"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="red_flag_status",
                field="status",
                transitions=[
                    ("open", "acknowledged"),
                    ("acknowledged", "open"),  # whoever looked into it is gone
                    ("open", "cleared"),
                    ("acknowledged", "cleared"),
                ],
            ),
            pgtrigger.Protect(
                name="begins_open",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status="open"),
            ),
            pgtrigger.ReadOnly(
                name="red_flag_identity",
                fields=[
                    "organization",
                    "patient",
                    "course",
                    "screen",
                    "flag",
                    "found_at",
                    "recorded_at",
                ],
            ),
            pgtrigger.Trigger(
                name="never_less_urgent",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__urgency__df=pgtrigger.F("new__urgency")),
                func=f"""
                    IF array_position({_MOST_URGENT}, NEW.urgency::text)
                        > array_position({_MOST_URGENT}, OLD.urgency::text)
                    THEN
                        RAISE check_violation USING MESSAGE = 'a flag never becomes less urgent';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="cleared_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="cleared"),
            ),
            *KEPT,
        ]
