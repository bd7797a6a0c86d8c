"""Writing down what a patient decides: directives, refusals, and who may see that there is one."""

from typing import Any

import pytest

from coordination.models import Consent, Directive
from tests import lockbox
from tests.cast import Cast
from tests.test_lockbox import MASSAGE, scene

pytestmark = pytest.mark.django_db
__all__ = ["scene"]  # a fixture


@pytest.mark.feature("PV-03")
def test_it_takes_the_patients_word_from_staff_and_shows_it_to_oversight_alone(
    scene: lockbox.Scene,
) -> None:
    cast = scene.cast
    body = {
        "patient": str(cast.patient.id),
        "target": "discipline",
        "target_discipline": MASSAGE,
        "audience": "discipline",
        "audience_discipline": "chiropractic",
        "given_by": "patient",
        "means": "written",
        "evidence": "form 12",
    }
    made = cast.chloe.client.post("/api/v1/directives", body)
    assert made.status_code == 201, made.data
    for who in (cast.asha, cast.ben, cast.chloe, cast.sam, cast.ada):
        assert who.client.get("/api/v1/directives").status_code == 403
        consents = who.client.get("/api/v1/consents")
        rows = [] if consents.status_code == 403 else consents.data["results"]
        assert "lockbox" not in {row["category"] for row in rows}
    seen = cast.pia.client.get("/api/v1/directives").data["results"]
    assert [row["id"] for row in seen] == [made.data["id"]]
    for who in (cast.gus, cast.olu, cast.ada):
        assert who.client.post("/api/v1/directives", body).status_code in {403, 404}
    with cast.acting():
        assert Directive.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"target": "discipline", "target_discipline": ""}, "/target_discipline"),
        ({"target": "everything", "target_discipline": MASSAGE}, "/target_discipline"),
        ({"target": "record", "target_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12}, "/target_id"),
        ({"target": "condition"}, "/target_id"),
        ({"audience": "practitioner"}, "/audience_practitioner"),
        ({"effective_at": "2999-01-01T00:00:00Z"}, "/effective_at"),
    ],
)
def test_it_refuses_a_directive_that_says_nothing(
    scene: lockbox.Scene, wrong: dict[str, Any], pointer: str
) -> None:
    body = {
        "patient": str(scene.cast.patient.id),
        "target": "everything",
        "audience": "everyone",
        "given_by": "patient",
        "means": "spoken",
        **wrong,
    }
    answer = scene.cast.sam.client.post("/api/v1/directives", body)
    assert answer.status_code == 400, answer.data
    assert pointer in [error["pointer"] for error in answer.data["errors"]]
    with scene.cast.acting():
        assert not Directive.objects.exists()
        assert not Consent.objects.filter(category="lockbox").exists()


@pytest.mark.feature("PV-01")
def test_it_keeps_a_refusal_as_a_version_of_its_agreement(cast: Cast) -> None:
    def decide(status: int = 201, **given: Any) -> Any:
        answer = cast.asha.client.post(
            "/api/v1/consents",
            {
                "patient": str(cast.patient.id),
                "category": "treatment",
                "given_by": "patient",
                "means": "spoken",
                **given,
            },
        )
        assert answer.status_code == status, answer.data
        return answer.data

    refused = decide(decision="refuse", about="dry needling")
    agreement = refused["agreement"]
    decide(409, decision="withdraw", agreement=agreement)
    permitted = decide(decision="permit", agreement=agreement)
    decide(decision="withdraw", agreement=agreement)
    decide(404, decision="permit", agreement=str(cast.patient.id))
    decide(400, decision="permit", agreement=agreement, category="sharing")
    decide(400, decision="refuse", category="lockbox")
    rows = cast.asha.client.get(f"/api/v1/consents?agreement={agreement}").data["results"]
    said = sorted((row["version"], row["decision"], row["about"]) for row in rows)
    assert said == [
        (1, "refuse", "dry needling"),
        (2, "permit", "dry needling"),
        (3, "withdraw", "dry needling"),
    ]
    assert permitted["version"] == 2
    for who in (cast.gus, cast.olu):
        assert who.client.get("/api/v1/consents").data["results"] == []
