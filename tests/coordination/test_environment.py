"""What the environment may say, and that a wrong value stops the start."""

import os
import re
import subprocess
import sys
from secrets import token_hex, token_urlsafe

import pytest
from pydantic import ValidationError

from coordination.environment import PROJECT, Environment
from coordination.servers.processes import free_port
from coordination.strength import SHORTEST_SECRET, weakness

STRONG = token_hex(32)
PRODUCTION = {
    "PUBLIC_URL": "https://clinic.example",
    "ALLOWED_HOSTS": "clinic.example",
    "SECRET_KEY": STRONG,
    "DATABASE_URL": f"postgresql://continuum_app:{STRONG}@db.example/continuum",
    "DATABASE_OWNER_URL": f"postgresql://continuum_owner:{STRONG}@db.example/continuum",
    "REDIS_URL": f"redis://:{STRONG}@redis.example:6379/0",
}


def production(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in (PRODUCTION | changes).items():
        monkeypatch.setenv(name, value)


def test_it_reads_host_names_with_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    production(monkeypatch, ALLOWED_HOSTS="clinic.example, www.clinic.example,")
    assert Environment().allowed_hosts == ("clinic.example", "www.clinic.example")


@pytest.mark.parametrize(("name", "value"), [("DEBUG", "perhaps"), ("LOG_FORMAT", "xml")])
def test_it_refuses_a_wrong_value_and_does_not_repeat_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        Environment()
    assert name.lower() in str(refused.value)
    assert value not in str(refused.value)


def test_it_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = token_hex(32)
    monkeypatch.setenv("SECRET_KEY", secret)
    monkeypatch.setenv("METRICS_TOKEN", secret)
    assert secret not in repr(Environment())


def test_it_loads_settings_without_any_server() -> None:
    bare = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env=bare,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["verify_audit", "review_retention"])
def test_it_says_in_one_sentence_that_no_database_answers(command: str) -> None:
    nowhere = f"postgresql://continuum_app@127.0.0.1:{free_port()}/continuum"
    done = subprocess.run(
        [sys.executable, "manage.py", command, *(["x"] if command == "review_retention" else [])],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    sentence, advice = done.stderr.strip().splitlines()
    assert re.fullmatch(r"The database does not answer: .*Connection refused.*", sentence)
    assert advice.startswith("Start `uv run manage.py demo`")


def test_it_explains_every_setting_to_operators() -> None:
    guide = (PROJECT / "docs" / "operation.md").read_text()
    assert [name for name in Environment.model_fields if f"| `{name.upper()}` |" not in guide] == []


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_TOKEN"])
@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "a" * 64,
        "abcdefgh" * 8,
        "django-insecure-" + STRONG,
        "please-change-me-before-you-go-live-0123456789-abcdefghij",
        "01" * 16 + "10" * 16,
    ],
    ids=["short", "one", "period", "django", "placeholder", "binary"],
)
def test_it_refuses_a_secret_that_could_be_guessed(
    monkeypatch: pytest.MonkeyPatch, name: str, weak: str
) -> None:
    monkeypatch.setenv(name, weak)
    with pytest.raises(ValidationError) as refused:
        Environment()
    assert name.lower() in str(refused.value)
    assert "openssl rand -hex 32" in str(refused.value)
    assert weak not in str(refused.value)


def test_it_takes_what_a_generator_makes() -> None:
    made = [make(32) for _ in range(500) for make in (token_hex, token_urlsafe)]
    assert [secret for secret in made if weakness(secret, shortest=SHORTEST_SECRET)] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DEBUG": "1"}, "DEBUG"),
        ({"PUBLIC_URL": "http://clinic.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, "PUBLIC_URL"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"HSTS_PRELOAD": "true"}, "HSTS_PRELOAD"),
        ({"SECRET_KEY": token_hex(17)}, "SECRET_KEY"),
        ({"DATABASE_URL": "postgresql://continuum_app@db.example/continuum"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://continuum_app:clinic@db.example/c"}, "DATABASE_URL"),
        ({"DATABASE_OWNER_URL": "postgresql://o:aaaaaaaaaaaaaaaaaaaa@db/c"}, "DATABASE_OWNER_URL"),
        ({"REDIS_URL": "redis://redis.example:6379/0"}, "REDIS_URL"),
    ],
)
def test_it_refuses_to_serve_others_unsafely(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    production(monkeypatch, **changes)
    with pytest.raises(ValidationError) as refused:
        Environment()
    assert said in str(refused.value)
    assert STRONG not in str(refused.value)


def test_it_needs_no_password_where_a_certificate_or_a_socket_proves_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    production(
        monkeypatch,
        DATABASE_URL="postgresql://continuum_app@db.example/c?sslcert=/run/app.pem",
        DATABASE_OWNER_URL="postgresql:///continuum",
    )
    assert Environment().is_production


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ({}, "max-age=63072000"),
        ({"HSTS_SUBDOMAINS": "true"}, "max-age=63072000; includeSubDomains"),
        (
            {"HSTS_SUBDOMAINS": "true", "HSTS_PRELOAD": "true"},
            "max-age=63072000; includeSubDomains; preload",
        ),
    ],
)
def test_it_speaks_of_other_sites_only_where_the_operator_says_so(
    said: dict[str, str], sent: str
) -> None:
    asking = (
        "import django; django.setup()\n"
        "from django.http import HttpResponse\n"
        "from django.middleware.security import SecurityMiddleware\n"
        "from django.test import RequestFactory\n"
        "request = RequestFactory().get('/', secure=True, headers={'X-Forwarded-Proto': 'https'})\n"
        "answer = SecurityMiddleware(lambda request: HttpResponse())(request)\n"
        "print(answer.headers['Strict-Transport-Security'])"
    )
    done = in_production([sys.executable, "-c", asking], **said)
    assert done.stdout.strip() == sent, done.stderr


def test_it_finds_nothing_to_warn_of_in_production() -> None:
    done = in_production([sys.executable, "manage.py", "check", "--deploy", "--fail-level=WARNING"])
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def in_production(command: list[str], **said: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with the settings of production and with nothing else around it."""
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    kept |= {"DJANGO_SETTINGS_MODULE": "coordination.settings"}
    return subprocess.run(
        command,
        cwd=PROJECT,
        env=kept | PRODUCTION | said,
        capture_output=True,
        text=True,
        check=False,
    )
