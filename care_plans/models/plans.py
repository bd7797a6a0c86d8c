"""The courses of a plan, and how each course moves through its stages."""

from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q

from coordination.models import (
    APPEND_ONLY,
    KEPT,
    Discipline,
    Editable,
    Labels,
    OrganizationOwned,
    Patient,
    PractitionerRole,
)

from . import words
from .care_plan import CarePlan
from .words import Severity, Side, Stage


class CourseQuerySet(models.QuerySet["Course"]):
    """Reads over courses."""

    def underway(self) -> Self:
        """Keep the courses that are not discharged."""
        return self.exclude(status="discharged")

    def overdue(self, now: datetime) -> Self:
        """Keep the active courses whose present stage lasts longer than expected."""
        return self.filter(
            Exists(self._open_stays().filter(expected_until__lt=now)), status="active"
        )

    def standing(self, *standings: str) -> Self:
        """Keep the active courses whose present stay stands so."""
        return self.filter(
            Exists(self._open_stays().filter(standing__in=standings)), status="active"
        )

    @staticmethod
    def _open_stays() -> models.QuerySet["StageStay"]:
        return StageStay.objects.filter(course=OuterRef("pk"), left_at=None)


class Course(OrganizationOwned, Editable):
    """One condition on the plan: pinned to a pathway version, with severity, side and stage."""

    labels: ClassVar[Labels] = Labels(condition="pk", is_logistic=True)

    class Status(models.TextChoices):
        INTAKE = "intake"
        ACTIVE = "active"
        PAUSED = "paused"
        DISCHARGED = "discharged"

    Outcome = words.Outcome

    editable = ("condition", "note")

    care_plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="courses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    pathway = models.ForeignKey("care_plans.Pathway", on_delete=models.PROTECT, related_name="+")
    pathway_version = models.ForeignKey(
        "care_plans.PathwayVersion", on_delete=models.PROTECT, related_name="courses"
    )
    condition = models.TextField(help_text="As the team calls it.")
    note = models.TextField(blank=True)
    severity = models.CharField(max_length=8, choices=Severity, editable=False)
    side = models.CharField(max_length=9, choices=Side, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.INTAKE, editable=False)
    stage = models.CharField(  # noqa: DJ001 – none before the course starts
        max_length=11, choices=Stage, null=True, blank=True, editable=False
    )
    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="next"
    )
    key = models.CharField(
        max_length=200, blank=True, help_text="Applying with it again finds this course."
    )
    applied_at = models.DateTimeField(help_text="When intake began.")
    started_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    discharged_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    recorded_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(CourseQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["care_plan", "pathway", "side"],
                condition=~Q(status="discharged"),
                name="care_plans_one_course_underway",
            ),
            models.UniqueConstraint(
                fields=["care_plan", "key"],
                condition=~Q(key=""),
                name="care_plans_course_key",
            ),
            models.CheckConstraint(
                condition=Q(status="intake", stage=None, started_at=None)
                | Q(status__in=["active", "paused"], started_at__isnull=False)
                & Q(stage__isnull=False)
                | Q(status="discharged"),
                name="care_plans_course_stage",
            ),
            models.CheckConstraint(
                condition=Q(status="paused", paused_at__isnull=False)
                | ~Q(status="paused") & Q(paused_at=None),
                name="care_plans_course_paused",
            ),
            models.CheckConstraint(
                condition=Q(status="discharged", discharged_at__isnull=False) & ~Q(outcome="")
                | ~Q(status="discharged") & Q(discharged_at=None, outcome=""),
                name="care_plans_course_outcome",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=Severity.values)
                & Q(side__in=["", *Side.values])
                & (Q(stage=None) | Q(stage__in=Stage.values)),
                name="care_plans_course_words",
            ),
            models.CheckConstraint(
                condition=~Q(previous=F("id")), name="care_plans_course_not_own_previous"
            ),
        ]
        indexes = [
            # the courses of a practitioner's circle
            models.Index(fields=["organization", "patient"], name="care_plans_course_patient"),
            # the sweep that makes up for a look that failed in intake (`intakes_to_check`)
            models.Index(
                fields=["id"], condition=Q(status="intake"), name="care_plans_course_intake"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="course_status",
                field="status",
                transitions=[
                    ("intake", "active"),
                    ("active", "paused"),
                    ("paused", "active"),
                    ("intake", "discharged"),
                    ("active", "discharged"),
                    ("paused", "discharged"),
                ],
            ),
            pgtrigger.FSM(
                name="course_stage",
                field="stage",
                transitions=[
                    ("", "acute"),
                    ("acute", "subacute"),
                    ("subacute", "maintenance"),
                    ("subacute", "acute"),
                    ("maintenance", "subacute"),
                    ("maintenance", "acute"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="course_identity",
                fields=[
                    "organization",
                    "care_plan",
                    "patient",
                    "pathway",
                    "side",
                    "key",
                    "previous",
                    "applied_at",
                ],
            ),
            pgtrigger.Trigger(
                name="version_decided",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__pathway_version__df=pgtrigger.F("new__pathway_version")),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM public.care_plans_versiondecision d
                        WHERE d.course_id = NEW.id AND d.decision = 'adopted'
                            AND d.from_version_id = OLD.pathway_version_id
                            AND d.to_version_id = NEW.pathway_version_id
                    ) THEN
                        RAISE check_violation USING MESSAGE = 'nobody decided on this version';
                    END IF;
                    RETURN NEW;
                """,
            ),
            *KEPT,
        ]


class SeverityChange(OrganizationOwned):
    """What severity a course had from when on; the first row is written when it begins."""

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id", recorder="user_id", condition="course_id"
    )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="severity_changes")
    severity = models.CharField(max_length=8, choices=Severity)
    reason = models.TextField(blank=True)
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        triggers = APPEND_ONLY


class StageStay(OrganizationOwned):
    """One stay of a course in one stage. `entered_at` and `left_at` are effective times."""

    labels: ClassVar[Labels] = Labels(patient="course__patient_id", condition="course_id")

    class Standing(models.TextChoices):
        """What the last look at criteria, lanes and red flags concluded."""

        WORKING = "working", "Criteria are not met yet"
        BLOCKED = "blocked", "A lane holds the next move up"
        READY = "ready", "Everything is met"
        STOPPED = "stopped", "A red flag stands in the way"

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="stays")
    stage = models.CharField(max_length=11, choices=Stage)
    sequence = models.PositiveSmallIntegerField(help_text="1 for the course's first stay.")
    entered_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    expected_until = models.DateTimeField(help_text="Overdue after it; pauses move it on.")
    review_at = models.DateTimeField(null=True, blank=True)
    plan = models.PositiveSmallIntegerField(
        default=1, help_text="Raised whenever the stay is timed anew: its alerts are new ones then."
    )
    standing = models.CharField(max_length=7, choices=Standing, default=Standing.WORKING)
    standing_since = models.DateTimeField()
    # in no index: every look would have to write each index of the table (docs/adr/0072)
    checked_at = models.DateTimeField(help_text="When the standing was last looked at.")
    blocked_by = ArrayField(
        models.CharField(max_length=20, choices=Discipline),
        default=list,
        help_text="The lanes that hold the next move up.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "sequence"], name="care_plans_stay_sequence"),
            models.UniqueConstraint(
                fields=["course"],
                condition=Q(left_at=None),
                name="care_plans_one_open_stay",
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=F("entered_at")),
                name="care_plans_stay_period",
            ),
            models.CheckConstraint(
                condition=Q(expected_until__gte=F("entered_at")),
                name="care_plans_stay_expected",
            ),
            ExclusionConstraint(
                name="care_plans_stays_apart",
                expressions=[
                    ("course", RangeOperators.EQUAL),
                    (
                        Func(
                            "entered_at",
                            "left_at",
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [
            # the list of overdue courses
            models.Index(
                fields=["organization", "expected_until"],
                condition=Q(left_at=None),
                name="care_plans_stay_due",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="stay_identity",
                fields=["organization", "course", "stage", "sequence", "entered_at"],
            ),
            *KEPT,
        ]


class StageTransition(OrganizationOwned):
    """One move of a course, with the evidence on which it was made; never edited."""

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id",
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
    )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="transitions")
    action = models.CharField(max_length=9)
    from_status = models.CharField(max_length=10, choices=Course.Status)
    to_status = models.CharField(max_length=10, choices=Course.Status)
    # Null means no stage: before the first one and after the last.
    from_stage = models.CharField(max_length=11, choices=Stage, null=True, blank=True)  # noqa: DJ001 - as `stage`
    to_stage = models.CharField(max_length=11, choices=Stage, null=True, blank=True)  # noqa: DJ001 - as `stage`
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    practitioner_role = models.ForeignKey(
        PractitionerRole,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.TextField(blank=True)
    evidence = models.JSONField(
        default=dict,
        help_text="The trace of each criterion with the ids of what satisfied it.",
    )
    overridden = models.BooleanField(default=False)
    unmet = models.JSONField(default=list, help_text="What was not met when the lead overrode it.")
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(overridden=False) | ~Q(reason=""),
                name="care_plans_override_reason",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__lte=F("recorded_at")),
                name="care_plans_transition_not_ahead",
            ),
        ]
        indexes = [
            models.Index(fields=["course", "recorded_at"], name="care_plans_transition_course")
        ]
        triggers = APPEND_ONLY
