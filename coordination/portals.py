"""Programs of others that reach in over OAuth: each belongs to one organization."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection, transaction
from oauth2_provider.generators import generate_client_secret

from coordination import audit
from coordination.actors import Actor, Role
from coordination.models import (
    Membership,
    Portal,
    PortalAccessToken,
    PortalGrant,
    PortalRefreshToken,
    User,
    new_id,
)
from coordination.problems import Denied, Invalid, NotFound
from coordination.tenancy import acting_in, choose_organization

#: what a portal never acts as, whoever consented
NEVER_FOR_PORTALS = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})


def enter_portal(client_id: str) -> UUID | None:
    """Let the transaction act in the organization of an open portal; None, and in none: unknown."""
    found = None
    if "\0" not in client_id:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coordination_portal(%s)", [client_id])
            row = cursor.fetchone()
        found = row[0] if row else None
    choose_organization(found)
    return found


@transaction.atomic
def register_portal(
    organization_id: UUID,
    *,
    name: str,
    scopes: Sequence[str],
    redirect_uris: Sequence[str] = (),
    role: Role | None = None,
    is_public: bool = False,
    actor: Actor,
    now: datetime,
) -> tuple[Portal, str]:
    """Create a portal and return it with its secret, which is never shown again.

    With a role it acts by itself (client credentials), as a service account of its own; without,
    for whoever consents (authorization code with PKCE), at one of `redirect_uris`. A public one,
    in a browser or on a phone, has no secret. Raises `Invalid`.
    """
    _check(scopes, redirect_uris, role)
    secret = "" if is_public else generate_client_secret()
    with acting_in(organization_id):
        portal = Portal(
            organization_id=organization_id,
            name=name,
            scopes=sorted(set(scopes)),
            redirect_uris=" ".join(redirect_uris),
            client_type=Portal.CLIENT_PUBLIC if is_public else Portal.CLIENT_CONFIDENTIAL,
            client_secret=secret,
            authorization_grant_type=(
                Portal.GRANT_CLIENT_CREDENTIALS if role else Portal.GRANT_AUTHORIZATION_CODE
            ),
            user=_service_account(organization_id, name, role, now) if role else None,
        )
        portal.save(force_insert=True)
        _tell("portal.registered", portal, audit.Action.CREATE, actor=actor, now=now)
    return portal, secret


@transaction.atomic
def close_portal(portal_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let a portal do nothing any more: its tokens, codes and service account end with it.

    Raises `NotFound`.
    """
    with acting_in(actor.organization_id):
        mine = Portal.objects.filter(pk=portal_id, closed_at=None)
        portal = mine.select_for_update().first()
        if portal is None:
            raise NotFound("There is no such open portal.")
        mine.update(closed_at=now)
        PortalGrant.objects.filter(application=portal).delete()
        PortalRefreshToken.objects.filter(application=portal, revoked=None).update(revoked=now)
        PortalAccessToken.objects.filter(application=portal).delete()
        if portal.user_id:
            User.objects.filter(pk=portal.user_id).update(is_active=False)
        _tell("portal.closed", portal, audit.Action.ACT, actor=actor, now=now)


@transaction.atomic
def end_family(portal: Portal, family: UUID, *, now: datetime) -> None:
    """End every token of a portal that came from one code, which came again.

    The transaction acts in the portal's organization. Without such a token nothing happens.
    """
    theirs = PortalRefreshToken.objects.filter(application=portal, token_family=family)
    if not theirs.filter(revoked=None).exists():
        return
    PortalRefreshToken.revoke_family(family)
    software = Actor.system("portals", portal.organization_id)
    _tell("portal.code-repeated", portal, audit.Action.ACT, actor=software, now=now)


def demand_a_role(roles: frozenset[Role]) -> None:
    """Raise `Denied` for a member none of whose roles a portal may act in."""
    if roles - NEVER_FOR_PORTALS:
        return
    hats = " and ".join(
        f"{'an' if role is Role.ADMINISTRATOR else 'a'} {role.label.lower()}"
        for role in sorted(roles, key=str)
    )
    raise Denied(
        f"You are here as {hats}, and no portal may act as one. Nothing was shared.",
        rule="portal.role",
    )


def _check(scopes: Sequence[str], redirect_uris: Sequence[str], role: Role | None) -> None:
    if not scopes or "*" in scopes:
        raise Invalid.field("/scopes", "Name what the portal may do; `*` is for people.")
    if role in NEVER_FOR_PORTALS:
        raise Invalid.field("/role", "No portal administers or guards privacy.")
    if (role is None) != bool(redirect_uris):
        raise Invalid.field("/redirect_uris", "Give either a role or redirect addresses.")
    for uri in redirect_uris:
        if not _may_lead_to(uri):
            raise Invalid.field("/redirect_uris", f"{uri} is neither https nor this machine.")


def _may_lead_to(uri: str) -> bool:
    try:
        one = urlsplit(uri)
        host, _ = one.hostname or "", one.port
    except ValueError:
        return False
    is_plain = not set(uri) & set(" #*\\") and "@" not in one.netloc and uri.isprintable()
    is_here = one.scheme == "http" and host in {"127.0.0.1", "::1"}
    return is_plain and host != "" and (one.scheme == "https" or is_here)


def _service_account(organization_id: UUID, name: str, role: Role, now: datetime) -> User:
    # The address cannot receive mail (RFC 2606), and nobody logs in with it.
    user = User.objects.create_user(
        email=f"{new_id()}@portal.invalid", name=f"{name} (portal)", password=None
    )
    Membership.objects.create(organization_id=organization_id, user=user, role=role, since=now)
    return user


def _tell(event: str, portal: Portal, action: audit.Action, *, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource="Portal",
        resource_id=portal.id,
        purpose=audit.Purpose.OPERATIONS,
        detail={"scopes": portal.scopes, "grant": portal.authorization_grant_type},
    )
