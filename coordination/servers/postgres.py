"""A PostgreSQL of our own: its data in one folder, reached from this machine and nothing else."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import psycopg

from coordination.servers.processes import (
    Account,
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
from coordination.servers.shelter import (
    account_for,
    binaries_for,
    data_folder,
    remove_shelter,
)

ADMIN = "continuum_admin"
_LOCALES = ("C.UTF-8", "C")
_STARTS = 5
# SIGINT lets PostgreSQL finish cleanly, SIGQUIT makes it recover at its next start.
_FAREWELL = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "120",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # a statement that fails holds what somebody typed: it stays out of the log
    "log_min_messages": "log",  # no errors: their own words may quote what was refused
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
#: what a socket is called, and how long its path may be on Linux
_SOCKET, _LONGEST_PATH = ".s.PGSQL.65535", 107
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass
class PostgresServer:
    """A running server. `admin_url` is its superuser's, `log` is where it writes.

    `sockets` is the folder with its socket, which is faster than 127.0.0.1; None where there is
    none.
    """

    folder: Path
    port: int
    sockets: Path | None
    password: str
    log: Path
    process: "subprocess.Popen[bytes]"
    lock: IO[bytes]

    @classmethod
    def start(cls, folder: Path, *, durable: bool) -> "PostgresServer":
        """Start the server whose data lies in `folder`, making the data at the first time.

        `durable=False` trades the data's survival of a power cut for speed, for tests.
        What a killed run left running is ended first. Raises FolderInUse, CannotStart.
        """
        lock = hold(folder)
        try:
            folder.chmod(0o711)
            account = account_for(folder / "data")
            data = data_folder(folder, account)
            binaries = binaries_for(account)
            end(_orphans(data), steps=_FAREWELL)
            # Nobody of ours lives any more, but its number may belong to a zombie or a stranger.
            (data / "postmaster.pid").unlink(missing_ok=True)
            password = _password_of(folder, data, account, binaries, durable=durable)
            return cls._run(folder, data, account, binaries, password, lock, durable=durable)
        except OSError as error:
            lock.close()
            raise unusable("PostgreSQL", folder, error) from error
        except BaseException:
            lock.close()
            raise

    @classmethod
    def _run(
        cls,
        folder: Path,
        data: Path,
        account: Account | None,
        binaries: Path,
        password: str,
        lock: IO[bytes],
        *,
        durable: bool,
    ) -> "PostgresServer":
        log = folder / "postgres.log"
        set_aside(log)
        for _ in range(_STARTS):
            port = free_port()
            sockets = _sockets_beside(data)
            settings = _SETTINGS | ({} if durable else _FORGETFUL)
            settings |= {"port": str(port), "unix_socket_directories": str(sockets or "")}
            options = [part for name in settings for part in ("-c", f"{name}={settings[name]}")]
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [binaries / "bin" / "postgres", "-D", data, *options],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    **_surroundings(data, account),
                )
            server = cls(folder, port, sockets, password, log, process, lock)
            try:
                if server._answers():
                    return server
            except BaseException:
                end_child(process, steps=_FAREWELL)
                raise
            if "Address already in use" not in tail(log, lines=50):
                break
        raise explain("PostgreSQL", log)

    @property
    def admin_url(self) -> str:
        """Return the superuser's URL of the maintenance database."""
        url = f"postgresql://{ADMIN}:{quote(self.password)}@127.0.0.1:{self.port}/postgres"
        return f"{url}?{urlencode({'host': self.sockets})}" if self.sockets else url

    def stop(self) -> None:
        """End the server cleanly; nothing that was committed is lost."""
        end_child(self.process, steps=_FAREWELL)
        self.lock.close()

    def _answers(self, *, seconds: float = 60.0) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                psycopg.connect(self.admin_url, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise CannotStart(
                        f"The data in {self.folder} does not know the password kept beside it; "
                        "remove that folder to start over."
                    ) from None
                time.sleep(0.03)
            else:
                return True
        end_child(self.process, steps=_FAREWELL)
        return False


def remove(folder: Path) -> None:
    """Delete the server's data for good, wherever it lies. It must not be running."""
    hold(folder).close()
    for data in (folder / "data", data_folder(folder, account_for(folder / "data"))):
        end(_orphans(data), steps=_FAREWELL)
    remove_shelter(folder)
    shutil.rmtree(folder)


def _sockets_beside(data: Path) -> Path | None:
    """Return where the socket lies: in the data, where only its user and root come in.

    None where PostgreSQL or the system would not take the path.
    """
    path = os.fsencode(data / _SOCKET)
    is_usable = len(path) <= _LONGEST_PATH and not set(path) & set(b',"')
    return data if is_usable else None


def _orphans(data: Path) -> list[Any]:
    return left_behind(data.parent, "postgres", "initdb")


def _surroundings(data: Path, account: Account | None) -> dict[str, Any]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name not in ("LANG", "LANGUAGE")
    }
    options: dict[str, Any] = account.popen_options if account else {}
    return {"cwd": data, "env": environment, "start_new_session": True, **options}


def _password_of(
    folder: Path, data: Path, account: Account | None, binaries: Path, *, durable: bool
) -> str:
    kept = folder / "password"
    if (data / "PG_VERSION").exists():
        if not kept.exists():
            raise CannotStart(f"{kept} is missing; remove {folder} to start over.")
        return kept.read_text()
    password = secrets.token_urlsafe(24)
    kept.unlink(missing_ok=True)
    with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    _make_data(data, account, binaries, password, folder / "initdb.log", durable=durable)
    return password


def _make_data(
    data: Path,
    account: Account | None,
    binaries: Path,
    password: str,
    log: Path,
    *,
    durable: bool,
) -> None:
    # Made under another name first: a start that was killed half way leaves no broken data.
    partial = data.with_name("data.new")
    for locale in _LOCALES:
        shutil.rmtree(partial, ignore_errors=True)
        if partial.exists() or data.exists():
            raise CannotStart(f"{data} belongs to another user; remove it to start over.")
        partial.mkdir(mode=0o700)
        password_file = data.with_name("password.new")
        password_file.unlink(missing_ok=True)
        with open(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(password)
        if account:
            os.chown(partial, account.uid, account.gid)
            os.chown(password_file, account.uid, account.gid)
        with log.open("wb") as output:
            made = subprocess.run(
                [
                    binaries / "bin" / "initdb",
                    f"--pgdata={partial}",
                    f"--username={ADMIN}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    f"--locale={locale}",
                    "--no-instructions",
                    *(() if durable else ("--no-sync",)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                **_surroundings(partial, account),
            )
        with contextlib.suppress(FileNotFoundError):
            password_file.unlink()
        if made.returncode == 0:
            partial.rename(data)
            return
        if "invalid locale name" not in tail(log, lines=50):
            break
    shutil.rmtree(partial, ignore_errors=True)
    raise explain("PostgreSQL", log)
