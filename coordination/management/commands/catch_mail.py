"""`catch_mail`: an SMTP server that keeps every mail and shows it on a page."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.environment import VAR
from coordination.mailcatcher.mailbox import Mailbox
from coordination.mailcatcher.smtp import Catching, listen
from coordination.mailcatcher.web import MailboxServer


class Command(BaseCommand):
    """Runs until Ctrl-C or SIGTERM; what was caught stays in the folder."""

    help = "Catches mails over SMTP instead of delivering them, and shows them over HTTP."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen and where to keep the mails."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--smtp-port", type=int, default=1025)
        parser.add_argument("--http-port", type=int, default=8025)
        parser.add_argument("--folder", type=Path, default=VAR / "mails")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve both ports until told to stop. Raises CommandError when one is taken."""
        stop = threading.Event()
        _stop_on_signals(stop)
        host, smtp_port, http_port = options["host"], options["smtp_port"], options["http_port"]
        mailbox = Mailbox(options["folder"])
        try:
            smtp = listen(Catching(mailbox), host=host, port=smtp_port)
            web = MailboxServer(mailbox, host=host, port=http_port)
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}, port {smtp_port} or {http_port}: {error.strerror}."
            ) from error
        serving = threading.Thread(target=web.serve_forever, daemon=True)
        serving.start()
        self.stdout.write(f"Catching mails on {host}:{smtp_port}, shown on port {http_port}.")
        self.stdout.flush()
        stop.wait()
        smtp.stop()
        web.shutdown()
        web.server_close()


def _stop_on_signals(stop: threading.Event) -> None:
    def obey(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, obey)
