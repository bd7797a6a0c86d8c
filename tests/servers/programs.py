"""Programs of the project, started for a test as the demo would start them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from coordination.environment import PROJECT
from coordination.mailcatcher.mailbox import CaughtMail, Mailbox
from coordination.mailcatcher.smtp import listen
from coordination.servers.processes import end_child, free_port
from tests.servers.run import Servers


@dataclass
class Program:
    """A child in a process group of its own; what it writes stands in `log`."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for(self, text: str, *, seconds: float = 30.0) -> None:
        """Return once the program has written `text`; fail when it ends or stays silent."""
        deadline = time.monotonic() + seconds
        while text not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None:
                pytest.fail(f"It ended: {self.log.read_text(errors='replace')[-4000:]}")
            if time.monotonic() > deadline:
                pytest.fail(f"No {text!r} in: {self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the program and its children at once, as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """Ask the program to end, and return its exit code."""
        end_child(self.process, steps=((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)))
        self.kill()
        return self.process.returncode


class StartProgram(Protocol):
    """Starts one program: its arguments after `python -m`, and variables of its own."""

    def __call__(self, *arguments: str, environment: dict[str, str] | None = None) -> Program:
        """Start it without waiting for it to be ready."""


class StartWorker(Protocol):
    """Starts one real Celery worker (or beat) and waits until it is ready."""

    def __call__(self, *arguments: str, environment: dict[str, str] | None = None) -> Program:
        """Return the running program."""


@pytest.fixture
def start_program(servers: Servers, database: str, tmp_path: Path) -> Iterator[StartProgram]:
    """Start `python -m …` against this test's database; whatever still runs is ended."""
    started: list[Program] = []

    def start(*arguments: str, environment: dict[str, str] | None = None) -> Program:
        log = tmp_path / f"program-{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=PROJECT,
                env={
                    **os.environ,
                    **servers.environment(database),
                    "PYTHONUNBUFFERED": "1",
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        started.append(Program(process, log))
        return started[-1]

    yield start
    for program in started:
        program.stop()


@pytest.fixture
def celery_worker(
    request: pytest.FixtureRequest, committed_db: None, start_program: StartProgram
) -> StartWorker:
    """Start a worker that sends its mail to the `smtp` fixture, when the test has that too."""
    mail = _mail_environment(request)

    def start(*arguments: str, environment: dict[str, str] | None = None) -> Program:
        program = start_program(
            "celery",
            "-A",
            "coordination",
            "worker",
            "--loglevel=INFO",
            "--concurrency=1",
            "--without-mingle",
            "--without-gossip",
            *arguments,
            environment=mail | (environment or {}),
        )
        program.wait_for(" ready.")
        return program

    return start


@pytest.fixture
def celery_beat(
    request: pytest.FixtureRequest,
    committed_db: None,
    start_program: StartProgram,
    tmp_path: Path,
) -> StartWorker:
    """Start a beat whose schedule file belongs to this test."""
    mail = _mail_environment(request)

    def start(*arguments: str, environment: dict[str, str] | None = None) -> Program:
        program = start_program(
            "celery",
            "-A",
            "coordination",
            "beat",
            "--loglevel=INFO",
            f"--schedule={tmp_path / 'schedule'}",
            "--pidfile=",
            *arguments,
            environment=mail | (environment or {}),
        )
        program.wait_for("is starting")
        return program

    return start


def _mail_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    if "smtp" not in request.fixturenames:
        return {}
    smtp: SmtpServer = request.getfixturevalue("smtp")
    return {"EMAIL_URL": smtp.url}


@dataclass
class SmtpServer:
    """A mail server that keeps what it accepts, and misbehaves when told to.

    `refuse` is the whole answer to a recipient, "450 4.2.1 Busy" for example; `hang` is how
    many seconds it waits before it answers the mail; `drop` ends the connection after the mail
    was kept, without an answer.
    """

    mailbox: Mailbox
    port: int
    refuse: str = ""
    hang: float = 0.0
    drop: bool = False
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return what EMAIL_URL says of this server."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[CaughtMail]:
        """Return what was kept, the first first."""
        return self.mailbox.mails()[::-1]

    def wait_for_mails(self, count: int, *, seconds: float = 30.0) -> list[CaughtMail]:
        """Return the mails once there are at least so many; fail when they do not come."""
        deadline = time.monotonic() + seconds
        while len(self.mails) < count:
            if time.monotonic() > deadline:
                pytest.fail(f"{len(self.mails)} of {count} mails came in {seconds} seconds.")
            time.sleep(0.05)
        return self.mails

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            self.refused.append(address)
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.hang)
        self.mailbox.keep(
            envelope.original_content or b"",
            mail_from=envelope.mail_from or "",
            rcpt_tos=tuple(envelope.rcpt_tos),
            now=datetime.now(UTC),
        )
        if self.drop and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "250 Kept"


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[SmtpServer]:
    """Catch mails over real SMTP on a port of 127.0.0.1."""
    server = SmtpServer(Mailbox(tmp_path / "mails"), free_port())
    controller = listen(server, host="127.0.0.1", port=server.port)
    yield server
    controller.stop()


@pytest.fixture
def mail_over_smtp(smtp: SmtpServer, settings: Callable[..., object]) -> SmtpServer:
    """Let mails of this very process leave over SMTP too, instead of staying in memory."""
    settings.MAILERS = {  # type: ignore[attr-defined] # read by the program alone
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": smtp.port, "timeout": 5},
        }
    }
    return smtp
