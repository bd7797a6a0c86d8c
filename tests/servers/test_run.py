"""The servers of a pytest run: gone at its end, however it ends, or else at the next start."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from coordination.environment import PROJECT
from coordination.servers.processes import left_behind
from tests.servers.folders import enterable_folder, remove_servers
from tests.servers.run import Servers

SLOW = """
import time

import pytest


@pytest.mark.django_db
def test_it_takes_its_time() -> None:
    open({started!r}, "w").close()
    time.sleep({seconds})
"""
EMPTY = """
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def handle(self, **options: object) -> None:
        pass
"""
# Bytecode goes along, but for what another process is just writing under a name of its own.
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "*.pyc.*", ".*_cache", "uv.lock")


@pytest.fixture(scope="module")
def _copy() -> Iterator[Path]:
    with enterable_folder() as folder:
        copy = folder / "project"
        shutil.copytree(PROJECT, copy, ignore=_LEFT_OUT)
        (copy / "coordination/management/commands/prepare_database.py").write_text(EMPTY)
        yield copy


@pytest.fixture
def project(_copy: Path) -> Iterator[Path]:
    """Have a copy of the project with one test that can be made to last, and without tables.

    What becomes of the servers is the question here, and not what is in them.
    """
    yield _copy
    remove_servers(_copy)
    shutil.rmtree(_copy / "var", ignore_errors=True)


def _run(
    project: Path, *options: str, seconds: float, **environment: str
) -> "subprocess.Popen[str]":
    test = project / "tests" / "test_slow.py"
    test.write_text(SLOW.format(started=str(project / "started"), seconds=seconds))
    (project / "started").unlink(missing_ok=True)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE", "REDIS", "DJANGO", "PYTEST", "SECRET"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(test)],
        cwd=project,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _wait_until_started(run: "subprocess.Popen[str]", project: Path) -> None:
    deadline = time.monotonic() + 120
    while not (project / "started").exists():
        if run.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The run did not start: {run.communicate()[0]}")
        time.sleep(0.1)


def _servers_of(project: Path) -> list[psutil.Process]:
    found = left_behind(project, "postgres", "valkey-server")
    for note in Path("/var/lib").glob("continuum-*/belongs-to"):
        if note.read_text().startswith(str(project)):
            found += left_behind(note.parent, "postgres")
    return found


def _left(project: Path) -> list[Path]:
    return list((project / "var" / "pytest").glob("run-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_nothing_when_interrupted(project: Path, number: signal.Signals) -> None:
    run = _run(project, "-n2", seconds=600)
    _wait_until_started(run, project)
    assert _servers_of(project) != []
    if number == signal.SIGINT:
        os.killpg(run.pid, number)
    else:
        run.send_signal(number)
    run.communicate(timeout=120)
    assert run.returncode != 0
    assert _servers_of(project) == []
    assert _left(project) == []


def test_it_ends_what_a_killed_run_left(project: Path) -> None:
    killed = _run(project, "-n0", seconds=600)
    _wait_until_started(killed, project)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert _servers_of(project) != []
    assert len(_left(project)) == 1
    second = _run(project, "-n0", seconds=0)
    written, _ = second.communicate(timeout=300)
    assert second.returncode == 0, written
    assert _servers_of(project) == []
    assert _left(project) == []


def test_it_uses_given_servers_and_leaves_them_as_they_were(
    project: Path, servers: Servers
) -> None:
    import psycopg

    def names() -> set[str]:
        with psycopg.connect(servers.admin_url) as connection:
            rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        return {name for (name,) in rows if name.startswith("continuum_test_")}

    run = _run(
        project, "-n0", seconds=5, DATABASE_URL=servers.admin_url, REDIS_URL=servers.redis_url
    )
    _wait_until_started(run, project)
    theirs = {name for name in names() if not name.startswith(servers.name)}
    assert _servers_of(project) == []
    written, _ = run.communicate(timeout=300)
    assert run.returncode == 0, written
    assert theirs != set()
    assert names() & theirs == set()
