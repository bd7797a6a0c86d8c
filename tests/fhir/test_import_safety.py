"""An import that is killed, doubled or very large, by real processes and real commits."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from care_plans.models import Condition, Score
from coordination.environment import PROJECT
from coordination.models import AuditEvent, Event, Organization, Patient
from coordination.tenancy import acting_in
from tests.cast import make_organization
from tests.fhir.importing import condition, observation, patient, write
from tests.servers.programs import StartProgram
from tests.servers.run import Servers

PATIENTS = 150


@pytest.fixture
def creek(committed_db: None) -> Organization:
    """Return an organization that other processes see."""
    return make_organization("Creek")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Return a file in which each patient's resources lie far from one another."""
    numbers = range(PATIENTS)
    parts = [condition(f"c{n}", f"Patient/p{n}") for n in numbers]
    parts += [patient(f"p{n}") for n in numbers]
    parts += [observation(f"o{n}", 4, f"Patient/p{n}") for n in reversed(numbers)]
    return write(tmp_path / "large.ndjson", parts)


@pytest.fixture
def slowly(committed_db: None, owner_connection: psycopg.Connection) -> psycopg.Connection:
    """Let each patient take a while to be written, so that a signal surely meets the import."""
    owner_connection.execute("""
        CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END $$;
        CREATE TRIGGER take_time BEFORE INSERT ON coordination_patient
        FOR EACH ROW EXECUTE FUNCTION take_time();
    """)
    owner_connection.commit()
    return owner_connection


def at_full_speed(slowly: psycopg.Connection) -> None:
    slowly.execute("DROP TRIGGER take_time ON coordination_patient")
    slowly.commit()


def everything(organization: Organization) -> dict[str, int]:
    with acting_in(organization.id):
        return {
            model.__name__: model.objects.count()
            for model in (Patient, Condition, Score, AuditEvent, Event)
        }


WHOLE = {
    "Patient": PATIENTS,
    "Condition": PATIENTS,
    "Score": PATIENTS,
    "AuditEvent": PATIENTS,
    "Event": PATIENTS,
}


def command(organization: Organization, path: Path, *more: str) -> list[str]:
    return ["django", "import_fhir", str(path), "--organization", organization.slug, *more]


def wait_for_patients(organization: Organization, count: int) -> None:
    deadline = time.monotonic() + 60
    while everything(organization)["Patient"] < count:
        assert time.monotonic() < deadline, "the import wrote nothing"
        time.sleep(0.02)


def test_it_leaves_only_whole_patients_when_killed_and_completes_the_next_time(
    creek: Organization,
    large: Path,
    start_program: StartProgram,
    slowly: psycopg.Connection,
) -> None:
    first = start_program(*command(creek, large))
    wait_for_patients(creek, 10)
    first.kill()
    found = everything(creek)
    assert 10 <= found["Patient"] < PATIENTS
    assert len(set(found.values())) == 1, found
    at_full_speed(slowly)
    second = start_program(*command(creek, large))
    assert second.process.wait(120) == 0, second.log.read_text()
    assert everything(creek) == WHOLE


def test_it_does_no_harm_to_run_twice_at_once(
    creek: Organization, large: Path, start_program: StartProgram
) -> None:
    both = [start_program(*command(creek, large)) for _ in range(2)]
    assert [each.process.wait(120) for each in both] == [0, 0], both[1].log.read_text()
    assert everything(creek) == WHOLE


def test_it_says_what_was_not_reached_when_interrupted(
    creek: Organization,
    large: Path,
    start_program: StartProgram,
    slowly: psycopg.Connection,
    tmp_path: Path,
) -> None:
    report = tmp_path / "report.json"
    program = start_program(*command(creek, large, "--report", str(report)))
    wait_for_patients(creek, 10)
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.process.wait(60) == 1
    said = json.loads(report.read_text())
    assert said["counts"]["imported"] == sum(everything(creek)[name] for name in list(WHOLE)[:3])
    assert "not reached: the import was interrupted" in program.log.read_text()


def test_it_says_that_the_database_went_away(
    creek: Organization,
    large: Path,
    start_program: StartProgram,
    slowly: psycopg.Connection,
    admin_connection: Any,
    database: str,
) -> None:
    program = start_program(*command(creek, large))
    wait_for_patients(creek, 10)
    admin_connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> ALL(%s)",
        [database, [admin_connection.info.backend_pid, slowly.info.backend_pid]],
    )
    assert program.process.wait(60) == 1
    said = program.log.read_text()
    assert "The database went away" in said
    assert "not reached" in said


def test_it_shows_a_bar_on_a_terminal_and_nothing_elsewhere(
    creek: Organization, tmp_path: Path, servers: Servers, database: str
) -> None:
    path = write(tmp_path / "one.json", patient())
    ours, theirs = pty.openpty()
    for stderr in (theirs, subprocess.PIPE):
        done = subprocess.run(
            [sys.executable, "-m", *command(creek, path)],
            cwd=PROJECT,
            env={**os.environ, **servers.environment(database), "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=True,
        )
    assert b"Patients" in os.read(ours, 100_000)
    assert done.stderr == b""
    os.close(ours)
    os.close(theirs)


def test_it_needs_no_more_memory_for_a_larger_file(
    creek: Organization, tmp_path: Path, servers: Servers, database: str
) -> None:
    def peak(path: Path) -> int:
        """Return the largest resident size in kB of one import."""
        program = subprocess.Popen(
            [sys.executable, "-m", *command(creek, path)],
            cwd=PROJECT,
            env={**os.environ, **servers.environment(database)},
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        assert program.returncode == 0
        return used.ru_maxrss

    small = peak(write(tmp_path / "small.json", patient()))
    large = tmp_path / "large.json"
    with large.open("w") as file:
        file.writelines(_long_bundle(60_000))
    assert large.stat().st_size > 30_000_000
    assert peak(large) < small + 40_000


def _long_bundle(entries: int) -> Iterator[str]:
    """Yield a bundle piece by piece; all of it hangs on a patient at its very end."""
    yield '{"resourceType": "Bundle", "type": "collection", "entry": ['
    other = {"code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}}
    text = {"text": {"status": "generated", "div": "x" * 300}}
    for number in range(entries):
        part = observation(f"o{number}", 4) | (other if number % 20 else {}) | text
        yield json.dumps({"resource": part}) + ","
    yield json.dumps({"resource": patient()}) + "]}"
