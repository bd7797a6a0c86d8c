"""What was found out about a patient: scores, screens, answers, problems and imported documents.

Each row says when it held (`effective_at`) and when somebody wrote it down (`recorded_at`).
Nothing recorded is ever edited: a correction is a new row that replaces the old one.
"""

from typing import Any, ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from care_plans.content.safety import OF_PATIENT
from coordination.models import (
    APPEND_ONLY,
    Labels,
    OrganizationOwned,
    Patient,
    PractitionerRole,
)

from .plans import Course
from .words import Stage

_NOT_AHEAD = Q(effective_at__lte=F("recorded_at"))


class Recorded(OrganizationOwned):
    """What every finding carries: whose it is, when it held, who wrote it down and when."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    user_id = models.UUIDField(null=True, blank=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    """Reads over assessments."""

    def standing(self) -> Self:
        """Keep what no correction has replaced."""
        return self.filter(replaced_by=None)


class Assessment(Recorded):
    """One sitting: one or more scores taken at the same time.

    Without a course it belongs to the patient's history and is evidence for no course.
    Without scores it withdraws the one it replaces.
    """

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
        versions=("Assessment",),
        ties=("id", "replaces_id"),
    )

    class CollectionPoint(models.TextChoices):
        """Why it was taken then. Beside `stage`, the four of ACC's recorded outcome stages."""

        BASELINE = "baseline"
        MID_POINT = "mid_point"
        EXIT = "exit"
        AD_HOC = "ad_hoc"
        STAGE = "stage", "For a stage of the pathway"

    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="assessments"
    )
    collection_point = models.CharField(
        max_length=9, choices=CollectionPoint, default=CollectionPoint.AD_HOC
    )
    stage = models.CharField(
        max_length=11, choices=Stage, blank=True, help_text="The stage that it was taken for."
    )
    received = models.JSONField(
        null=True, blank=True, help_text="The FHIR QuestionnaireResponse that it came as."
    )
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    reason = models.TextField(blank=True, help_text="Why it replaces another.")
    key = models.CharField(
        max_length=200, blank=True, help_text="Recording with it again finds this one."
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent with the key.")

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(AssessmentQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "patient", "key"],
                condition=~Q(key=""),
                name="care_plans_assessment_key",
            ),
            models.CheckConstraint(condition=_NOT_AHEAD, name="care_plans_assessment_not_ahead"),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(reason="") & ~Q(replaces=F("id")),
                name="care_plans_correction_reason",
            ),
            models.CheckConstraint(
                condition=Q(collection_point="stage", stage__in=Stage.values)
                | Q(collection_point__in=["baseline", "mid_point", "exit", "ad_hoc"], stage=""),
                name="care_plans_assessment_point",
            ),
            models.CheckConstraint(
                condition=Q(collection_point="ad_hoc") | Q(course__isnull=False),
                name="care_plans_assessment_point_of_course",
            ),
        ]
        indexes = [
            # the history of a patient, and the evidence of a course
            models.Index(
                fields=["organization", "patient", "effective_at"],
                name="care_plans_assessment_patient",
            ),
            models.Index(fields=["course", "effective_at"], name="care_plans_assessment_course"),
        ]
        triggers = APPEND_ONLY

    @property
    def entered_in_error(self) -> bool:
        """Say whether a correction has replaced this one, which stays readable."""
        return hasattr(self, "replaced_by")


class RedFlagScreen(Recorded):
    """One dated look for the red flags and redirects of a course's pathway."""

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
    )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="red_flag_screens")
    key = models.CharField(
        max_length=200, blank=True, help_text="Recording with it again finds this one."
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent with the key.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "course", "key"],
                condition=~Q(key=""),
                name="care_plans_screen_key",
            ),
            models.CheckConstraint(condition=_NOT_AHEAD, name="care_plans_screen_not_ahead"),
        ]
        indexes = [models.Index(fields=["course", "effective_at"], name="care_plans_screen_course")]
        triggers = APPEND_ONLY


