"""Processes that belong to one folder: who holds it, and what a killed run left behind."""

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

# Set in the environment of every child, so that a later start recognises its orphans.
FOLDER_MARK = "CONTINUUM_FOLDER"


class CannotStart(Exception):
    """A server cannot start; the message is one sentence for the person at the terminal."""


class FolderInUse(CannotStart):
    """Another living process works in this folder."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The user and group that a server runs as when we are root."""

    uid: int
    gid: int

    @property
    def popen_options(self) -> dict[str, Any]:
        """Return what subprocess needs to change to this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def hold(folder: Path) -> IO[bytes]:
    """Make this process the only one that works in `folder`, until the file is closed.

    The kernel gives the hold back when the process dies, however it dies.
    Raises FolderInUse.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise FolderInUse(f"Another process already works in {folder}.") from None
    return lock


def is_held(folder: Path) -> bool:
    """Say whether a living process works in `folder`."""
    if not (folder / "lock").exists():
        return False
    try:
        hold(folder).close()
    except FolderInUse:
        return True
    return False


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _working_below(folder: Path, names: Sequence[str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # one that is gone meanwhile, or another user's, is none of these
        with contextlib.suppress(psutil.Error, OSError, ValueError):
            if process.name() in names and Path(process.cwd()).is_relative_to(folder):
                yield process


def left_behind(folder: Path, *names: str) -> list[psutil.Process]:
    """Return the living servers of these names whose working directory is in `folder`."""
    return list(_working_below(folder.resolve(), names))


def marked_with(folder: Path) -> list[psutil.Process]:
    """Return the living processes, children's children included, started for `folder`."""
    found = []
    for process in psutil.process_iter():
        # as above
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(FOLDER_MARK) == str(folder):
                found.append(process)
    return found


def end(
    processes: Sequence[psutil.Process],
    *,
    steps: Sequence[tuple[signal.Signals, float]] = (
        (signal.SIGTERM, 10.0),
        (signal.SIGKILL, 5.0),
    ),
) -> None:
    """End these processes: each signal in turn, with so many seconds to obey it.

    Raises CannotStart when one outlives them all.
    """
    alive = list(processes)
    for step, seconds in steps:
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(step)
        deadline = time.monotonic() + seconds
        while (alive := [process for process in alive if _lives(process)]) and (
            time.monotonic() < deadline
        ):
            time.sleep(0.05)
        if not alive:
            return
    if alive:
        pids = ", ".join(str(process.pid) for process in alive)
        raise CannotStart(f"Process {pids} of an earlier run does not end; end it by hand.")


def _lives(process: psutil.Process) -> bool:
    # A dead orphan stays a zombie where process 1 does not collect them, as in many containers.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_child(
    child: "subprocess.Popen[bytes]",
    *,
    steps: Sequence[tuple[signal.Signals, float]],
) -> None:
    """End one child of ours: each signal in turn, with so many seconds to obey it."""
    for step, seconds in steps:
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(step)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)


def set_aside(log: Path) -> None:
    """Keep what the run before wrote as `<its name>.1`, in place of the one before that."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))


def tail(log: Path, *, lines: int = 5) -> str:
    """Return the last lines of a log, or an empty string when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def unusable(what: str, folder: Path, error: OSError) -> CannotStart:
    """Say why a server cannot use its folder, and what to do when the disk is full."""
    if error.errno == errno.ENOSPC:
        return CannotStart(
            f"{what} has no room in {folder}: the disk is full; free some space and start again."
        )
    return CannotStart(f"{what} cannot use {folder}: {error.strerror}.")


_ROOM_TO_COMPLAIN = 2**20  # bytes


def is_full(folder: Path) -> bool:
    """Return whether the disk that holds `folder` lacks the room even to say so in a log."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free < _ROOM_TO_COMPLAIN


def explain(what: str, log: Path) -> CannotStart:
    """Turn the end of a server's log into one sentence that says what to do."""
    ending = tail(log, lines=60)
    if is_full(log.parent) or "No space left on device" in ending:
        return CannotStart(
            f"{what} has no room: the disk is full; free some space and start again (see {log})."
        )
    last = next((line for line in reversed(ending.splitlines()) if line.strip()), "no output")
    return CannotStart(f"{what} failed: {last.strip()} (see {log}).")
