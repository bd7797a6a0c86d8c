"""Who works for an organization: logins, what they are in it, and the roles they practise in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, Exists, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL

from coordination import audit
from coordination.actors import Actor, Role
from coordination.login_fence import login_named
from coordination.models import (
    Location,
    Membership,
    Practitioner,
    PractitionerRole,
    User,
    current,
)
from coordination.problems import Invalid, NotAllowed
from coordination.second_factors import take_turn
from coordination.tenancy import acting_in

#: the hats of who is cared for, and of who acts for them
FROM_OUTSIDE = frozenset({Role.PATIENT, Role.PROXY})


class MemberAlready(NotAllowed):
    """The login has this membership already."""

    type = "member-already"


class LoginOfAnother(NotAllowed):
    """Whoever works here is no patient or proxy here under the same login, nor the reverse."""

    type = "login-of-another"


class RoleAlready(NotAllowed):
    """The person practises this discipline at this location already."""

    type = "role-already"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a college says of a person; `until` is the last valid day, None without an end."""

    college: str
    number: str
    since: date
    until: date | None = None


@transaction.atomic
def admit_member(
    organization_id: UUID,
    *,
    email: str,
    name: str,
    role: Role,
    password: str | None,
    must_change_password: bool = True,
    now: datetime,
) -> tuple[User, bool]:
    """Give a person a membership, and a login if the address has none yet.

    Returns the login and whether it is new; a login that exists keeps its name and password. The
    password of a new one opens nothing until its person changes it, unless
    `must_change_password` is false.
    Raises `Invalid` for a bad address or a weak password, `MemberAlready`, and `LoginOfAnother`
    where one would both work here and be a patient or a proxy here.
    """
    address = email.strip().lower()
    user = login_named(address)
    is_new = user is None
    if user is None:
        user = _open_login(address, name, password, must_change=must_change_password)
    with acting_in(organization_id):
        if not is_new:
            _demand_apart(user, role, now=now)
        try:
            with transaction.atomic():
                membership = Membership.objects.create(
                    organization_id=organization_id, user=user, role=role, since=now
                )
        except IntegrityError as error:
            raise MemberAlready(f"{address} is {role.label} here already.") from error
        _tell("membership.granted", organization_id, membership, now=now, role=role)
    return user, is_new


@transaction.atomic
def admit_practitioner(
    organization_id: UUID,
    *,
    name: str,
    languages: Sequence[str],
    user: User | None,
    now: datetime,
) -> Practitioner:
    """Make a person one who treats; repeated for the same login, it returns the first."""
    with acting_in(organization_id):
        if user is not None:
            known = Practitioner.objects.filter(user=user).first()
            if known is not None:
                return known
        practitioner = Practitioner.objects.create(
            organization_id=organization_id,
            user=user,
            name=name,
            languages=list(languages),
        )
        _tell("practitioner.admitted", organization_id, practitioner, now=now)
    return practitioner


@transaction.atomic
def grant_role(
    practitioner: Practitioner,
    location: Location,
    *,
    discipline: str,
    registration: Registration,
    capacity: int | None,
    now: datetime,
) -> PractitionerRole:
    """Let a person practise one discipline at one location. Raises `RoleAlready`."""
    with acting_in(practitioner.organization_id):
        try:
            with transaction.atomic():
                role: PractitionerRole = PractitionerRole.objects.create(
                    organization_id=practitioner.organization_id,
                    practitioner=practitioner,
                    location=location,
                    discipline=discipline,
                    college=registration.college,
                    registration_number=registration.number,
                    registered_from=registration.since,
                    registered_until=registration.until,
                    capacity=capacity,
                )
        except IntegrityError as error:
            raise RoleAlready(
                f"{practitioner.name} practises {discipline} at {location.name} already."
            ) from error
        _tell(
            "practitioner-role.granted",
            practitioner.organization_id,
            role,
            now=now,
            discipline=discipline,
        )
    return role


def logins_of(actor: Actor, now: datetime) -> Any:
    """Return the logins of whoever works, or worked, in the actor's organization. Unordered.

    Each with `roles` (what they are here now), `practitioner_id`, `is_usable` (whether it opens
    anything here now) and `has_second_factor`. A login that is only a patient's or a proxy's is
    left out: who keeps the logins of the staff sees no patient.
    """
    hats = Membership.objects.filter(
        user=OuterRef("pk"), organization_id=actor.organization_id
    ).exclude(role__in=FROM_OUTSIDE)
    worn = hats.filter(current(now)).order_by("role").values("role")
    treats = Practitioner.objects.filter(user=OuterRef("pk"), organization_id=actor.organization_id)
    enrolled = RawSQL(
        "coordination_user.id IN (SELECT user_id FROM coordination_enrolled())",
        (),
        output_field=BooleanField(),
    )
    return User.objects.filter(Exists(hats)).annotate(
        roles=ArraySubquery(worn),
        practitioner_id=Subquery(treats.values("pk")[:1]),
        is_usable=Q(Exists(worn), is_active=True),
        has_second_factor=enrolled,
    )


def works_here(user: User, now: datetime) -> bool:
    """Say whether a login is a member of the staff of the organization that acts."""
    hats = Membership.objects.filter(current(now), user=user)
    return hats.exclude(role__in=FROM_OUTSIDE).exists()


def _demand_apart(user: User, role: Role, *, now: datetime) -> None:
    take_turn(user)  # of two who give it a hat each, one sees the other's
    # not `current`: the other's moment may lie after ours, who waited
    hats = Membership.objects.filter(Q(until=None) | Q(until__gt=now), user=user)
    outside = Q(role__in=FROM_OUTSIDE)
    others = hats.exclude(outside) if role in FROM_OUTSIDE else hats.filter(outside)
    held = others.order_by("role").values_list("role", flat=True).first()
    if held is not None:
        raise LoginOfAnother(
            f"{user.email} is {Role(held).label} here and cannot be {role.label} too: "
            "the person needs a second login for that, with an address of its own."
        )


def _open_login(address: str, name: str, password: str | None, *, must_change: bool) -> User:
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid.field("/email", f"{address!r} is not an address.") from error
    if not name.strip():
        raise Invalid.field("/name", "A login needs the name of its person.")
    if password is not None:
        try:
            validate_password(password, user=User(email=address, name=name))
        except ValidationError as error:
            raise Invalid.field("/password", " ".join(error.messages)) from error
    return User.objects.create_user(
        email=address,
        name=name.strip(),
        password=password,
        must_change=must_change and password is not None,
    )


def _tell(event: str, organization_id: UUID, row: Any, *, now: datetime, **detail: str) -> None:
    audit.record(
        actor=Actor.system("operator", organization_id),
        now=now,
        action=audit.Action.CREATE,
        event=event,
        resource=type(row).__name__,
        resource_id=row.id,
        purpose=audit.Purpose.OPERATIONS,
        detail=detail,
    )
