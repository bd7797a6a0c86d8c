"""What a log line holds, and what it never may."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory

from coordination.environment import PROJECT
from coordination.logs import logging_settings
from coordination.request_context import request_id_of
from tests.cast import NOW, make_cast

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Capture what the process would write to stderr as JSON."""
    shaped = logging_settings("json")["formatters"]["structured"]
    formatter = structlog.stdlib.ProcessorFormatter(
        processor=shaped["processor"], foreign_pre_chain=shaped["foreign_pre_chain"]
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.mark.django_db
def test_it_names_request_person_and_organization_by_id_only(lines: Lines) -> None:
    cast = make_cast()
    answer = cast.asha.client.get("/api/v1/patients?name=Tremblay")
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert answer.status_code == 200
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["user_id"] == str(cast.asha.user.id)
    assert line["organization_id"] == str(cast.riverside.id)
    assert line["path"] == "/api/v1/patients"
    assert (line["method"], line["route"], line["status"]) == ("GET", "patient-list", 200)
    assert line["duration_ms"] > 0
    written = json.dumps(lines())
    for private in ("Tremblay", "Noor", cast.asha.user.email, cast.asha.user.name):
        assert private not in written


@pytest.mark.django_db
def test_it_does_not_write_down_an_address_that_leads_nowhere(client: Client, lines: Lines) -> None:
    client.get("/api/v1/patients/Tremblay,Noor")
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["path"], line["status"]) == (None, 404)
    assert "Tremblay" not in json.dumps(lines())


@pytest.mark.django_db
def test_it_leaves_no_trace_of_one_request_in_the_next(client: Client, lines: Lines) -> None:
    cast = make_cast()
    cast.asha.client.get("/api/v1/session")
    client.get("/api/v1/session")
    first, second = (line for line in lines() if line["event"] == "request")
    assert "user_id" in first
    assert "user_id" not in second
    assert first["request_id"] != second["request_id"]


@pytest.mark.django_db
def test_it_is_silent_about_probes(client: Client, lines: Lines) -> None:
    client.get("/health/live")
    assert not lines()


@pytest.mark.parametrize(
    ("presented", "taken"),
    [
        ("0192e4a0-7b1c-7000-8000-00000000abcd", True),
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("Noor Tremblay", False),
        ("4bf92f3577b34da6a3ce929d0e0e4736\nforged", False),
        ("", False),
        ("a" * 4000, False),
    ],
)
def test_it_takes_a_proxys_id_only_when_well_formed(presented: str, taken: bool) -> None:
    request = RequestFactory().get("/")
    request.META["HTTP_X_REQUEST_ID"] = presented
    found = request_id_of(request)
    assert (found == presented) is taken
    assert len(found) in {32, 36}


@pytest.mark.django_db
def test_it_logs_an_error_by_type_and_place_without_the_row_it_quotes(lines: Lines) -> None:
    log = structlog.get_logger("test")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT CAST(%s AS integer)", ["Noor Tremblay"])
    except DatabaseError:
        log.exception("failed", error="Noor Tremblay")
        logging.getLogger("celery.test").exception("failed too")
    ours, theirs = lines()
    for line in (ours, theirs):
        assert line["exception"][0]["type"] == "django.db.utils.DataError"
        assert line["exception"][1]["sqlstate"] == "22P02"
        assert any("test_logs.py" in place for place in line["exception"][0]["at"])
    assert "Tremblay" not in json.dumps(lines())


@pytest.mark.django_db
def test_it_says_in_which_organization_a_sweep_works(lines: Lines) -> None:
    cast = make_cast()
    log = structlog.get_logger("test")
    with cast.acting():
        log.info("inside", now=NOW.isoformat())
    log.info("outside")
    inside, outside = lines()
    assert inside["organization_id"] == str(cast.riverside.id)
    assert "organization_id" not in outside


@pytest.mark.parametrize(("program", "shape"), [("manage.py", "console"), ("granian", "json")])
def test_it_speaks_to_people_in_commands_and_to_programs_in_servers(
    program: str, shape: str
) -> None:
    speak = (
        f"import sys; sys.argv[0] = '/somewhere/{program}';"
        "import django; django.setup();"
        "import structlog; structlog.get_logger('x').info('hello', number=1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", speak], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    line = done.stderr.strip().splitlines()[-1]
    if shape == "json":
        assert json.loads(line)["event"] == "hello"
    else:
        assert "number=1" in line
