"""Whose token this is: asked of the database, and remembered for a second at most.

A process remembers by the token's hash, so that nothing it remembers serves another token, and a
token belongs to one organization. Consent directives are no part of it: they are read every time.
"""

from collections import OrderedDict
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from coordination.access_words import THROUGH
from coordination.actors import Actor, actor_for
from coordination.models import ApiToken, PortalAccessToken, User
from coordination.portals import NEVER_FOR_PORTALS
from coordination.tenancy import choose_organization

_MOST = 4096  # principals; beyond, the one remembered longest is forgotten


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who carries a token: who acts, within which scopes, and how well vouched for."""

    user: User
    actor: Actor
    scopes: frozenset[str]
    is_vouched: bool


class Remembered:
    """What a process saw in the last second."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, tuple[datetime, Principal]] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: bytes, now: datetime) -> Principal | None:
        """Return the principal of a hash, unless it was read more than a second ago."""
        with self._lock:
            at, principal = self._found.get(digest, (None, None))
        if at is None or not timedelta(0) <= now - at < _life():
            return None
        return principal

    def put(self, digest: bytes, principal: Principal, now: datetime) -> None:
        """Remember what the database said now."""
        if not _life():
            return
        with self._lock:
            self._found[digest] = (now, principal)
            self._found.move_to_end(digest)
            if len(self._found) > _MOST:
                self._found.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()


remembered = Remembered()


def principal_of(secret: str, *, now: datetime, request_id: str) -> Principal | None:
    """Return who carries this token, with the transaction in their organization; None: nobody.

    A token that is unknown, expired or revoked, or whose login or portal is closed, is nobody's.
    Outside a transaction the look-up has one of its own, and nothing is chosen afterwards.
    """
    digest = sha256(secret.encode()).digest()
    principal = remembered.get(digest, now)
    if principal is None:
        with nullcontext() if connection.in_atomic_block else transaction.atomic():
            principal = _of_program(digest, now) or _of_portal(digest, now)
        if principal is None:
            return None
        remembered.put(digest, principal, now)
    elif connection.in_atomic_block:
        choose_organization(principal.actor.organization_id)
    return replace(principal, actor=replace(principal.actor, request_id=request_id))


def _life() -> timedelta:
    return timedelta(seconds=settings.PRINCIPAL_SECONDS)


def _of_program(digest: bytes, now: datetime) -> Principal | None:
    found = _look_up(
        "SELECT token_id, organization_id FROM coordination_token(%s, %s)", digest, now
    )
    if found is None:
        return None
    token = ApiToken.objects.select_related("user").get(pk=found[0])
    if not token.user.is_active:
        return None
    actor = actor_for(token.user, found[1], now=now)
    return Principal(token.user, actor, frozenset(token.scopes), token.is_vouched)


def _of_portal(digest: bytes, now: datetime) -> Principal | None:
    found = _look_up(
        "SELECT token_id, organization_id FROM coordination_portal_token(%s, %s)", digest.hex(), now
    )
    if found is None:
        return None
    token = PortalAccessToken.objects.select_related("user", "application__user").get(pk=found[0])
    user = token.user or token.application.user
    if user is None or not user.is_active:
        return None
    actor = actor_for(user, found[1], now=now)
    label = f"{actor.label}{THROUGH}{token.application.name}"
    actor = replace(actor, label=label, roles=actor.roles - NEVER_FOR_PORTALS)
    # The registered scopes count anew, so that narrowing a portal needs no new tokens.
    scopes = frozenset(token.scope.split()) & frozenset(token.application.scopes)
    return Principal(user, actor, scopes, is_vouched=False)


def _look_up(statement: str, presented: bytes | str, now: datetime) -> tuple[UUID, UUID] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [presented, now])
        row: tuple[UUID, UUID] | None = cursor.fetchone()
    if row is not None:
        choose_organization(row[1])
    return row
