"""The tenant, its sites, and the outside world that it refers to."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import models

from .owned import Editable, OrganizationOwned, new_id


class Organization(models.Model):
    """The tenant and health-information custodian: a chain is one, its clinics are Locations."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField()
    slug = models.SlugField(unique=True)
    is_demo = models.BooleanField(
        default=False,
        help_text="Every patient in it is synthetic; unsigned protocols may apply.",
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Location(OrganizationOwned, Editable):
    """A site of the organization, with the time zone that its day runs by."""

    editable = ("name", "holiday_calendar", "address", "phone", "is_active")

    name = models.TextField()
    time_zone = models.CharField(max_length=64)
    holiday_calendar = models.CharField(
        max_length=12,
        blank=True,
        help_text="Whose public holidays it keeps, such as CA-ON; blank: nobody has said.",
    )
    address = models.TextField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="coordination_location_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def day(self, moment: datetime) -> date:
        """Return the day that a moment falls on here."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()


class DirectoryEntry(OrganizationOwned):
    """An external clinic or clinician: something to write to, without tenancy, login or access."""

    class Kind(models.TextChoices):
        ORGANIZATION = "organization"
        PRACTITIONER = "practitioner"

    kind = models.CharField(max_length=16, choices=Kind)
    name = models.TextField()
    system = models.TextField(blank=True)
    value = models.TextField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "system", "value"],
                name="coordination_directory_identity",
            )
        ]

    def __str__(self) -> str:
        return self.name
