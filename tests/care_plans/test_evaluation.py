"""Every kind of question, answered: met, not met, or unknown, and by which rows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from care_plans.evaluation import evaluate
from care_plans.evidence import Evidence, Facts, Finding, Outcome, Side
from tests.care_plans.imagined import (
    NOW,
    criterion,
    facts,
    hamstring,
    score,
)

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


def asked(known: Facts, **question: Any) -> Finding:
    return evaluate(criterion(**question), hamstring(), known, NOW)


def ids(finding: Finding) -> set[UUID]:
    return {row.id for row in finding.evidence}


# Comparisons


@pytest.mark.parametrize(
    ("limit", "value", "outcome"),
    [
        ({"at_most": 3}, 3, MET),
        ({"at_most": 3}, "3.5", NOT_MET),
        ({"at_least": 3}, 3, MET),
        ({"at_least": 3}, 2, NOT_MET),
        ({"below": 3}, 3, NOT_MET),
        ({"below": 3}, 2, MET),
        ({"above": 3}, 3, NOT_MET),
        ({"above": 3}, 4, MET),
    ],
)
def test_it_compares_the_score_with_the_limit(
    limit: dict[str, int], value: Any, outcome: Outcome
) -> None:
    taken = score("nprs", value)
    found = asked(facts(scores=(taken,)), measure="nprs", **limit)
    assert found.outcome is outcome
    assert found.evidence == (Evidence("score", taken.id),)


def test_it_is_unknown_without_a_score_and_says_so() -> None:
    found = asked(facts(), measure="nprs", at_most=3)
    assert found.outcome is UNKNOWN
    assert found.evidence == ()
    assert "no score that counts" in found.sentence


def test_it_asks_the_latest_score() -> None:
    worse, better = score("nprs", 6, days_ago=9), score("nprs", 2, days_ago=1)
    found = asked(facts(scores=(better, worse)), measure="nprs", at_most=3)
    assert found.outcome is MET
    assert ids(found) == {better.id}


def test_it_takes_the_one_recorded_later_when_two_scores_share_their_moment() -> None:
    first = score("nprs", 6, recorded_at=NOW - timedelta(hours=2))
    second = score("nprs", 2, recorded_at=NOW - timedelta(hours=1))
    assert asked(facts(scores=(second, first)), measure="nprs", at_most=3).outcome is MET


def test_it_leaves_out_what_lies_in_the_future() -> None:
    found = asked(facts(scores=(score("nprs", 2, days_ago=-0.01),)), measure="nprs", at_most=3)
    assert found.outcome is UNKNOWN


def test_it_counts_a_score_at_the_very_moment() -> None:
    assert (
        asked(facts(scores=(score("nprs", 2, days_ago=0),)), measure="nprs", at_most=3).outcome
        is MET
    )


@pytest.mark.parametrize(
    ("days_ago", "within", "outcome"),
    [
        (30, "stage", MET),  # the moment the stay began
        (30.01, "stage", UNKNOWN),
        (30.01, "course", MET),
        (61, "course", MET),  # the visit in which the course was opened
        (61.01, "course", UNKNOWN),
    ],
)
def test_it_counts_only_what_was_taken_within_stage_or_course(
    days_ago: float, within: str, outcome: Outcome
) -> None:
    known = facts(scores=(score("nprs", 2, days_ago=days_ago),))
    assert asked(known, measure="nprs", at_most=3, within=within).outcome is outcome


def test_it_takes_the_whole_course_for_the_stay_during_intake() -> None:
    known = facts(stay=None, scores=(score("nprs", 2, days_ago=60.5),))
    assert asked(known, measure="nprs", at_most=3).outcome is MET


def test_it_asks_about_an_item_apart_from_the_total() -> None:
    total, item = score("phq9", 4), score("phq9", 1, item=9)
    found = asked(facts(scores=(total, item)), measure="phq9", item=9, above=0)
    assert found.outcome is MET
    assert ids(found) == {item.id}
    assert asked(facts(scores=(total,)), measure="phq9", item=9, above=0).outcome is UNKNOWN


def test_it_asks_about_a_subscale_apart_from_the_total() -> None:
    total, part = score("start_back", 8), score("start_back", 4, subscale="psychosocial")
    high = {"measure": "start_back", "subscale": "psychosocial", "at_least": 4}
    found = asked(facts(scores=(total, part)), **high)
    assert found.outcome is MET
    assert ids(found) == {part.id}
    assert "psychosocial was 4" in found.sentence
    assert asked(facts(scores=(total,)), **high).outcome is UNKNOWN
    found = asked(facts(scores=(total, part)), measure="start_back", at_most=4)
    assert ids(found) == {total.id}


# Worse than before


@pytest.mark.feature("OM-04")
@pytest.mark.parametrize(
    ("measure", "earlier", "later", "outcome"),
    [
        ("nprs", 3, 5, MET),
        ("nprs", 3, 4, NOT_MET),
        ("nprs", 5, 2, NOT_MET),
        ("lefs", 60, 58, MET),
        ("lefs", 60, 59, NOT_MET),
        ("lefs", 60, 70, NOT_MET),
        ("promis29", 50, 60, UNKNOWN),  # nobody knows which way is better
    ],
)
def test_it_says_whether_a_score_is_worse_than_when_the_stage_began(
    measure: str, earlier: int, later: int, outcome: Outcome
) -> None:
    first, last = score(measure, earlier, days_ago=20), score(measure, later)
    found = asked(facts(scores=(last, first)), measure=measure, worse_by=2)
    assert found.outcome is outcome
    if outcome is not UNKNOWN:
        assert ids(found) == {first.id, last.id}
        assert "a loss of 2" in found.sentence


def test_one_score_is_worse_than_none() -> None:
    assert asked(facts(scores=(score("nprs", 9),)), measure="nprs", worse_by=2).outcome is UNKNOWN
    before = score("nprs", 3, days_ago=40)  # in the stage before
    known = facts(scores=(before, score("nprs", 9)))
    assert asked(known, measure="nprs", worse_by=2).outcome is UNKNOWN
    assert asked(known, measure="nprs", worse_by=2, since="baseline").outcome is MET


_TWO_SIDES: list[tuple[Side, tuple[int, int]]] = [("left", (20, 20)), ("right", (20, 10))]


def test_of_two_sides_one_is_enough_to_be_worse() -> None:
    known = facts(
        side="both",
        scores=tuple(
            score("slhb_reps", value, side=side, days_ago=ago)
            for side, values in _TWO_SIDES
            for ago, value in zip((20, 1), values, strict=True)
        ),
    )
    assert asked(known, measure="slhb_reps", worse_by=5).outcome is MET


@pytest.mark.parametrize(
    ("earlier", "later", "outcome"),
    [
        (40, 28, MET),  # 30 percent of 40
        (40, 29, NOT_MET),
        (10, 7, MET),
        (40, 60, NOT_MET),
        (0, 0, UNKNOWN),  # a share of nothing
    ],
)
def test_it_reckons_a_gain_in_percent_of_the_earlier_score(
    earlier: int, later: int, outcome: Outcome
) -> None:
    first, last = score("odi", earlier, days_ago=20), score("odi", later)
    found = asked(facts(scores=(first, last)), measure="odi", gain_percent=30)
    assert found.outcome is outcome
    assert ids(found) == {first.id, last.id}


def test_it_knows_no_gain_in_percent_of_one_score() -> None:
    found = asked(facts(scores=(score("odi", 40),)), measure="odi", gain_percent=30)
    assert found.outcome is UNKNOWN
    assert "asked for 30 percent" in found.sentence


# Consecutive scores


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([], UNKNOWN),
        ([3], UNKNOWN),
        ([3, 2], UNKNOWN),
        ([3, 2, 3], MET),
        ([9, 3, 2, 3], MET),
        ([3, 2, 4], NOT_MET),
        ([4, 2, 3], NOT_MET),
        ([4], NOT_MET),
    ],
)
def test_it_wants_the_last_scores_all_to_satisfy(values: list[int], outcome: Outcome) -> None:
    taken = tuple(
        score("pain_load_24h", value, days_ago=len(values) - n) for n, value in enumerate(values)
    )
    found = asked(facts(scores=taken), measure="pain_load_24h", at_most=3, consecutive=3)
    assert found.outcome is outcome
    assert ids(found) == {one.id for one in taken[-3:]}


@pytest.mark.feature("CP-03")
@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([(1, 3), (1, 2), (1, 3)], UNKNOWN),  # three scores of one day
        ([(3, 2), (2, 1), (2, 3)], UNKNOWN),
        ([(3, 2), (2, 1), (2, 3), (1, 0)], MET),
        ([(9, 7), (3, 2), (2, 1), (1, 0)], MET),
        ([(3, 2), (2, 4), (2, 3), (1, 0)], NOT_MET),  # the day began badly
    ],
)
def test_it_takes_the_scores_of_one_day_for_one_time(
    values: list[tuple[int, int]], outcome: Outcome
) -> None:
    taken = tuple(
        score("pain_load_24h", value, days_ago=days_ago - n / 100)
        for n, (days_ago, value) in enumerate(values)
    )
    found = asked(facts(scores=taken), measure="pain_load_24h", at_most=3, consecutive=3)
    assert found.outcome is outcome


@pytest.mark.parametrize(("time_zone", "outcome"), [("UTC", MET), ("America/Toronto", UNKNOWN)])
def test_it_tells_days_apart_by_the_clinic_s_clock(time_zone: str, outcome: Outcome) -> None:
    midnight = NOW.replace(hour=0, minute=0, second=0)
    taken = tuple(
        score("pain_load_24h", 1)._replace(effective_at=midnight + timedelta(minutes=minutes))
        for minutes in (-1, 1)
    )
    known = facts(scores=taken, time_zone=time_zone)
    found = asked(known, measure="pain_load_24h", at_most=3, consecutive=2)
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("at", "time_zone"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "America/Toronto"),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), "Asia/Tokyo"),
    ],
)
def test_no_day_at_an_end_of_the_calendar_makes_it_raise(at: datetime, time_zone: str) -> None:
    taken = (score("pain_load_24h", 1)._replace(effective_at=at),)
    known = facts(scores=taken, time_zone=time_zone, began_at=at, stay=None)
    wanted = criterion(measure="pain_load_24h", at_most=3, consecutive=2, within="course")
    assert evaluate(wanted, hamstring(), known, at).outcome is UNKNOWN


# Gains


def test_it_measures_a_gain_in_the_direction_of_the_measure() -> None:
    start, end = score("nprs", 7, days_ago=59), score("nprs", 5, days_ago=1)
    found = asked(facts(scores=(end, start)), measure="nprs", gain=2)
    assert found.outcome is MET
    assert ids(found) == {start.id, end.id}
    lefs = (score("lefs", 50, days_ago=59), score("lefs", 58, days_ago=1))
    assert asked(facts(scores=lefs), measure="lefs", gain=9).outcome is NOT_MET


def test_it_counts_a_loss_as_no_gain() -> None:
    taken = (score("nprs", 3, days_ago=59), score("nprs", 8, days_ago=1))
    assert asked(facts(scores=taken), measure="nprs", gain=2).outcome is NOT_MET


def test_it_needs_two_scores_for_a_gain() -> None:
    baseline = score("nprs", 7, days_ago=59)
    assert asked(facts(scores=(baseline,)), measure="nprs", gain=2).outcome is UNKNOWN
    only = score("nprs", 7, days_ago=1)
    assert asked(facts(scores=(only,)), measure="nprs", gain=2).outcome is UNKNOWN


def test_it_takes_the_start_of_the_stage_where_the_definition_says_so() -> None:
    taken = (
        score("nprs", 9, days_ago=59),
        score("nprs", 5, days_ago=29),
        score("nprs", 4, days_ago=1),
    )
    assert asked(facts(scores=taken), measure="nprs", gain=2).outcome is MET
    since_stage = asked(facts(scores=taken), measure="nprs", gain=2, since="stage_start")
    assert since_stage.outcome is NOT_MET


def test_it_does_not_guess_which_way_is_better() -> None:
    taken = (score("promis29", 40, days_ago=59), score("promis29", 60, days_ago=1))
    assert asked(facts(scores=taken), measure="promis29", gain=2).outcome is UNKNOWN
    assert asked(facts(scores=taken, measures={}), measure="lefs", gain=2).outcome is UNKNOWN


# Sides


def test_it_asks_the_affected_side() -> None:
    taken = (score("slhb_reps", 20, side="right"), score("slhb_reps", 30, side="left"))
    assert asked(facts(scores=taken), measure="slhb_reps", at_least=25).outcome is NOT_MET
    other = asked(facts(scores=taken), measure="slhb_reps", at_least=25, side="other")
    assert other.outcome is MET


def test_it_asks_both_sides_when_both_are_affected() -> None:
    taken = (score("slhb_reps", 20, side="right"), score("slhb_reps", 30, side="left"))
    known = facts(side="both", scores=taken)
    assert asked(known, measure="slhb_reps", at_least=20).outcome is MET
    assert asked(known, measure="slhb_reps", at_least=25).outcome is NOT_MET
    assert asked(known, measure="slhb_reps", side_ratio="0.9").outcome is UNKNOWN


def test_it_is_unknown_when_the_course_names_no_side() -> None:
    known = facts(side="", scores=(score("slhb_reps", 20, side="right"),))
    assert asked(known, measure="slhb_reps", at_least=10).outcome is UNKNOWN


@pytest.mark.parametrize(
    ("affected", "other", "outcome"),
    [(27, 30, MET), (26, 30, NOT_MET), (30, 27, MET), (5, 0, UNKNOWN), (0, 30, NOT_MET)],
)
def test_it_compares_the_sides(affected: int, other: int, outcome: Outcome) -> None:
    sitting = uuid4()
    taken = (
        score("slhb_reps", affected, side="right", sitting=sitting),
        score("slhb_reps", other, side="left", sitting=sitting),
    )
    found = asked(facts(scores=taken), measure="slhb_reps", side_ratio="0.9")
    assert found.outcome is outcome
    assert ids(found) == {one.id for one in taken}


def test_it_compares_only_sides_that_were_measured_together() -> None:
    apart = (
        score("slhb_reps", 30, side="right", days_ago=1),
        score("slhb_reps", 30, side="left", days_ago=20),
    )
    assert asked(facts(scores=apart), measure="slhb_reps", side_ratio="0.9").outcome is UNKNOWN
