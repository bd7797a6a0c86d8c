"""Of a lane that is withheld, its history is withheld as well, and what a withheld person said."""

from typing import Any

import pytest

from care_plans import consuming, standing
from care_plans.disclosing import WITHHELD_WORDS
from care_plans.models import Lane, LaneDecision
from coordination.models import CareTeamMember
from tests import lockbox
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person
from tests.test_withheld_references import get

pytestmark = pytest.mark.feature("PV-02")

WORDS = "Fears that the tendon will tear."


@pytest.fixture
def scene(cast: Cast) -> lockbox.Scene:
    """Chloé does the massage lane, of which Asha has said why it is needed."""
    found = lockbox.stage(cast, hands_over=False)
    while consuming.consume_referral_steps(now=NOW):
        pass
    with cast.acting():
        lane = underway.lane(found.course, "massage_therapy")
        standing.decide_lane(
            lane.pk,
            version=lane.version,
            needed=True,
            reason=WORDS,
            actor=cast.asha.actor(),
            now=NOW,
        )
    return found


def told(who: Person, scene: lockbox.Scene) -> dict[str, list[dict[str, Any]]]:
    """Return what somebody reads of the massage lane, now and over time."""
    at = f"/courses/{scene.course.id}"
    shown = get(who, f"{at}/history")
    every = {"now": get(who, f"{at}/lanes"), "lanes": shown["lanes"], "owners": shown["owners"]}
    return {
        name: [row for row in rows if row["discipline"] == "massage_therapy"]
        for name, rows in every.items()
    }


@pytest.mark.parametrize("target", ["practitioner", "membership", "lane"])
def test_history_tells_nothing_of_a_lane_that_is_withheld(
    cast: Cast, scene: lockbox.Scene, target: str
) -> None:
    assert all(told(cast.ben, scene).values())
    with cast.acting():
        lane = underway.lane(scene.course, "massage_therapy")
        member = CareTeamMember.objects.get(practitioner_role=lane.practitioner_role, until=None)
    asked: dict[str, dict[str, Any]] = {
        "practitioner": {
            "target": "practitioner",
            "target_practitioner_id": cast.chloe.practitioner_role.practitioner_id,
        },
        "membership": {"target": "record", "target_id": member.pk},
        "lane": {"target": "record", "target_id": lane.pk},
    }
    scene.lock(**asked[target])
    assert told(cast.ben, scene) == {"now": [], "lanes": [], "owners": []}
    assert all(told(cast.asha, scene).values())


def test_what_somebody_withheld_said_of_a_lane_is_withheld(
    cast: Cast, scene: lockbox.Scene
) -> None:
    asha = cast.asha.practitioner_role

    def last(who: Person) -> tuple[Any, ...]:
        found = told(who, scene)
        [now], said = found["now"], found["lanes"][-1]
        return now["reason"], said["reason"], said["practitioner_role"], said["needed"]

    assert last(cast.ben) == (WORDS, WORDS, str(asha.pk), "needed")
    scene.lock(target="practitioner", target_practitioner_id=asha.practitioner_id)
    assert last(cast.ben) == (WITHHELD_WORDS, WITHHELD_WORDS, None, "needed")
    assert last(cast.asha) == (WORDS, WORDS, str(asha.pk), "needed")


@pytest.mark.parametrize("is_kept", [True, False])
def test_words_of_nobody_knows_whom_are_withheld_where_anything_is(
    cast: Cast, scene: lockbox.Scene, is_kept: bool
) -> None:
    """Decisions of before who decided was kept, and of before any was."""
    words = "Said before anybody kept who says so."
    with cast.acting():
        lane = underway.lane(scene.course, "massage_therapy")
        Lane.objects.filter(pk=lane.pk).update(reason=words, rests_on=None)
        if is_kept:
            LaneDecision.objects.create(
                organization_id=lane.organization_id,
                course_id=lane.course_id,
                lane=lane,
                stage="acute",
                needed=lane.needed,
                decided_by="person",
                reason=words,
                rests_on=None,
                effective_at=NOW,
                recorded_at=NOW,
            )

    def said(who: Person) -> set[str]:
        found = told(who, scene)
        return {row["reason"] for row in (*found["now"], *found["lanes"])}

    assert words in said(cast.ben)
    asha = cast.asha.practitioner_role
    scene.lock(target="practitioner", target_practitioner_id=asha.practitioner_id)
    assert words not in said(cast.ben)
    assert WITHHELD_WORDS in said(cast.ben)
    assert words in said(cast.asha)
