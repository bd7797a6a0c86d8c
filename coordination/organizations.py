"""Tenants and their sites come into being; nobody but an operator does this."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, connection, transaction

from coordination import audit
from coordination.actors import Actor
from coordination.models import Location, Organization, new_id
from coordination.problems import Invalid, NotAllowed, NotFound
from coordination.tenancy import acting_in


class OrganizationNotFound(NotFound):
    """No organization has this slug."""

    type = "organization-not-found"


class OrganizationExists(NotAllowed):
    """Another organization has this slug."""

    type = "organization-exists"


class LocationExists(NotAllowed):
    """The organization has a location of this name already."""

    type = "location-exists"


def organization_named(slug: str) -> UUID:
    """Return the id of the organization with this slug, or raise `OrganizationNotFound`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coordination_organization_named(%s)", [slug])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        raise OrganizationNotFound(f"There is no organization with the slug {slug!r}.")
    found: UUID = row[0]
    return found


@transaction.atomic
def found_organization(*, slug: str, name: str, is_demo: bool, now: datetime) -> Organization:
    """Create a tenant. Raises `Invalid` for a bad slug or name, `OrganizationExists`.

    Every patient of a demo organization counts as synthetic.
    """
    try:
        validate_slug(slug)
    except ValidationError as error:
        words = f"{slug!r} is not a slug: letters, digits, hyphens and underscores only."
        raise Invalid.field("/slug", words) from error
    if not name.strip():
        raise Invalid.field("/name", "An organization needs a name.")
    organization = Organization(
        id=new_id(), slug=slug, name=name.strip(), is_demo=is_demo, created_at=now
    )
    with acting_in(organization.id):
        try:
            with transaction.atomic():
                organization.save(force_insert=True)
        except IntegrityError as error:
            raise OrganizationExists(
                f"There is an organization with the slug {slug!r} already."
            ) from error
        _tell("organization.founded", organization.id, organization.id, now=now)
    return organization


@transaction.atomic
def open_location(
    organization_id: UUID,
    *,
    name: str,
    time_zone: str,
    now: datetime,
    address: str = "",
    phone: str = "",
) -> Location:
    """Give an organization a site. Raises `Invalid` for an unknown time zone, `LocationExists`."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid.field(
            "/time_zone", f"{time_zone!r} is not a time zone of the IANA database."
        ) from error
    with acting_in(organization_id):
        try:
            with transaction.atomic():
                location = Location.objects.create(
                    organization_id=organization_id,
                    name=name,
                    time_zone=time_zone,
                    address=address,
                    phone=phone,
                )
        except IntegrityError as error:
            raise LocationExists(f"There is a location {name!r} already.") from error
        _tell("location.opened", organization_id, location.id, now=now)
    return location


def is_holiday_calendar(named: str) -> bool:
    """Say whether there is such a calendar: a country, or one part of it, such as CA-ON."""
    country, _, subdivision = named.partition("-")
    parts = holidays.list_supported_countries(include_aliases=False).get(country)
    return parts is not None and (not subdivision or subdivision in parts)


def _tell(event: str, organization_id: UUID, resource_id: UUID, *, now: datetime) -> None:
    audit.record(
        actor=Actor.system("operator", organization_id),
        now=now,
        action=audit.Action.CREATE,
        event=event,
        resource="Organization" if event.startswith("organization") else "Location",
        resource_id=resource_id,
        purpose=audit.Purpose.OPERATIONS,
    )
