"""Plans that end while the sweeps run: nothing that they started is said or open afterwards.

Each plan has everything open that a course can start. All are ended or replaced, by several
processes at once and with the sweeps running beside them; then the clock goes on for two years.
"""

import argparse
import itertools
import json
import os
import secrets
import subprocess
import sys
import time
from datetime import timedelta
from typing import IO, Any

from benchmarks.reading import TEMPLATE, prepare
from benchmarks.soaking import ENDS
from coordination.environment import PROJECT, VAR
from coordination.servers import postgres
from coordination.servers.postgres import PostgresServer
from coordination.servers.roles import copy_database, with_database
from coordination.servers.valkey import ValkeyServer

Environment = dict[str, str]


def main(arguments: list[str]) -> int:
    """Soak, print, and return 1 when anything is left."""
    asked = _parser().parse_args(arguments)
    folder = VAR / "benchmarks" / f"run-{os.getpid()}-{secrets.token_hex(3)}"
    database = PostgresServer.start(folder / "postgres", durable=False)
    broker = ValkeyServer.start(folder / "valkey")
    try:
        prepared = prepare(database.admin_url, broker.url)
        copy_database(database.admin_url, TEMPLATE, "closing")
        urls = ("DATABASE_URL", "DATABASE_OWNER_URL")
        environment = prepared | {url: with_database(prepared[url], "closing") for url in urls}
        return _soak(environment, asked.plans, asked.processes)
    finally:
        broker.stop()
        database.stop()
        postgres.remove(folder / "postgres")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks closing", description=__doc__)
    parser.add_argument("--plans", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2, help="that make and end plans")
    return parser


def _soak(environment: Environment, plans: int, processes: int) -> int:
    [people] = _all("set_up", {}, environment)
    begun = time.monotonic()
    made = _side_by_side("make", _shares(plans, processes), {"people": people}, environment)
    print(f"{len(made):,} plans opened in {time.monotonic() - begun:.0f} s", flush=True)
    told = {"people": people, "wall": time.time(), "at": ENDS.isoformat()}
    sweeps = [_started("sweep", told, environment) for _ in range(2)]
    begun = time.monotonic()
    shares = [{"plans": made[place::processes]} for place in range(processes)]
    ended = _side_by_side("end", shares, told, environment)
    print(f"{len(ended):,} plans ended in {time.monotonic() - begun:.0f} s", flush=True)
    for one in sweeps:
        one.terminate()
        one.wait()
    after = told | {"at": (ENDS + timedelta(weeks=104)).isoformat(), "until_quiet": True}
    _side_by_side("sweep", [{}], after, environment)
    patients = [row[2] for row in made]
    question = {"people": people, "ended": ended, "patients": patients}
    [found] = _all("leftovers", question, environment)
    return _judged(found, plans, len(ended))


def _judged(found: dict[str, Any], plans: int, ended: int) -> int:
    print(json.dumps(found, indent=2))
    print("orphans are asked for by a query that finds what was sent before:", found["sent_before"])
    left = sum(found["sent_after"].values()) + sum(found["still_open"].values()) + found["offers"]
    whole = ended == plans and found["sent_before"] > 0
    print(f"  {'ok  ' if whole and not left else 'FAIL'} left of {ended:,} ended plans: {left}")
    return 0 if whole and not left else 1


def _shares(plans: int, processes: int) -> list[dict[str, int]]:
    edges = [plans * place // processes for place in range(processes + 1)]
    return [{"first": first, "last": last} for first, last in itertools.pairwise(edges)]


def _started(part: str, asked: dict[str, Any], environment: Environment) -> subprocess.Popen[str]:
    endless = part == "sweep" and not asked.get("until_quiet")  # stopped from outside, unread
    program = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.soaking", part],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if endless else subprocess.PIPE,
        stderr=subprocess.DEVNULL if part == "sweep" else None,
        text=True,
    )
    feed: IO[str] | None = program.stdin
    assert feed is not None
    feed.write(json.dumps(asked) + "\n")
    feed.close()
    return program


def _side_by_side(
    part: str, shares: list[dict[str, Any]], told: dict[str, Any], environment: Environment
) -> list[Any]:
    programs = [_started(part, told | share, environment) for share in shares]
    lines = []
    for program in programs:
        assert program.stdout is not None
        lines += [json.loads(line) for line in program.stdout if line.startswith(("[", "{"))]
        if program.wait() != 0:
            raise SystemExit(f"{part} failed")
    return lines


def _all(part: str, asked: dict[str, Any], environment: Environment) -> list[Any]:
    return _side_by_side(part, [asked], {}, environment)
