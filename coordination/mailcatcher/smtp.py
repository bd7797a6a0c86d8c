"""The catcher's SMTP side: it accepts every mail and delivers none."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from coordination.mailcatcher.mailbox import Mailbox

LARGEST_MAIL = 10 * 1024 * 1024


class Catching:
    """Keeps each mail before it is acknowledged, so that an accepted mail is never lost."""

    def __init__(self, mailbox: Mailbox, *, clock: Callable[[], datetime] | None = None) -> None:
        self.mailbox = mailbox
        self.clock = clock or (lambda: datetime.now(UTC))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store the mail and say so; a full disk is the sender's cue to try again."""
        content = envelope.original_content or b""
        try:
            self.mailbox.keep(
                content,
                mail_from=envelope.mail_from or "",
                rcpt_tos=tuple(envelope.rcpt_tos),
                now=self.clock(),
            )
        except OSError:
            return "452 4.3.1 Insufficient system storage"
        return "250 2.0.0 Kept"


def listen(handler: object, *, host: str, port: int) -> Controller:
    """Serve SMTP in a thread of this process until `stop()`. Raises OSError."""
    # It writes one line for each line of SMTP.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    controller = Controller(
        handler, hostname=host, port=port, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True
    )
    controller.start()
    return controller
