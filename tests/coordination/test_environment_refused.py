"""It says in sentences what is wrong with the environment, and starts nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coordination.environment import PROJECT, Environment, read_environment
from coordination.servers.processes import free_port

HUSH = "hushhushhush"
POSTGRESQL = "it must look like postgresql://user:password@host:5432/database."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", HUSH, "it does not begin with postgresql://"),
        ("DATABASE_URL", f"mysql://u:{HUSH}@h/d", "it does not begin with postgresql://"),
        ("DATABASE_URL", f"postgresql:u:{HUSH}@h/d", "it does not begin with postgresql://"),
        ("DATABASE_URL", f"postgresql://u:{HUSH}@h:x/d", "its port is not a number"),
        ("DATABASE_URL", f"postgresql://u:{HUSH}@h:65536/d", "its port is not a number"),
        ("EMAIL_URL", f"smtp://u:{HUSH}@h:0", "its port is not a number from 1 to 65535"),
        ("DATABASE_URL", f"postgresql://u:{HUSH}/{HUSH}@h:5432/d", "its port is not a number"),
        ("DATABASE_URL", f"postgresql://u:{HUSH}@[h/d", "its host cannot be read"),
        ("DATABASE_URL", f"postgresql://u:{HUSH}@h/", "it names no database"),
        ("DATABASE_URL", f"postgresql://u:{HUSH}@h/d\n", "it holds a blank or the end of a line"),
        ("DATABASE_OWNER_URL", HUSH, POSTGRESQL),
        ("DATABASE_ADMIN_URL", HUSH, POSTGRESQL),
        ("REDIS_URL", HUSH, "it must look like redis://:password@host:6379/0"),
        ("REDIS_URL", f"redis://:{HUSH}@h/sessions", "its database is not a number"),
        ("REDIS_URL", "redis://", "it names no host"),
        ("EMAIL_URL", HUSH, "it must look like smtp://user:password@host:587"),
        ("EMAIL_URL", f"smtp://u:{HUSH}@", "it names no host"),
        ("EMAIL_URL", f"smtp://u:{HUSH}@h:587/?tls=1", "it goes on after the host and the port"),
        ("EMAIL_FROM", HUSH, "it must look like Clinic <no-reply@clinic.example>."),
        ("EMAIL_FROM", f"Clinic <{HUSH}@>", "it is not one mail address"),
        ("EMAIL_FROM", f"a@{HUSH}.example, b@{HUSH}.example", "it is not one mail address"),
        ("EMAIL_FROM", f"a@{HUSH}.example\nBcc: b@b.example", "it is not one mail address"),
        ("PUBLIC_URL", HUSH, "it must look like https://clinic.example."),
        ("PUBLIC_URL", "https://", "it names no host"),
        ("MAIL_CATCHER_URL", f"javascript:{HUSH}", "it does not begin with https://"),
        ("ALLOWED_HOSTS", f"https://{HUSH}", "give names without scheme and port"),
        ("ALLOWED_HOSTS", f"{HUSH}:443", "give names without scheme and port"),
        ("ALLOWED_HOSTS", "", "it names no host"),
        ("SECRET_KEY", "hush", "(`openssl rand -hex 32` makes a good one)."),
        ("DEBUG", HUSH, "it must be true or false."),
        ("LOG_FORMAT", HUSH, "it must be json or console."),
        ("OVERRIDE_MINUTES", HUSH, "it must be a whole number from 1 to 1440."),
        ("HAND_OFF_HOURS", "0", "it must be a whole number from 1 to 2160."),
        ("RATE_LIMIT", "-1", "it must be a whole number from 0 on."),
        ("AUDIT_HEADS_FILE", str(PROJECT), "it is a folder; name a file."),
        ("PROMETHEUS_MULTIPROC_DIR", f"/{HUSH}", "it is no folder"),
    ],
)
def test_it_names_the_setting_and_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read_environment()
    _, sentence = str(ended.value).splitlines()
    assert sentence.startswith(f"{name}: ")
    assert said in sentence
    assert HUSH not in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://u:p%2Fq@db.example:5432/continuum?sslmode=require"),
        ("DATABASE_URL", "postgresql:///continuum"),
        ("DATABASE_OWNER_URL", "postgresql://%2Fvar%2Frun%2Fpostgresql/continuum"),
        ("DATABASE_ADMIN_URL", "postgresql://postgres@[::1]:5432"),
        ("REDIS_URL", "rediss://:p@redis.example"),
        ("EMAIL_URL", "smtps://user%40clinic.example:p@mail.example:465"),
        ("EMAIL_FROM", "no-reply@localhost"),
        ("EMAIL_FROM", '"Clinic, Montréal" <no-reply@clinic.example>'),
        ("ALLOWED_HOSTS", "localhost,testserver,[::1],::1,127.0.0.1"),
        ("PUBLIC_URL", "http://127.0.0.1:8000/"),
    ],
)
def test_it_takes_what_can_be_used(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert str(getattr(read_environment(), name.lower()))


def test_it_names_every_setting_of_its_own_that_is_no_text() -> None:
    shapes = Environment.model_json_schema()["properties"].values()
    kinds = {shape["type"] for shape in shapes}
    assert kinds == {"string", "boolean", "integer", "array"}


@pytest.mark.parametrize(
    "program",
    [
        "python manage.py help",
        "python manage.py demo",
        "python manage.py prepare_database",
        "celery -A coordination worker",
        "celery -A coordination beat",
        "granian coordination.wsgi:application --interface=wsgi --port={port} --workers=1",
    ],
)
def test_no_process_starts_and_all_that_is_wrong_is_said_at_once(program: str) -> None:
    wrong = {"DATABASE_URL": f"mysql://u:{HUSH}@h/d", "REDIS_URL": HUSH, "EMAIL_FROM": HUSH}
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    name, *arguments = program.format(port=free_port()).split()
    done = subprocess.run(
        [str(Path(sys.executable).parent / name), *arguments],
        cwd=PROJECT,
        env=kept | wrong,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert said[0] == "Continuum cannot start with this environment."
    assert [line.partition(":")[0] for line in said[1:]] == list(wrong)
    assert HUSH not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
