"""The whole demo in one folder: servers, clinic, web, worker, beat and caught mails."""

import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import redis

from coordination.environment import DEMO_ENVIRONMENT
from coordination.servers import postgres, valkey
from coordination.servers.children import Child, Children, Interrupted, describe_death
from coordination.servers.postgres import PostgresServer
from coordination.servers.processes import (
    FOLDER_MARK,
    CannotStart,
    FolderInUse,
    end,
    free_port,
    hold,
    marked_with,
)
from coordination.servers.roles import DatabaseUrls, drop_database, prepare_roles
from coordination.servers.valkey import ValkeyServer

FOLDER = DEMO_ENVIRONMENT.parent
NEEDED_SPACE = 500 * 1024 * 1024
_OURS = ("postgres", "valkey", "logs", "mails")
Say = Callable[[str], None]


@dataclass
class Demonstration:
    """One run of the demo. `admin_url` and `redis_url`, when given, take the place of ours."""

    port: int
    say: Say
    admin_url: str = ""
    redis_url: str = ""
    folder: Path = FOLDER
    stopping: threading.Event = field(default_factory=threading.Event)
    environment: dict[str, str] = field(default_factory=dict)
    servers: list[Child] = field(default_factory=list)
    _in_check: bool = False

    @contextmanager
    def running(self, *, fresh: bool) -> Iterator[None]:
        """Have everything running inside the block, and nothing of it afterwards.

        Raises FolderInUse when a demo of this checkout runs already, CannotStart, Interrupted.
        """
        with ExitStack() as stack:
            stack.enter_context(hold(self.folder))
            self._obey_signals()
            self._clear(fresh=fresh)
            stack.enter_context(_reserved_port(self.port))
            children = Children(self._make_logs(), self.stopping)
            self._start_servers(stack, fresh=fresh)
            stack.callback(DEMO_ENVIRONMENT.unlink, missing_ok=True)
            stack.callback(children.end)
            stack.callback(self.say, "Stopping …")
            self._bring_up(children)
            self._leave_environment()
            self.children = children
            yield

    def watch(self) -> None:
        """Return when somebody asks the demo to end. Raises CannotStart when a part dies."""
        while not self.stopping.wait(0.3):
            dead = self.dead()
            if dead is not None:
                raise CannotStart(describe_death(dead))

    def dead(self) -> Child | None:
        """Return a part that ended without being asked, if one did."""
        gone = (server for server in self.servers if server.process.poll() is not None)
        return next(gone, None) or self.children.first_dead()

    def checking(self, check: Callable[[], bool]) -> bool:
        """Return what the check says. Raises Interrupted when the demo is to end meanwhile."""
        self._in_check = True
        try:
            return check()
        finally:
            self._in_check = False

    @property
    def url(self) -> str:
        """Return where the web server answers."""
        return f"http://127.0.0.1:{self.port}"

    def _obey_signals(self) -> None:
        def obey(number: int, frame: FrameType | None) -> None:
            self.stopping.set()
            if self._in_check:
                raise Interrupted

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, obey)

    def _clear(self, *, fresh: bool) -> None:
        DEMO_ENVIRONMENT.unlink(missing_ok=True)
        left = marked_with(self.folder)
        if left:
            self.say(f"Ending {len(left)} processes that a killed demo left behind.")
            end(left, steps=((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)))
        if fresh:
            self._remove_data()
        _require_space(self.folder)

    def _remove_data(self) -> None:
        if (self.folder / "postgres").exists():
            postgres.remove(self.folder / "postgres")
        if (self.folder / "valkey").exists():
            valkey.remove(self.folder / "valkey")
        for name in _OURS:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _make_logs(self) -> Path:
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        return logs

    def _start_servers(self, stack: ExitStack, *, fresh: bool) -> None:
        database = "continuum"
        if self.admin_url:
            key = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
            database = f"continuum_demo_{key}"
            if fresh:
                drop_database(self.admin_url, database)
        else:
            server = PostgresServer.start(self.folder / "postgres", durable=True)
            stack.callback(server.stop)
            self.servers.append(Child("PostgreSQL", server.process, server.log))
            self.admin_url = server.admin_url
        urls = prepare_roles(self.admin_url, database)
        where = urlsplit(urls.owner)
        self.say(f"PostgreSQL: {database} at {where.hostname}:{where.port or 5432}")
        if self.redis_url:
            _require_redis(self.redis_url)
        else:
            broker = ValkeyServer.start(self.folder / "valkey")
            stack.callback(broker.stop)
            self.servers.append(Child("Valkey", broker.process, broker.log))
            self.redis_url = broker.url
        self.environment = self._describe(urls)

    def _describe(self, urls: DatabaseUrls) -> dict[str, str]:
        smtp, shown = free_port(), free_port()
        return {
            "DATABASE_URL": urls.runtime,
            "DATABASE_OWNER_URL": urls.owner,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": _kept_secret(self.folder / "secret_key"),
            "AUDIT_HEADS_FILE": str(self.folder / "audit-heads.jsonl"),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp}",
            "PUBLIC_URL": self.url,
            "MAIL_CATCHER_URL": f"http://127.0.0.1:{shown}",
        }

    def _surroundings(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
        return {
            **inherited,
            **self.environment,
            "DJANGO_SETTINGS_MODULE": "coordination.settings",
            "PYTHONUNBUFFERED": "1",
            FOLDER_MARK: str(self.folder),
        }

    def _bring_up(self, children: Children) -> None:
        surroundings = self._surroundings()
        children.run("prepare_database", "manage.py", "prepare_database", environment=surroundings)
        self.say("Tables, measures and pathways: ready")
        # They load while the clinic is made; on two cores that saves a quarter of the wait.
        catcher, web = self._start_programs(children)
        children.run(
            "create_demo_clinic", "manage.py", "create_demo_clinic", environment=surroundings
        )
        self.say("The demo clinic: ready")
        shown = self.environment["MAIL_CATCHER_URL"]
        children.await_readiness(catcher, lambda: _why_not(f"{shown}/health"))
        children.await_readiness(web, lambda: _why_not(f"{self.url}/health/live"))
        # This one also asks the worker and beat for a sign of life.
        children.await_readiness(web, lambda: _why_not(f"{self.url}/health/ready"))

    def _start_programs(self, children: Children) -> tuple[Child, Child]:
        mail = {name: urlsplit(self.environment[name]).port for name in _MAIL}
        options = {"environment": self._surroundings()}
        catcher = children.start(
            "mail catcher",
            "manage.py",
            "catch_mail",
            f"--smtp-port={mail['EMAIL_URL']}",
            f"--http-port={mail['MAIL_CATCHER_URL']}",
            f"--folder={self.folder / 'mails'}",
            **options,
        )
        web = children.start("web server", *_GRANIAN, f"--port={self.port}", **options)
        children.start("worker", *_CELERY, "worker", *_WORKER, **options)
        children.start(
            "beat",
            *_CELERY,
            "beat",
            "--loglevel=INFO",
            "--pidfile=",
            f"--schedule={self.folder / 'beat-schedule'}",
            **options,
        )
        return catcher, web

    def _leave_environment(self) -> None:
        # The other commands of this checkout find the servers here; it holds passwords.
        described = {name.lower(): value for name, value in self.environment.items()}
        _write_secret(DEMO_ENVIRONMENT, json.dumps(described, indent=1))


_MAIL = ("EMAIL_URL", "MAIL_CATCHER_URL")
_CELERY = ("-m", "celery", "-A", "coordination")
_WORKER = ("--loglevel=INFO", "--concurrency=2", "--without-mingle", "--without-gossip")
_GRANIAN = (
    "-m",
    "granian",
    "coordination.wsgi:application",
    "--interface=wsgi",
    "--host=127.0.0.1",
    "--workers=2",
    "--blocking-threads=1",
    "--no-ws",
    "--http1-header-read-timeout=10000",
)


def running_environment() -> dict[str, str]:
    """Return what the running demo of this checkout left for others. Raises CannotStart."""
    try:
        found: dict[str, str] = json.loads(DEMO_ENVIRONMENT.read_text())
    except (OSError, ValueError) as error:
        raise CannotStart(
            "A demo of this checkout is just starting or stopping; try again in a moment."
        ) from error
    return {name.upper(): value for name, value in found.items()}


def already_running() -> FolderInUse:
    """Return what to tell somebody who starts a second demo of this checkout."""
    try:
        where = running_environment()["PUBLIC_URL"]
    except CannotStart as error:
        return FolderInUse(str(error))
    return FolderInUse(f"A demo of this checkout runs already: {where} (Ctrl-C there stops it).")


def _kept_secret(path: Path) -> str:
    # Kept between runs, so that nobody is logged out by a restart.
    if not path.exists():
        _write_secret(path, secrets.token_urlsafe(50))
    return path.read_text()


def _write_secret(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    partial.rename(path)


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_SPACE:
        raise CannotStart(
            f"The disk that holds {folder} is full: {free // 2**20} MB are free, "
            f"{NEEDED_SPACE // 2**20} MB are needed."
        )


@contextmanager
def _reserved_port(port: int) -> Iterator[None]:
    """Keep the port from now on, long before the web server listens on it.

    The server's workers share their port (SO_REUSEPORT), so that without this a second demo
    could begin to share it as well, and each would get some of the other's requests.
    """
    _require_port(port)
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reservation.bind(("127.0.0.1", port))
        yield


def _require_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            reason = "may not be used by an ordinary user"
        except OverflowError:
            reason = "does not exist"
        except OSError:
            reason = "is taken by another program"
        else:
            return
    raise CannotStart(f"Port {port} {reason}; choose another one with --port.")


def _require_redis(url: str) -> None:
    where = urlsplit(url)
    deadline = time.monotonic() + 5
    while True:
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
                client.ping()
                return
        except (redis.RedisError, ValueError) as error:
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"Redis at {where.hostname}:{where.port or 6379} does not answer: {error}"
                ) from error
            time.sleep(0.3)


def _why_not(url: str) -> str:
    """Return why the address does not answer as it should, or nothing."""
    try:
        with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - our own  # nosec B310
            return ""
    except urllib.error.HTTPError as error:
        return f"{url} says {error.read(2000).decode(errors='replace')}"
    except OSError as error:
        return str(error)
