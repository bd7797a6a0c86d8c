"""`manage.py demo`, started for real in copies of the project."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from coordination.demo.cast import read_cast
from coordination.environment import PROJECT
from coordination.servers.processes import Account, free_port
from coordination.servers.roles import administering, drop_database
from tests.servers.checkouts import Checkout, another_port, checkout, status
from tests.servers.run import Servers

as_root = os.geteuid() == 0
needs_root = pytest.mark.skipif(not as_root, reason="the other tests run as an ordinary user then")
# Any user with a name that is neither root nor the one whom root's own PostgreSQL runs as.
ORDINARY = next(
    Account(uid=entry.pw_uid, gid=entry.pw_gid)
    for entry in pwd.getpwall()
    if entry.pw_uid != 0 and entry.pw_name != "nobody"
)


@pytest.fixture
def project() -> Iterator[Checkout]:
    with checkout() as made:
        yield made


@pytest.fixture(scope="module")
def _shared() -> Iterator[Checkout]:
    with checkout(closed=as_root) as made:
        yield made


@pytest.fixture
def lived_in(_shared: Checkout) -> Iterator[Checkout]:
    """Offer a copy where nothing runs, but whose demo may have run before and left its data.

    Whichever test comes first makes the clinic, and the others need not wait for another one.
    """
    assert _shared.processes() == []
    yield _shared
    _shared.end()


def _count_patients(url: str) -> int:
    with psycopg.connect(url) as connection:
        # The owner too is bound by the fence, so the statistics have to do.
        connection.execute("ANALYZE coordination_patient")
        row = connection.execute(
            "SELECT reltuples FROM pg_class WHERE relname = 'coordination_patient'"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.feature("OP-01")
def test_it_starts_cold_and_checks_itself_within_five_minutes() -> None:
    """No environment, no data: the packages are installed as well, from uv's cache if it can."""
    with checkout(compiled=False) as project:
        project.through_uv = True
        for name in ("uv.lock", ".python-version"):
            if (PROJECT / name).exists():
                shutil.copy(PROJECT / name, project.project)
        begun = time.monotonic()
        demo = project.start(another_port(), "--check")
        assert demo.wait(seconds=300) == 0, demo.explain()
        assert time.monotonic() - begun < 300
        assert (project.project / ".venv").is_dir()
        assert "The main job holds" in demo.written
        assert "Traceback" not in demo.written
        assert project.processes() == []


def test_it_starts_everything_and_leaves_no_trace(lived_in: Checkout) -> None:
    port = free_port()
    demo = lived_in.start(f"--port={port}")
    demo.wait_until_ready()
    left = demo.left()
    assert stat.S_IMODE((lived_in.folder / "environment.json").stat().st_mode) == 0o600
    assert status(f"http://127.0.0.1:{port}/health/ready") == 200
    assert status(f"http://127.0.0.1:{port}/") == 200
    assert status(left["mail_catcher_url"]) == 200
    logins = read_cast().logins
    assert len(logins) >= 6
    for login in logins:
        assert login.email in demo.written
    assert _count_patients(left["database_owner_url"]) >= 6
    second = lived_in.start(another_port())
    assert second.wait() == 1
    assert f"runs already: http://127.0.0.1:{port}" in second.written
    assert "Traceback" not in second.written
    assert lived_in.run("migrate", "--check").returncode == 0
    checked = lived_in.run("demo", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "The main job holds" in checked.stdout
    assert demo.interrupt() == 0
    assert lived_in.processes() == []
    assert not (lived_in.folder / "environment.json").exists()
    assert "Traceback" not in demo.written


def test_it_comes_back_with_its_data_after_everything_was_killed(lived_in: Checkout) -> None:
    demo = lived_in.start(another_port())
    demo.wait_until_ready()
    before = _count_patients(demo.left()["database_owner_url"])
    assert before > 0
    demo.kill_everything()
    logged = (lived_in.folder / "logs" / "web-server.log").read_text()
    again = lived_in.start(another_port())
    again.wait_until_ready()
    assert (lived_in.folder / "logs" / "web-server.log.1").read_text() == logged
    url = again.left()["database_owner_url"]
    assert _count_patients(url) == before
    again.process.kill()  # the demo alone: its servers and programs live on
    again.process.wait()
    assert lived_in.processes() != []
    third = lived_in.start(another_port(), "--fresh")
    third.wait_until_ready()
    assert "that a killed demo left behind" in third.written
    assert third.left()["database_owner_url"] != url
    third.process.send_signal(signal.SIGTERM)
    assert third.wait() == 0
    assert lived_in.processes() == []


def test_it_stops_and_says_why_when_a_part_dies(lived_in: Checkout) -> None:
    demo = lived_in.start(another_port())
    demo.wait_until_ready()
    beat = next(one for one in lived_in.processes() if "beat" in one.cmdline())
    beat.kill()
    assert demo.wait() == 1
    assert "Beat was ended by SIGKILL; the demo stops" in demo.written
    assert "Traceback" not in demo.written
    assert lived_in.processes() == []


@needs_root
def test_it_runs_for_an_ordinary_user_beside_roots_own(lived_in: Checkout) -> None:
    roots = lived_in
    with checkout(account=ORDINARY, closed=True) as theirs:
        demos = [theirs.start(another_port()), roots.start(another_port())]
        for demo in demos:
            demo.wait_until_ready(seconds=180)
        owners = {process.uids().effective for process in theirs.processes()}
        assert owners == {ORDINARY.uid}
        assert demos[0].interrupt() == 0
        assert theirs.processes() == []
        assert status(f"{demos[1].left()['public_url']}/health/ready") == 200
        assert demos[1].interrupt() == 0
        assert roots.processes() == []


def test_it_uses_the_servers_that_it_is_given(project: Checkout, servers: Servers) -> None:
    demo = project.start(
        another_port(), DATABASE_URL=servers.admin_url, REDIS_URL=f"{servers.redis_url}"
    )
    try:
        demo.wait_until_ready()
        assert not (project.folder / "postgres").exists()
        assert not (project.folder / "valkey").exists()
        assert servers.admin_url not in demo.left().values()
        assert demo.interrupt() == 0
    finally:
        with administering(servers.admin_url) as admin:
            names = admin.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'continuum_demo_%'"
            ).fetchall()
        for (name,) in names:
            drop_database(servers.admin_url, name)


