"""Logging in: the organizations a login may act in, and the tokens that programs carry."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.contrib.auth import authenticate
from django.db import connection, transaction

from coordination import audit
from coordination.actors import Actor
from coordination.models import ApiToken, User
from coordination.problems import Problem
from coordination.tenancy import acting_in

TOKEN_LIFE = timedelta(days=90)


class WrongCredentials(Problem):
    """Address and password do not belong together, or the login is closed."""

    type = "wrong-credentials"
    title = "Not logged in"
    status = 401


class NoMembership(Problem):
    """The login is not, or no longer, a member of the organization."""

    type = "no-membership"
    title = "Not a member"
    status = 403


def memberships_of(user_id: UUID, *, now: datetime) -> dict[UUID, UUID]:
    """Return the organizations a login may act in now, each with a membership, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organization_id, membership_id FROM coordination_memberships_of(%s, %s)",
            [user_id, now],
        )
        found: dict[UUID, UUID] = {}
        for organization_id, membership_id in cursor.fetchall():
            found.setdefault(organization_id, membership_id)
    return found


def log_in(
    *, email: str, password: str, organization_id: UUID | None, now: datetime
) -> tuple[User, UUID]:
    """Return the login and the organization it acts in: the one named, else its oldest.

    Raises `WrongCredentials`, `NoMembership`.
    """
    user = authenticate(username=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials("Address and password do not belong to an active login.")
    allowed = memberships_of(user.id, now=now)
    chosen = organization_id or next(iter(allowed), None)
    if chosen is None or chosen not in allowed:
        raise NoMembership("This login is no member of that organization.")
    return user, chosen


@transaction.atomic
def issue_token(
    user: User, organization_id: UUID, *, name: str, now: datetime
) -> tuple[ApiToken, str]:
    """Create a token and return it with its secret, which is never shown again."""
    secret = secrets.token_urlsafe(32)
    with acting_in(organization_id):
        token = ApiToken.objects.create(
            organization_id=organization_id,
            user=user,
            name=name,
            digest=sha256(secret.encode()).digest(),
            created_at=now,
            expires_at=now + TOKEN_LIFE,
        )
        audit.record(
            actor=Actor(organization_id, user.email, user.id),
            now=now,
            action=audit.Action.CREATE,
            event="token.issued",
            resource="ApiToken",
            resource_id=token.id,
        )
    return token, secret
