"""Plans and courses over the API."""

from typing import Any

from tests.care_plans import underway
from tests.cast import Cast


def open_plan(cast: Cast) -> Any:
    answer = cast.asha.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    assert answer.status_code == 201, answer.data
    return answer.data


def apply(cast: Cast, plan: Any, **given: Any) -> Any:
    with cast.acting():
        version = underway.version().id
    body = {
        "pathway_version": str(version),
        "severity": "mild",
        "side": "left",
        "answers": underway.CALM,
        **given,
    }
    return cast.asha.client.post(f"/api/v1/care-plans/{plan['id']}/courses", body)


def test_it_opens_applies_and_reads(cast: Cast) -> None:
    plan = open_plan(cast)
    course = apply(cast, plan)
    assert course.status_code == 201, course.data
    assert course.data["status"] == "intake"
    client = cast.asha.client
    for path in ("", "/transitions", "/readiness", "/lanes", "/activities", "/goals"):
        answer = client.get(f"/api/v1/courses/{course.data['id']}{path}")
        assert answer.status_code == 200, (path, answer.data)
    whole = client.get(f"/api/v1/care-plans/{plan['id']}")
    assert whole.status_code == 200
    assert client.get("/api/v1/courses").data["results"][0]["id"] == course.data["id"]
