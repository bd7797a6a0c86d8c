"""Figures that nobody can mean: a draft that has one is refused, by name and place."""

from typing import Any

import pytest

from care_plans.content.drafts import read_draft
from care_plans.content.files import read_measures
from coordination.problems import Invalid
from tests.care_plans.imagined import hamstring

SOURCED = {"id": "huge", "text": "Huge.", "source": ["expert_consensus"]}
HUGE: list[dict[str, Any]] = [
    {"measure": "nprs", "at_most": 1e30},
    {"measure": "nprs", "at_least": "-1E+30"},
    {"measure": "lefs", "gain": "1E+999999"},
    {"measure": "lefs", "gain_percent": 1e30},
    {"measure": "slhb_reps", "side_ratio": 10**30},
    {"yellow_flags_at_least": 10**30},
    {"elapsed_since": "stage_start", "at_least": {"value": "1E+30", "unit": "days"}},
    {"elapsed_since": "stage_start", "at_least": {"value": 1201, "unit": "months"}},
]


def wrong_with(draft: dict[str, Any]) -> list[str]:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    with pytest.raises(Invalid) as refused:
        read_draft(draft, measures=measures, pathways=(), at="/draft")
    return [f"{one.pointer}: {one.detail}" for one in refused.value.errors]


def draft() -> dict[str, Any]:
    return hamstring().model_dump(mode="json", exclude_unset=True)


@pytest.mark.parametrize("asked", HUGE, ids=str)
def test_it_refuses_a_criterion_of_what_nobody_can_mean(asked: dict[str, Any]) -> None:
    content = draft()
    content["stages"]["acute"]["exit"] = {**SOURCED, **asked}
    found = [one for one in wrong_with(content) if one.startswith("/draft/stages/acute/exit")]
    assert any(
        any(words in one for words in ("is more than", "is less than", "100 years"))
        for one in found
    ), found


@pytest.mark.parametrize("weeks", [10**30, "1E+999999", 5218])
def test_it_refuses_a_stage_of_more_than_a_century(weeks: Any) -> None:
    content = draft()
    content["stages"]["acute"]["expected"] = {
        "any": {"start": 0, "end": weeks, "source": ["expert_consensus"]}
    }
    [found] = [one for one in wrong_with(content) if "expected" in one]
    assert found.startswith("/draft/stages/acute/expected/any/end: is more than")


def test_it_refuses_a_band_of_more_than_a_century() -> None:
    content = draft()
    band = {"min": 1, "max": 1201, "unit": "months", "source": ["expert_consensus"]}
    content["severities"]["mild"]["duration"] = band
    [found] = [one for one in wrong_with(content) if "duration" in one]
    assert found.startswith("/draft/severities/mild/duration: 1201 months is longer than 100 years")
