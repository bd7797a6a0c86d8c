"""A passkey made of software, as far as logging in needs one (WebAuthn level 2, ES256)."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class Passkey:
    """One credential for one site, used from a page of `origin`."""

    def __init__(self, origin: str, site: str, id: bytes | None = None) -> None:
        self.origin, self.site = origin, hashlib.sha256(site.encode()).digest()
        self.id = id or os.urandom(32)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def register(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer the options of a registration."""
        numbers = self.key.public_key().public_numbers()
        public = cbor.encode(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._authenticator(PRESENT | VERIFIED | ATTESTED) + attested
        return self._credential(
            clientDataJSON=text(self._client("webauthn.create", options)),
            attestationObject=text(cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})),
        )

    def prove(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer the options of a login."""
        client, data = self._client("webauthn.get", options), self._authenticator(PRESENT)
        signed = data + hashlib.sha256(client).digest()
        return self._credential(
            clientDataJSON=text(client),
            authenticatorData=text(data),
            signature=text(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        )

    def _authenticator(self, flags: int) -> bytes:
        return self.site + struct.pack(">BI", flags, 0)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        ).encode()

    def _credential(self, **response: str) -> dict[str, Any]:
        return {
            "id": text(self.id),
            "rawId": text(self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": response,
        }
