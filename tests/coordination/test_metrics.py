"""What Prometheus reads, and who may read it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from coordination.environment import PROJECT
from coordination.shared_counts import SHARED_FOLDER, share_counts

PATIENT = "0192e4a0-0000-7000-8000-000000000001"


@pytest.mark.django_db
def test_it_counts_requests_by_route_and_never_by_id(client: Client) -> None:
    client.get(f"/api/v1/patients/{PATIENT}")
    text = client.get("/metrics").content.decode()
    line = 'continuum_requests_total{method="GET",route="patient-detail",status="401"}'
    assert line in text
    assert (
        'continuum_request_seconds_bucket{le="0.005",method="GET",route="patient-detail"}' in text
    )
    assert PATIENT not in text


@pytest.mark.django_db
def test_it_folds_whatever_a_stranger_makes_up_into_one_count(client: Client) -> None:
    for number in range(3):
        client.generic("BREW", f"/made-up-{number}")
    text = client.get("/metrics").content.decode()
    assert "made-up" not in text
    assert "BREW" not in text
    assert 'method="OTHER",route="unknown",status="404"' in text


@pytest.mark.django_db
def test_it_says_which_part_is_up(client: Client) -> None:
    text = client.get("/metrics").content.decode()
    assert 'continuum_part_up{part="database"} 1.0' in text
    assert "continuum_broker_tasks" in text


@pytest.mark.django_db
def test_it_does_not_exist_for_strangers(client: Client) -> None:
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", **elsewhere).status_code == 404  # type: ignore[arg-type] # headers by name
    through_a_proxy = client.get("/metrics", headers={"x-forwarded-for": "192.0.2.7"})
    assert through_a_proxy.status_code == 404


@pytest.mark.django_db
def test_it_wants_the_token_where_there_is_one(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "a-token-for-scrapes"
    assert client.get("/metrics").status_code == 404
    wrong = client.get("/metrics", headers={"authorization": "Bearer a-token"})
    assert wrong.status_code == 404
    right = client.get("/metrics", headers={"authorization": "Bearer a-token-for-scrapes"})
    assert right.status_code == 200


def test_it_adds_up_the_web_processes_of_one_server(tmp_path: Path) -> None:
    (tmp_path / "4194301").mkdir()  # no process has had this number
    count = (
        "from pathlib import Path; from coordination.shared_counts import share_counts;"
        f"share_counts(Path({str(tmp_path)!r}));"
        "from coordination.metrics import REQUESTS;"
        "REQUESTS.labels('GET', 'front', '200').inc()"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "coordination.settings"}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], cwd=PROJECT, env=environment, check=True)
    ours = tmp_path / str(os.getpid())
    assert [folder.name for folder in tmp_path.iterdir()] == [ours.name]
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(ours))
    total = b'continuum_requests_total{method="GET",route="front",status="200"} 2.0'
    assert total in generate_latest(registry)


def test_it_counts_in_the_temporary_folder_where_the_project_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # set first, so that what the call sets is undone
    monkeypatch.setenv(SHARED_FOLDER, "")
    monkeypatch.setattr("coordination.shared_counts.gettempdir", lambda: str(tmp_path))
    blocked = tmp_path / "file"
    blocked.touch()
    share_counts(blocked / "metrics")
    expected = tmp_path / f"continuum-metrics-{os.getuid()}" / str(os.getppid())
    assert os.environ[SHARED_FOLDER] == str(expected)
    assert expected.is_dir()
