"""An import at two sizes: its memory stays flat, and its speed against only reading the file.

The floor is ijson going through the same entries and keeping nothing, in the same run.
"""

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from benchmarks.reading import TEMPLATE, prepare
from coordination.environment import PROJECT, VAR
from coordination.servers import postgres
from coordination.servers.postgres import PostgresServer
from coordination.servers.roles import copy_database, with_database
from coordination.servers.valkey import ValkeyServer

#: the bars: memory at the larger size to that at the smaller, its most in MiB, speed to the floor
GROWTH, MOST, OF_FLOOR = 1.15, 300, 0.01
SHAPES = ("many patients", "one patient")
_FLOOR = """
import ijson, sys
with open(sys.argv[1], "rb") as file:
    for entry in ijson.items(file, "entry.item"):
        pass
"""


@dataclass(frozen=True)
class Bundle:
    """A file made for this."""

    path: Path
    shape: str
    megabytes: int
    entries: int


@dataclass(frozen=True)
class Run:
    """What one process took."""

    seconds: float
    peak: int  # MiB


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 when a bar is not met."""
    asked = _parser().parse_args(arguments)
    folder = VAR / "benchmarks" / f"run-{os.getpid()}-{secrets.token_hex(3)}"
    database = PostgresServer.start(folder / "postgres", durable=True)
    broker = ValkeyServer.start(folder / "valkey")
    try:
        prepared = prepare(database.admin_url, broker.url)
        return _measure(database.admin_url, prepared, folder, asked)
    finally:
        broker.stop()
        database.stop()
        for path in folder.glob("*.json"):
            path.unlink()
        postgres.remove(folder / "postgres")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks importing", description=__doc__)
    parser.add_argument("--small", type=int, default=5, help="megabytes of the smaller bundle")
    parser.add_argument("--big", type=int, default=30, help="of the larger; 300 takes an hour")
    parser.add_argument("--rounds", type=int, default=3, help="of the smaller size")
    return parser


def _measure(
    admin_url: str, prepared: dict[str, str], folder: Path, asked: argparse.Namespace
) -> int:
    failed = 0
    print(f"{'':<16}{'MB':>5}{'entries':>9}{'entries/s':>11}{'floor':>9}{'share':>7}{'MiB':>6}")
    for shape in SHAPES:
        peaks: list[int] = []
        for size, rounds in ((asked.small, asked.rounds), (asked.big, 1)):
            bundle = _write(folder, shape, size)
            pairs = [_alternate(admin_url, prepared, bundle, n) for n in range(rounds)]
            peaks.append(max(ours.peak for ours, _ in pairs))
            ours, floor = (
                median(bundle.entries / pair[k].seconds for pair in pairs) for k in (0, 1)
            )
            print(
                f"{shape:<16}{size:>5}{bundle.entries:>9,}{ours:>11,.0f}{floor:>9,.0f}"
                f"{ours / floor:>7.3f}{peaks[-1]:>6}",
                flush=True,
            )
            failed += bar(f"{shape}, {size} MB: of the floor", ours / floor, OF_FLOOR, most=False)
        growth = peaks[1] / peaks[0]
        failed += bar(f"{shape}: memory at {asked.big} MB to {asked.small} MB", growth, GROWTH)
        failed += bar(f"{shape}: the most memory, MiB", peaks[1], MOST)
    return 1 if failed else 0


def bar(name: str, value: float, limit: float, *, most: bool = True) -> int:
    """Print whether a figure meets its bar; return 1 when it does not."""
    is_met = value <= limit if most else value >= limit
    word = "at most" if most else "at least"
    print(f"  {'ok  ' if is_met else 'FAIL'} {name}: {value:.3g} ({word} {limit:g})", flush=True)
    return 0 if is_met else 1


def _alternate(
    admin_url: str, prepared: dict[str, str], bundle: Bundle, number: int
) -> tuple[Run, Run]:
    """Read the bundle with nothing but ijson, then import it into an empty clinic."""
    floor = _run([sys.executable, "-c", _FLOOR, str(bundle.path)], prepared)
    name = f"import_{bundle.megabytes}_{bundle.shape[:3]}_{number}"
    copy_database(admin_url, TEMPLATE, name)
    urls = ("DATABASE_URL", "DATABASE_OWNER_URL")
    environment = prepared | {url: with_database(prepared[url], name) for url in urls}
    manage = [sys.executable, "manage.py"]
    _run([*manage, "create_organization", "benchmark", "--name=Benchmark"], environment)
    command = [*manage, "import_fhir", str(bundle.path), "--organization=benchmark"]
    return _run(command, environment), floor


def _run(command: list[str], environment: dict[str, str]) -> Run:
    begun = time.perf_counter()
    program = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = 0
    while program.poll() is None:
        peak = max(peak, _high_water(program.pid))
        time.sleep(0.01)
    seconds = time.perf_counter() - begun
    _, said = program.communicate()
    if program.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()[-4000:]}")
    return Run(seconds, peak)


def _high_water(pid: int) -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) // 1024 if found else 0


def _write(folder: Path, shape: str, megabytes: int) -> Bundle:
    """Write one Bundle; each patient stands after what hangs on them."""
    path = folder / f"{megabytes}-{shape[:3]}.json"
    count = size = 0
    with path.open("w") as file:
        file.write('{"resourceType": "Bundle", "type": "collection", "entry": [')
        for part in _resources(shape == "one patient", megabytes * 1_000_000):
            text = json.dumps({"resource": part})
            file.write(("," if count else "") + text)
            count, size = count + 1, size + len(text)
        file.write("]}")
    return Bundle(path, shape, megabytes, count)


def _resources(is_one: bool, size: int) -> Iterator[dict[str, Any]]:
    number = written = 0
    whose = _uuid("patient", 0)
    while written < size:
        number += 1
        part = _hanging(number, whose)
        written += 600
        yield part
        if not is_one and number % 20 == 0:
            yield _patient(whose)
            whose = _uuid("patient", number)
    yield _patient(whose)


def _hanging(number: int, whose: str) -> dict[str, Any]:
    base = {
        "id": _uuid("part", number),
        "subject": {"reference": f"urn:uuid:{whose}"},
        "text": {"status": "generated", "div": "x" * 350},
    }
    if number % 3 == 0:
        return {"resourceType": "Condition", "code": {"text": f"Sprain {number}"}, **base}
    if number % 3 == 1:
        return {"resourceType": "CarePlan", "status": "active", "title": f"Plan {number}", **base}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
        "effectiveDateTime": "2020-05-01T10:00:00-04:00",
        "valueQuantity": {"value": number % 11},
        **base,
    }


def _patient(own: str) -> dict[str, Any]:
    name = [{"family": f"F{own[:8]}", "given": ["Ellen"]}]
    return {"resourceType": "Patient", "id": own, "name": name, "birthDate": "1980-02-29"}


def _uuid(kind: str, number: int) -> str:
    return str(UUID(int=(len(kind) << 100) + number, version=4))
