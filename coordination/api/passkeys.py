"""WebAuthn through allauth: what the browser is asked, and whether its answer is right."""

from datetime import datetime
from typing import Any

from allauth.mfa.webauthn.internal import auth as webauthn
from cryptography.exceptions import InvalidSignature
from django.core.exceptions import ValidationError

from coordination.login_fence import of_login
from coordination.models import User
from coordination.second_factors import WrongCode

_WRONG = (ValidationError, InvalidSignature, ValueError, TypeError, KeyError, AttributeError)


@of_login
def ask_to_register(user: User) -> dict[str, Any]:
    """Return the options for a new passkey; their challenge stays in the session."""
    options: dict[str, Any] = webauthn.begin_registration(user, passwordless=False)
    return options


@of_login
def register(user: User, name: str, credential: Any) -> None:
    """Keep a passkey that answered our challenge. Raises `WrongCode`."""
    try:
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    except _WRONG as error:
        raise WrongCode("This is no answer to the challenge that was given.") from error
    webauthn.WebAuthn.add(user, name, credential)


@of_login
def ask_to_prove(user: User) -> dict[str, Any]:
    """Return the options for proving one of the login's passkeys."""
    options: dict[str, Any] = webauthn.begin_authentication(user)
    return options


@of_login
def prove(user: User, credential: Any, *, now: datetime) -> str:
    """Accept a passkey's answer, once. Returns the factor's type; raises `WrongCode`."""
    try:
        webauthn.parse_authentication_response(credential)
        row = webauthn.complete_authentication(user, credential)
    except _WRONG as error:
        raise WrongCode("This is no answer of a passkey of this login.") from error
    row.last_used_at = now
    row.save(update_fields=["last_used_at"])
    return str(row.type)
