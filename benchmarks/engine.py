"""The hourly sweep over 100,000 courses against only reading their facts, in the same run.

Every course is as the engine left it: a few are sent through each pathway by the engine itself,
and copied. The sweep is the one that beat wakes (`consuming.check_standings`). The floor is bare
psycopg that reads the same facts in batches of the same courses, and builds nothing of them.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.importing import bar
from benchmarks.reading import TEMPLATE, prepare
from coordination.environment import PROJECT, VAR
from coordination.servers import postgres
from coordination.servers.postgres import PostgresServer
from coordination.servers.roles import copy_database, with_database
from coordination.servers.valkey import ValkeyServer

#: the bars: courses/s of the sweep to those of the floor, memory at the end to that at a tenth
OF_FLOOR, GROWTH = 0.25, 1.15


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 when a bar is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks engine", description=__doc__)
    parser.add_argument("--courses", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", type=Path, help="write where the sweep spends its time")
    asked = parser.parse_args(arguments)
    folder = VAR / "benchmarks" / f"run-{os.getpid()}-{secrets.token_hex(3)}"
    database = PostgresServer.start(folder / "postgres", durable=True)
    broker = ValkeyServer.start(folder / "valkey")
    try:
        prepared = prepare(database.admin_url, broker.url)
        copy_database(database.admin_url, TEMPLATE, "engine")
        urls = ("DATABASE_URL", "DATABASE_OWNER_URL")
        environment = prepared | {url: with_database(prepared[url], "engine") for url in urls}
        admin_url = with_database(database.admin_url, "engine")
        begun = time.monotonic()
        told = _run("fill", {"admin_url": admin_url, "courses": asked.courses}, environment)
        took = time.monotonic() - begun
        print(f"{told['courses']:,} courses, copies of {told['models']}, in {took:.0f} s")
        print(f"facts of a course: {told['facts']:.1f} rows", flush=True)
        return _measure(told, environment, asked)
    finally:
        broker.stop()
        database.stop()
        postgres.remove(folder / "postgres")


def _measure(told: dict[str, Any], environment: dict[str, str], asked: argparse.Namespace) -> int:
    print(f"{'':<8}{'sweep/s':>10}{'judged/s':>10}{'floor/s':>10}{'share':>8}{'MiB':>6}")
    shares, growths = [], []
    for number in range(asked.rounds):
        rates = {
            kind: _run(
                kind, told | {"round": number, "profile": str(asked.profile or "")}, environment
            )
            for kind in ("floor", "judge", "sweep")
        }
        sweep, floor = rates["sweep"], rates["floor"]
        shares.append(sweep["rate"] / floor["rate"])
        growths.append(sweep["peak"] / sweep["early_peak"])
        print(
            f"{number + 1:<8}{sweep['rate']:>10,.0f}{rates['judge']['rate']:>10,.0f}"
            f"{floor['rate']:>10,.0f}{shares[-1]:>8.3f}{sweep['peak']:>6}",
            flush=True,
        )
        if sweep["looked_at"] != told["courses"] or sweep["written"]:
            raise SystemExit(f"The sweep did something else than it should: {sweep}")
    failed = bar("the sweep, of the floor", median(shares), OF_FLOOR, most=False)
    failed += bar("memory at the end to that at a tenth", max(growths), GROWTH)
    return 1 if failed else 0


def _run(act: str, given: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sweeping", act],
        cwd=PROJECT,
        env=environment,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{act} failed:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
