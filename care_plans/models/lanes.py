"""What each discipline does on a course: its lane, its sign-offs, its activities and goals."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.models import (
    APPEND_ONLY,
    KEPT,
    Discipline,
    Editable,
    Labels,
    OrganizationOwned,
    PractitionerRole,
)

from .plans import Course, StageStay
from .words import Stage


class Lane(OrganizationOwned, Editable):
    """One discipline's part of one course: needed or not in the present stage, and who does it."""

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id",
        discipline="discipline",
        author="practitioner_role_id",
        members=("practitioner_role_id",),
        condition="course_id",
        is_logistic=True,
    )

    class Needed(models.TextChoices):
        NEEDED = "needed"
        NOT_NEEDED = "not_needed"
        UNDECIDED = "undecided", "Undecided: what would decide it is unknown"

    class DecidedBy(models.TextChoices):
        PATHWAY = "pathway"
        PERSON = "person"

    editable = ("note",)

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="lanes")
    discipline = models.CharField(max_length=20, choices=Discipline, editable=False)
    needed = models.CharField(max_length=10, choices=Needed, editable=False)
    decided_by = models.CharField(
        max_length=7, choices=DecidedBy, default=DecidedBy.PATHWAY, editable=False
    )
    reason = models.TextField(
        blank=True, editable=False, help_text="Why it is needed, is not, or is undecided."
    )
    rests_on = ArrayField(
        models.UUIDField(),
        null=True,
        blank=True,
        editable=False,
        help_text="The rows that the pathway's decision rests on; null for one of a person.",
    )
    order = models.PositiveSmallIntegerField(
        default=0, help_text="Its place in the stage's referral set; 0: not part of it."
    )
    practitioner_role = models.ForeignKey(
        PractitionerRole,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    referral = models.ForeignKey(
        "referrals.Referral",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The one last opened for it.",
    )
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "discipline"], name="care_plans_lane_once"),
            models.CheckConstraint(
                condition=Q(discipline__in=Discipline.values)
                & Q(needed__in=["needed", "not_needed", "undecided"]),
                name="care_plans_lane_words",
            ),
            models.CheckConstraint(
                condition=Q(needed="needed") | ~Q(reason=""),
                name="care_plans_lane_reason",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="lane_identity", fields=["organization", "course", "discipline"]
            ),
            *KEPT,
        ]


class LaneDecision(OrganizationOwned):
    """Whether a stage needed a lane, and why; never edited. The latest of a lane is what holds.

    `effective_at` is from when on it was so. What was so before these rows were kept is not known,
    nor who decided it. Whoever may not know of the lane is not told of it (`history.history`).
    """

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id", discipline="lane__discipline", condition="course_id"
    )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="decisions")
    stage = models.CharField(max_length=11, choices=Stage)
    needed = models.CharField(max_length=10, choices=Lane.Needed)
    decided_by = models.CharField(max_length=7, choices=Lane.DecidedBy)
    reason = models.TextField(blank=True)
    rests_on = ArrayField(
        models.UUIDField(),
        null=True,
        blank=True,
        help_text="The rows that the pathway's decision rests on; null for one of a person.",
    )
    practitioner_role = models.ForeignKey(
        PractitionerRole,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of the person who decided.",
    )
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_at__lte=F("recorded_at")), name="care_plans_lane_not_ahead"
            ),
        ]
        indexes = [models.Index(fields=["course", "recorded_at"], name="care_plans_lane_decided")]
        triggers = APPEND_ONLY


class LaneOwner(OrganizationOwned):
    """Who did a lane from when on, nobody included; never edited. `effective_at` is when it began.

    What was so before these rows were kept is not known.
    """

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id",
        discipline="lane__discipline",
        author="practitioner_role_id",
        members=("practitioner_role_id",),
        condition="course_id",
    )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="owners")
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_at__lte=F("recorded_at")), name="care_plans_owner_not_ahead"
            ),
        ]
        indexes = [models.Index(fields=["course", "recorded_at"], name="care_plans_owner_of")]
        triggers = APPEND_ONLY


class LaneSignOff(OrganizationOwned):
    """What a lane said about going on, in one stay; the latest counts, none is ever edited."""

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id",
        discipline="lane__discipline",
        author="practitioner_role_id",
        members=("practitioner_role_id",),
        condition="course_id",
    )

    class Verdict(models.TextChoices):
        READY = "ready"
        NOT_READY = "not_ready"

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="sign_offs")
    stay = models.ForeignKey(StageStay, on_delete=models.PROTECT, related_name="sign_offs")
    verdict = models.CharField(max_length=9, choices=Verdict)
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    reason = models.TextField(blank=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="ready") | Q(verdict="not_ready") & ~Q(reason=""),
                name="care_plans_sign_off_reason",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__lte=F("recorded_at")),
                name="care_plans_sign_off_not_ahead",
            ),
        ]
        indexes = [
            # the latest word of each lane in a stay
            models.Index(fields=["stay", "lane", "recorded_at"], name="care_plans_sign_off_latest"),
        ]
        triggers = APPEND_ONLY