class RedFlagAnswer(OrganizationOwned):
    """What a screen found of one flag. A flag without a row was not asked about.

    `urgency` is the one that the pathway version gave the flag when it was screened for.
    """

    labels: ClassVar[Labels] = Labels(
        record="screen_id",
        discipline="screen__practitioner_role__discipline",
        author="screen__practitioner_role_id",
        condition="screen__course_id",
    )

    class Answer(models.TextChoices):
        PRESENT = "present"
        ABSENT = "absent"
        UNKNOWN = "unknown", "Unknown: asked, without an answer"

    class Urgency(models.TextChoices):
        EMERGENCY = "emergency"
        URGENT_24H = "urgent_24h"
        URGENT_2WK = "urgent_2wk"
        REVIEW_BEFORE_PROGRESS = "review_before_progress"
        ROUTINE = "routine"

    screen = models.ForeignKey(RedFlagScreen, on_delete=models.PROTECT, related_name="answers")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    flag = models.CharField(max_length=60)
    answer = models.CharField(max_length=7, choices=Answer)
    urgency = models.CharField(max_length=22, choices=Urgency)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["screen", "flag"], name="care_plans_flag_once"),
            models.CheckConstraint(
                condition=Q(answer__in=["present", "absent", "unknown"])
                & Q(
                    urgency__in=[
                        "emergency",
                        "urgent_24h",
                        "urgent_2wk",
                        "review_before_progress",
                        "routine",
                    ]
                ),
                name="care_plans_flag_words",
            ),
        ]
        indexes = [
            # what endangers a patient, on whichever course it was found
            models.Index(
                fields=["organization", "patient"],
                condition=Q(answer="present", urgency__in=sorted(u.value for u in OF_PATIENT)),
                name="care_plans_flag_dangers",
            ),
        ]
        triggers = APPEND_ONLY


class CourseAnswer(Recorded):
    """An answer to a question of the pathway about the person's circumstances; the latest holds."""

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
    )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=60)
    answer = models.JSONField(help_text="True or false, one of the choices, or a text.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_NOT_AHEAD, name="care_plans_answer_not_ahead"),
        ]
        indexes = [
            models.Index(
                fields=["course", "question", "effective_at"], name="care_plans_answer_course"
            )
        ]
        triggers = APPEND_ONLY


class Condition(OrganizationOwned):
    """One entry of the problem list: imported, or diagnosed here."""

    labels: ClassVar[Labels] = Labels()

    class Origin(models.TextChoices):
        IMPORTED = "imported"
        DIAGNOSED = "diagnosed"

    class ClinicalStatus(models.TextChoices):
        """As FHIR R4 has it."""

        ACTIVE = "active"
        RECURRENCE = "recurrence"
        RELAPSE = "relapse"
        INACTIVE = "inactive"
        REMISSION = "remission"
        RESOLVED = "resolved"
        UNKNOWN = "unknown"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="conditions")
    origin = models.CharField(max_length=9, choices=Origin)
    code_system = models.TextField(blank=True, help_text="URI; blank when it came without a code.")
    code = models.CharField(max_length=64, blank=True)
    display = models.TextField()
    clinical_status = models.CharField(max_length=10, choices=ClinicalStatus)
    onset_at = models.DateTimeField(null=True, blank=True)
    abated_at = models.DateTimeField(null=True, blank=True)
    source_key = models.CharField(
        max_length=400, help_text="What names it where it came from; importing again finds it."
    )
    source_digest = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source_key"], name="care_plans_condition_source"
            ),
            models.CheckConstraint(condition=~Q(display=""), name="care_plans_condition_named"),
        ]
        indexes = [
            models.Index(fields=["organization", "patient"], name="care_plans_condition_patient")
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="condition_identity",
                fields=["organization", "patient", "origin", "source_key"],
            ),
        ]


class SourceDocument(OrganizationOwned):
    """A care plan or care team as another system sent it: to read, never to act on.

    It opens no plan and grants no access. One that arrives changed is kept beside the old one.
    """

    labels: ClassVar[Labels] = Labels()

    class Kind(models.TextChoices):
        CARE_PLAN = "care_plan"
        CARE_TEAM = "care_team"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="source_documents")
    kind = models.CharField(max_length=9, choices=Kind)
    title = models.TextField(blank=True)
    status = models.CharField(max_length=32, blank=True, help_text="In the words of its source.")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    content = models.JSONField(help_text="The resource as it came.")
    source_key = models.CharField(max_length=400, help_text="What names it where it came from.")
    source_digest = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source_key", "source_digest"],
                name="care_plans_document_source",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "patient"], name="care_plans_document_patient")
        ]
        triggers = APPEND_ONLY
