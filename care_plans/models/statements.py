"""What patients want and how, in their own words, kept exactly as they were said."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from coordination.models import (
    APPEND_ONLY,
    KEPT,
    Editable,
    Labels,
    OrganizationOwned,
    Patient,
    PractitionerRole,
)

from .care_plan import CarePlan


class Said(models.Model):
    """One wording: the words, their language, and who wrote them down."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        ACHIEVED = "achieved", "The patient got there"
        WITHDRAWN = "withdrawn", "The patient does not want this any more"

    text = models.TextField(help_text="Character for character as the patient said or wrote it.")
    language = models.CharField(max_length=35, help_text="BCP 47: the language of the words.")
    status = models.CharField(max_length=9, choices=Status, default=Status.ACTIVE)
    by_patient = models.BooleanField(
        help_text="The patient wrote it; otherwise somebody wrote down what they said."
    )
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True


class PatientStatement(OrganizationOwned, Editable, Said):
    """A goal or a preference of the patient on their plan, as it stands now."""

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        recorder="user_id",
    )

    class Kind(models.TextChoices):
        GOAL = "goal", "What the patient wants to reach"
        PREFERENCE = "preference", "How the patient wants to be cared for"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    care_plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="statements")
    kind = models.CharField(max_length=10, choices=Kind)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="")
                & ~Q(language="")
                & Q(kind__in=["goal", "preference"])
                & Q(status__in=["active", "achieved", "withdrawn"]),
                name="care_plans_statement_words",
            ),
            models.CheckConstraint(
                condition=Q(by_patient=True, practitioner_role=None)
                | Q(by_patient=False, practitioner_role__isnull=False),
                name="care_plans_statement_writer",
            ),
        ]
        indexes = [
            # what a patient wants, the first first
            models.Index(fields=["organization", "patient", "id"], name="care_plans_statement_of")
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="statement_identity",
                fields=["organization", "patient", "care_plan", "kind"],
            ),
            *KEPT,
        ]


class PatientStatementVersion(OrganizationOwned, Said):
    """One wording that a statement had, from its first on; never edited."""

    labels: ClassVar[Labels] = Labels(
        patient="statement__patient_id",
        record="statement_id",
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        recorder="user_id",
    )

    statement = models.ForeignKey(
        PatientStatement, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField(help_text="1 for the first.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "number"], name="care_plans_statement_version"
            ),
        ]
        triggers = APPEND_ONLY
