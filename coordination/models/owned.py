"""What every row of an organization has in common."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh public id (UUID version 7, so that ids sort by creation)."""
    return uuid7()


class OrganizationOwned(models.Model):
    """A row behind the tenant's fence: its migration must carry a `Fence` for it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        "coordination.Organization", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True


class Editable(models.Model):
    """A row that people edit at the same time: `version` is its ETag (see `api.concurrency`)."""

    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(null=True, blank=True, editable=False)

    #: what a client may edit; everything else moves by a domain function
    editable: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True
