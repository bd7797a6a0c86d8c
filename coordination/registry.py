"""The registry of sites and practitioners, kept by administrators.

A practitioner is registered as one discipline at one location with the college registration that
allows it; who lapses leaves routing, care and access the same day, by the day of the location.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from coordination import audit, events
from coordination.actors import Actor, Role
from coordination.models import (
    Editable,
    Location,
    Membership,
    OrganizationOwned,
    Practitioner,
    User,
    current,
)
from coordination.models import PractitionerRole as Registration
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, VersionMismatch


class AlreadyRegistered(NotAllowed):
    """The organization has such an entry already."""

    type = "already-registered"


@transaction.atomic
def add_location(*, fields: Mapping[str, Any], actor: Actor, now: datetime) -> Location:
    """Add a site. Raises `AlreadyRegistered` if one bears the name, `Denied`."""
    return _add(Location, fields, actor=actor, now=now)


@transaction.atomic
def add_practitioner(
    *, fields: Mapping[str, Any], login: str = "", actor: Actor, now: datetime
) -> Practitioner:
    """Add a person who treats; the roles follow. `login` is the address they log in with.

    Raises `Invalid` when no member of the organization logs in so, `AlreadyRegistered` when the
    login is another practitioner's, `Denied`.
    """
    _may_keep(actor)
    named = {**fields, "user": _login(login, now=now)} if login else fields
    return _add(Practitioner, named, actor=actor, now=now)


@transaction.atomic
def give_login(
    practitioner: Practitioner, *, version: int, login: str, actor: Actor, now: datetime
) -> Practitioner:
    """Let a practitioner work under a login; raises as `add_practitioner` and `correct` do."""
    _may_keep(actor)
    try:
        with transaction.atomic():
            return correct(
                practitioner,
                version=version,
                fields={"user": _login(login, now=now)},
                actor=actor,
                now=now,
            )
    except IntegrityError as error:
        raise AlreadyRegistered("This login is another practitioner's.") from error


def _login(email: str, *, now: datetime) -> User:
    members = Membership.objects.filter(
        current(now), role=Role.PRACTITIONER, user__email=email.strip().lower()
    )
    member = members.select_related("user").first()
    if member is None:
        raise Invalid.field(
            "/login",
            "No practitioner of the organization logs in with this address. An operator makes the "
            "login first, with `manage.py create_user EMAIL --role practitioner`.",
        )
    return member.user


@transaction.atomic
def register_role(
    practitioner_id: UUID, *, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Registration:
    """Register a practitioner as one discipline at one location.

    Raises `NotFound` for the practitioner, `Invalid` for a location or a period that cannot be,
    `AlreadyRegistered`, `Denied`.
    """
    if not Practitioner.objects.filter(pk=practitioner_id).exists():
        raise NotFound("There is no such practitioner.")
    if not Location.objects.filter(pk=fields["location_id"]).exists():
        raise Invalid.field("/location", "There is no such location.")
    _check_period(fields.get("registered_from"), fields.get("registered_until"))
    return _add(Registration, {**fields, "practitioner_id": practitioner_id}, actor=actor, now=now)


@transaction.atomic
def correct[Row: (Location, Practitioner, Registration)](
    row: Row, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Row:
    """Change an entry, if `version` is still the newest; raises `VersionMismatch`, `Denied`."""
    _may_keep(actor)
    for name, value in fields.items():
        setattr(row, name, value)
    if isinstance(row, Registration):
        _check_period(row.registered_from, row.registered_until)
    changed = (
        type(row)
        .objects.filter(pk=row.pk, version=version)
        .update(**fields, version=version + 1, updated_at=now)
    )
    if not changed:
        raise VersionMismatch("Somebody else edited this entry meanwhile.")
    row.version, row.updated_at = version + 1, now
    _tell("corrected", audit.Action.UPDATE, row, fields, actor=actor, now=now)
    return row


def _add[Row: (Location, Practitioner, Registration)](
    model: type[Row], fields: Mapping[str, Any], *, actor: Actor, now: datetime
) -> Row:
    _may_keep(actor)
    try:
        with transaction.atomic():
            row = model.objects.create(organization_id=actor.organization_id, **fields)
    except IntegrityError as error:
        raise AlreadyRegistered("The organization has such an entry already.") from error
    _tell("added", audit.Action.CREATE, row, fields, actor=actor, now=now)
    return row


def _may_keep(actor: Actor) -> None:
    if Role.ADMINISTRATOR not in actor.roles:
        raise Denied("Only administrators keep the registry.", rule="registry.keep")


def _check_period(start: Any, end: Any) -> None:
    if start and end and end < start:
        raise Invalid.field("/registered_until", "This day is before the first valid one.")


def _tell(
    verb: str,
    action: audit.Action,
    row: OrganizationOwned | Editable,
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    kind = type(row).__name__
    event = f"{kind.lower().replace('practitionerrole', 'registration')}.{verb}"
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource=kind,
        resource_id=row.pk,
        detail={"fields": sorted(fields)},
    )
    events.publish(actor=actor, now=now, type=event, subject=kind, subject_id=row.pk)