def _refuses(project: Checkout, *arguments: str, **environment: str) -> str:
    demo = project.start(*arguments, **environment)
    assert demo.wait() == 1
    assert "Traceback" not in demo.written
    assert project.processes() == []
    return demo.written


def test_it_says_that_the_port_is_taken(project: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        written = _refuses(project, f"--port={port}")
    assert f"Port {port} is taken by another program; choose another one with --port" in written
    assert "Port 99999 does not exist" in _refuses(project, "--port=99999")


def test_it_says_which_server_does_not_answer(project: Checkout, servers: Servers) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    written = _refuses(
        project, another_port(), DATABASE_URL=f"postgresql://admin:secret@{nowhere}/postgres"
    )
    assert f"PostgreSQL at {nowhere} does not answer" in written
    assert "secret" not in written
    written = _refuses(project, another_port(), REDIS_URL=f"redis://:secret@{nowhere}/0")
    assert f"Redis at {nowhere} does not answer" in written
    assert "secret" not in written


def test_it_says_that_the_files_are_not_writable(project: Checkout) -> None:
    if as_root:
        theirs = Checkout(project.project, ORDINARY, *_python())
        written = _refuses(theirs, another_port())
    else:
        (project.project / "var").mkdir(mode=0o500)
        written = _refuses(project, another_port())
    assert "belong to another user" in written


def _python() -> tuple[Path, Path | None]:
    with checkout(account=ORDINARY) as made:
        return made.python, made.packages


@needs_root
@pytest.mark.parametrize(("size", "sentence"), [("20m", "MB are needed"), ("full", "is full")])
def test_it_says_that_the_disk_is_full(project: Checkout, size: str, sentence: str) -> None:
    project.folder.mkdir(parents=True)
    real = "size=20m" if size == "20m" else "size=530m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"{real},mode=755", "none", str(project.folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no disk of its own can be mounted here")
    try:
        if size == "full":
            demo = project.start(another_port())
            while not (project.folder / "postgres" / "data" / "PG_VERSION").exists():
                assert demo.process.poll() is None, demo.explain()
                time.sleep(0.02)
            with (project.folder / "filler").open("wb") as filler:
                _fill(filler.fileno())
            assert demo.wait() == 1, demo.explain()
            written = demo.written
        else:
            written = _refuses(project, another_port())
        assert sentence in written
        assert "Traceback" not in written
        assert project.processes() == []
    finally:
        subprocess.run(["umount", str(project.folder)], check=True)
        shutil.rmtree(project.folder, ignore_errors=True)


def _fill(descriptor: int) -> None:
    block = b"\0" * 2**20
    try:
        while True:
            os.write(descriptor, block)
    except OSError:
        return
