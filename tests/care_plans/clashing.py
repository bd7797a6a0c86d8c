"""Two courses of one patient whose activities do not go together, and what is decided of them."""

from typing import Any

from care_plans.models import Course, PathwayVersion
from tests.care_plans import underway
from tests.cast import Cast, Person


def both(cast: Cast) -> tuple[Course, Course]:
    """Start hamstring and gluteal tendinopathy on the left side of one patient."""
    with cast.acting():
        gluteal = PathwayVersion.objects.newest("gluteal-tendinopathy")
        courses = (
            underway.start(cast),
            underway.start(cast, pathway_version_id=gluteal.id, answers={}),
        )
        assert courses[0].care_plan_id == courses[1].care_plan_id
        return courses


def listed(cast: Cast, course: Course, who: Person | None = None) -> list[Any]:
    at = f"/api/v1/care-plans/{course.care_plan_id}/conflicts"
    answered = (who or cast.asha).client.get(at)
    assert answered.status_code == 200, answered.content
    rows: list[Any] = answered.json()
    return rows


def decide(cast: Cast, course: Course, conflict: str, decision: str, **more: Any) -> Any:
    body = {"conflict": conflict, "decision": decision, "reason": "Discussed.", **more}
    who: Person = body.pop("who", cast.asha)
    return who.client.post(f"/api/v1/care-plans/{course.care_plan_id}/decide-conflict", body)
