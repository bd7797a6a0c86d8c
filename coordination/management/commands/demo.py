"""`demo`: everything that Continuum is, on this machine, with one command."""

import errno
import os
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.servers.children import Interrupted, describe_death
from coordination.servers.demonstration import (
    Demonstration,
    already_running,
    running_environment,
)
from coordination.servers.processes import CannotStart, FolderInUse, is_full


class Command(BaseCommand):
    """Runs until Ctrl-C or SIGTERM, which end every process that it started."""

    help = (
        "Starts PostgreSQL, Valkey, a demo clinic, the web server, a worker, beat and a mail "
        "catcher. DATABASE_URL (an administrator's) and REDIS_URL, when set, are used instead "
        "of servers of its own."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --fresh, --port and --check."""
        parser.add_argument("--fresh", action="store_true", help="delete the demo's data first")
        parser.add_argument("--port", type=int, default=8000, help="of the web server")
        parser.add_argument(
            "--check",
            action="store_true",
            help="perform the main job over HTTP, say what each step proved, and end",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo, or its check. Exits with 1 and one sentence when something is wrong."""
        demo = Demonstration(
            port=options["port"],
            say=self._say,
            admin_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )
        try:
            self._run(demo, fresh=options["fresh"], check=options["check"])
        except Interrupted:
            if options["check"]:
                raise CommandError("Interrupted before all was checked.", returncode=130) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=130) from None
        except CannotStart as error:
            raise CommandError(_with_the_disk(error, demo.folder)) from None
        except OSError as error:
            raise CommandError(_describe(error)) from None

    def _run(self, demo: Demonstration, *, fresh: bool, check: bool) -> None:
        begun = time.monotonic()
        try:
            with demo.running(fresh=fresh):
                if check:
                    self._check_own(demo)
                    return
                self._introduce(demo, seconds=time.monotonic() - begun)
                demo.watch()
        except FolderInUse:
            if fresh or not check:
                raise already_running() from None
            _check(running_environment())

    def _check_own(self, demo: Demonstration) -> None:
        try:
            demo.checking(lambda: _check(demo.environment))
        except CommandError:
            dead = demo.dead()
            if dead is not None:
                raise CannotStart(describe_death(dead)) from None
            raise

    def _introduce(self, demo: Demonstration, *, seconds: float) -> None:
        from coordination.demo.cast import read_cast
        from coordination.demo.second_factors import secrets_of

        logins = read_cast().logins
        secrets = secrets_of(read_cast(), demo.environment["SECRET_KEY"])
        width = max(len(login.email) for login in logins)
        lines = [
            "",
            f"Continuum runs (ready after {seconds:.0f} seconds).",
            "",
            f"  Start here    {demo.url}/",
            f"  API docs      {demo.url}/api/docs/",
            f"  Caught mails  {demo.environment['MAIL_CATCHER_URL']}/",
            f"  Health        {demo.url}/health/ready",
            f"  Logs          {demo.folder / 'logs'} (of the run before: *.log.1)",
        ]
        organization = ""
        for login in logins:
            if login.organization != organization:
                organization = login.organization
                lines += ["", f"  {organization} (password: {login.password})"]
            lines.append(f"    {login.email:<{width}}  {login.name}, {login.work}")
            if login.email in secrets:
                lines.append(f"    {'':<{width}}  authenticator app: {secrets[login.email]}")
        lines += ["", "Ctrl-C stops everything; nothing is lost.", ""]
        self._say("\n".join(lines))

    def _say(self, text: str) -> None:
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except OSError:
            # The terminal is gone; the servers still have to be ended in order.
            return


def _with_the_disk(error: CannotStart, folder: Path) -> str:
    """Say that the disk is full, whichever program stumbled over it and however it put it."""
    reason = str(error)
    if "is full" in reason or not is_full(folder):
        return reason
    return f"The disk that holds {folder} is full; free some space and start again. ({reason})"


def _check(environment: dict[str, str]) -> bool:
    from coordination.demo.check import run

    passed: bool = run(
        base_url=environment["PUBLIC_URL"],
        mail_url=environment["MAIL_CATCHER_URL"],
        environment=environment,
    )
    if not passed:
        raise CommandError("The check failed; the step above says where.")
    return passed


def _describe(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if isinstance(error, PermissionError):
        return (
            f"The demo's files belong to another user{where}; start as that user, "
            "or remove the folder."
        )
    if error.errno == errno.ENOSPC:
        return f"The disk is full{where}; free some space and start again."
    return f"The demo cannot go on: {error.strerror or error}{where}."
