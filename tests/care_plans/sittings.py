"""Recording assessments over the API, as tests do it."""

from datetime import timedelta
from typing import Any

from care_plans.models import Assessment, Score
from coordination import care_team
from tests.cast import NOW, Cast, Person

URL = "/api/v1/assessments"
DAY = timedelta(days=1)


def nprs(value: Any = 3) -> dict[str, Any]:
    return {"measure": "nprs", "value": value}


def send(cast: Cast, *scores: Any, who: Person | None = None, **more: Any) -> Any:
    body = {"patient": str(cast.patient.id), "scores": list(scores), **more}
    headers = {"Idempotency-Key": body.pop("key")} if "key" in body else None
    return (who or cast.asha).client.post(URL, body, headers=headers)


def pointers(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.content
    return {error["pointer"] for error in answer.json()["errors"]}


def rows(cast: Cast) -> tuple[int, int]:
    with cast.acting():
        return Assessment.objects.count(), Score.objects.count()


def joined(cast: Cast, who: Person) -> Person:
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=who.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW - DAY,
        )
    return who
