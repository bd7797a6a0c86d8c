"""Copies of the project, and demos started in them as root or as an ordinary user."""

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil
import pytest

from coordination.environment import PROJECT
from coordination.servers.processes import FOLDER_MARK, Account, end, free_port
from coordination.servers.shelter import can_run
from tests.servers.folders import enterable_folder, remove_servers

_LEFT_OUT = (".git", ".venv", "var", ".*_cache", ".hypothesis", "tests", "node_modules")
_NOT_NEEDED = shutil.ignore_patterns("test", "__pycache__", "idlelib", "*.a", "share", "include")


_OURS = ("DATABASE", "REDIS", "SECRET", "DJANGO", "EMAIL", "PYTEST", "VIRTUAL_ENV", "PUBLIC_URL")


@dataclass
class Checkout:
    """A copy of the project, and the user who works in it (None: whoever runs the tests)."""

    project: Path
    account: Account | None = None
    python: Path = Path(sys.executable)
    packages: Path | None = None
    started: list["Demo"] = field(default_factory=list)
    through_uv: bool = False

    @property
    def folder(self) -> Path:
        """Return the demo's folder."""
        return self.project / "var" / "demo"

    def start(self, *arguments: str, **environment: str) -> "Demo":
        """Start `manage.py demo ARGUMENTS` without waiting for it to be ready."""
        output = self.project.parent / f"demo-{time.monotonic_ns()}.out"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*self._interpreter(), "manage.py", "demo", *arguments],
                cwd=self.project,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                **(self.account.popen_options if self.account else {}),
            )
        self.started.append(Demo(self, process, output))
        return self.started[-1]

    def _interpreter(self) -> list[str]:
        if not self.through_uv:
            return [str(self.python)]
        uv = os.environ.get("UV") or shutil.which("uv")
        if uv is None:
            pytest.skip("uv is not installed here")
        return [uv, "run"]

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py ARGUMENTS` to its end, as somebody in a second terminal would."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [self.python, "manage.py", *arguments],
            cwd=self.project,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **(self.account.popen_options if self.account else {}),
        )
        return done

    @property
    def environment(self) -> dict[str, str]:
        """Return this machine's environment, without the test run's own servers."""
        found = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        if self.account:
            found["HOME"] = str(self.project.parent)
        if self.packages:
            found["PYTHONPATH"] = str(self.packages)
            found["LD_LIBRARY_PATH"] = str(self.python.parent.parent / "lib")
        return found

    def processes(self) -> list[psutil.Process]:
        """Return every living process of this checkout's demo, servers included."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get(FOLDER_MARK) == str(self.folder)
                servers = process.name() in ("postgres", "valkey-server", "initdb")
                if mine or (servers and self._is_below(Path(process.cwd()))):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return [one for one in found if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def end(self) -> None:
        """Kill whatever runs in it."""
        for demo in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(demo.process.pid, signal.SIGKILL)
            demo.process.wait()
        end(self.processes(), steps=((signal.SIGKILL, 10.0),))

    def _is_below(self, place: Path) -> bool:
        noted = place.parent / "belongs-to"
        owner = Path(noted.read_text().strip()) if noted.exists() else place
        return owner.is_relative_to(self.folder)


@dataclass
class Demo:
    """A started demo."""

    checkout: Checkout
    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def written(self) -> str:
        """Return what it printed so far."""
        return self.output.read_text(errors="replace")

    def wait_until_ready(self, *, seconds: float = 120.0) -> float:
        """Return after how many seconds it says that it runs; fail when it does not."""
        begun = time.monotonic()
        while "Ctrl-C stops everything" not in self.written:
            if self.process.poll() is not None:
                pytest.fail(f"The demo ended with {self.process.returncode}: {self.explain()}")
            if time.monotonic() - begun > seconds:
                pytest.fail(f"The demo is not ready after {seconds} seconds: {self.explain()}")
            time.sleep(0.1)
        return time.monotonic() - begun

    def explain(self) -> str:
        """Return what it printed, and the ends of its logs."""
        logs = sorted((self.checkout.folder / "logs").glob("*.log"))
        ends = "".join(f"\n== {log.name}\n{log.read_text()[-1500:]}" for log in logs)
        return f"{self.written}{ends}"

    def wait(self, *, seconds: float = 60.0) -> int:
        """Return its exit code."""
        return self.process.wait(seconds)

    def interrupt(self) -> int:
        """Press Ctrl-C, which a terminal sends to the whole group, and return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait()

    def left(self) -> dict[str, str]:
        """Return what the demo left for other commands."""
        described: dict[str, str] = json.loads(
            (self.checkout.folder / "environment.json").read_text()
        )
        return described

    def kill_everything(self) -> None:
        """Kill the demo and all that it started, as a crash of the machine would."""
        self.process.kill()
        self.process.wait()
        for process in self.checkout.processes():
            process.kill()


def status(url: str) -> int:
    """Return how a web address answers."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own
            found: int = answer.status
            return found
    except urllib.error.HTTPError as error:
        return error.code


@contextmanager
def checkout(
    *, account: Account | None = None, closed: bool = False, compiled: bool = True
) -> Iterator[Checkout]:
    """Have a copy of the project, `closed`: in a folder that only its user can enter.

    `compiled`: with the bytecode that is there already, which each of its processes would make.
    """
    with enterable_folder() as outside:
        home = outside / "home"
        home.mkdir()
        project = home / "project"
        # Bytecode that another process is just writing has a name with a number at its end.
        bytecode = "*.pyc.*" if compiled else "__pycache__"
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns(*_LEFT_OUT, bytecode))
        python, packages = _python_for(account)
        made = Checkout(project, account, python, packages)
        if account:
            for path in (home, *home.rglob("*")):
                os.chown(path, account.uid, account.gid)
        if closed:
            home.chmod(0o700)
        try:
            yield made
        finally:
            made.end()
            remove_servers(made.folder)


def _python_for(account: Account | None) -> tuple[Path, Path | None]:
    python = Path(sys.executable)
    if account is None:
        return python, None
    packages = Path(sysconfig.get_paths()["purelib"])
    if not can_run(python, account):
        python = _readable_python()
    return python, packages


@cache
def _readable_python() -> Path:
    """Return a copy of this interpreter, which may lie in root's own home."""
    place = Path("/var/tmp") / f"continuum-test-python-{os.getpid()}"  # noqa: S108 - our own pid
    base = Path(sys.base_prefix)
    if not place.exists():
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        try:
            shutil.copytree(base, place, symlinks=True, ignore=_NOT_NEEDED, copy_function=os.link)
        except (shutil.Error, OSError):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(base, place, symlinks=True, ignore=_NOT_NEEDED)
    return place / "bin" / Path(os.path.realpath(sys.executable)).name


def another_port() -> str:
    """Return the option that lets a demo listen where nobody else does."""
    return f"--port={free_port()}"
