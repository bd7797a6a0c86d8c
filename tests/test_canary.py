"""Words about a patient stay where they belong: in the clinical tables and with their readers.

A word that occurs nowhere else is planted in every text that the API and the import accept, the
demo's main job is done with it through real servers, errors are provoked, and then everything
that leaves the clinical tables is searched for it.
"""

import gzip
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import psycopg.sql
import pytest
import redis
from django.apps import apps

from coordination.demo import main_job, newcomer, visits
from coordination.demo.main_job import MainJob
from coordination.environment import PROJECT, VAR
from coordination.servers.processes import free_port
from tests.asking import ask_everything, known_ids
from tests.breaking import break_tables
from tests.planting import PREFIX, Garden, Heard, Planting, plant_in_fhir
from tests.servers.programs import Program, StartProgram
from tests.servers.run import Servers
from tests.test_openapi import owned_by_patients

pytestmark = [pytest.mark.feature("PV-14"), pytest.mark.django_db]

# Tables that hang on a patient, and yet carry words away from the record: all of `notifications`,
# which sends, and these. Every other table of a patient's is where the words belong.
LEAVING = {"coordination_event", "coordination_auditevent", "coordination_auditseal"}
# What its reader was answered, for 24 hours, and who else there is: behind the same fence.
BESIDE = {"coordination_keptanswer", "coordination_directoryentry"}
# Settings of the organization, which describe nobody's health.
ADMINISTRATIVE = {
    "coordination_apitoken",
    "coordination_location",
    "coordination_organization",
    "coordination_practitioner",
    "coordination_practitionerrole",
    "coordination_user",
}


BROKEN = (
    "care_plans_assessment",
    "care_plans_careplan",
    "care_plans_course",
    "care_plans_goal",
    "coordination_patient",
)
ENOUGH = "no more of this"


class Stage:
    """Real servers, and everything that comes out of them besides answers to their readers."""

    def __init__(self, canary: str, environment: dict[str, str], folder: Path) -> None:
        self.canary = canary
        self.environment = environment
        self.folder = folder
        self.programs: dict[str, Program] = {}
        self.printed: list[str] = []
        self.broker: list[str] = []
        self.heard: list[Heard] = []

    def sinks(self) -> Iterator[tuple[str, str]]:
        """Yield name and content of each sink; a new way out of the clinic belongs here."""
        for name, program in self.programs.items():
            yield f"log of {name}", program.log.read_text(errors="replace")
        yield "output of commands", "\n".join(self.printed)
        yield "broker and cache", "\n".join(self.broker)
        yield "what is kept in the cache", "\n".join(self._cached())
        yield "metrics", httpx.get(f"{self.environment['PUBLIC_URL']}/metrics").text
        for mail in (self.folder / "mails").rglob("*"):
            if mail.is_file():
                yield f"mail {mail.name}", mail.read_text(errors="replace")
        for log in (VAR / "pytest").glob("run-*/postgres/*.log"):
            yield f"PostgreSQL's {log}", log.read_text(errors="replace")
        for one in self.heard:
            yield f"headers of the answer {one.status} to {one.asked}", one.headers
            if one.status >= 400:
                yield f"error {one.status} to {one.asked}", one.text
            if one.asked.startswith("GET /events"):
                yield "the feed", one.text

    def leaks(self, *words: str) -> list[str]:
        """Return the sinks that hold one of the words, each with what stands around it."""
        return [
            f"{name}: …{text[max(0, place - 80) : place + 60]}…"
            for name, text in self.sinks()
            for word in (words or (self.canary,))
            if (place := text.casefold().find(word.casefold())) >= 0
        ]

    def _cached(self) -> Iterator[str]:
        with redis.Redis.from_url(self.environment["REDIS_URL"]) as client:
            for key in client.scan_iter():
                yield repr(key)
                yield repr(client.dump(key))


