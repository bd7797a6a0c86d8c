"""The answers kept for requests that come twice."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .owned import OrganizationOwned


class KeptAnswer(OrganizationOwned):
    """What an unsafe request with an Idempotency-Key was answered (see `idempotency`).

    It holds what the caller was shown, so it is fenced like a record and swept after a day.
    """

    login = models.TextField(help_text="Whose key it is: no other login may hear the answer.")
    key = models.TextField()
    fingerprint = models.BinaryField(help_text="SHA-256 of method, address, If-Match and body.")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    resource = models.TextField(blank=True, help_text="The kind of record that it showed.")
    resource_id = models.UUIDField(null=True, blank=True)
    patient_ids = ArrayField(
        models.UUIDField(), help_text="Patients it was about whom the caller reached afterwards."
    )
    kept_at = models.DateTimeField()
    kept_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "login", "key"], name="coordination_answer_key"
            ),
        ]
        indexes = [
            # the sweep
            models.Index(fields=["kept_until"], name="coordination_answer_old"),
        ]
