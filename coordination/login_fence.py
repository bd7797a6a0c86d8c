"""What no organization owns, people's logins, lies behind a fence of its own.

A session of the database sees a login, its second factors and its browser sessions only while it
names that login: by id, by address, or by the digest of a session's key. Within an organization
it sees the logins of whoever belongs or belonged to it, too, but neither factors nor sessions.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.backends import ModelBackend

from coordination.models import User
from coordination.models.naming import known_as

__all__ = ["LoginBackend", "known_as", "login_named", "login_of", "of_login", "write_login"]


def of_login[**P, R](
    act: Callable[Concatenate[User, P], R],
) -> Callable[Concatenate[User, P], R]:
    """Let a function whose first argument is a login see what belongs to it."""

    @wraps(act)
    def acting(user: User, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with known_as(user.pk):
            return act(user, *args, **kwargs)

    return acting


def write_login(user: User, *fields: str) -> None:
    """Write these fields of a login that was read before."""
    with known_as(user.pk):
        user.save(update_fields=fields)


def login_named(email: str) -> User | None:
    """Return the login with this address, None if there is none."""
    with known_as(email):
        return User.objects.filter(email=email.strip().lower()).first()


class LoginBackend(ModelBackend):
    """Django's way to find a login, through the fence."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """Return the login with this address and password, None if there is no such."""
        with known_as(username or ""):
            return super().authenticate(request, username, password, **kwargs)

    def get_user(self, user_id: Any) -> Any:
        """Return the login of a session."""
        with known_as(user_id):
            return super().get_user(user_id)


def login_of(email: str) -> User:
    """Return the login with this address; raises `User.DoesNotExist`."""
    with known_as(email):
        return User.objects.get(email=email.strip().lower())
