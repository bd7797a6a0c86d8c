"""Where Django keeps sessions: one row each, found by the hash of its key, with two ends.

A session ends when it has not been used for SESSION_IDLE_MINUTES, and after twelve hours whatever
happens. Ending one is deleting its row, so that it takes effect with the next request.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from coordination.login_fence import known_as
from coordination.logins import forget_ended_sessions
from coordination.models import LoginSession

_MINUTE = timedelta(minutes=1)


class SessionStore(SessionBase):
    """A session of `LoginSession`."""

    agent = ""
    _started: datetime | None = None

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing, and no key, when it has ended."""
        now = timezone.now()
        digest = digest_of(self.session_key)
        with known_as(digest):
            row = LoginSession.objects.filter(
                digest=digest,
                expires_at__gt=now,
                last_used_at__gt=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
            ).first()
            if row is not None and row.last_used_at < now - _MINUTE:
                _touch(row.pk, now)
        if row is None:
            self._session_key = None
            return {}
        self._started = row.started_at
        return self.decode(row.data)

    def exists(self, session_key: str) -> bool:
        """Say whether a key is taken."""
        digest = digest_of(session_key)
        with known_as(digest):
            return LoginSession.objects.filter(digest=digest).exists()

    def create(self) -> None:
        """Begin a session under a fresh key."""
        while True:
            # Django's own stores write these two names; its stubs leave them out.
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined] # as said above
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Write the session; raises UpdateError when it was ended meanwhile."""
        if self.session_key is None:
            self.create()
            return
        # As above.
        content = self._get_session(no_load=must_create)  # type: ignore[attr-defined] # as said above
        user = content.get(SESSION_KEY)
        values = {"data": self.encode(content), "user_id": UUID(user) if user else None}
        digest = digest_of(self.session_key)
        with known_as(digest):
            if must_create:
                self._insert(values)
            elif not LoginSession.objects.filter(digest=digest).update(**values):
                raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """End a session: this one unless another is named."""
        key = session_key or self.session_key
        if key is not None:
            digest = digest_of(key)
            with known_as(digest):
                LoginSession.objects.filter(digest=digest).delete()

    def flush(self) -> None:
        """End this session, and begin anew if anything is kept in it."""
        self._started = None
        super().flush()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the rows of sessions that have ended."""
        forget_ended_sessions(now=timezone.now())

    def _insert(self, values: dict[str, Any]) -> None:
        now = timezone.now()
        started = self._started or now  # a new key for a session does not lengthen it
        try:
            with transaction.atomic():
                LoginSession.objects.create(
                    digest=digest_of(self.session_key),
                    agent=self.agent[:200],
                    started_at=started,
                    last_used_at=now,
                    expires_at=started + timedelta(seconds=settings.SESSION_COOKIE_AGE),
                    **values,
                )
        except IntegrityError as error:
            raise CreateError from error
        self._started = started


def digest_of(session_key: str | None) -> bytes:
    """Return what is kept of a session's key."""
    return sha256((session_key or "").encode()).digest()


def _touch(session_id: UUID, now: datetime) -> None:
    # Whoever comes second need not wait for the first to say the same.
    with transaction.atomic():
        free = LoginSession.objects.filter(pk=session_id).select_for_update(skip_locked=True)
        if free.first() is not None:
            LoginSession.objects.filter(pk=session_id).update(last_used_at=now)
