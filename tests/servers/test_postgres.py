"""PostgreSQL of our own: as root or not, again after any death, and never in another's way."""

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from coordination.environment import PROJECT
from coordination.servers import postgres, shelter
from coordination.servers.postgres import PostgresServer
from coordination.servers.processes import CannotStart, FolderInUse, left_behind
from coordination.servers.shelter import account_for, data_folder
from tests.servers.folders import enterable_folder, private_folder

as_root = os.geteuid() == 0
KEEPER = """
import sys, time
from pathlib import Path
from coordination.servers.postgres import PostgresServer
server = PostgresServer.start(Path(sys.argv[1]), durable=True)
print(server.admin_url, flush=True)
time.sleep(600)
"""


@pytest.fixture(params=[enterable_folder, private_folder], ids=["open", "private"])
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Have both kinds of checkout: the server's user can enter one, not the other."""
    make: Callable[[], object] = request.param
    with make() as place:  # type: ignore[attr-defined] # each makes a place
        yield place / "postgres"


def _ask(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def _write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def _postgres_below(folder: Path) -> list[psutil.Process]:
    return left_behind(data_folder(folder, account_for(folder / "data")), "postgres")


def _keeper(folder: Path) -> tuple["subprocess.Popen[str]", str]:
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert keeper.stdout is not None
    url = keeper.stdout.readline().strip()
    return keeper, url


def _kill(keeper: "subprocess.Popen[str]") -> None:
    keeper.kill()
    keeper.communicate()


def test_it_keeps_its_data_and_its_password(folder: Path) -> None:
    server = PostgresServer.start(folder, durable=True)
    _write(server.admin_url)
    server.stop()
    assert _postgres_below(folder) == []
    again = PostgresServer.start(folder, durable=True)
    assert _ask(again.admin_url, "SELECT answer FROM kept") == 42
    again.stop()


@pytest.mark.parametrize("name", ["o" * 100, "one,two"])
def test_it_does_without_a_socket_whose_path_is_none(folder: Path, name: str) -> None:
    server = PostgresServer.start(folder / name, durable=False)
    try:
        is_sheltered = not (folder / name / "data").exists()  # and then under a short name
        assert (server.sockets is not None) is is_sheltered
        assert (_ask(server.admin_url, "SELECT inet_server_addr()") is None) is is_sheltered
    finally:
        server.stop()


def test_it_listens_to_this_machine_and_asks_for_the_password(folder: Path) -> None:
    server = PostgresServer.start(folder, durable=False)
    try:
        assert _ask(server.admin_url, "SHOW listen_addresses") == "127.0.0.1"
        assert _ask(server.admin_url, "SELECT inet_server_addr()") is None  # by its socket
        on_tcp = server.admin_url.partition("?")[0]
        assert _ask(on_tcp, "SELECT host(inet_server_addr())") == "127.0.0.1"
        assert _ask(server.admin_url, "SELECT lower('ÉTÉ')") == "été"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.admin_url.replace(server.password, "wrong"))
        assert server.sockets is not None
        assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
    finally:
        server.stop()


def test_it_opens_no_folder_of_the_user(folder: Path) -> None:
    above = [(parent, parent.stat().st_mode) for parent in folder.parents if parent.exists()]
    PostgresServer.start(folder, durable=False).stop()
    assert [(parent, parent.stat().st_mode) for parent, _ in above] == above


@pytest.mark.skipif(not as_root, reason="PostgreSQL runs as this very user then")
def test_it_does_not_run_as_root(folder: Path) -> None:
    server = PostgresServer.start(folder, durable=False)
    try:
        assert psutil.Process(server.process.pid).uids().effective != 0
    finally:
        server.stop()


def test_it_refuses_a_second_server_in_the_same_folder(folder: Path) -> None:
    server = PostgresServer.start(folder, durable=False)
    try:
        with pytest.raises(FolderInUse):
            PostgresServer.start(folder, durable=False)
        assert _ask(server.admin_url, "SELECT 1") == 1
    finally:
        server.stop()


def test_it_runs_beside_another_one(folder: Path) -> None:
    with enterable_folder() as other:
        first = PostgresServer.start(folder, durable=False)
        second = PostgresServer.start(other / "postgres", durable=False)
        assert first.port != second.port
        second.stop()
        assert _ask(first.admin_url, "SELECT 1") == 1
        first.stop()


def test_it_ends_the_orphan_of_a_killed_run(folder: Path) -> None:
    keeper, url = _keeper(folder)
    _write(url)
    _kill(keeper)
    assert _ask(url, "SELECT answer FROM kept") == 42  # the orphan still answers
    server = PostgresServer.start(folder, durable=True)
    assert _ask(server.admin_url, "SELECT answer FROM kept") == 42
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    server.stop()


def test_it_recovers_when_everything_was_killed(folder: Path) -> None:
    keeper, url = _keeper(folder)
    _write(url)
    _kill(keeper)
    for process in _postgres_below(folder):
        process.kill()
    server = PostgresServer.start(folder, durable=True)
    assert _ask(server.admin_url, "SELECT answer FROM kept") == 42
    server.stop()


