"""One PostgreSQL and one Valkey for each pytest run, there before Django's settings are read.

The run's first process starts them, makes one migrated template database, and tells every
xdist worker where they are. `DATABASE_URL` (an administrator's) and `REDIS_URL`, when set, are
used instead. What a killed run left behind is ended and deleted by the next one.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

import pytest

from coordination.environment import PROJECT, VAR
from coordination.servers import postgres, valkey
from coordination.servers.postgres import PostgresServer
from coordination.servers.processes import CannotStart, is_held
from coordination.servers.roles import (
    OWNER,
    RUNTIME,
    derived_password,
    drop_database,
    prepare_roles,
    urls,
)
from coordination.servers.valkey import ValkeyServer

RUNS = VAR / "pytest"
_OFFLINE = (
    "help",
    "version",
    "collectonly",
    "showfixtures",
    "show_fixtures_per_test",
    "markers",
)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where this run's servers are; `name` begins the name of each of its databases."""

    admin_url: str
    redis_url: str
    name: str
    owner_password: str
    runtime_password: str
    secret_key: str

    @property
    def template(self) -> str:
        """Return the name of the migrated database, with content, that all others are copies of."""
        return f"{self.name}_template"

    def redis(self, database: str) -> str:
        """Return the URL of the numbered Redis database that goes with `database`."""
        worker = database.rpartition("_gw")[2]
        number = int(worker) + 1 if worker.isdigit() else 0
        return urlunsplit(urlsplit(self.redis_url)._replace(path=f"/{number}"))

    def environment(self, database: str) -> dict[str, str]:
        """Return what a process needs in its environment to work in `database`."""
        found = urls(
            self.admin_url,
            database,
            owner_password=self.owner_password,
            runtime_password=self.runtime_password,
        )
        return {
            "DATABASE_URL": found.runtime,
            "DATABASE_OWNER_URL": found.owner,
            "REDIS_URL": self.redis(database),
            "SECRET_KEY": self.secret_key,
            "DJANGO_SETTINGS_MODULE": "coordination.settings",
        }


SERVERS = pytest.StashKey[Servers]()
DATABASE = pytest.StashKey[str]()
_RUNNING = pytest.StashKey["_Running"]()


@dataclass
class _Running:
    folder: Path
    postgres: PostgresServer | None = None
    valkey: ValkeyServer | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, or learn from the controller where they are; then set up Django."""
    _refuse_settings_read_too_early()
    _hear_interrupts()
    if any(getattr(config.option, name, None) for name in _OFFLINE):
        servers = _nowhere()
    elif handed := getattr(config, "workerinput", {}).get("servers"):
        servers = Servers(**json.loads(handed))
    else:
        servers = _start(config)
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    config.stash[SERVERS] = servers
    config.stash[DATABASE] = f"{servers.name}_{worker}"
    if _is_controller(config):
        # Importing the project's package set it; a worker must not read settings at once.
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        return
    os.environ.update(servers.environment(config.stash[DATABASE]))
    for name in ("EMAIL_URL", "DEBUG", "ALLOWED_HOSTS", "PUBLIC_URL", "MAIL_CATCHER_URL"):
        os.environ.pop(name, None)
    from django.conf import settings

    _ = settings.DATABASES


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "pytest.Session") -> None:
    """Tell an xdist worker where the servers are."""
    servers = json.dumps(asdict(node.config.stash[SERVERS]))
    node.workerinput["servers"] = servers  # type: ignore[attr-defined] # xdist's own


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started, also after Ctrl-C."""
    running = config.stash.get(_RUNNING, None)
    if running is not None:
        _stop(running)
        servers = config.stash.get(SERVERS, None)
        if running.postgres is None and servers is not None:
            drop_database(servers.admin_url, servers.template)


def _refuse_settings_read_too_early() -> None:
    conf = sys.modules.get("django.conf")
    if conf is not None and conf.settings.configured:
        raise pytest.UsageError(
            "Unset DJANGO_SETTINGS_MODULE and leave --ds away: the servers that the settings "
            "name are started first."
        )


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput") and bool(getattr(config.option, "dist", "no") != "no")


def _nowhere() -> Servers:
    return Servers(
        admin_url="postgresql://nobody@127.0.0.1:1/postgres",
        redis_url="redis://127.0.0.1:1/0",
        name="continuum_none",
        owner_password="none",
        runtime_password="none",
        secret_key=secrets.token_hex(),
    )


def _start(config: pytest.Config) -> Servers:
    _end_with_interrupt()
    _remove_earlier_runs()
    running = _Running(RUNS / f"run-{os.getpid()}-{secrets.token_hex(4)}")
    config.stash[_RUNNING] = running
    try:
        return _prepare(running, os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL"))
    except CannotStart as error:
        _stop(running)
        raise pytest.UsageError(str(error)) from error
    except BaseException:
        _stop(running)
        raise


def _prepare(running: _Running, admin_url: str | None, redis_url: str | None) -> Servers:
    if not admin_url:
        running.postgres = PostgresServer.start(running.folder / "postgres", durable=False)
        admin_url = running.postgres.admin_url
    if not redis_url:
        running.valkey = ValkeyServer.start(running.folder / "valkey")
        redis_url = running.valkey.url
    servers = Servers(
        admin_url=admin_url,
        redis_url=redis_url,
        name=f"continuum_test_{secrets.token_hex(4)}",
        owner_password=derived_password(admin_url, OWNER),
        runtime_password=derived_password(admin_url, RUNTIME),
        secret_key=secrets.token_hex(),
    )
    prepare_roles(
        admin_url,
        servers.template,
        owner_password=servers.owner_password,
        runtime_password=servers.runtime_password,
    )
    _migrate(servers)
    return servers


def _migrate(servers: Servers) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "prepare_database",
            "--verbosity=0",
        ],
        cwd=PROJECT,
        env={**os.environ, **servers.environment(servers.template)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise pytest.UsageError(f"prepare_database failed:\n{done.stdout}{done.stderr}")


def _stop(running: _Running) -> None:
    if running.postgres is not None:
        running.postgres.stop()
        postgres.remove(running.postgres.folder)
    if running.valkey is not None:
        running.valkey.stop()
        valkey.remove(running.valkey.folder)
    if running.folder.exists() and not any(running.folder.iterdir()):
        running.folder.rmdir()


def _remove_earlier_runs() -> None:
    for folder in RUNS.glob("run-*"):
        parts = [folder / "postgres", folder / "valkey"]
        # Its process lives or has only just made its folder: not ours to touch.
        if _lives(folder) or any(is_held(part) for part in parts):
            continue
        try:
            if parts[0].exists():
                postgres.remove(parts[0])
            if parts[1].exists():
                valkey.remove(parts[1])
            folder.rmdir()
        except (OSError, CannotStart):
            # Another run of the same moment clears it, or another user made it.
            continue


def _lives(folder: Path) -> bool:
    try:
        os.kill(int(folder.name.split("-")[1]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _hear_interrupts() -> None:
    """Let Ctrl-C be heard here and in what is started, also when a shell started this behind `&`.

    Such a shell lets its children ignore it, and theirs.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_with_interrupt() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, interrupt)
