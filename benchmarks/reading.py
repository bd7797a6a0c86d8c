"""The course list against bare psycopg under the same server, in the same run."""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from coordination.environment import PROJECT, VAR
from coordination.servers import postgres
from coordination.servers.postgres import PostgresServer
from coordination.servers.processes import free_port
from coordination.servers.roles import (
    DatabaseUrls,
    copy_database,
    prepare_roles,
    with_database,
)
from coordination.servers.valkey import ValkeyServer

COURSES = "/api/v1/courses"
READERS = ("practitioner", "scheduler")
CONNECTIONS = 4
#: the bars: of the floor, of the ordinary version, p50 by size of lists and of searches
OF_FLOOR, OF_ORDINARY, LIST_GROWTH, SEARCH_GROWTH = 0.50, 4.0, 1.3, 1.5


@dataclass
class Database:
    """One loaded database: how to reach it, and what is in it."""

    plans: int
    environment: dict[str, str]
    told: dict[str, Any]


@dataclass
class Server:
    """A running granian."""

    port: int
    process: "subprocess.Popen[bytes]"


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 when a bar is not met."""
    asked = _parser().parse_args(arguments)
    folder = VAR / "benchmarks" / f"run-{os.getpid()}-{secrets.token_hex(3)}"
    database = PostgresServer.start(folder / "postgres", durable=True)
    broker = ValkeyServer.start(folder / "valkey")
    try:
        sizes = [asked.plans, *([] if asked.small else [1_000_000 if asked.million else asked.big])]
        prepared = prepare(database.admin_url, broker.url)
        loaded = [_load(database.admin_url, prepared, plans) for plans in sizes]
        return _measure(loaded, database.process.pid, asked.rounds, asked.seconds)
    finally:
        broker.stop()
        database.stop()
        postgres.remove(folder / "postgres")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks reading", description=__doc__)
    parser.add_argument("--plans", type=int, default=10_000)
    parser.add_argument("--big", type=int, default=300_000, help="the size to compare with")
    parser.add_argument("--million", action="store_true", help="compare with 1,000,000 plans")
    parser.add_argument("--small", action="store_true", help="without the big database")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    return parser


TEMPLATE = "benchmark"


def prepare(admin_url: str, broker_url: str) -> dict[str, str]:
    """Migrate the one database that the others are copies of; return its environment."""
    environment = _environment(prepare_roles(admin_url, TEMPLATE), broker_url)
    _run([sys.executable, "manage.py", "prepare_database", "--verbosity=0"], environment)
    return environment


def _environment(urls: DatabaseUrls, broker_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": urls.runtime,
        "DATABASE_OWNER_URL": urls.owner,
        "REDIS_URL": broker_url,
        "SECRET_KEY": secrets.token_hex(32),
        "DJANGO_SETTINGS_MODULE": "coordination.settings",
        "LOG_FORMAT": "json",
        "RATE_LIMIT": "100000000",  # counted as ever, never reached
    }


def _load(admin_url: str, prepared: dict[str, str], plans: int) -> Database:
    begun = time.monotonic()
    name = f"{TEMPLATE}_{plans}"
    copy_database(admin_url, TEMPLATE, name)
    environment = prepared | {
        url: with_database(prepared[url], name) for url in ("DATABASE_URL", "DATABASE_OWNER_URL")
    }
    asked = json.dumps({"admin_url": with_database(admin_url, name), "plans": plans})
    told = json.loads(_run([sys.executable, "-m", "benchmarks.loading"], environment, asked))
    print(
        f"{plans:>9,} plans loaded in {time.monotonic() - begun:.0f} s; "
        f"the practitioner's circle: {told['circle']} patients",
        flush=True,
    )
    return Database(plans, environment, told)


def _run(command: list[str], environment: dict[str, str], given: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def _serving(kind: str, database: Database) -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "floor.json"
        statements = database.told["statements"]
        if kind == "floor_unaudited":
            statements = {path: _unaudited(one) for path, one in statements.items()}
        told.write_text(
            json.dumps({"organization": database.told["organization"], "statements": statements})
        )
        environment = database.environment | {
            "BENCHMARK_SERVES": kind,
            "BENCHMARK_FLOOR": str(told),
            "PROMETHEUS_MULTIPROC_DIR": folder,
        }
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "granian",
                    "benchmarks.served:application",
                    "--interface=wsgi",
                    "--host=127.0.0.1",
                    f"--port={port}",
                    "--workers=2",
                    "--blocking-threads=1",
                    "--no-ws",
                ],
                cwd=PROJECT,
                env=environment,
                stdout=log,
                stderr=log,
            )
            try:
                _wait(port, process, Path(folder) / "log")
                yield Server(port, process)
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:  # it was still starting
                    process.kill()
                    process.wait()


def _unaudited(one: dict[str, Any]) -> dict[str, Any]:
    begin = one["sql"].index(", audited AS (")
    end = one["sql"].index("\nSELECT (\n", begin)
    sql = one["sql"][:begin].rstrip() + one["sql"][end:]
    return {"sql": sql, "params": one["params"], "audit": None}


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    patience = time.monotonic() + 180  # a machine that does much else starts it slowly
    while time.monotonic() < patience:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"granian did not start:\n{log.read_text()[-3000:]}")


def _ask(server: Server, token: str, addresses: list[str], seconds: float) -> dict[str, Any]:
    asked = {
        "port": server.port,
        "addresses": addresses,
        "token": token,
        "seconds": seconds,
        "connections": CONNECTIONS,
    }
    before = _cpu(server.process.pid)
    found: dict[str, Any] = json.loads(
        _run([sys.executable, "-m", "benchmarks.load"], dict(os.environ), json.dumps(asked))
    )
    found["app_cpu"] = _cpu(server.process.pid) - before
    found["rate"] = found["answers"] / found["seconds"]
    return found


def _cpu(pid: int) -> float:
    total = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            used = process.cpu_times()
        except psutil.Error:
            continue
        total += used.user + used.system
    return total


KINDS = ("ours", "floor", "ordinary", "unaudited", "floor_unaudited")


def _measure(loaded: list[Database], postgres_pid: int, rounds: int, seconds: float) -> int:
    from contextlib import ExitStack

    first = loaded[0]
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    growth: dict[tuple[str, int], list[float]] = defaultdict(list)
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(_serving(kind, first)) for kind in KINDS}
        sized = {first.plans: servers["ours"]}
        for one in loaded[1:]:
            sized[one.plans] = stack.enter_context(_serving("ours", one))
        _round(servers, first, rows, postgres_pid, 1.0)
        rows.clear()
        for _ in range(rounds):
            _round(servers, first, rows, postgres_pid, seconds)
            if len(loaded) > 1:
                _round_of_sizes(sized, loaded, growth, seconds / 2)
    return _report(rows, growth, loaded, loaded[0].told["queries"])


def _round(
    servers: dict[str, Server],
    database: Database,
    rows: dict[tuple[str, str], list[dict[str, Any]]],
    postgres_pid: int,
    seconds: float,
) -> None:
    for reader in READERS:
        for kind, server in servers.items():
            path = f"/{reader}{COURSES}" if kind.startswith("floor") else COURSES
            before = _cpu(postgres_pid)
            found = _ask(server, database.told["tokens"][reader], [path], seconds)
            found["database_cpu"] = _cpu(postgres_pid) - before
            rows[reader, kind].append(found)


def _round_of_sizes(
    sized: dict[int, Server],
    loaded: list[Database],
    growth: dict[tuple[str, int], list[float]],
    seconds: float,
) -> None:
    for database in loaded:
        token, told = database.told["tokens"], database.told
        asked = {
            "courses of a practitioner": (token["practitioner"], [COURSES]),
            "courses of a scheduler": (token["scheduler"], [COURSES]),
            "search by name": (token["scheduler"], _searches("name", told["names"])),
            "search by identifier": (
                token["scheduler"],
                _searches("identifier", told["identifiers"]),
            ),
            "search by birth date": (
                token["scheduler"],
                _searches("birth_date", told["birth_dates"]),
            ),
        }
        for name, (secret, addresses) in asked.items():
            found = _ask(sized[database.plans], secret, addresses, seconds)
            growth[name, database.plans].append(found["p50"])


def _searches(name: str, values: list[str]) -> list[str]:
    from urllib.parse import urlencode

    return [f"/api/v1/patients?{urlencode({name: value})}" for value in values]


def _report(
    rows: dict[tuple[str, str], list[dict[str, Any]]],
    growth: dict[tuple[str, int], list[float]],
    loaded: list[Database],
    statements: dict[str, float],
) -> int:
    failed = 0

    def bar(text: str, found: float, wanted: float, *, at_least: bool) -> None:
        nonlocal failed
        met = found >= wanted if at_least else found <= wanted
        failed += not met
        sign = ">=" if at_least else "<="
        print(f"  {'met ' if met else 'MISSED'} {text}: {found:.2f} ({sign} {wanted})")

    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"\nmedians; CPU in ms a request; load average {load} on {os.cpu_count()} cores")
    for kind, count in statements.items():
        print(f"statements a request, {kind}: {count:.1f}")
    print(
        f"{'reader':<14}{'variant':<17}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'app':>7}{'db':>7}{'client':>8}{'kB':>6}"
    )
    for reader in READERS:
        for kind in KINDS:
            found = rows[reader, kind]
            per = {
                name: median(one[name] / max(1, one["answers"]) for one in found) * 1000
                for name in ("app_cpu", "database_cpu", "client_cpu")
            }
            print(
                f"{reader:<14}{kind:<17}{_median(found, 'rate'):>8.0f}"
                f"{_median(found, 'p50') * 1000:>9.2f}{_median(found, 'p99') * 1000:>9.2f}"
                f"{per['app_cpu']:>7.2f}{per['database_cpu']:>7.2f}{per['client_cpu']:>8.3f}"
                f"{_median(found, 'size') / 1000:>6.0f}"
            )
    print()
    for reader in READERS:
        pairs = zip(rows[reader, "ours"], rows[reader, "floor"], strict=True)
        bar(
            f"{reader}: of the floor",
            median(a["rate"] / b["rate"] for a, b in pairs),
            OF_FLOOR,
            at_least=True,
        )
        pairs = zip(rows[reader, "ours"], rows[reader, "ordinary"], strict=True)
        bar(
            f"{reader}: times the ordinary version",
            median(a["rate"] / b["rate"] for a, b in pairs),
            OF_ORDINARY,
            at_least=True,
        )
    if len(loaded) > 1:
        small, big = loaded[0].plans, loaded[-1].plans
        for name in dict.fromkeys(name for name, _ in growth):
            a, b = median(growth[name, small]), median(growth[name, big])
            print(f"  {name}: p50 {a * 1000:.2f} ms at {small:,}, {b * 1000:.2f} ms at {big:,}")
            limit = SEARCH_GROWTH if name.startswith("search") else LIST_GROWTH
            bar(name, b / a, limit, at_least=False)
    return 1 if failed else 0


def _median(found: list[dict[str, Any]], name: str) -> float:
    middle: float = median(one[name] for one in found)
    return middle
