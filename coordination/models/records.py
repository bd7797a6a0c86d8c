"""What happened: the audit trail for people who ask, the event feed for systems that follow."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Cast

from coordination.audit_rows import write_pending

from .owned import OrganizationOwned
from .plausible_times import plausible

APPEND_ONLY = [
    pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
    pgtrigger.Trigger(
        name="never_emptied",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
    ),
]


def _this_transaction() -> Cast:
    """Return the id of the transaction that writes a row, which orders rows for good."""
    return Cast(
        Cast(models.Func(function="pg_current_xact_id"), models.TextField()),
        models.BigIntegerField(),
    )


class AuditEventManager(models.Manager["AuditEvent"]):
    """Reads the trail, with what this very transaction has gathered and not yet written."""

    def get_queryset(self) -> models.QuerySet["AuditEvent"]:
        """Return all rows, those of this transaction included."""
        write_pending()
        return super().get_queryset()


class AuditEvent(OrganizationOwned):
    """One access to or change of something, never edited and never deleted.

    The table is partitioned by the month of `recorded_at`; its key in the database is
    (`id`, `recorded_at`). Rows are written by `coordination.audit` alone.
    """

    class Action(models.TextChoices):
        READ = "read"
        SEARCH = "search"
        CREATE = "create"
        UPDATE = "update"
        ACT = "act"
        IMPORT = "import"

    class Basis(models.TextChoices):
        """By what right: those of `AccessGrant`, or what stands here in their place.

        A part of the software that acts by itself stands as `software:<part>`.
        """

        MEMBERSHIP = "membership", "Member of the care team"
        REFERRAL = "referral", "A referral to this person"
        HAND_OFF = "hand_off", "A hand-off to this person"
        APPOINTMENT = "appointment", "An appointment with this person"
        OVERRIDE = "override", "Access taken in an emergency, with a reason"
        SAFETY = "safety", "A safety alert, for which this person was on call"
        FORMER = "former", "Formerly in the circle of care: their own entries, for a while"
        DIRECTORY = "directory", "Scheduling: identity, contacts and bookings only"
        SELF = "self", "The patient's own access"
        PROXY = "proxy", "Somebody who acts for the patient"
        OVERSIGHT = "oversight", "The privacy officer's review"
        UNRESOLVED = "unresolved", "No reason on record"

    class Purpose(models.TextChoices):
        """What for (HL7 PurposeOfUse: TREAT, ETREAT, HOPERAT, HCOMPL, PATRQT)."""

        CARE = "care", "Care"
        EMERGENCY = "emergency", "Care in an emergency"
        OPERATIONS = "operations", "Running the clinic"
        PRIVACY_REVIEW = "privacy_review", "Checking who looked at what"
        PATIENT_REQUEST = "patient_request", "Asked for by the patient"

    recorded_at = models.DateTimeField()
    user_id = models.UUIDField(null=True, blank=True)
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    action = models.CharField(max_length=8, choices=Action)
    event = models.TextField(help_text="What happened, dotted: `referral.accept`.")
    resource = models.TextField(help_text="The kind of record.")
    resource_id = models.UUIDField(null=True, blank=True)
    patient_ids = ArrayField(models.UUIDField(), help_text="Every patient whom it disclosed.")
    basis = models.TextField(blank=True, help_text="Every basis that occurs in `bases`.")
    bases = ArrayField(
        models.TextField(),
        default=list,
        help_text="By what right each of `patient_ids` was disclosed, in their order.",
    )
    source_ids = ArrayField(
        models.UUIDField(null=True),
        default=list,
        help_text="The membership, referral, … that gave it, in the same order.",
    )
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.CARE)
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, help_text="Old and new codes by name; no free text.")

    transaction_id = models.BigIntegerField(editable=False, db_default=_this_transaction())

    objects: ClassVar[AuditEventManager] = AuditEventManager()

    class Meta:
        triggers = APPEND_ONLY
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    purpose__in=[
                        "care",
                        "emergency",
                        "operations",
                        "privacy_review",
                        "patient_request",
                    ]
                ),
                name="coordination_audit_purpose",
            ),
            models.CheckConstraint(
                condition=models.Q(bases__len=models.F("patient_ids__len")),
                name="coordination_audit_basis_each",
            ),
            models.CheckConstraint(
                condition=plausible("recorded_at"), name="coordination_audit_plausible"
            ),
        ]
        indexes = [
            # a patient's own access log
            GinIndex(fields=["patient_ids"], name="coordination_audit_patients"),
            models.Index(fields=["organization", "recorded_at"], name="coordination_audit_when"),
            # the order in which rows are sealed
            models.Index(
                fields=["organization", "transaction_id", "id"], name="coordination_audit_order"
            ),
        ]


class Event(models.Model):
    """One thing that happened, for other systems to follow by cursor (see `coordination.events`).

    `transaction_id` orders the feed so that a reader never skips a row that commits late.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "coordination.Organization", on_delete=models.PROTECT, related_name="+"
    )
    transaction_id = models.BigIntegerField(
        editable=False,
        db_default=_this_transaction(),
    )
    recorded_at = models.DateTimeField()
    type = models.TextField(help_text="Dotted: `course.transitioned`.")
    subject = models.TextField(help_text="The kind of record.")
    subject_id = models.UUIDField()
    patient = models.ForeignKey(
        "coordination.Patient",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        triggers = APPEND_ONLY
        indexes = [
            # the feed: a keyset within one organization
            models.Index(
                fields=["organization", "transaction_id", "id"],
                name="coordination_event_feed",
            ),
        ]
