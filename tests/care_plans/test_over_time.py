"""What a score is about: how long it says something of now, and the mean of a longer time."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from care_plans.evaluation import evaluate
from care_plans.evidence import Facts, Finding, Outcome, ScoreFact, StayFact
from tests.care_plans.drafts import NAME, Write, draft, flaws_of
from tests.care_plans.imagined import (
    DAY,
    NOW,
    criterion,
    facts,
    hamstring,
    measures,
    score,
)

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN
DONE: dict[str, Any] = {"measure": "adherence_pct", "at_least": 80, "within": "course"}
SIX_WEEKS = {"value": 42, "unit": "days"}

pytestmark = pytest.mark.feature("DP-04")


def asked(known: Facts, **question: Any) -> Finding:
    return evaluate(criterion(**{**DONE, **question}), hamstring(), known, NOW)


def done(*values: tuple[float, int]) -> tuple[ScoreFact, ...]:
    """Return the adherence of so many days ago."""
    return tuple(score("adherence_pct", value, days_ago=ago) for ago, value in values)


def paused(*pauses: tuple[float, float | None]) -> Any:
    """Return pauses, from how many days ago until how many."""
    return tuple((NOW - DAY * a, None if b is None else NOW - DAY * b) for a, b in pauses)


# How long a score says something


def test_the_measure_of_what_was_done_says_which_time_it_is_about() -> None:
    assert measures()["adherence_pct"].period == timedelta(days=14)
    assert measures()["nprs"].period is None


@pytest.mark.parametrize(
    ("days_ago", "outcome"), [(0, MET), (14, MET), (14.01, UNKNOWN), (45, UNKNOWN)]
)
def test_a_score_older_than_what_it_is_about_says_nothing_of_now(
    days_ago: float, outcome: Outcome
) -> None:
    known = facts(scores=done((days_ago, 90)))
    found = asked(known)
    assert found.outcome is outcome
    if outcome is UNKNOWN:
        assert "14 days" in found.sentence
        assert "says nothing of now" in found.sentence
        assert [row.id for row in found.evidence] == [known.scores[0].id], "it names its day"


@pytest.mark.feature("OM-04")
@pytest.mark.parametrize("within", ["stage", "course"])
@pytest.mark.parametrize(("days", "outcome"), [(0, UNKNOWN), (12.9, UNKNOWN), (13, MET), (30, MET)])
def test_what_was_done_before_the_course_says_nothing_of_its_programme(
    days: float, outcome: Outcome, within: str
) -> None:
    """It is about a fortnight, whoever says it: some of that lies before a course of a week."""
    began = NOW - DAY * days
    known = facts(began_at=began, stay=StayFact(UUID(int=2), "acute", began), scores=done((0, 100)))
    found = asked(known, within=within)
    assert found.outcome is outcome
    if outcome is UNKNOWN:
        assert "some of which lie before the course" in found.sentence
        assert [row.id for row in found.evidence] == [known.scores[0].id]


@pytest.mark.parametrize(("within", "which"), [("stage", "stage"), ("course", "course")])
def test_it_says_of_a_score_from_before_why_it_does_not_count(within: str, which: str) -> None:
    began = NOW - 2 * DAY
    known = facts(
        began_at=began,
        stay=StayFact(UUID(int=2), "acute", began),
        scores=(score("nprs", 1, days_ago=9), score("nprs", 2, days_ago=5)),
    )
    found = asked(known, measure="nprs", within=within)
    assert found.outcome is UNKNOWN
    assert found.sentence.endswith(
        f"the last one, of {known.scores[1].effective_at.date()}, is from before this {which}; "
        "asked for at least 80."
    )
    assert [row.id for row in found.evidence] == [known.scores[1].id]


def test_a_measure_without_such_a_time_counts_as_long_as_ever() -> None:
    known = facts(scores=(score("nprs", 2, days_ago=50),))
    assert asked(known, measure="nprs", at_least=1).outcome is MET


def test_in_a_row_counts_no_score_that_is_too_old_either() -> None:
    known = facts(scores=done((20, 90), (3, 90)))
    assert asked(known, consecutive=2).outcome is UNKNOWN
    assert asked(facts(scores=done((20, 10), (9, 90), (3, 90))), consecutive=2).outcome is MET


# The mean of a longer time


def test_it_is_the_mean_of_all_of_the_time() -> None:
    known = facts(scores=done((40, 60), (20, 90), (2, 90)))
    found = asked(known, over=SIX_WEEKS)
    assert found.outcome is MET
    assert "80 on average of 3 times 14 days" in found.sentence
    assert len(found.evidence) == 3
    assert asked(known, over=SIX_WEEKS, at_least=81).outcome is NOT_MET


def test_of_one_period_the_last_score_counts() -> None:
    known = facts(scores=done((40, 80), (25, 0), (20, 80), (9, 0), (2, 80)))
    assert asked(known, over=SIX_WEEKS).outcome is MET


def test_one_score_speaks_for_no_half_year() -> None:
    known = facts(began_at=NOW - 200 * DAY, scores=done((1, 100)))
    found = asked(known, over={"value": 6, "unit": "months"})
    assert found.outcome is UNKNOWN
    assert "12 of 13 times 14 days" in found.sentence
    assert "entered late" in found.sentence


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_period_without_a_score_leaves_it_unknown_even_beside_bad_ones(missing: int) -> None:
    every = [(40, 0), (20, 0), (2, 0)]
    known = facts(scores=done(*(one for n, one in enumerate(every) if n != missing)))
    found = asked(known, over=SIX_WEEKS)
    assert found.outcome is UNKNOWN
    assert "1 of 3 times 14 days" in found.sentence


def test_where_one_period_ends_the_next_begins() -> None:
    """What was taken at the very beginning of a period belongs to the one before it."""
    assert asked(facts(scores=done((28, 80), (14, 80), (0, 80))), over=SIX_WEEKS).outcome is MET
    assert asked(facts(scores=done((42, 80), (14, 80), (0, 80))), over=SIX_WEEKS).outcome is UNKNOWN


def test_nobody_is_asked_what_they_did_while_the_course_was_paused() -> None:
    long_ago, scores = NOW - 90 * DAY, done((55, 80), (40, 80), (2, 80))
    known = facts(began_at=long_ago, pauses=paused((28, 14)), scores=scores)
    assert asked(known, over=SIX_WEEKS).outcome is MET
    assert asked(facts(began_at=long_ago, scores=scores), over=SIX_WEEKS).outcome is UNKNOWN


@pytest.mark.parametrize("until", [27, 20, 15])
def test_no_pause_is_too_short_to_count_however_the_periods_fall(until: int) -> None:
    """A period that was paused in part takes as many days from before."""
    known = facts(
        began_at=NOW - 90 * DAY,
        pauses=paused((28, until)),
        scores=done((2, 80), *((ago, 80) for ago in range(28, 45))),
    )
    assert asked(known, over={"value": 28, "unit": "days"}).outcome is MET


def test_a_pause_is_no_rehabilitation_so_that_the_time_reaches_further_back() -> None:
    known = facts(pauses=paused((28, 14)), scores=done((40, 80), (2, 80)))
    found = asked(known, over=SIX_WEEKS)
    assert found.outcome is UNKNOWN
    assert "1 of 3 times 14 days" in found.sentence


def test_a_pause_that_lasts_asks_nothing_either() -> None:
    known = facts(
        began_at=NOW - 90 * DAY,
        pauses=paused((14, None)),
        scores=done((50, 80), (40, 80), (20, 80)),
    )
    assert asked(known, over=SIX_WEEKS).outcome is MET


def test_a_time_before_the_course_has_no_scores() -> None:
    known = facts(began_at=NOW - 20 * DAY, stay=None, scores=done((40, 80), (20, 80), (2, 80)))
    assert asked(known, over=SIX_WEEKS).outcome is UNKNOWN


def test_a_measure_that_is_about_no_time_has_no_mean_of_one() -> None:
    found = asked(facts(scores=(score("nprs", 2),)), measure="nprs", over=SIX_WEEKS)
    assert found.outcome is UNKNOWN
    assert "which time" in found.sentence


def test_a_mean_is_not_also_in_a_row() -> None:
    with pytest.raises(ValidationError, match="over a time or consecutive"):
        criterion(**DONE, over=SIX_WEEKS, consecutive=2)


# What a file may not say


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the shipped hamstring file, with replacements."""
    return partial(draft, tmp_path)


_ASKED = "        - measure: adherence_pct\n          at_least: 80\n          within: course\n"


@pytest.mark.parametrize(
    ("measure", "days", "said"),
    [
        ("nprs", 42, "nprs does not say which time a score of it is about"),
        ("adherence_pct", 13, "is less than the 14 days that one score is about"),
    ],
)
def test_a_mean_needs_a_measure_that_says_which_time_it_is_about(
    write: Write, measure: str, days: int, said: str
) -> None:
    over = f"          over: {{value: {days}, unit: days}}\n"
    asks = _ASKED.replace("adherence_pct", measure).replace("80", "8") + over
    [flaw] = flaws_of(write((_ASKED, asks)))
    assert flaw.startswith(f"{NAME}:")
    assert ".over: " in flaw
    assert said in flaw
