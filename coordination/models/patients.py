"""The person in care, who cares for them, and why somebody may see them."""

from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.db import models

from .labels import Labels
from .owned import Editable, OrganizationOwned


class Patient(OrganizationOwned, Editable):
    """A person in care. Fetch one only through `coordination.access`."""

    labels: ClassVar[Labels] = Labels(patient="pk", is_identity=True)

    class Gender(models.TextChoices):
        """Administrative gender (FHIR R4)."""

        FEMALE = "female"
        MALE = "male"
        OTHER = "other"
        UNKNOWN = "unknown"

    editable = (
        "family_name",
        "given_name",
        "preferred_name",
        "birth_date",
        "gender",
        "language",
        "email",
        "phone",
        "address",
        "emergency_contact_name",
        "emergency_contact_phone",
        "emergency_contact_relationship",
        "family_physician",
    )

    family_name = models.TextField()
    given_name = models.TextField(blank=True)
    preferred_name = models.TextField(blank=True)
    birth_date = models.DateField(null=True, blank=True)
    gender = models.CharField(max_length=8, choices=Gender, default=Gender.UNKNOWN)
    language = models.CharField(max_length=35, default="en-CA", help_text="BCP 47.")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.TextField(blank=True)
    emergency_contact_name = models.TextField(blank=True)
    emergency_contact_phone = models.CharField(max_length=40, blank=True)
    emergency_contact_relationship = models.TextField(blank=True)
    family_physician = models.ForeignKey(
        "coordination.DirectoryEntry", on_delete=models.PROTECT, null=True, blank=True
    )
    deceased_at = models.DateTimeField(null=True, blank=True)
    is_synthetic = models.BooleanField(
        default=False,
        help_text="Nobody real; the only patients that unsigned protocols apply to.",
    )
    user = models.ForeignKey(
        "coordination.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="+",
        help_text="The patient's own login; see `coordination.own_access`.",
    )
    registered_at = models.DateTimeField()
    imported_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="What the last import read, to know an unchanged one.",
    )
    imported_version = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="`version` as the last import left it; a newer one was edited by hand.",
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="merged",
        help_text="The record of the same person that goes on; this one is read with it.",
    )
    search_key = models.TextField(
        editable=False,
        db_collation="C",
        help_text="Normalized name; see `coordination.search`.",
    )

    class Meta:
        indexes = [
            # patient search: a prefix range within one organization, in page order
            models.Index(
                fields=["organization", "search_key", "id"],
                name="coordination_patient_search",
            ),
            # the records that are read with another one
            models.Index(
                fields=["organization", "merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="coordination_patient_merged",
            ),
            models.Index(
                fields=["organization", "birth_date", "id"], name="coordination_patient_born"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | ~models.Q(merged_into=models.F("id")),
                name="coordination_patient_not_own",
            ),
            models.UniqueConstraint(
                fields=["organization", "user"], name="coordination_patient_user"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="merged_at_one_remove",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__merged_into__isnull=False)
                & pgtrigger.Q(old__merged_into__df=pgtrigger.F("new__merged_into")),
                func="""
                    IF EXISTS (SELECT FROM public.coordination_patient
                               WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)
                       OR EXISTS (SELECT FROM public.coordination_patient
                                  WHERE merged_into_id = NEW.id) THEN
                        RAISE EXCEPTION 'A merged record is merged into no other and has none.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="words_kept",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("search_key"),  # type: ignore[no-untyped-call] # its `|`
                func="""
                    IF TG_OP = 'UPDATE' THEN
                        IF NEW.search_key = OLD.search_key THEN
                            RETURN NULL;
                        END IF;
                        DELETE FROM public.coordination_patientword WHERE patient_id = NEW.id;
                    END IF;
                    INSERT INTO public.coordination_patientword
                        (id, organization_id, patient_id, word)
                    SELECT uuidv7(), NEW.organization_id, NEW.id, word FROM (
                        SELECT DISTINCT left(word, 64) AS word
                        FROM regexp_split_to_table(NEW.search_key, ' ') AS word
                        WHERE word <> ''
                    ) AS words;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.preferred_name or self.given_name}"


class PatientIdentifier(OrganizationOwned):
    """A number that somebody gave a patient; unique within whoever assigned it."""

    labels: ClassVar[Labels] = Labels(is_identity=True)

    class Kind(models.TextChoices):
        HEALTH_NUMBER = "health_number"
        MEDICAL_RECORD = "medical_record"
        DRIVERS_LICENCE = "drivers_licence"
        PASSPORT = "passport"
        SOCIAL_SECURITY = "social_security"
        OTHER = "other"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="identifiers")
    kind = models.CharField(max_length=16, choices=Kind)
    system = models.TextField(help_text="URI of the assigner's namespace.")
    value = models.TextField()
    version_code = models.CharField(
        max_length=2, blank=True, help_text="Of an Ontario health number."
    )
    is_parked = models.BooleanField(
        default=False,
        editable=False,
        help_text="Another record bears it too; which one is right waits for a review.",
    )

    class Meta:
        indexes = [
            models.Index(fields=["organization", "value"], name="coordination_identifier_value"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "system", "value"],
                condition=models.Q(is_parked=False),
                name="coordination_identifier_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(value="") & ~models.Q(system=""),
                name="coordination_identifier_named",
            ),
        ]


