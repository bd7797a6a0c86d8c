"""Provenance: whoever wrote a clinical record, software included, can be named."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from care_plans import consuming
from care_plans.models import Course, StageTransition
from coordination.models import AccessGrant, AuditEvent, Patient
from coordination.provenance import recorded_models
from coordination.version import VERSION
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.story import TOLD, Step, tell
from tests.story_safety import patient_of

URL = "/api/v1/provenance"
#: not clinical: who may see a patient, and what was sent to whom
NOT_CLINICAL = {"AccessGrant", "Message"}


@pytest.fixture
def now() -> Iterator[None]:
    with time_machine.travel(TOLD, tick=False):
        yield


def told(cast: Cast, target: Any) -> list[dict[str, Any]]:
    answer = cast.asha.client.get(URL, {"target": str(target)})
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()
    return found


def records(cast: Cast) -> dict[Any, str]:
    """Return every clinical record of the patient whom the story is about."""
    found: dict[Any, str] = {}
    with cast.acting():
        for model in recorded_models():
            labels: Any = model.labels  # type: ignore[attr-defined] # what is read has it
            if model.__name__ in NOT_CLINICAL:
                continue
            rows = model._default_manager.filter(**{labels.patient: cast.patient.pk})
            found |= dict.fromkeys(rows.values_list("pk", flat=True), model.__name__)
    return found


@pytest.mark.feature("AP-13")
def test_it_names_the_writer_of_every_clinical_record(cast: Cast, now: None) -> None:
    tell(cast, Step.send)
    consuming.consume_referral_steps(now=TOLD)
    consuming.check_standings(now=TOLD + timedelta(days=9))
    found = records(cast)
    people = {person.user.email for person in (*cast.everybody.values(), patient_of(cast))}
    assert len(set(found.values())) > 8
    kinds = set()
    for target, kind in found.items():
        entries = told(cast, target)
        assert entries, f"nobody wrote this {kind}"
        for entry in entries:
            agent = entry["agent"]
            assert agent["name"] in people or agent["version"] == VERSION, (kind, entry)
            assert entry["organization"] == str(cast.riverside.id)
            assert entry["patient"] == str(cast.patient.id)
            assert entry["request"]
            assert entry["recorded_at"]
            assert entry["effective_at"] <= entry["recorded_at"]
            kinds.add(agent["kind"])
            assert not {"read", "search"} & set(entry["activity"].split("."))
    assert kinds == {"person", "software"}


@pytest.mark.feature("AP-13")
def test_it_tells_when_something_held_from_when_it_was_written_down(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast)
        underway.screen(course, who=cast.asha)
    earlier = TOLD - timedelta(minutes=30)
    with time_machine.travel(TOLD, tick=False):
        answer = cast.asha.client.post(
            f"/api/v1/courses/{course.id}/start", {"effective_at": earlier.isoformat()}
        )
        assert answer.status_code == 200, answer.data
        body = {
            "patient": str(cast.patient.id),
            "scores": [{"measure": "nprs", "value": "3"}],
            "effective_at": earlier.isoformat(),
        }
        sitting = cast.asha.client.post("/api/v1/assessments", body).data["id"]
        (move,) = [row for row in told(cast, course.id) if row["activity"] == "course.start"]
        (entry,) = [row for row in told(cast, sitting) if row["target"] == str(sitting)]
    for one in (move, entry):
        assert one["effective_at"] == earlier.isoformat().replace("+00:00", "Z")
        assert one["recorded_at"] == TOLD.isoformat().replace("+00:00", "Z")
        assert one["agent"]["name"] == cast.asha.user.email


@pytest.mark.feature("AP-13")
def test_it_names_the_software_with_its_version(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        referral = underway.lane(course, "massage_therapy").referral_id
        underway.move(cast, course, "pause", now=NOW, reason="Travels.")
    with time_machine.travel(TOLD, tick=False):
        agents = [row["agent"] for row in told(cast, referral)]
    assert any(agent["kind"] == "software" and agent["version"] == VERSION for agent in agents)
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.*)"$', project, re.MULTILINE).group(1) == VERSION  # type: ignore[union-attr] # what is read has it


def test_it_tells_of_no_write_where_the_trail_has_none(cast: Cast) -> None:
    with cast.acting():
        quiet = Patient.objects.create(
            organization=cast.riverside, family_name="Quiet", search_key="quiet", registered_at=NOW
        )
        AccessGrant.objects.create(
            organization=cast.riverside,
            patient=quiet,
            practitioner_role=cast.asha.practitioner_role,
            basis="membership",
            source_id=quiet.id,
            since=NOW,
        )
    assert told(cast, quiet.id) == []
    with cast.acting():
        assert AuditEvent.objects.get(event="Provenance.read").patient_ids == [quiet.id]


def test_it_tells_nobody_without_a_reason(cast: Cast, now: None) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW)
        move = StageTransition.objects.filter(course=course)[0]
        assert Course.objects.exists()
        assert Patient.objects.exists()
    for target in (course.id, move.id, cast.patient.id):
        for name in ("gus", "olu"):
            answer = cast.everybody[name].client.get(URL, {"target": str(target)})
            assert answer.status_code == 404
        assert cast.sam.client.get(URL, {"target": str(target)}).status_code == 403
    assert cast.asha.client.get(URL).status_code == 400
    assert cast.asha.client.get(URL, {"target": "x"}).status_code == 400
