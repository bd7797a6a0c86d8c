"""Flags, lanes, answers, severity and time asked about, and several questions joined in a tree."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from care_plans.content.sourced import Duration
from care_plans.evaluation import evaluate, may_load
from care_plans.evidence import Evidence, Facts, Finding, Outcome
from tests.care_plans.imagined import (
    NOW,
    STAGE_BEGAN,
    criterion,
    facts,
    hamstring,
    lane,
    said,
    score,
    screen,
)

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


def asked(known: Facts, **question: Any) -> Finding:
    return evaluate(criterion(**question), hamstring(), known, NOW)


def ids(finding: Finding) -> set[UUID]:
    return {row.id for row in finding.evidence}


# Red flags


def test_it_is_unknown_until_every_blocking_flag_was_asked_about() -> None:
    assert asked(facts(), no_open="red_flag").outcome is UNKNOWN
    full = screen()
    found = asked(facts(screens=(full,)), no_open="red_flag")
    assert found.outcome is MET
    assert found.evidence == (Evidence("screen", full.id),)
    partly = asked(facts(screens=(screen({"popping-sound": "unknown"}),)), no_open="red_flag")
    assert partly.outcome is UNKNOWN


def test_it_joins_screens_that_each_asked_a_part() -> None:
    whole = screen()
    half = dict(list(whole.answers.items())[:5])
    rest = dict(list(whole.answers.items())[5:])
    two = tuple(type(whole)(uuid4(), answers, whole.effective_at, NOW) for answers in (half, rest))
    assert asked(facts(screens=two), no_open="red_flag").outcome is MET
    assert asked(facts(screens=two[:1]), no_open="red_flag").outcome is UNKNOWN


def test_it_wants_a_screen_of_the_current_stay() -> None:
    assert asked(facts(screens=(screen(days_ago=40),)), no_open="red_flag").outcome is UNKNOWN
    same_visit = facts(screens=(screen(days_ago=30.5),))
    assert asked(same_visit, no_open="red_flag").outcome is MET


def test_it_keeps_a_flag_open_whatever_a_later_screen_says() -> None:
    then, later = screen({"popping-sound": "present"}, days_ago=50), screen()
    found = asked(facts(screens=(later, then)), no_open="red_flag")
    assert found.outcome is NOT_MET
    assert found.evidence == (Evidence("screen", then.id),)
    assert "popping-sound" in found.sentence


def test_it_takes_a_later_unknown_for_not_knowing_any_more() -> None:
    known = facts(screens=(screen(days_ago=9), screen({"popping-sound": "unknown"})))
    assert asked(known, no_open="red_flag").outcome is UNKNOWN


def test_it_lets_a_hard_stop_on_another_course_stop_this_one() -> None:
    elsewhere = uuid4()
    known = facts(screens=(screen(),), stopped_by=(elsewhere,))
    assert asked(known, no_open="red_flag").outcome is NOT_MET
    assert may_load(hamstring(), known, NOW).outcome is NOT_MET


def test_it_counts_an_open_flag_that_the_pathway_does_not_know() -> None:
    known = facts(screens=(screen({"from-another-version": "present"}),))
    assert asked(known, no_open="red_flag").outcome is NOT_MET


# Lanes, answers, severity, time


@pytest.mark.parametrize(
    ("ready", "needed", "outcome"),
    [
        (True, True, MET),
        (False, True, NOT_MET),
        (None, True, UNKNOWN),
        (None, False, MET),
        (True, None, UNKNOWN),
    ],
)
def test_it_asks_a_lane_for_its_sign_off(
    ready: bool | None, needed: bool | None, outcome: Outcome
) -> None:
    known = facts(lanes={"physiotherapy": lane(ready, needed=needed), "nutrition": lane(True)})
    assert asked(known, sign_off="physiotherapy").outcome is outcome
    assert asked(known, sign_off="all_needed_lanes").outcome is outcome


def test_it_names_the_one_lane_that_holds_the_others_up() -> None:
    known = facts(
        lanes={"physiotherapy": lane(True), "nutrition": lane(None), "kinesiology": lane(True)}
    )
    found = asked(known, sign_off="all_needed_lanes")
    assert found.outcome is UNKNOWN
    assert found.sentence == "The nutrition lane has not said whether it is ready."


def test_it_is_unknown_when_no_lane_is_known() -> None:
    assert asked(facts(), sign_off="all_needed_lanes").outcome is UNKNOWN
    assert asked(facts(), sign_off="nutrition").outcome is UNKNOWN


def test_it_asks_whether_a_lane_is_needed() -> None:
    known = facts(lanes={"psychotherapy": lane(None, needed=False)})
    assert asked(known, lane="psychotherapy", needed=False).outcome is MET
    assert asked(known, lane="psychotherapy").outcome is NOT_MET
    assert asked(facts(), lane="psychotherapy", needed=False).outcome is MET


def test_it_asks_for_the_latest_answer() -> None:
    earlier = said("sitting_aggravates", True, days_ago=100)
    later = said("sitting_aggravates", False)
    assert asked(facts(answers=(earlier,)), reported="sitting_aggravates").outcome is MET
    assert asked(facts(answers=(later, earlier)), reported="sitting_aggravates").outcome is NOT_MET
    assert asked(facts(), reported="sitting_aggravates").outcome is UNKNOWN


def test_it_asks_for_the_severity() -> None:
    assert asked(facts(), severity="moderate").outcome is MET
    assert asked(facts(), severity="mild").outcome is NOT_MET


def test_it_counts_days_since_the_beginning() -> None:
    thirty = {"value": 30, "unit": "days"}
    assert asked(facts(), elapsed_since="stage_start", at_least=thirty).outcome is MET
    sixty_one = {"value": 61, "unit": "days"}
    assert asked(facts(), elapsed_since="course_start", at_least=sixty_one).outcome is NOT_MET
    during_intake = asked(facts(stay=None), elapsed_since="stage_start", at_least=thirty)
    assert during_intake.outcome is UNKNOWN


@pytest.mark.parametrize(
    ("pauses", "outcome"),
    [
        ((), MET),
        (((NOW - timedelta(days=5), NOW - timedelta(days=4)),), NOT_MET),
        (((NOW - timedelta(days=5), None),), NOT_MET),
        # before the stay began, and after now
        (((STAGE_BEGAN - timedelta(days=9), STAGE_BEGAN),), MET),
        (((NOW + timedelta(days=1), None),), MET),
    ],
)
def test_it_does_not_count_the_days_of_a_pause(pauses: Any, outcome: Outcome) -> None:
    known = facts(pauses=pauses)
    days = {"value": (NOW - STAGE_BEGAN).days, "unit": "days"}
    assert asked(known, elapsed_since="stage_start", at_least=days).outcome is outcome


def test_it_counts_yellow_flags_and_is_never_unknown() -> None:
    assert asked(facts(), yellow_flags_at_least=1).outcome is NOT_MET
    fear = score("tsk11", 30)
    found = asked(facts(scores=(fear,)), yellow_flags_at_least=1)
    assert found.outcome is MET
    assert ids(found) == {fear.id}
    assert asked(facts(scores=(fear,)), yellow_flags_at_least=2).outcome is NOT_MET


# Trees


@pytest.mark.parametrize(
    ("joined", "values", "outcome"),
    [
        ("all_of", [2, 2], MET),
        ("all_of", [2, 5], NOT_MET),
        ("all_of", [2, None], UNKNOWN),
        ("all_of", [5, None], NOT_MET),
        ("any_of", [5, 2], MET),
        ("any_of", [5, 5], NOT_MET),
        ("any_of", [5, None], UNKNOWN),
        ("any_of", [2, None], MET),
        ("any_of", [None, None], UNKNOWN),
    ],
)
def test_it_joins_with_three_values(
    joined: str, values: list[int | None], outcome: Outcome
) -> None:
    taken = tuple(
        score(measure, value)
        for measure, value in zip(("nprs", "pain_load_24h"), values, strict=True)
        if value is not None
    )
    leaves = [{"measure": name, "at_most": 3} for name in ("nprs", "pain_load_24h")]
    assert asked(facts(scores=taken), **{joined: leaves}).outcome is outcome


@pytest.mark.feature("DP-03")
@pytest.mark.parametrize(
    ("days_ago", "outcome"), [(6.9, Outcome.MET), (7, Outcome.MET), (7.1, Outcome.UNKNOWN)]
)
def test_a_screen_is_valid_for_as_long_as_its_stage_says(days_ago: float, outcome: Outcome) -> None:
    """Longer ago than that, nobody knows any more that the flags are absent."""
    whole = hamstring()
    week = Duration(value=Decimal(7), unit="days")
    stage = whole.stage("acute").model_copy(update={"screen_valid_for": week})
    definition = whole.model_copy(update={"stages": {**whole.stages, "acute": stage}})
    known = facts(screens=(screen(days_ago=days_ago),))
    assert may_load(definition, known, NOW).outcome is outcome
    assert may_load(whole, known, NOW).outcome is Outcome.MET  # without a limit: for the stay


@pytest.mark.feature("DP-03")
def test_a_newer_screen_renews_what_an_older_one_found() -> None:
    whole = hamstring()
    week = Duration(value=Decimal(7), unit="days")
    stage = whole.stage("acute").model_copy(update={"screen_valid_for": week})
    definition = whole.model_copy(update={"stages": {**whole.stages, "acute": stage}})
    known = facts(screens=(screen(days_ago=20), screen(days_ago=1)))
    assert may_load(definition, known, NOW).outcome is Outcome.MET


@pytest.mark.feature("DP-02")
def test_a_flag_stays_as_urgent_as_when_it_was_found() -> None:
    """A later version that calls it routine opens nothing."""
    whole = hamstring()
    found = screen({"numbness-or-tingling": "present"})
    known = facts(screens=(found,), urgencies={"numbness-or-tingling": "emergency"})
    assert may_load(whole, known, NOW).outcome is Outcome.NOT_MET
