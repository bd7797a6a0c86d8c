"""A pathway that somebody else wrote goes through the lint: what looks right by itself is found."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from care_plans.content.files import PATHWAYS, newest, read_pathways
from care_plans.content.findings import RULES
from care_plans.content.lint import lint_file
from tests.care_plans.faults_of_others import FAULTS
from tests.care_plans.linting import TODAY, Change, changed, findings_in, known_measures

WRITTEN = PATHWAYS / "hamstring-tendinopathy" / "1.3.0.yaml"
NEW = {
    "severity-order",
    "weeks-past-course",
    "unmarked-loading",
    "level-too-early",
    "leads-to-itself",
    "idle-goal",
    "nobody-diagnoses",
    "side-not-asked",
    "conflicting-action",
    "urgent-put-off",
    "reviewed-in-future",
}


@cache
def before() -> set[tuple[str, str]]:
    return {(found.rule, found.at.path) for found in findings_in(WRITTEN)}


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("changes", "rule", "place", "words"), FAULTS, ids=[f"{row[1]}-{row[2]}" for row in FAULTS]
)
def test_it_finds_what_another_author_planted(
    tmp_path: Path, changes: tuple[Change, ...], rule: str, place: str, words: str
) -> None:
    assert (rule, place) not in before()
    found = findings_in(changed(WRITTEN, tmp_path, *changes))
    [one] = [f for f in found if (f.rule, f.at.path) == (rule, place)]
    assert words in one.at.detail
    assert one.level == RULES[rule].level
    assert one.at.line > 1


def test_what_ships_has_none_of_it_but_one_goal_that_no_source_gives_an_activity() -> None:
    found = [
        (file.definition.pathway, one.rule, one.at.path)
        for file in newest(read_pathways(known_measures()))
        for one in lint_file(file, known_measures(), today=TODAY)
        if one.rule in NEW
    ]
    assert found == [("lateral-ankle-sprain", "idle-goal", "stages.maintenance.goals[0]")]


def test_a_review_of_today_is_no_review_of_the_future(tmp_path: Path) -> None:
    due = f"last_reviewed: {TODAY}\n  next_review_due: {TODAY + timedelta(days=365)}"
    found = findings_in(changed(WRITTEN, tmp_path, ("next_review_due: null", due)))
    assert not [one for one in found if one.rule == "reviewed-in-future"]
