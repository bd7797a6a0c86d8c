"""Goals in FHIR R4: achievement in its codes, and the scores it rests on."""

import pytest

from care_plans import standing
from care_plans.models import Goal, GoalAchievement
from fhir.goals import goal
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.fhir.r4 import checked

pytestmark = pytest.mark.feature("OM-08")


def test_it_carries_achievement_and_evidence(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW)
        row = Goal.objects.select_related("course").get(course=course, key="reduce-pain")
        bare = checked(goal(row))
        assert bare["lifecycleStatus"] == "active"
        assert bare["achievementStatus"]["coding"][0]["code"] == "in-progress"
        [score] = underway.score(course, {"nprs": "2"}, now=NOW, who=cast.asha)
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
        said = GoalAchievement.objects.get(goal=row)
        told = checked(goal(row, said, evidence=said.rests_on))
        assert told["achievementStatus"]["coding"][0] == {
            "system": "http://terminology.hl7.org/CodeSystem/goal-achievement",
            "code": "achieved",
        }
        assert told["outcomeReference"] == [{"reference": f"Observation/{score.pk}"}]
        assert told["lifecycleStatus"] == "active", "nobody has decided"
        row.status = Goal.Status.NOT_ACHIEVED
        given_up = checked(goal(row, said))
        assert given_up["achievementStatus"]["coding"][0]["code"] == "not-achieved"
        assert given_up["lifecycleStatus"] == "completed"