def current(now: datetime) -> models.Q:
    """Select the rows whose period (`since` to `until`, end excluded) holds this moment."""
    return models.Q(models.Q(until=None) | models.Q(until__gt=now), since__lte=now)


class CareTeamMemberQuerySet(models.QuerySet["CareTeamMember"]):
    """Reads over memberships."""

    def current(self, now: datetime) -> Self:
        """Keep who is in the team at this moment."""
        return self.filter(current(now))


class CareTeamMember(OrganizationOwned):
    """Who cares for a patient, in what role, since and until when."""

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        is_logistic=True,
    )

    class Role(models.TextChoices):
        LEAD = "lead", "Lead: accountable for the whole plan"
        MEMBER = "member", "Member"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="care_team")
    practitioner_role = models.ForeignKey(
        "coordination.PractitionerRole", on_delete=models.PROTECT, related_name="+"
    )
    role = models.CharField(max_length=8, choices=Role)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_because = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(CareTeamMemberQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "patient"],
                condition=models.Q(role="lead", until=None),
                name="coordination_one_lead",
            ),
            models.UniqueConstraint(
                fields=["organization", "patient", "practitioner_role"],
                condition=models.Q(until=None),
                name="coordination_member_once",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
                name="coordination_member_period",
            ),
        ]


class AccessGrant(OrganizationOwned):
    """Why somebody may see a patient: the circle of care is made of these rows and no others."""

    labels: ClassVar[Labels] = Labels(is_identity=True)

    class Basis(models.TextChoices):
        MEMBERSHIP = "membership"
        REFERRAL = "referral"
        HAND_OFF = "hand_off"
        APPOINTMENT = "appointment"
        OVERRIDE = "override"
        SAFETY = "safety"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="grants")
    practitioner_role = models.ForeignKey(
        "coordination.PractitionerRole", on_delete=models.PROTECT, related_name="+"
    )
    basis = models.CharField(max_length=12, choices=Basis)
    source_id = models.UUIDField(help_text="The membership, referral, … that gives the reason.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "practitioner_role",
                    "patient",
                    "basis",
                    "source_id",
                ],
                name="coordination_grant_once",
            )
        ]
        indexes = [
            # the circle of one practitioner, asked on every clinical read
            models.Index(
                fields=["organization", "practitioner_role", "patient"],
                name="coordination_grant_circle",
            ),
            # what a referral or a membership gave, when it ends
            models.Index(fields=["source_id"], name="coordination_grant_source"),
        ]
