"""Mail, through whatever `MAILERS` names: as a rule a real SMTP server."""

import re
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from threading import Timer
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, mailers

from notifications.channels.contract import Letter, NotDelivered

DEADLINE = 30  # seconds for a whole conversation; each step has the mailer's own timeout

_ADDRESS = re.compile(r"\S+@\S+")
_OURS = (
    smtplib.SMTPSenderRefused,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPHeloError,
    smtplib.SMTPConnectError,
    smtplib.SMTPNotSupportedError,
)


class Email:
    """One mail, one conversation."""

    def deliver(self, letter: Letter) -> str:
        """Hand the letter to the server; the answer 5xx to a recipient or a mail is permanent."""
        mail = EmailMessage(
            subject=letter.subject,
            body=letter.text,
            to=[letter.address],
            headers={
                "Message-ID": message_id(letter),
                "Auto-Submitted": "auto-generated",
                **_one_click(letter),
            },
        )
        mailer: Any = mailers.default
        with _deadline(mailer) as watch:
            try:
                _open(mailer)
                if not watch.is_alive():
                    raise NotDelivered("The server took too long to answer.", channel_down=True)
                _send(mailer, mail)
            finally:
                # Whatever the server answered stands; a failing goodbye undoes nothing.
                with suppress(smtplib.SMTPException, OSError):
                    mailer.close()
        return "accepted"


def message_id(letter: Letter) -> str:
    """Return the mail's Message-ID: the same at every try, so that a repeat can be recognized."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{letter.message_id}@{domain or 'localhost'}>"


def _one_click(letter: Letter) -> dict[str, str]:
    """Let the reader's mail program opt out with one request (RFC 2369, RFC 8058)."""
    if not letter.unsubscribe:
        return {}
    return {
        "List-Unsubscribe": f"<{letter.unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _open(mailer: Any) -> None:
    try:
        mailer.open()
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(_say(error), channel_down=True) from error


def _send(mailer: Any, mail: EmailMessage) -> None:
    try:
        mailer.send_messages([mail])
    except ValueError as error:
        raise NotDelivered("The address cannot be written to.", permanent=True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise _refusal(error) from error


def _refusal(error: smtplib.SMTPException | OSError) -> NotDelivered:
    code = _code(error)
    ours = isinstance(error, _OURS)
    return NotDelivered(
        _say(error),
        permanent=code // 100 == 5 and not ours,
        channel_down=ours or code == 421,
    )


def _code(error: smtplib.SMTPException | OSError) -> int:
    match error:
        case smtplib.SMTPRecipientsRefused():
            return int(next(iter(error.recipients.values()))[0])
        case smtplib.SMTPResponseException():
            return int(error.smtp_code)
    return 0


def _say(error: smtplib.SMTPException | OSError) -> str:
    match error:
        case smtplib.SMTPRecipientsRefused():
            text: Any = next(iter(error.recipients.values()))[1]
        case smtplib.SMTPResponseException():
            text = error.smtp_error
        case _:
            return type(error).__name__
    said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    plain = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return f"{_code(error)} {_ADDRESS.sub('<address>', plain)}"[:200]


@contextmanager
def _deadline(mailer: Any) -> Iterator[Timer]:
    # The timeout of a socket starts anew with every byte; a server that drips could hold a
    # claim for ever, and the mail would be sent a second time by whoever takes it over.
    watch = Timer(DEADLINE, _hang_up, [mailer])
    watch.daemon = True
    watch.start()
    try:
        yield watch
    finally:
        watch.cancel()


def _hang_up(mailer: Any) -> None:
    for name in ("connection", "_partial_connection"):
        line = getattr(getattr(mailer, name, None), "sock", None)
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
