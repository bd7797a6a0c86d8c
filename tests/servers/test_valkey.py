"""Valkey of our own: with a password, again after any death, and never in another's way."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from coordination.environment import PROJECT
from coordination.servers.processes import CannotStart, FolderInUse, left_behind
from coordination.servers.valkey import ValkeyServer, installed_valkey
from tests.servers.folders import enterable_folder

KEEPER = """
import sys, time
from pathlib import Path
from coordination.servers.valkey import ValkeyServer
print(ValkeyServer.start(Path(sys.argv[1])).url, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with enterable_folder() as place:
        yield place / "valkey"


def _get(url: str) -> object:
    with redis.Redis.from_url(url) as client:
        return client.get("kept")


def _set(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.set("kept", "42")


def test_it_keeps_its_data_over_a_stop(folder: Path) -> None:
    server = ValkeyServer.start(folder)
    _set(server.url)
    server.stop()
    assert left_behind(folder, "valkey-server") == []
    again = ValkeyServer.start(folder)
    assert _get(again.url) == b"42"
    again.stop()


def test_it_keeps_the_log_of_the_run_before(folder: Path) -> None:
    logs = []
    for _ in range(3):
        server = ValkeyServer.start(folder)
        server.stop()
        logs.append(server.log.read_text())
    assert (folder / "valkey.log").read_text() == logs[2]
    assert (folder / "valkey.log.1").read_text() == logs[1]


def test_it_asks_for_the_password_and_shows_it_to_nobody(folder: Path) -> None:
    server = ValkeyServer.start(folder)
    try:
        with pytest.raises(redis.AuthenticationError):
            _get(server.url.replace(server.password, "wrong"))
        assert stat.S_IMODE((folder / "valkey.conf").stat().st_mode) == 0o600
        listing = subprocess.run(["ps", "ax"], capture_output=True, text=True, check=True).stdout
        assert server.password not in listing
    finally:
        server.stop()


def test_it_refuses_a_second_server_in_the_same_folder(folder: Path) -> None:
    server = ValkeyServer.start(folder)
    with pytest.raises(FolderInUse):
        ValkeyServer.start(folder)
    server.stop()


def test_it_ends_the_orphan_of_a_killed_run_and_no_other(folder: Path) -> None:
    neighbour = ValkeyServer.start(folder.with_name("neighbour"))
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert keeper.stdout is not None
    url = keeper.stdout.readline().strip()
    keeper.kill()
    keeper.communicate()
    assert _get(url) is None  # the orphan still answers
    server = ValkeyServer.start(folder)
    assert len(left_behind(folder, "valkey-server")) == 1
    with pytest.raises(redis.ConnectionError):
        _get(url)
    _set(neighbour.url)
    server.stop()
    neighbour.stop()


def test_it_says_what_is_wrong_with_its_data(folder: Path) -> None:
    folder.mkdir()
    (folder / "dump.rdb").write_bytes(b"REDIS0011 broken")
    with pytest.raises(CannotStart, match="Valkey failed"):
        ValkeyServer.start(folder)
    assert left_behind(folder, "valkey-server") == []


def test_it_is_the_real_program() -> None:
    assert os.access(installed_valkey(), os.X_OK)
