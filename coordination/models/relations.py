"""Who may act beside or instead of a patient, right by right."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from .labels import Labels
from .owned import OrganizationOwned
from .work import KEPT


class RelatedPerson(OrganizationOwned):
    """A proxy or substitute decision maker of one patient. Being one gives no right by itself."""

    class Relationship(models.TextChoices):
        PARENT = "parent"
        GUARDIAN = "guardian"
        SPOUSE = "spouse"
        PARTNER = "partner"
        CHILD = "child"
        SIBLING = "sibling"
        RELATIVE = "relative"
        FRIEND = "friend"
        CAREGIVER = "caregiver"
        PROFESSIONAL = "professional", "Somebody who does it as their profession"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="related_persons"
    )
    user = models.ForeignKey(
        "coordination.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The login of this person; none: their rights are exercised in person.",
    )
    name = models.TextField()
    relationship = models.CharField(max_length=12, choices=Relationship)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "patient", "user"], name="coordination_related_login"
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(name="related_to", fields=["organization", "patient"]),
            *KEPT,
        ]


class RelatedPersonRight(OrganizationOwned):
    """One right of a related person, for a time; none implies another."""

    class Right(models.TextChoices):
        VIEW = "view", "See who the patient is and what care is planned"
        BOOK = "book", "Book and change appointments"
        CONSENT = "consent", "Decide about use and sharing of information"
        MESSAGE = "message", "Write and be written to"

    class GrantedBy(models.TextChoices):
        PATIENT = "patient", "The patient"
        AUTHORITY = "authority", "A documented authority"

    class Basis(models.TextChoices):
        PATIENT_AUTHORIZATION = "patient_authorization"
        PARENTAL_RESPONSIBILITY = "parental_responsibility"
        POWER_OF_ATTORNEY = "power_of_attorney"
        COURT_APPOINTMENT = "court_appointment"
        STATUTORY_SUBSTITUTE = "statutory_substitute"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    related_person = models.ForeignKey(
        RelatedPerson, on_delete=models.PROTECT, related_name="rights"
    )
    patient = models.ForeignKey("coordination.Patient", on_delete=models.PROTECT, related_name="+")
    right = models.CharField(max_length=7, choices=Right)
    granted_by = models.CharField(max_length=9, choices=GrantedBy)
    legal_basis = models.CharField(max_length=24, choices=Basis)
    evidence = models.TextField(help_text="Where the document lies: a form's or file's number.")
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="The first moment at which it no longer holds.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    user_id = models.UUIDField(null=True, blank=True, help_text="Login of who wrote it down.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("since")) & ~Q(evidence=""),
                name="coordination_right_documented",
            ),
            models.CheckConstraint(
                condition=Q(right__in=["view", "book", "consent", "message"])
                & (
                    Q(granted_by="patient", legal_basis="patient_authorization")
                    | Q(granted_by="authority") & ~Q(legal_basis="patient_authorization")
                ),
                name="coordination_right_words",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_because="")
                | Q(revoked_at__isnull=False) & ~Q(revoked_because=""),
                name="coordination_right_revoked",
            ),
            # whoever revokes a right leaves no second row of it behind
            ExclusionConstraint(
                name="coordination_right_once",
                expressions=[
                    ("related_person", RangeOperators.EQUAL),
                    ("right", RangeOperators.EQUAL),
                    (
                        Func(
                            "since",
                            "until",
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(revoked_at=None),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="grants_the_same", exclude=["revoked_at", "revoked_because"]),
            pgtrigger.Protect(
                name="revoked_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False),
            ),
            *KEPT,
        ]