class Goal(OrganizationOwned, Editable):
    """What a stage of a course is for; shared by all lanes."""

    labels: ClassVar[Labels] = Labels(patient="course__patient_id", condition="course_id")

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned: of a stage that has not begun"
        IN_PROGRESS = "in_progress"
        CANCELLED = (
            "cancelled",
            "Cancelled: the course has ended, or follows a version that lacks it",
        )
        ACHIEVED = "achieved"
        NOT_ACHIEVED = "not_achieved"

    editable = ("note",)

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="goals")
    stage = models.CharField(max_length=11, choices=Stage, editable=False)
    key = models.CharField(max_length=60, editable=False)
    text = models.TextField(editable=False)
    measures = models.JSONField(
        default=list, editable=False, help_text="The measures that the target reads."
    )
    target = models.JSONField(
        null=True, editable=False, help_text="The pathway's criterion, as written there."
    )
    status = models.CharField(
        max_length=12, choices=Status, default=Status.IN_PROGRESS, editable=False
    )
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "stage", "key"], name="care_plans_goal_once")
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="goal_identity", fields=["organization", "course", "stage", "key"]
            ),
            *KEPT,
        ]


class Activity(OrganizationOwned, Editable):
    """One thing a lane does for a goal, in one stay of a stage."""

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id",
        discipline="lane__discipline",
        author="lane__practitioner_role_id",
        condition="course_id",
    )

    class Status(models.TextChoices):
        NOT_STARTED = "not_started"
        IN_PROGRESS = "in_progress"
        ON_HOLD = "on_hold"
        COMPLETED = "completed"
        STOPPED = "stopped"

    editable = ("cadence", "note")

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="activities")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="activities")
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="activities")
    stage = models.CharField(max_length=11, choices=Stage, editable=False)
    sequence = models.PositiveSmallIntegerField(
        editable=False, help_text="The stay that it is planned for."
    )
    key = models.CharField(max_length=60, editable=False)
    text = models.TextField(editable=False)
    caution = models.TextField(blank=True, editable=False)
    dose_level = models.CharField(max_length=60, blank=True, editable=False)
    cadence = models.TextField(
        blank=True, help_text="How often, in the pathway's words; blank when unknown."
    )
    is_loading = models.BooleanField(default=False, editable=False)
    is_optional = models.BooleanField(default=False, editable=False)
    status = models.CharField(
        max_length=11, choices=Status, default=Status.NOT_STARTED, editable=False
    )
    because = models.TextField(
        blank=True, editable=False, help_text="Why it is on hold or was stopped."
    )
    released_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when it may begin; null: it waits."
    )
    released_on = models.JSONField(
        default=list, editable=False, help_text="The traces of what it waited for, as they were."
    )
    released_by = models.TextField(
        blank=True, editable=False, help_text="Who released it by hand; blank: the pathway did."
    )
    release_reason = models.TextField(blank=True, editable=False)
    due_from = models.DateTimeField(null=True, editable=False)
    due_until = models.DateTimeField(
        null=True, editable=False, help_text="When it should have begun; null: at no set time."
    )
    began_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    stopped_on = models.JSONField(
        null=True, editable=False, help_text="The trace of the stop condition that ended it."
    )
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lane", "sequence", "key"], name="care_plans_activity_once"
            ),
            models.CheckConstraint(
                condition=Q(released_by="", release_reason="")
                | Q(released_at__isnull=False) & ~Q(released_by="") & ~Q(release_reason=""),
                name="care_plans_activity_released_why",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None)
                | Q(status__in=["completed", "stopped"])
                & (Q(began_at=None) | Q(ended_at__gte=F("began_at"))),
                name="care_plans_activity_ended",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["on_hold", "stopped"]) & ~Q(because="")
                | ~Q(status__in=["on_hold", "stopped"]) & Q(because=""),
                name="care_plans_activity_because",
            ),
        ]
        indexes = [models.Index(fields=["course", "sequence"], name="care_plans_activity_stay")]
        triggers = [
            pgtrigger.FSM(
                name="activity_status",
                field="status",
                transitions=[
                    ("not_started", "in_progress"),
                    ("not_started", "stopped"),
                    ("in_progress", "completed"),
                    ("in_progress", "stopped"),
                    ("in_progress", "on_hold"),
                    ("on_hold", "in_progress"),
                    ("on_hold", "stopped"),
                    # a lane that is needed after all (`activities.reopen_lane`)
                    ("stopped", "not_started"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="activity_identity",
                fields=["organization", "course", "lane", "stage", "sequence", "key"],
            ),
            *KEPT,
        ]
