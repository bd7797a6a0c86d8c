"""What the environment may say, and that a wrong value stops the start."""

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from coordination.environment import PROJECT, Environment


def test_it_reads_host_names_with_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "clinic.example, www.clinic.example,")
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
    monkeypatch.setenv("SECRET_KEY", "never-to-be-printed")
    monkeypatch.setenv("METRICS_TOKEN", "never-either")
    assert "never" not in repr(Environment())


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


def test_it_explains_every_setting_to_operators() -> None:
    guide = (PROJECT / "docs" / "operation.md").read_text()
    assert [name for name in Environment.model_fields if f"| `{name.upper()}` |" not in guide] == []
