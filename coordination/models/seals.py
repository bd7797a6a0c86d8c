"""What holds the audit trail together: seals over its rows, checkpoints over what is gone."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from .owned import OrganizationOwned
from .plausible_times import EARLIEST, LATEST, plausible
from .records import APPEND_ONLY

# The web role may write seals, so the database itself compares each with the rows that it is
# about: one that skips rows, or claims some that are not settled, would hide what comes later.
# Of rows that share a place only one is sealed; verification names the others.
COVERS_ITS_ROWS = pgtrigger.Trigger(
    name="covers_its_rows",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("before", "record"), ("ids", "uuid[]"), ("places", "bigint[]")],
    func="""
        SELECT s.sequence, s.hash, s.last_transaction_id, s.last_id INTO before
        FROM public.coordination_auditseal s WHERE s.organization_id = NEW.organization_id
        ORDER BY s.sequence DESC LIMIT 1;
        SELECT array_agg(one.id ORDER BY one.transaction_id, one.id),
            array_agg(one.transaction_id ORDER BY one.transaction_id, one.id) INTO ids, places
        FROM (
            SELECT DISTINCT e.transaction_id, e.id FROM public.coordination_auditevent e
            WHERE e.organization_id = NEW.organization_id
              AND (e.transaction_id, e.id) > (
                coalesce(before.last_transaction_id, -1),
                coalesce(before.last_id, uuid(repeat('0', 32))))
              AND (e.transaction_id, e.id) <= (NEW.last_transaction_id, NEW.last_id)
        ) AS one;
        IF NEW.sequence IS DISTINCT FROM coalesce(before.sequence, 0) + 1
            OR NEW.previous_hash IS DISTINCT FROM
                coalesce(before.hash, decode(repeat('00', 32), 'hex'))
            OR octet_length(NEW.hash) <> 32
            OR NEW.last_transaction_id >= public.coordination_settled_before()
            OR NEW.row_ids IS DISTINCT FROM ids
            OR NEW.row_count <> cardinality(ids)
            OR octet_length(NEW.row_digests) <> 32 * cardinality(ids)
            OR (NEW.first_transaction_id, NEW.first_id) IS DISTINCT FROM (places[1], ids[1])
            OR (NEW.last_transaction_id, NEW.last_id) IS DISTINCT FROM
                (places[cardinality(ids)], ids[cardinality(ids)])
        THEN
            RAISE EXCEPTION 'This seal does not cover the rows that are there.'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)


class AuditSeal(OrganizationOwned):
    """One link of an organization's chain: a batch of audit rows of one month, in order.

    It keeps the digest of every row, so that a row that does not fit can be named.
    """

    sequence = models.BigIntegerField(help_text="1, 2, 3 … within the organization.")
    previous_hash = models.BinaryField(max_length=32, help_text="Of the seal before; 32 zeros.")
    hash = models.BinaryField(max_length=32, help_text="SHA-256; see `coordination.sealing`.")
    month = models.DateField(help_text="First day of the month that all its rows belong to.")
    first_transaction_id = models.BigIntegerField()
    first_id = models.UUIDField()
    last_transaction_id = models.BigIntegerField()
    last_id = models.UUIDField()
    row_count = models.PositiveIntegerField()
    row_ids = ArrayField(models.UUIDField())
    row_digests = models.BinaryField(help_text="SHA-256 of each row, one after the other.")
    sealed_at = models.DateTimeField()

    class Meta:
        triggers = [*APPEND_ONLY, COVERS_ITS_ROWS]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "sequence"], name="coordination_seal_once"
            ),
            # a chain, not a tree
            models.UniqueConstraint(
                fields=["organization", "previous_hash"], name="coordination_seal_follows_one"
            ),
            models.CheckConstraint(
                condition=models.Q(sequence__gte=1, row_count__gte=1),
                name="coordination_seal_of_something",
            ),
            models.CheckConstraint(
                condition=plausible("sealed_at")
                & plausible("month", edges=(EARLIEST.date(), LATEST.date())),
                name="coordination_seal_plausible",
            ),
        ]


class AuditCheckpoint(OrganizationOwned):
    """Signed word that the rows of one month were dropped because their time was over.

    The seals stay, so that the chain still verifies; only their rows are gone.
    """

    month = models.DateField()
    last_sequence = models.BigIntegerField(help_text="Seals of the month up to this one.")
    seal_count = models.BigIntegerField()
    row_count = models.BigIntegerField()
    seals_digest = models.BinaryField(max_length=32, help_text="SHA-256 over their hashes.")
    dropped_at = models.DateTimeField()
    signature = models.BinaryField(max_length=32, help_text="HMAC-SHA-256.")

    class Meta:
        triggers = APPEND_ONLY
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "month"], name="coordination_checkpoint_once"
            )
        ]
