"""The source article word for word: each of its nine contradictions is found, and named.

And the version that ships says of each how it is resolved.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from care_plans.content.files import PathwayFile, newest, read_pathways
from care_plans.content.lint import lint_file
from tests.care_plans.linting import (
    LITERAL,
    TODAY,
    Change,
    changed,
    findings_in,
    known_measures,
)

BRUISING = "text: Bruising or swelling\n    action: See a health-care provider\n    urgency: "
FUNCTIONAL = "uses: [step-up, running-drill, bridge, deadlift]"
EXAMINED = "      uses: [bridge]\n      source: page\n      seed: [seed-dx"
NOT_EXAMINED = "      source: page\n      seed: [seed-dx"


def rules_about(row: str, file: Path = LITERAL) -> set[str]:
    """Return the rules that find something between parts which all represent a row."""
    return {finding.rule for finding in findings_in(file) if row in finding.rows}


def must_go_when_mended(row: str, rules: set[str], folder: Path, *changes: Change) -> None:
    """Check that the rules find a contradiction, and that mending takes it away and no other."""
    assert rules_about(row) == rules
    before = {f"seed-x-{n}": rules_about(f"seed-x-{n}") for n in range(1, 10)}
    mended = changed(LITERAL, folder, *changes)
    after = {name: rules_about(name, mended) for name in before}
    assert after == {**before, row: set()}


@pytest.mark.feature("PW-09")
def test_it_finds_all_nine_contradictions_and_names_them() -> None:
    named = {row for finding in findings_in(LITERAL) for row in finding.rows}
    assert {f"seed-x-{n}" for n in range(1, 10)} <= named


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-1")
def test_it_finds_a_recommendation_inside_the_usual_recovery_time(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-1",
        {"threshold-in-normal-course"},
        tmp_path,
        ("at_least: {value: 6, unit: months}", "at_least: {value: 12, unit: months}"),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-2")
def test_it_finds_rest_to_be_waited_for_and_said_to_fail(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-2",
        {"rest-as-waiting"},
        tmp_path,
        ("after two weeks of rest", "after two weeks"),
        ("When two weeks of rest do not help", "When two weeks have not helped"),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-3")
def test_it_finds_a_movement_that_is_a_test_and_an_exercise_of_two_levels(
    tmp_path: Path,
) -> None:
    must_go_when_mended(
        "seed-x-3",
        {"test-and-exercise", "exercise-in-two-levels"},
        tmp_path,
        (FUNCTIONAL, "uses: [step-up, deadlift]"),
        (EXAMINED, NOT_EXAMINED),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-3")
def test_it_finds_the_two_levels_also_where_the_test_is_mended(tmp_path: Path) -> None:
    mended = changed(
        LITERAL,
        tmp_path,
        (EXAMINED, NOT_EXAMINED),
    )
    assert rules_about("seed-x-3", mended) == {"exercise-in-two-levels"}


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-4")
def test_it_finds_an_exercise_that_stands_in_two_levels(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-4",
        {"exercise-in-two-levels"},
        tmp_path,
        (
            FUNCTIONAL,
            "uses: [step-up, running-drill, bridge]",
        ),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-5")
def test_it_finds_work_that_nothing_holds_back_until_it_is_free_of_pain(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-5",
        {"missing-gate"},
        tmp_path,
        (
            FUNCTIONAL,
            f"{FUNCTIONAL}\n    gate: {{reported: free_of_pain}}",
        ),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-6")
def test_it_finds_what_is_urgent_here_and_routine_there(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-6",
        {"conflicting-urgency"},
        tmp_path,
        (
            f"{BRUISING}routine",
            f"{BRUISING}urgent_24h",
        ),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-7")
def test_it_finds_an_acute_stage_of_a_slow_condition(tmp_path: Path) -> None:
    label = "label: Acute phase (relief and protection)\n"
    must_go_when_mended(
        "seed-x-7",
        {"stage-name"},
        tmp_path,
        (label, f"{label}    note: the name of the stage; the condition itself is of slow onset\n"),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-8")
def test_it_finds_what_is_recommended_and_warned_against_without_a_dose(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-8",
        {"cautioned-without-dose", "missing-dose"},
        tmp_path,
        (
            "stretching: {text: Stretching of the hamstrings,",
            "stretching: {text: Stretching of the hamstrings, dose: 30 seconds without pain,",
        ),
    )


@pytest.mark.feature("PW-09")
@pytest.mark.feature("seed-x-9")
def test_it_finds_a_site_that_is_covered_by_no_rule(tmp_path: Path) -> None:
    must_go_when_mended(
        "seed-x-9",
        {"site-not-covered"},
        tmp_path,
        ("at the knee\n        covered: true", "at the knee\n        covered: false"),
    )


@pytest.mark.feature("PW-08")
@pytest.mark.feature("seed-ref-rees2009")
def test_it_finds_a_claim_that_only_a_mismatched_citation_supports(tmp_path: Path) -> None:
    assert rules_about("seed-ref-rees2009") == {"unsupported-claim"}
    honest = changed(LITERAL, tmp_path, ("grade: supported", "grade: unverified"))
    assert rules_about("seed-ref-rees2009", honest) == set()


# How the shipped version resolves them


@cache
def shipped() -> PathwayFile:
    """Return the newest version of the pathway that represents the article."""
    files = newest(read_pathways(known_measures()))
    return next(f for f in files if f.definition.pathway == "hamstring-tendinopathy")


def _resolved(row: str, answers: set[str], mended: set[str], words: str) -> Any:
    return pytest.param(row, answers, mended, words, id=row, marks=pytest.mark.feature(row))


# what a resolution answers is found and noted; what is mended is found no more
RESOLVED = [
    _resolved("seed-x-1", {"threshold-in-normal-course"}, set(), "a review is due at twelve"),
    _resolved("seed-x-2", {"rest-as-waiting"}, set(), "a reason to be seen"),
    _resolved("seed-x-3", {"test-and-exercise", "exercise-in-two-levels"}, set(), "free of pain"),
    _resolved("seed-x-4", {"exercise-in-two-levels"}, set(), "of the second level"),
    _resolved("seed-x-5", set(), {"missing-gate"}, "The level has a gate"),
    _resolved("seed-x-6", set(), {"conflicting-urgency"}, "urgent wherever it is found"),
    _resolved("seed-x-7", set(), {"stage-name"}, "the condition is chronic"),
    _resolved("seed-x-8", {"cautioned-without-dose"}, set(), "never as the only exercise"),
    _resolved("seed-x-9", set(), {"site-not-covered"}, "is not covered"),
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(("row", "answers", "mended", "words"), RESOLVED)
def test_it_ships_with_how_each_contradiction_is_resolved(
    row: str, answers: set[str], mended: set[str], words: str
) -> None:
    file = shipped()
    said = [one for one in file.definition.resolutions if one.id == row]
    assert {one.rule for one in said} == answers | mended
    assert any(words in one.text for one in said)
    assert all("carespace_2025" in one.source for one in said)
    found = lint_file(file, known_measures(), today=TODAY)
    assert {f.rule for f in found if f.resolved.startswith(f"{row}: ")} == answers
    assert {f.level for f in found if f.resolved.startswith(f"{row}: ")} <= {"note"}
    assert not [f for f in found if f.rule in mended]
    assert not [f for f in found if f.rule in answers and f.level != "note"]
