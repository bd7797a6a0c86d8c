"""Signed word about audit rows that were dropped because their time was over."""

import hmac
import json

from django.conf import settings

from coordination.models import AuditCheckpoint
from coordination.problems import Problem


class NoCheckpointKey(Problem):
    """Nothing is dropped without a key to sign for it."""

    type = "no-checkpoint-key"
    title = "Nothing to sign with"


def signature_of(checkpoint: AuditCheckpoint) -> bytes:
    """Return the HMAC-SHA-256 of a checkpoint. Raises `NoCheckpointKey`."""
    key = settings.AUDIT_CHECKPOINT_KEY
    if not key:
        raise NoCheckpointKey("Set AUDIT_CHECKPOINT_KEY: checkpoints are signed with it.")
    said = [
        str(checkpoint.organization_id),
        checkpoint.month.isoformat(),
        checkpoint.last_sequence,
        checkpoint.seal_count,
        checkpoint.row_count,
        bytes(checkpoint.seals_digest).hex(),
        int(checkpoint.dropped_at.timestamp() * 1_000_000),
    ]
    return hmac.digest(key.encode(), json.dumps(said).encode(), "sha256")


def is_genuine(checkpoint: AuditCheckpoint) -> bool:
    """Say whether this was signed with our key. Raises `NoCheckpointKey`."""
    return hmac.compare_digest(signature_of(checkpoint), bytes(checkpoint.signature))
