"""A goal of a course as an R4 Goal, with the scores that its achievement rests on.

Pure mapping: the caller has fetched the rows through the circle of care, and gives no `evidence`
that is withheld from the reader.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from care_plans.models import Course, Goal, GoalAchievement

Resource = dict[str, Any]

ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
_DECIDED = {Goal.Status.ACHIEVED: "achieved", Goal.Status.NOT_ACHIEVED: "not-achieved"}


def goal(
    row: Goal, said: GoalAchievement | None = None, *, evidence: Iterable[UUID] = ()
) -> Resource:
    """Return a goal; what a person decided comes before what the scores say."""
    decided = _DECIDED.get(Goal.Status(row.status))
    code = decided or (said.code if said is not None else "in-progress")
    over = row.course.status == Course.Status.DISCHARGED
    resource: Resource = {
        "resourceType": "Goal",
        "id": str(row.id),
        "lifecycleStatus": "completed" if over or decided else "active",
        "achievementStatus": {"coding": [{"system": ACHIEVEMENT, "code": code}]},
        "description": {"text": row.text},
        "subject": {"reference": f"Patient/{row.course.patient_id}"},
    }
    if said is not None:
        resource["statusDate"] = said.since.date().isoformat()
    if rows := [{"reference": f"Observation/{score}"} for score in evidence]:
        resource["outcomeReference"] = rows
    return resource
