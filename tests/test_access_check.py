"""The bench on which rules are tried out says what the addresses themselves would answer."""

from typing import Any

import pytest

from coordination.models import AuditEvent, ScopeNarrowing
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person
from tests.lockbox import stage
from tests.test_openapi import NOBODY

pytestmark = pytest.mark.django_db

URL = "/api/v1/access-check"


def told(who: Person, about: Person, action: str, **more: Any) -> Any:
    asked = {"user": str(about.user.id), "action": action, **more}
    answer = who.client.get(URL, asked)
    assert answer.status_code == 200, answer.content
    return answer.data


def refusing(found: Any) -> list[str]:
    return [step["rule"] for step in found["steps"] if step["passes"] == "no"]


@pytest.mark.feature("AD-02")
def test_it_says_which_role_and_scope_would_refuse(cast: Cast) -> None:
    ada = cast.ada
    assert told(ada, cast.asha, "care-plan.create")["passes"] == "yes"
    refused = told(ada, cast.sam, "care-plan.create")
    assert (refused["passes"], refusing(refused)[0]) == ("no", "role.care-plan.create")
    asked = cast.sam.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    assert asked.data["rule"] == refusing(refused)[0]
    assert refusing(told(ada, cast.chloe, "care-plan.apply")) == ["scope.course.apply"]
    assert told(ada, cast.asha, "course.discharge")["passes"] == "depends"
    with cast.acting():
        ScopeNarrowing.objects.create(
            organization=cast.riverside,
            entry="plan.open",
            discipline="physiotherapy",
            reason="x",
            actor="x",
            since=NOW,
        )
    narrowed = told(ada, cast.asha, "care-plan.create")
    assert refusing(narrowed) == ["scope.plan.open"]
    asked = cast.asha.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    assert asked.data["rule"] == "scope.plan.open"


@pytest.mark.feature("AD-02")
def test_it_says_which_fence_keeps_somebody_from_a_patient(cast: Cast) -> None:
    patient = str(cast.patient.id)
    with cast.acting():
        course = underway.start(cast)
    for who, reads in ((cast.gus, 404), (cast.asha, 200)):
        assert who.client.get(f"/api/v1/courses/{course.id}").status_code == reads
    assert refusing(told(cast.pia, cast.gus, "course.retrieve", patient=patient)) == ["reach"]
    assert told(cast.pia, cast.asha, "course.retrieve", patient=patient)["passes"] == "yes"
    assert told(cast.pia, cast.asha, "course.discharge", patient=patient)["passes"] == "yes"
    edited = told(cast.pia, cast.gus, "course.partial_update", patient=patient)
    assert refusing(edited) == ["scope.course.edit", "reach"]


@pytest.mark.feature("AD-02")
def test_it_says_that_it_depends_on_a_directive_without_saying_what_is_locked(cast: Cast) -> None:
    with cast.acting():
        scene = stage(cast)
        scene.lock(target="discipline", target_discipline="massage_therapy")
    found = told(cast.pia, cast.ben, "lane.retrieve", patient=str(cast.patient.id))
    assert found["passes"] == "depends"
    consent = found["steps"][-1]
    assert (consent["fence"], consent["rule"]) == ("consent", "reach")
    assert "massage" not in str(found)
    need = {"reason_code": "risk_of_harm", "reason": "Collapsed.", "opens_withheld": True}
    body = {"patient": str(cast.patient.id), **need}
    assert cast.ben.client.post("/api/v1/overrides", body).status_code == 201
    opened = told(cast.pia, cast.ben, "lane.retrieve", patient=str(cast.patient.id))["steps"][-1]
    assert (opened["fence"], opened["passes"]) == ("consent", "yes")
    assert "by an override, until" in opened["says"]


def test_it_is_kept_from_who_keeps_no_rules_and_of_who_is_not_here(cast: Cast) -> None:
    asked = {"user": str(cast.asha.user.id), "action": "course.retrieve"}
    for who in (cast.asha, cast.sam):
        assert who.client.get(URL, asked).data["rule"] == "role.access-check.list"
    for stranger in (str(cast.olu.user.id), NOBODY):
        assert cast.ada.client.get(URL, asked | {"user": stranger}).status_code == 404
    patient = {"patient": str(cast.patient.id)}
    assert cast.ada.client.get(URL, asked | patient).status_code == 404
    assert cast.pia.client.get(URL, asked | {"patient": str(cast.stranger.id)}).status_code == 404
    wrong = cast.pia.client.get(URL, {"user": "x", "action": "course.fly"})
    assert {error["pointer"] for error in wrong.data["errors"]} == {"/user", "/action"}


def test_it_records_that_it_was_asked(cast: Cast) -> None:
    told(cast.pia, cast.gus, "course.retrieve", patient=str(cast.patient.id))
    with cast.acting():
        row = AuditEvent.objects.get(event="access.checked")
    assert (row.patient_ids, row.user_id) == ([cast.patient.id], cast.pia.user.id)
    assert row.detail == {"user": str(cast.gus.user.id), "action": "course.retrieve"}
