"""Logging in: the organizations a login may act in, its sessions, the tokens of programs."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet

from coordination import audit
from coordination.actors import Actor, Role, actor_for
from coordination.attempts import forgive, take_attempt
from coordination.login_fence import known_as, login_named, of_login, write_login
from coordination.models import (
    ApiToken,
    LoginSession,
    Membership,
    PortalAccessToken,
    PortalGrant,
    PortalRefreshToken,
    User,
)
from coordination.problems import Denied, Invalid, NotFound, Problem
from coordination.second_factors import forget_factors, prove_code, take_turn
from coordination.tenancy import acting_in

log = structlog.get_logger(__name__)

TOKEN_LIFE = timedelta(days=90)
CHANGE_AT = "/api/v1/me/password"


class WrongCredentials(Problem):
    """Address and password do not belong together, or the login is closed."""

    type = "wrong-credentials"
    title = "Not logged in"
    status = 401


class PasswordChangeRequired(Problem):
    """Somebody else chose the password, so it opens nothing but its change; `at` says where."""

    type = "password-change-required"
    title = "The password has to be changed first"
    status = 403


class NoMembership(Problem):
    """The login is not, or no longer, a member of the organization."""

    type = "no-membership"
    title = "Not a member"
    status = 403


def demand_own_password(user: User) -> None:
    """Raise `PasswordChangeRequired` while the password of a login is one that another chose."""
    if user.must_change_password:
        raise PasswordChangeRequired(
            "Somebody else chose this password: change it first, then log in with your own.",
            rule="login.change-password",
            at=CHANGE_AT,
        )


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


def roles_anywhere(user: User, *, now: datetime) -> frozenset[Role]:
    """Return what a login is in any of its organizations; the transaction's stays as it was."""
    roles: set[Role] = set()
    for organization_id in memberships_of(user.id, now=now):
        with acting_in(organization_id):
            roles |= actor_for(user, organization_id, now=now).roles
    return frozenset(roles)


def log_in(
    *,
    email: str,
    password: str,
    organization_id: UUID | None,
    now: datetime,
    address: str = "unknown",
) -> tuple[User, UUID]:
    """Return the login and the organization it acts in: the one named, else its oldest.

    `address` is where the attempt comes from. A login that does not exist takes as long and is
    answered alike. Raises `TooManyAttempts`, `WrongCredentials`, `NoMembership`.
    """
    name = email.strip().lower()
    take_attempt("password", name, address, now=now)
    user = authenticate(username=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials("Address and password do not belong to an active login.")
    forgive("password", name, address)
    allowed = memberships_of(user.id, now=now)
    chosen = organization_id or next(iter(allowed), None)
    if chosen is None or chosen not in allowed:
        raise NoMembership("This login is no member of that organization.")
    return user, chosen


def give_code(user: User, code: str, *, now: datetime, address: str) -> str:
    """Accept a second factor's code, once. Returns the factor's type.

    Raises `TooManyAttempts`, `WrongCode`.
    """
    take_attempt("second-factor", user.email, address, now=now)
    kind = prove_code(user, code, now=now)
    forgive("second-factor", user.email, address)
    return kind


def note_lockout(email: str, *, kind: str, now: datetime) -> None:
    """Write down, wherever the login is a member, that somebody has to wait; once a wait."""
    user = login_named(email)
    log.warning("login_locked_out", kind=kind, user_id=str(user.id) if user else None)
    if user is None:
        return
    _note_everywhere("login.locked-out", user, part="logins", now=now, kind=kind)


def _note_everywhere(event: str, user: User, *, part: str, now: datetime, **detail: str) -> None:
    """Record, wherever the login is a member, what no actor of one organization did to it."""
    for organization_id, membership_id in memberships_of(user.id, now=now).items():
        with acting_in(organization_id):
            audit.record(
                actor=Actor.system(part, organization_id),
                now=now,
                action=audit.Action.ACT,
                event=event,
                resource="Membership",
                resource_id=membership_id,
                purpose=audit.Purpose.OPERATIONS,
                detail={**detail, "user": str(user.id)},
            )


def note(event: str, actor: Actor, *, now: datetime, **detail: str) -> None:
    """Record that a login was used or changed, in the organization it acts in."""
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="User",
        resource_id=actor.user_id,
        purpose=audit.Purpose.OPERATIONS,
        detail=detail,
    )


@of_login
def sessions_of(user: User, *, now: datetime) -> list[LoginSession]:
    """Return the sessions of a login that have not ended, the one used last first."""
    return list(_sessions_of(user, now).order_by("-last_used_at", "id"))


@of_login
def end_session(user: User, session_id: UUID, *, now: datetime) -> bool:
    """End one session of a login; returns whether there was such a one."""
    return bool(_sessions_of(user, now).filter(pk=session_id).delete()[0])


def _sessions_of(user: User, now: datetime) -> QuerySet[LoginSession, LoginSession]:
    return LoginSession.objects.filter(
        user=user,
        expires_at__gt=now,
        last_used_at__gt=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
    )


@of_login
def end_sessions(user: User, *, but: bytes | None = None) -> int:
    """End all sessions of a login (except the one with this digest); returns how many."""
    mine = LoginSession.objects.filter(user=user)
    return (mine.exclude(digest=but) if but else mine).delete()[0]


def forget_ended_sessions(*, now: datetime) -> int:
    """Delete the rows of sessions that nobody can use any more; returns how many."""
    idle = now - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_id FROM coordination_sessions_over(%s, %s)", [now, idle])
        over = [session_id for (session_id,) in cursor.fetchall()]
    forgotten = 0
    for session_id in over:
        with known_as(session_id):
            forgotten += LoginSession.objects.filter(pk=session_id).delete()[0]
    return forgotten


