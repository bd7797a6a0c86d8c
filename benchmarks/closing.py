"""Plans that end while the sweeps run: nothing that they started is said or open afterwards.

Each plan has everything open that a course can start: the engine opens one of each kind, and they
are copied. Every one is ended or replaced by the engine itself, by several processes at once and
with the sweeps running beside them; then the clock goes on for two years.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

import psycopg

from benchmarks.copying import copy_rows, ids_of_copies
from benchmarks.reading import TEMPLATE, prepare
from benchmarks.soaking import AFTERWARDS, ENDS
from coordination.environment import PROJECT, VAR
from coordination.servers import postgres
from coordination.servers.postgres import PostgresServer
from coordination.servers.roles import copy_database, with_database
from coordination.servers.valkey import ValkeyServer

Environment = dict[str, str]

#: every table that holds rows of the plans, but for what is only ever looked back on
_TABLES = (
    "coordination_patient",
    "coordination_patientidentifier",
    "coordination_patientword",
    "coordination_careteammember",
    "coordination_accessgrant",
    "coordination_workitem",
    "coordination_handoff",
    "coordination_handoffstep",
    "referrals_referral",
    "referrals_referraltransition",
    "referrals_routingdecision",
    "care_plans_careplan",
    "care_plans_course",
    "care_plans_severitychange",
    "care_plans_stagestay",
    "care_plans_stagetransition",
    "care_plans_lane",
    "care_plans_laneowner",
    "care_plans_goal",
    "care_plans_activity",
    "care_plans_courseanswer",
    "care_plans_redflagscreen",
    "care_plans_redflaganswer",
    "care_plans_redflag",
    "care_plans_recommendation",
    "notifications_message",
)


#: that something has ended is said after it, so it is no orphan; sending it would take an hour
_SET_ASIDE = """
UPDATE notifications_message SET status = 'cancelled', reason = 'set aside'
WHERE status = 'queued' AND kind = ANY(%s)
"""


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
        admin_url = with_database(database.admin_url, "closing")
        return _soak(environment, admin_url, asked)
    finally:
        broker.stop()
        database.stop()
        postgres.remove(folder / "postgres")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks closing", description=__doc__)
    parser.add_argument("--plans", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2, help="that end plans")
    parser.add_argument("--sweepers", type=int, default=1, help="that sweep meanwhile")
    return parser


def _soak(environment: Environment, admin_url: str, asked: argparse.Namespace) -> int:
    [people] = _all("set_up", {}, environment)
    begun = time.monotonic()
    models = _all("make", {"people": people}, environment)
    made = _copied(models, -(-asked.plans // len(models)) - 1, admin_url)
    took = time.monotonic() - begun
    print(f"{len(made):,} plans, copies of {len(models)}, in {took:.0f} s", flush=True)
    told = {"people": people, "wall": time.time(), "at": ENDS.isoformat()}
    sweeps = [_started("sweep", told, environment) for _ in range(asked.sweepers)]
    begun = time.monotonic()
    shares = [{"plans": made[place :: asked.processes]} for place in range(asked.processes)]
    ended = _side_by_side("end", shares, told, environment)
    print(f"{len(ended):,} plans ended in {time.monotonic() - begun:.0f} s", flush=True)
    for one in sweeps:
        one.terminate()
        one.wait()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        done = admin.execute(_SET_ASIDE, [list(AFTERWARDS)])
        print(f"{done.rowcount:,} messages that tell of the end are set aside", flush=True)
    after = told | {"at": (ENDS + timedelta(weeks=104)).isoformat(), "until_quiet": True}
    begun = time.monotonic()
    _side_by_side("sweep", [{}] * asked.processes, after, environment)
    print(f"two years on after {time.monotonic() - begun:.0f} s", flush=True)
    patients = [row[2] for row in made]
    question = {"people": people, "ended": ended, "patients": patients}
    [found] = _all("leftovers", question, environment)
    return _judged(found, len(made), len(ended))


def _judged(found: dict[str, Any], plans: int, ended: int) -> int:
    print(json.dumps(found, indent=2))
    print("orphans are asked for by a query that finds what was sent before:", found["sent_before"])
    left = sum(found["sent_after"].values()) + sum(found["still_open"].values()) + found["offers"]
    whole = ended == plans and found["sent_before"] > 0
    print(f"  {'ok  ' if whole and not left else 'FAIL'} left of {ended:,} ended plans: {left}")
    return 0 if whole and not left else 1


def _copied(models: list[Any], copies: int, admin_url: str) -> list[Any]:
    """Copy the plans that the engine made; return all, numbered so that each kind ends each way."""
    kinds = [[plan, patient, *courses] for _, plan, patient, courses in models]
    with psycopg.connect(admin_url, autocommit=True) as admin:
        copy_rows(admin, _TABLES, copies)
        copied = [ids_of_copies(admin, map(UUID, ids), copies) for ids in kinds]
    every = [row for rows in zip(*copied, strict=True) for row in rows]
    return [
        [number, str(plan), str(patient), [str(course) for course in courses]]
        for number, (plan, patient, *courses) in enumerate([*kinds, *every])
    ]


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
    # each by a thread of its own: a program whose lines nobody reads waits until somebody does
    with ThreadPoolExecutor(len(programs)) as readers:
        told_by = list(readers.map(_lines_of, programs))
    if any(program.returncode != 0 for program in programs):
        raise SystemExit(f"{part} failed")
    return [line for lines in told_by for line in lines]


def _lines_of(program: subprocess.Popen[str]) -> list[Any]:
    assert program.stdout is not None
    lines = [json.loads(line) for line in program.stdout if line.startswith(("[", "{"))]
    program.wait()
    return lines


def _all(part: str, asked: dict[str, Any], environment: Environment) -> list[Any]:
    return _side_by_side(part, [asked], {}, environment)
