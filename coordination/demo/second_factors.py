"""The second factors of the demo's administrators: an authenticator app that everybody may read.

The secret follows from the demo's own SECRET_KEY, so that each demo has others.
"""

import hmac
from base64 import b32encode
from datetime import datetime, timedelta

from coordination.actors import Role
from coordination.demo.cast import Cast, Person
from coordination.models import User
from coordination.second_factors import NEEDED_BY, PERIOD, enrol_totp, is_enrolled, totp_code


def demo_secret(secret_key: str, email: str) -> str:
    """Return the secret to type into an authenticator app for a login of this demo."""
    digest = hmac.new(secret_key.encode(), f"demo second factor:{email}".encode(), "sha256")
    return b32encode(digest.digest()[:20]).decode()


def needs_factor(hat: Role) -> bool:
    """Say whether somebody with this hat logs in with a code."""
    return hat in NEEDED_BY


def secrets_of(cast: Cast, secret_key: str) -> dict[str, str]:
    """Return the secrets of all who log in with a code, by address."""
    return {
        person.email: demo_secret(secret_key, person.email)
        for organization in cast.organizations
        for person in organization.people
        if needs_factor(person.hat)
    }


def enrol(person: Person, user: User, *, secret_key: str, now: datetime) -> None:
    """Give somebody who needs it a second factor, once."""
    if not needs_factor(person.hat) or is_enrolled(user):
        return
    secret = demo_secret(secret_key, person.email)
    # With the code before, so that the one shown now still counts.
    before = now - timedelta(seconds=PERIOD)
    enrol_totp(user, secret, totp_code(secret, before), now=now)
