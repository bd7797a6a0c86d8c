"""docker-compose.yml without a container engine: its own commands and health checks, run here.

Each service's command and health check are run as they stand in the file, against the embedded
servers; only addresses are exchanged, since everything shares one machine here. The programs of
the two images that are not ours (`postgres`, `redis-server`, `redis-cli`) come from the embedded
packages, under the same names.
"""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml

from coordination.environment import PROJECT
from coordination.servers.postgres import PostgresServer
from coordination.servers.processes import end_child, free_port
from coordination.servers.shelter import account_for, binaries_for, data_folder
from coordination.servers.valkey import installed_valkey
from tests.servers.folders import enterable_folder

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "beat", "prepare", "mail")
SECRETS = {
    name: token_hex(32)
    for name in (
        "POSTGRES_PASSWORD",
        "OWNER_PASSWORD",
        "RUNTIME_PASSWORD",
        "REDIS_PASSWORD",
        "SECRET_KEY",
    )
}
PORTS = ("postgres:5432", "redis:6379", "mail:1025", ":8000", ":8025")


@dataclass
class Machine:
    """Where the services run in place of containers."""

    folder: Path
    programs: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def translate(self, text: str) -> str:
        """Fill in secrets, and exchange the containers' addresses for this machine's."""
        text = re.sub(r"\$\{(\w+):\?\}", lambda found: SECRETS[found.group(1)], text)
        text = text.replace("$$", "$").replace("/mails", str(self.folder / "mails"))
        for name, port in self.ports.items():
            host, _, number = name.partition(":")
            if host:
                text = text.replace(name, f"127.0.0.1:{port}")
            text = re.sub(rf"(?<=[:=]){number}\b", str(port), text)
        return text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - taken away, not used

    def environment(self, service: str) -> dict[str, str]:
        """Return the service's environment, with the programs of its image first."""
        declared = SERVICES[service].get("environment", {})
        return {
            **{name: self.translate(str(value)) for name, value in declared.items()},
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
            "PGPORT": str(self.ports["postgres:5432"]),
            "REDIS_PORT": str(self.ports["redis:6379"]),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, service: str) -> "subprocess.Popen[bytes]":
        """Run the service's command."""
        command = [self.translate(part) for part in SERVICES[service]["command"]]
        with (self.folder / f"{service}.log").open("wb") as log:
            self.running[service] = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.running[service]

    def is_healthy(self, service: str) -> bool:
        """Run the service's health check once."""
        kind, *check = [self.translate(part) for part in SERVICES[service]["healthcheck"]["test"]]
        command = {"CMD": check, "CMD-SHELL": ["sh", "-c", *check]}[kind]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment(service),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode == 0

    def wait_until_healthy(self, service: str, *, seconds: float = 120.0) -> None:
        """Return once the health check passes; fail when it does not."""
        deadline = time.monotonic() + seconds
        while not self.is_healthy(service):
            if self.running[service].poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{service} is not healthy: {self.log(service)}")
            time.sleep(0.2)

    def log(self, service: str) -> str:
        """Return what the service wrote."""
        return (self.folder / f"{service}.log").read_text(errors="replace")[-4000:]

    def stop(self, service: str) -> None:
        """End a service as the engine would."""
        end_child(
            self.running[service],
            steps=((signal.SIGTERM, 30.0), (signal.SIGINT, 10.0), (signal.SIGKILL, 5.0)),
        )


@pytest.fixture
def machine() -> Iterator[Machine]:
    with enterable_folder() as folder:
        made = Machine(folder, folder / "programs")
        _provide_programs(made)
        yield made
        for service in reversed(made.running):
            made.stop(service)


def _provide_programs(machine: Machine) -> None:
    # The image's entrypoint makes the data; here the embedded server has made it already.
    place = machine.folder / "postgres"
    PostgresServer.start(place, durable=False).stop()
    SECRETS["POSTGRES_PASSWORD"] = (place / "password").read_text()
    account = account_for(place / "data")
    binaries = binaries_for(account) / "bin"
    data = data_folder(place, account)
    as_account = (
        ""
        if account is None
        else f"import os; os.setgroups([]); os.setgid({account.gid}); os.setuid({account.uid})\n"
    )
    machine.programs.mkdir()
    start = [str(binaries / "postgres"), "-D", str(data), "-c", "unix_socket_directories="]
    _script(
        machine.programs / "postgres",
        f"{as_account}import os, sys\nos.chdir({str(data)!r})\n"
        f"os.execv({start[0]!r}, {start!r} + ['-p', os.environ['PGPORT']] + sys.argv[1:])",
    )
    _script(
        machine.programs / "redis-server",
        f"import os, sys\nos.chdir({str(machine.folder)!r})\n"
        f"server = {str(installed_valkey())!r}\n"
        "os.execv(server, [server, '--port', os.environ['REDIS_PORT']] + sys.argv[1:])",
    )
    _script(
        machine.programs / "redis-cli",
        "import os, redis\n"
        "client = redis.Redis('127.0.0.1', int(os.environ['REDIS_PORT']), "
        "password=os.environ['REDISCLI_AUTH'])\n"
        "print('PONG' if client.ping() else '')",
    )
    (machine.programs / "pg_isready").symlink_to(binaries / "pg_isready")


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)


def test_it_brings_every_service_up_healthy(machine: Machine) -> None:
    for service in ("postgres", "redis", "mail"):
        machine.start(service)
        machine.wait_until_healthy(service)
    assert machine.start("prepare").wait(120) == 0, machine.log("prepare")
    for service in ("web", "worker", "beat"):
        machine.start(service)
    for service in ("web", "worker", "beat"):
        machine.wait_until_healthy(service)
    with urllib.request.urlopen(
        f"http://127.0.0.1:{machine.ports[':8000']}/health/ready", timeout=20
    ) as answer:
        assert json.load(answer)["status"] == "ok"
    assert machine.start("prepare").wait(120) == 0, "preparing again changes nothing"
    machine.stop("redis")
    assert not machine.is_healthy("redis")
    machine.stop("worker")
    assert not machine.is_healthy("worker")
    machine.stop("postgres")
    assert not machine.is_healthy("postgres")
    machine.stop("web")
    assert not machine.is_healthy("web")


def test_it_names_every_part() -> None:
    assert set(SERVICES) == {"web", "worker", "beat", "prepare", "mail", "postgres", "redis"}
    for name, service in SERVICES.items():
        assert "command" in service
        assert ("healthcheck" in service) == (name != "prepare")


def test_it_prepares_the_database_before_anything_uses_it() -> None:
    assert SERVICES["prepare"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("web", "worker", "beat"):
        condition = SERVICES[name]["depends_on"]["prepare"]["condition"]
        assert condition == "service_completed_successfully"


def test_it_opens_nothing_beyond_this_machine() -> None:
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_it_gives_only_the_preparation_an_administrator() -> None:
    for name in OURS:
        given = "DATABASE_ADMIN_URL" in SERVICES[name]["environment"]
        assert given == (name == "prepare")


def test_it_has_no_secret_in_the_file() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?\}", text))
    example = (PROJECT / ".env.example").read_text()
    assert needed == set(SECRETS)
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == needed


def test_it_runs_the_image_as_an_ordinary_user() -> None:
    lines = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER continuum"]
    (command,) = (line.removeprefix("CMD ") for line in lines if line.startswith("CMD "))
    assert json.loads(command) == SERVICES["web"]["command"]
    copied = (PROJECT / ".dockerignore").read_text()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in shlex.split(line)[1:-1]:
                assert source == "." or f"!{source}" in copied.splitlines()
