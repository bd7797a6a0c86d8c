"""How long records are kept, and what holds them longer."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .labels import Labels
from .owned import OrganizationOwned
from .records import APPEND_ONLY
from .work import KEPT

#: a row that may go away only by lawful disposal: the tables' owner says so for a transaction
#: (`coordination.disposal`), and never while a legal hold stands
DISPOSABLE = [
    pgtrigger.Trigger(
        name="disposed_lawfully",
        when=pgtrigger.Before,
        operation=pgtrigger.Delete,
        func="""
            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (
                SELECT pg_has_role(current_user, c.relowner, 'USAGE')
                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID
            ) THEN
                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;
            END IF;
            IF EXISTS (
                SELECT 1 FROM public.coordination_legalhold h
                JOIN public.coordination_patient held ON held.id = h.patient_id
                JOIN public.coordination_patient mine ON mine.id = OLD.patient_id
                WHERE h.until IS NULL AND coalesce(held.merged_into_id, held.id)
                    = coalesce(mine.merged_into_id, mine.id)
            ) THEN
                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;
            END IF;
            RETURN OLD;
        """,
    ),
    *(trigger for trigger in APPEND_ONLY if trigger.name == "never_emptied"),
]


class RetentionPolicy(OrganizationOwned):
    """How long the organization keeps one kind of record; the latest row of a kind counts.

    The numbers are the organization's decision. Without a row the defaults of this software hold
    (`coordination.retention`).
    """

    record_kind = models.CharField(max_length=40)
    years_after_last_contact = models.PositiveSmallIntegerField()
    minor_until_age = models.PositiveSmallIntegerField(
        help_text="A patient younger than this counts as a minor."
    )
    years_after_minority = models.PositiveSmallIntegerField(
        help_text="Kept at least so long after a minor has reached that age."
    )
    decided_by = models.TextField(help_text="The login that recorded the decision.")
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            # the latest decision about each kind
            models.Index(
                fields=["organization", "record_kind", "-recorded_at"],
                name="coordination_retention_latest",
            )
        ]
        triggers = APPEND_ONLY


class LegalHold(OrganizationOwned):
    """Nothing of this patient is disposed of while it stands; it ends only by being released."""

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="legal_holds"
    )
    reason = models.TextField()
    ordered_by = models.TextField(help_text="Who ordered it: a court, a college, a lawyer.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="When it was released.")
    placed_by = models.TextField(help_text="Login of the privacy officer.")
    released_by = models.TextField(blank=True)
    release_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None, released_by="", release_reason="")
                | Q(~Q(released_by=""), ~Q(release_reason=""), until__gte=F("since")),
                name="coordination_hold_released",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(ordered_by=""), name="coordination_hold_why"
            ),
        ]
        indexes = [
            # asked before anything is disposed of
            models.Index(
                fields=["organization", "patient"],
                condition=Q(until=None),
                name="coordination_hold_standing",
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="hold_identity", exclude=["until", "released_by", "release_reason"]
            ),
            pgtrigger.Protect(
                name="released_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__until__isnull=False),
            ),
            *KEPT,
        ]