def test_it_recovers_when_only_the_postmaster_was_killed(folder: Path) -> None:
    keeper, url = _keeper(folder)
    _write(url)
    _kill(keeper)
    processes = _postgres_below(folder)
    next(process for process in processes if process.ppid() == 1).kill()
    server = PostgresServer.start(folder, durable=True)
    assert _ask(server.admin_url, "SELECT answer FROM kept") == 42
    server.stop()


def test_it_starts_over_after_a_start_killed_half_way(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "password").write_text("of the killed start")
    half = data_folder(folder, account_for(folder / "data")).with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = PostgresServer.start(folder, durable=False)
    assert _ask(server.admin_url, "SELECT 1") == 1
    server.stop()


def test_it_says_when_the_password_is_lost(folder: Path) -> None:
    PostgresServer.start(folder, durable=False).stop()
    (folder / "password").write_text("another")
    with pytest.raises(CannotStart, match="does not know the password"):
        PostgresServer.start(folder, durable=False)
    assert _postgres_below(folder) == []
    (folder / "password").unlink()
    with pytest.raises(CannotStart, match="is missing"):
        PostgresServer.start(folder, durable=False)
    (folder / "password").write_text("for the clean-up")


def test_it_leaves_nothing_when_removed(folder: Path) -> None:
    PostgresServer.start(folder, durable=False).stop()
    data = data_folder(folder, account_for(folder / "data"))
    postgres.remove(folder)
    assert not data.exists()
    assert not folder.exists()


@pytest.mark.skipif(not as_root, reason="only root can take away its own access")
def test_it_takes_its_data_along_when_the_checkout_is_closed() -> None:
    with enterable_folder() as outside:
        folder = outside / "checkout" / "postgres"
        server = PostgresServer.start(folder, durable=True)
        _write(server.admin_url)
        server.stop()
        folder.parent.chmod(0o700)
        server = PostgresServer.start(folder, durable=True)
        assert _ask(server.admin_url, "SELECT answer FROM kept") == 42
        server.stop()
        folder.parent.chmod(0o755)
        server = PostgresServer.start(folder, durable=True)
        assert _ask(server.admin_url, "SELECT answer FROM kept") == 42
        server.stop()
        postgres.remove(folder)


@pytest.mark.skipif(not as_root, reason="only root may give files away")
def test_it_runs_as_the_owner_of_data_that_an_ordinary_user_made() -> None:
    with enterable_folder() as outside:
        folder = outside / "postgres"
        PostgresServer.start(folder, durable=True).stop()
        for path in (folder / "data", *(folder / "data").rglob("*")):
            os.chown(path, 12345, 12345)
        server = PostgresServer.start(folder, durable=True)
        assert psutil.Process(server.process.pid).uids().effective == 12345
        server.stop()


def test_it_says_that_the_disk_is_full() -> None:
    with enterable_folder() as outside, _tiny_disk(outside) as disk:
        with pytest.raises(CannotStart, match="full"):
            PostgresServer.start(disk / "postgres", durable=False)
        assert _postgres_below(disk / "postgres") == []


class _tiny_disk:  # noqa: N801 - reads as the context manager it is
    """A disk of 8 MB: a real one for root, a limit on file sizes for an ordinary user."""

    def __init__(self, outside: Path) -> None:
        self.place = outside / "disk"

    def __enter__(self) -> Path:
        self.place.mkdir()
        mount = shutil.which("mount") if as_root else None
        self.mounted = (
            bool(mount)
            and not subprocess.run(
                [mount or "", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", str(self.place)],
                capture_output=True,
                check=False,
            ).returncode
        )
        if not self.mounted:
            pytest.skip("no disk of its own can be mounted here")
        return self.place

    def __exit__(self, *error: object) -> None:
        postgres.remove(self.place / "postgres")
        subprocess.run(["umount", str(self.place)], check=True)


def test_it_ends_within_seconds_though_a_client_stays(folder: Path) -> None:
    server = PostgresServer.start(folder, durable=False)
    connection = psycopg.connect(server.admin_url)
    connection.execute("SELECT 1")
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 20
    assert server.process.returncode == 0
    connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run PostgreSQL")
def test_it_takes_the_programs_libraries_to_where_their_user_can_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shelter.installed_postgres().parent
    locked = tmp_path / "locked"
    for name in (package.name, f"{package.name}.libs"):
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, locked / name, symlinks=True)
    locked.chmod(0o700)
    hidden = locked / package.name / "pginstall"
    monkeypatch.setattr(shelter, "installed_postgres", lambda: hidden)
    account = shelter.account_for(tmp_path / "data")
    programs = shelter.binaries_for(account)
    try:
        assert locked not in programs.parents
        for name in ("postgres", "initdb", "pg_ctl"):
            assert shelter.can_run(programs / "bin" / name, account), name
    finally:
        shutil.rmtree(programs.parent.parent)
