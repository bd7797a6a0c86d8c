"""The programs of a running demo: started, watched, and ended in order, none restarted."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coordination.environment import PROJECT
from coordination.servers.processes import CannotStart, end_child, explain, set_aside, tail

_POLL = 0.1
# The first signal lets a program finish what it does; the second cuts it short.
_FAREWELL = ((signal.SIGTERM, 25.0), (signal.SIGKILL, 5.0))


class Interrupted(Exception):
    """Somebody asked the demo to end."""


@dataclass(frozen=True)
class Child:
    """One program in a process group of its own, so that Ctrl-C reaches only us."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def end(self) -> None:
        """End the program and whatever it started."""
        end_child(self.process, steps=_FAREWELL)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


class Children:
    """Everything one demo runs, in the order in which it was started."""

    def __init__(self, logs: Path, stopping: threading.Event) -> None:
        self.logs = logs
        self.stopping = stopping
        self.running: list[Child] = []

    def start(self, name: str, *arguments: str, environment: Mapping[str, str]) -> Child:
        """Start `python ARGUMENTS` and note what it writes in `logs`."""
        log = self.logs / f"{name.replace(' ', '-')}.log"
        set_aside(log)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self.running.append(child)
        return child

    def run(self, name: str, *arguments: str, environment: Mapping[str, str]) -> None:
        """Run `python ARGUMENTS` to its end. Raises CannotStart when it fails, Interrupted."""
        child = self.start(name, *arguments, environment=environment)
        try:
            while child.process.poll() is None:
                self.pause()
        finally:
            child.end()
            self.running.remove(child)
        if child.process.returncode != 0:
            raise explain(f"`{name}`", child.log)

    def await_readiness(
        self, child: Child, reason: Callable[[], str], *, seconds: float = 120.0
    ) -> None:
        """Return once `reason` has nothing to say against the child being ready.

        Raises CannotStart when a program ends or the reason stays, Interrupted.
        """
        deadline = time.monotonic() + seconds
        while why := reason():
            self.pause()
            dead = self.first_dead()
            if dead is not None:
                raise explain(f"The {dead.name}", dead.log)
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"The {child.name} is not ready after {seconds:.0f} seconds: {why} "
                    f"(see {child.log})."
                )

    def pause(self) -> None:
        """Let a moment pass. Raises Interrupted as soon as the demo is to end."""
        if self.stopping.wait(_POLL):
            raise Interrupted

    def first_dead(self) -> Child | None:
        """Return a child that ended without being asked, if one did."""
        return next((child for child in self.running if child.process.poll() is not None), None)

    def end(self) -> None:
        """End every child; the first started, which others may still need, after the others."""
        for child in self.running[1:]:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                child.process.terminate()
        for child in reversed(self.running):
            child.end()
        self.running.clear()


def describe_death(child: Child) -> str:
    """Say which program ended, how, and what it wrote last."""
    if "No space left on device" in tail(child.log, lines=60):
        return str(explain(child.name, child.log))
    code = child.process.returncode
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    last = tail(child.log, lines=12)
    ending = f" Its last lines:\n{last}" if last else ""
    name = child.name[0].upper() + child.name[1:]
    return f"{name} {how}; the demo stops (see {child.log}).{ending}"
