"""What holds the audit trail together: seals over its rows, checkpoints over what is gone."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .owned import OrganizationOwned
from .records import APPEND_ONLY


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
        triggers = APPEND_ONLY
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
