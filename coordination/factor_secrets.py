"""How second factors are kept: encrypted, and bound to the address under which we are reached."""

from base64 import urlsafe_b64encode
from functools import cache
from hashlib import sha256
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings

from coordination.models import User


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc] # allauth ships no types
    """What allauth asks of a project. `SECRET_KEY` opens the secrets; a new one closes them all."""

    def encrypt(self, text: str) -> str:
        """Return a secret as it may lie in the database."""
        return _box(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret that `encrypt` kept; raises InvalidToken under another SECRET_KEY."""
        return _box(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Return what an authenticator app calls us."""
        return "Continuum"

    def get_totp_label(self, user: User) -> str:
        """Return what an authenticator app calls the login."""
        return user.email

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the site to which passkeys are bound: the host of PUBLIC_URL."""
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "localhost", "name": "Continuum"}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, object]:
        """Return what a passkey remembers of the login."""
        return {"id": user.pk.bytes, "display_name": user.name, "name": user.email}


@cache
def _box(secret_key: str) -> Fernet:
    key = sha256(b"continuum second factors:" + secret_key.encode()).digest()
    return Fernet(urlsafe_b64encode(key))
