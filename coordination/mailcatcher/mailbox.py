"""Caught mails in a folder: each as the `.eml` that came in, its SMTP envelope beside it."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from uuid import uuid4

_ID = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True)
class CaughtMail:
    """One mail: when it came, from and to whom by its envelope, and what it was."""

    id: str
    received_at: datetime
    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """Return the parsed mail."""
        return BytesParser(policy=policy.default).parsebytes(self.raw)

    @property
    def subject(self) -> str:
        """Return the decoded subject, empty if there is none."""
        return _value(self.message.get("Subject", ""))

    @property
    def text(self) -> str:
        """Return the plain text body, or the HTML source of a mail that has no other."""
        body = self.message.get_body(preferencelist=("plain", "html"))
        if body is None:
            return ""
        try:
            return str(body.get_content()).replace("\r\n", "\n")
        except (LookupError, ValueError):
            return self.raw.decode("utf-8", "replace")

    def as_json(self) -> dict[str, Any]:
        """Return what the JSON interface says of this mail."""
        headers = [[name, _value(value)] for name, value in self.message.items()]
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat(),
            "envelope": {"from": self.mail_from, "to": list(self.rcpt_tos)},
            "subject": self.subject,
            "headers": headers,
            "text": self.text,
        }


def _value(header: object) -> str:
    # a long one stands on a line of its own, and the parser keeps the blank before it
    return str(header).strip()


class Mailbox:
    """A folder of caught mails, safe for one writer and any number of readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(
        self, raw: bytes, *, mail_from: str, rcpt_tos: tuple[str, ...], now: datetime
    ) -> CaughtMail:
        """Store one mail whole, or raise OSError and store nothing."""
        mail = CaughtMail(
            id=f"{now:%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}",
            received_at=now,
            mail_from=mail_from,
            rcpt_tos=rcpt_tos,
            raw=raw,
        )
        described = asdict(mail) | {"received_at": now.isoformat()}
        del described["raw"]
        self._write(f"{mail.id}.eml", raw)
        # A mail counts as caught once its envelope is there.
        self._write(f"{mail.id}.json", json.dumps(described).encode())
        return mail

    def _write(self, name: str, content: bytes) -> None:
        partial = self.folder / f".{name}"
        try:
            partial.write_bytes(content)
            partial.rename(self.folder / name)
        finally:
            partial.unlink(missing_ok=True)

    def mails(self) -> list[CaughtMail]:
        """Return every mail, the latest first."""
        names = sorted((path.stem for path in self.folder.glob("*.json")), reverse=True)
        return [mail for name in names if (mail := self.mail(name)) is not None]

    def mail(self, mail_id: str) -> CaughtMail | None:
        """Return one mail, or None when there is none of this id."""
        if not _ID.fullmatch(mail_id):
            return None
        try:
            described = json.loads((self.folder / f"{mail_id}.json").read_bytes())
            raw = (self.folder / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return CaughtMail(
            id=mail_id,
            received_at=datetime.fromisoformat(described["received_at"]),
            mail_from=described["mail_from"],
            rcpt_tos=tuple(described["rcpt_tos"]),
            raw=raw,
        )
