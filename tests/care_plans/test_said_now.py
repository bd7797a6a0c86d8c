"""What must be so now: answers from before a step back open nothing after it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from care_plans import activities, circumstances, facts
from care_plans.evaluation import Asked, evaluate
from care_plans.evidence import Outcome
from care_plans.models import Activity, Course
from tests.care_plans import imagined, underway
from tests.care_plans.doses import change
from tests.care_plans.drafts import definition_of, draft
from tests.cast import NOW, Cast

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAIN_FREE = "pain_free_loading"
JUNE, FLARE = NOW - 30 * DAY, NOW + 6 * HOUR

pytestmark = pytest.mark.feature("CP-17")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen after the flare-up."""
    with time_machine.travel(FLARE + HOUR, tick=False):
        yield


@pytest.fixture
def course(cast: Cast) -> Course:
    """In the subacute stage since a month ago."""
    with cast.acting():
        course = underway.start(cast, now=JUNE - 10 * DAY, side="right")
        return moved(cast, course, "advance", at=JUNE)


def moved(cast: Cast, course: Course, action: str, *, at: datetime) -> Course:
    asked: dict[str, Any] = {"reason": "flare-up"}
    if action == "advance":
        asked = {"override": True, "reason": "Ready."}
    return underway.move(cast, course, action, now=at, **asked)


def say(cast: Cast, course: Course, *, at: datetime, **answers: bool) -> None:
    actor = cast.asha.actor(at)
    circumstances.record_answers(course.id, answers=answers, actor=actor, now=at)


@pytest.mark.parametrize(
    ("days_ago", "regressed", "within", "outcome"),
    [
        (29, False, "stage", MET),
        (30.9, False, "stage", MET),  # in the visit that ended with the move
        (31.1, False, "stage", UNKNOWN),
        (31.1, False, "course", MET),
        (30, True, "stage", MET),
        (30.1, True, "stage", UNKNOWN),  # the same visit, and before the flare-up
        (30.1, True, "course", MET),
    ],
)
def test_an_answer_counts_for_the_course_or_for_the_stay_alone(
    days_ago: float, regressed: bool, within: str, outcome: Outcome
) -> None:
    """The stay began 30 days ago."""
    known = imagined.facts(
        answers=(imagined.said("sitting_aggravates", True, days_ago=days_ago),),
        # one that comes after the stay began another one, and says nothing of this
        regressed=(imagined.NOW - 30 * DAY, imagined.NOW - DAY) if regressed else (),
    )
    asked = imagined.criterion(reported="sitting_aggravates", within=within)
    found = evaluate(asked, imagined.hamstring(), known, imagined.NOW)
    assert found.outcome is outcome
    if outcome is UNKNOWN:
        assert found.sentence == "Nobody has answered in this stay: sitting aggravates."


def test_the_latest_answer_of_the_stay_is_asked_for() -> None:
    known = imagined.facts(
        answers=(
            imagined.said("sitting_aggravates", True, days_ago=40),
            imagined.said("sitting_aggravates", False, days_ago=2),
        )
    )
    asked = imagined.criterion(reported="sitting_aggravates", within="stage")
    assert evaluate(asked, imagined.hamstring(), known, imagined.NOW).outcome is NOT_MET


def test_an_answer_from_before_a_flare_up_plans_nothing_once_the_stage_is_entered_again(
    cast: Cast, course: Course, tmp_path: Path
) -> None:
    plain = f"when: {{reported: {PAIN_FREE}}}"
    now_only = f"when: {{reported: {PAIN_FREE}, within: stage}}"
    definition = definition_of(draft(tmp_path, (plain, now_only)))

    def waiting(at: datetime) -> set[str]:
        known = facts.gather([course], now=at)[course.id]
        found = activities.waiting(Asked(definition, known, at), "subacute", {"physiotherapy"})
        return {key for _, key in found}

    with cast.acting():
        say(cast, course, at=NOW, **{PAIN_FREE: True})
        assert "subacute-functional" in waiting(NOW)
        moved(cast, course, "regress", at=FLARE)
        moved(cast, course, "advance", at=FLARE + HOUR)
        assert "subacute-functional" not in waiting(FLARE + HOUR)
        say(cast, course, at=FLARE + 2 * HOUR, **{PAIN_FREE: True})
        assert "subacute-functional" in waiting(FLARE + 2 * HOUR)


def test_an_answer_of_the_same_day_opens_no_gate_after_a_flare_up(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        say(cast, course, at=NOW, **{PAIN_FREE: True})
        moved(cast, course, "regress", at=FLARE)
        underway.screen(course, now=FLARE, who=cast.asha)
        activity = Activity.objects.get(course=course, is_loading=True, sequence=3)
    assert change(cast, activity, to_level="eccentric").status_code == 200
    held = change(cast, activity, to_level="functional")
    assert held.json()["finding"]["outcome"] == "unknown"