@pytest.fixture
def stage(
    committed_db: None,
    start_program: StartProgram,
    servers: Servers,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    web, smtp, shown = free_port(), free_port(), free_port()
    environment = servers.environment(database) | {
        "PUBLIC_URL": f"http://127.0.0.1:{web}",
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp}",
        "MAIL_CATCHER_URL": f"http://127.0.0.1:{shown}",
    }
    made = Stage(f"zq{token_hex(4)}canary", environment, tmp_path)
    monkeypatch.setattr(Planting, "canary", made.canary)
    monkeypatch.setattr(Planting, "heard", made.heard)
    opened: list[httpx.Client] = []

    def planting(**options: Any) -> httpx.Client:
        opened.append(httpx.Client(transport=Planting(), **options))
        return opened[-1]

    monkeypatch.setattr(visits, "httpx", SimpleNamespace(Client=planting, Response=httpx.Response))
    logging.getLogger("httpx").setLevel(logging.WARNING)
    listening = threading.Thread(target=_listen, args=(made,), daemon=True)
    listening.start()

    def start(name: str, *arguments: str, ready: str) -> None:
        made.programs[name] = start_program(*arguments, environment=environment)
        made.programs[name].wait_for(ready)

    catcher = start_program(
        "django",
        "catch_mail",
        f"--smtp-port={smtp}",
        f"--http-port={shown}",
        f"--folder={tmp_path / 'mails'}",
        environment=environment,
    )
    start(
        "web",
        "granian",
        "coordination.wsgi:application",
        "--interface=wsgi",
        f"--port={web}",
        "--access-log",
        "--log-level=debug",
        ready="Started worker",
    )
    celery = ("celery", "-A", "coordination")
    start("worker", *celery, "worker", "--loglevel=DEBUG", "--concurrency=1", ready=" ready.")
    start("beat", *celery, "beat", "--loglevel=DEBUG", "--pidfile=", ready="is starting")
    catcher.wait_for("Catching mails")
    yield made
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        client.echo(ENOUGH)
    listening.join(10)
    for client in opened:
        client.close()


def _listen(stage: Stage) -> None:
    """Write down every command that reaches the broker, until one says that this is enough."""
    url = stage.environment["REDIS_URL"]
    connection = redis.Redis.from_url(url, socket_timeout=None).connection_pool
    monitor: Any = connection.get_connection()
    monitor.send_command("MONITOR")
    while ENOUGH not in (said := str(monitor.read_response())):
        stage.broker.append(said)
    monitor.disconnect()


def command(stage: Stage, *arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**os.environ, **stage.environment, "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    stage.printed.append(done.stdout + done.stderr)
    return done.returncode


def do_the_main_job(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> MainJob:
    """Do what the demo's check does, with a canary in everything that is said."""
    written = newcomer.write_newcomer

    def planted(*given: Any, **named: Any) -> Any:
        arriving = written(*given, **named)
        content = json.loads(gzip.decompress(arriving.file.read_bytes()))
        arriving.file.write_bytes(
            gzip.compress(json.dumps(plant_in_fhir(content, stage.canary)).encode())
        )
        return arriving

    monkeypatch.setattr(main_job, "write_newcomer", planted)
    job = MainJob(
        stage.environment["PUBLIC_URL"], stage.environment["MAIL_CATCHER_URL"], stage.environment
    )
    job.folder = stage.folder
    for step in job.steps():
        step()
    return job


def break_the_worker(stage: Stage, owner: psycopg.Connection, job: MainJob) -> None:
    """Let the worker's sweeps fail for a while, in words that quote what was refused."""
    words = psycopg.sql.Literal(f"invalid input: {stage.canary}")
    owner.execute(
        psycopg.sql.SQL("""
            CREATE FUNCTION fail_with_the_word() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION USING MESSAGE = {0}, DETAIL = {0}, HINT = {0}; END $$;
            CREATE TRIGGER fail_with_the_word BEFORE UPDATE ON notifications_message
            FOR EACH STATEMENT EXECUTE FUNCTION fail_with_the_word()
        """).format(words)
    )
    owner.commit()
    log = stage.programs["worker"].log
    job._until(lambda: "RaiseException" in log.read_text(), "failed in the worker")
    owner.execute("DROP TRIGGER fail_with_the_word ON notifications_message")
    owner.commit()


def clinical() -> set[str]:
    """Return the tables in which what is said about a patient belongs."""
    return {
        model._meta.db_table
        for model in apps.get_models()
        if owned_by_patients(model)
        and model._meta.app_label != "notifications"
        and model._meta.db_table not in LEAVING
    }


def tables_with(admin: psycopg.Connection, word: str) -> set[str]:
    """Return every table of which a row holds the word, whoever owns it."""
    tables = admin.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' "
        "AND c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    found = set()
    for (table,) in tables:
        row = admin.execute(
            f'SELECT EXISTS (SELECT FROM public."{table}" t WHERE t::text ILIKE %s)',
            [f"%{word}%"],
        ).fetchone()
        if row is not None and row[0]:
            found.add(str(table))
    return found


def test_it_keeps_words_about_a_patient_out_of_everything_else(
    stage: Stage,
    owner_connection: psycopg.Connection,
    admin_connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert command(stage, "create_demo_clinic") == 0, stage.printed
    job = do_the_main_job(stage, monkeypatch)
    document = httpx.get(f"{stage.environment['PUBLIC_URL']}/api/schema").json()
    garden = Garden(document, stage.canary)
    known = known_ids(job, garden)
    ask_everything(job, garden, known)
    mend = break_tables(owner_connection, *BROKEN)
    ask_everything(job, garden, known)
    broken = [one for one in stage.heard if one.status == 500]
    assert import_what_is_broken(stage) == 1
    mend()
    break_the_worker(stage, owner_connection, job)
    job._until(lambda: len(stage.broker) > 50, "reached the broker")
    assert len(broken) >= 2
    assert garden.free_texts() <= garden.planted
    assert len(garden.accepted) >= 10, sorted(garden.free_texts() - garden.accepted)
    everywhere = tables_with(admin_connection, stage.canary)
    assert everywhere - clinical() - BESIDE - ADMINISTRATIVE == set()
    assert stage.leaks() == []
    private = [job.newcomer.family_name, *numbers_of(admin_connection, job.patient)]
    assert leaks_beside_addresses(stage, private) == []


def leaks_beside_addresses(stage: Stage, words: list[str]) -> list[str]:
    """Return where a name or a number stands, except in the patient's own mail address."""
    found = []
    for name, text in stage.sinks():
        told = text.casefold()
        for word in words:
            bare = told.replace(f"{word.casefold()}@continuum.example", "")
            if word.casefold() in bare:
                place = bare.find(word.casefold())
                found.append(f"{name}: …{bare[max(0, place - 80) : place + 60]}…")
    return found


def numbers_of(admin: psycopg.Connection, patient: str) -> list[str]:
    rows = admin.execute(
        "SELECT value FROM coordination_patientidentifier "
        "WHERE patient_id = %s AND kind <> 'other'",
        [patient],
    ).fetchall()
    return [str(value) for (value,) in rows if len(value) > 5]


def import_what_is_broken(stage: Stage) -> int:
    """Import a bundle that says the canary where it must not, and one that the database refuses."""
    said = stage.canary
    patient = {
        "resourceType": "Patient",
        "id": said + " p1",
        "identifier": [{"system": "urn:x", "value": f"1-{said}"}],
        "name": [{"family": said, "given": [said], "text": said}],
        "gender": said,
        "birthDate": said,
        "address": [{"line": said}],
        "contact": said,
    }
    sound = {**patient, "id": "p2", "gender": "male", "birthDate": "1980-01-01"}
    sound |= {"address": [{"line": [said]}], "contact": []}
    nobody = {"reference": f"Patient?identifier=urn:x|{said}"}
    loose = {"resourceType": "Condition", "id": "c", "subject": nobody}
    path = stage.folder / "broken.json"
    entries = [{"resource": one} for one in (patient, sound, loose, {"resourceType": said})]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}))
    return command(stage, "import_fhir", str(path), "--organization", "demo")


