"""What happened: the audit trail for people who ask, the event feed for systems that follow."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Cast

from .owned import OrganizationOwned

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


class AuditEvent(OrganizationOwned):
    """One access to or change of something, never edited and never deleted."""

    class Action(models.TextChoices):
        READ = "read"
        SEARCH = "search"
        CREATE = "create"
        UPDATE = "update"
        ACT = "act"
        IMPORT = "import"

    recorded_at = models.DateTimeField()
    user_id = models.UUIDField(null=True, blank=True)
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    action = models.CharField(max_length=8, choices=Action)
    event = models.TextField(help_text="What happened, dotted: `referral.accept`.")
    resource = models.TextField(help_text="The kind of record.")
    resource_id = models.UUIDField(null=True, blank=True)
    patient_ids = ArrayField(models.UUIDField(), help_text="Every patient whom it disclosed.")
    basis = models.TextField(blank=True, help_text="Why the actor may: membership, role, …")
    purpose = models.CharField(max_length=16, default="care")
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, help_text="Old and new codes by name; no free text.")

    class Meta:
        triggers = APPEND_ONLY
        indexes = [
            # a patient's own access log
            GinIndex(fields=["patient_ids"], name="coordination_audit_patients"),
            models.Index(fields=["organization", "recorded_at"], name="coordination_audit_when"),
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
        db_default=Cast(
            Cast(models.Func(function="pg_current_xact_id"), models.TextField()),
            models.BigIntegerField(),
        ),
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