def tokens_of(user: User, *, now: datetime) -> QuerySet[ApiToken, ApiToken]:
    """Return the tokens of a login that hold, in the organization that is acting."""
    return ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now).order_by(
        "-created_at", "id"
    )


@transaction.atomic
def revoke_tokens(user: User, *, actor: Actor, now: datetime, token_id: UUID | None = None) -> int:
    """End a login's tokens (or one of them) in the actor's organization; returns how many.

    The portals' tokens and codes that act for the login end as well, unless one token was named.
    """
    with acting_in(actor.organization_id):
        mine = tokens_of(user, now=now).order_by()
        if token_id is not None:
            mine = mine.filter(pk=token_id)
        ended = list(mine.values_list("pk", flat=True))
        ApiToken.objects.filter(pk__in=ended, revoked_at=None).update(revoked_at=now)
        if token_id is None:
            PortalGrant.objects.filter(user=user).delete()
            PortalRefreshToken.objects.filter(user=user, revoked=None).update(revoked=now)
            PortalAccessToken.objects.filter(user=user).delete()
        for one in ended:
            audit.record(
                actor=actor,
                now=now,
                action=audit.Action.ACT,
                event="token.revoked",
                resource="ApiToken",
                resource_id=one,
                purpose=audit.Purpose.OPERATIONS,
            )
    return len(ended)


@transaction.atomic
def end_access(user: User, *, actor: Actor, now: datetime) -> None:
    """End another's sessions, and their tokens in the actor's organization.

    Sessions belong to the person, so that one who works elsewhere too logs in there anew.
    Raises `Denied` unless the actor administers, `NotFound` for one who was never a member.
    """
    if Role.ADMINISTRATOR not in actor.roles:
        raise Denied("Only an administrator ends another's access.", rule="login.end-access")
    with acting_in(actor.organization_id):
        if not Membership.objects.filter(user=user).exists():
            raise NotFound("Nobody with this login belongs to your organization.")
        ended = end_sessions(user)
        revoke_tokens(user, actor=actor, now=now)
        note("login.access-ended", actor, now=now, user=str(user.id), sessions=str(ended))


@transaction.atomic
def change_password(
    user: User, current: str, new: str, *, actor: Actor, now: datetime, address: str
) -> None:
    """Set a new password; every session and token of the login ends, in every organization.

    It is the person's own from then on. Raises `Invalid` for a wrong current one, a weak new one or
    the current one once more, `TooManyAttempts`.
    """
    take_attempt("password", user.email, address, now=now)
    take_turn(user)  # an operator may just have set another one
    if not user.check_password(current):
        raise Invalid.field("/current", "This is not the present password.")
    forgive("password", user.email, address)
    if new == current:
        raise Invalid.field("/new", "This is the present password: choose another.")
    _set_password(user, new, must_change=False)
    note("login.password-changed", actor, now=now)
    _end_everywhere(user, now=now)


@transaction.atomic
def reset_login(user: User, new: str, *, keep_factors: bool, now: datetime) -> None:
    """Set a password at an operator's hand; every session and token of the login ends.

    Its person changes it before it opens anything. Without `keep_factors` the second factors go
    as well: whoever needs one enrols anew. Raises `Invalid` for a weak password.
    """
    take_turn(user)
    _set_password(user, new, must_change=True)
    if not keep_factors:
        forget_factors(user)
    factors = "kept" if keep_factors else "removed"
    _note_everywhere("login.reset", user, part="operator", now=now, factors=factors)
    _end_everywhere(user, now=now)


def _set_password(user: User, new: str, *, must_change: bool) -> None:
    try:
        validate_password(new, user=user)
    except ValidationError as error:
        raise Invalid.field("/new", " ".join(error.messages)) from error
    user.set_password(new)
    user.must_change_password = must_change
    write_login(user, "password", "must_change_password")


@transaction.atomic
def close_login(user: User, *, now: datetime) -> None:
    """Let nobody log in with it any more; every session and token ends."""
    take_turn(user)
    user.is_active = False
    write_login(user, "is_active")
    _end_everywhere(user, now=now)


def _end_everywhere(user: User, *, now: datetime) -> None:
    end_sessions(user)
    # also where they are no member at this moment: a token would wake with the membership
    for organization_id in _organizations_of(user.id):
        actor = Actor(organization_id, user.email, user.id)
        revoke_tokens(user, actor=actor, now=now)


def _organizations_of(user_id: UUID) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id FROM coordination_organizations_of(%s)", [user_id])
        return [organization_id for (organization_id,) in cursor.fetchall()]


@transaction.atomic
def issue_token(
    user: User,
    organization_id: UUID,
    *,
    name: str,
    now: datetime,
    scopes: Sequence[str] = ("*",),
    is_vouched: bool = False,
) -> tuple[ApiToken, str]:
    """Create a token and return it with its secret, which is never shown again.

    `is_vouched` says that more than a password stood behind it: a second factor, or an operator at
    the server. Without, it does nothing where its login's role needs a second factor. Raises
    `WrongCredentials` where the login was closed or its password set since it was read.
    """
    password = user.password
    take_turn(user)  # else the token would outlive the end of all others
    if user.password != password or not user.is_active:
        raise WrongCredentials("This login was changed meanwhile: log in anew.")
    secret = secrets.token_urlsafe(32)
    with acting_in(organization_id):
        token = ApiToken.objects.create(
            organization_id=organization_id,
            user=user,
            name=name,
            digest=sha256(secret.encode()).digest(),
            created_at=now,
            expires_at=now + TOKEN_LIFE,
            scopes=list(scopes),
            is_vouched=is_vouched,
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