@pytest.mark.usefixtures("committed_db")
def test_it_would_find_a_canary_in_each_sink(
    servers: Servers, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = f"zq{token_hex(4)}canary"
    environment = servers.environment(database) | {"PUBLIC_URL": "http://nowhere"}
    made = Stage(word, environment, tmp_path)
    said = f"… {word.upper()} …"
    (tmp_path / "worker.log").write_text(said)
    made.programs["worker"] = SimpleNamespace(log=tmp_path / "worker.log")  # type: ignore[assignment] # stands for a program
    made.printed.append(said)
    made.broker.append(said)
    for folder, name in (("mails", "1.eml"), ("pytest/run-x/postgres", "day.log")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(said)
    monkeypatch.setattr(sys.modules[__name__], "VAR", tmp_path)
    monkeypatch.setattr(httpx, "get", lambda url: SimpleNamespace(text=f"{url} {said}"))
    made.heard += [
        Heard("", "POST /x", 400, f"Location: {said}", said),
        Heard("", f"GET {PREFIX}", 200, "", f"{said}, to its reader, is no leak"),
        Heard("", "GET /events?after=1", 200, "", said),
    ]
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        client.set("some key", word)
        found = {leak.partition(": …")[0] for leak in made.leaks()}
        client.delete("some key")
        client.set(f"key of {word}", "")
        assert any("kept in the cache" in leak for leak in made.leaks())
        client.delete(f"key of {word}")
    assert found == {
        "log of worker",
        "output of commands",
        "broker and cache",
        "what is kept in the cache",
        "metrics",
        "mail 1.eml",
        f"PostgreSQL's {tmp_path}/pytest/run-x/postgres/day.log",
        "headers of the answer 400 to POST /x",
        "error 400 to POST /x",
        "the feed",
    }
