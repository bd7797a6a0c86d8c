"""The article in the words of somebody who does not know the lint: its contradictions are found.

The file names no exercise and no site for the lint (`exercises`, `uses`, `cautions`, `variant`).
"""

import re
from pathlib import Path
from typing import Any

import pytest

from care_plans.content.files import newest, read_pathways
from care_plans.content.lint import lint_file
from tests.care_plans.linting import OUTSIDER, TODAY, Change, changed, findings_in, known_measures

RESTING = "Rest alone is not effective—progressive tendon loading"
BRUISING = "bruising or swelling, action: See a health-care provider, urgency: "
SITE = re.compile(r"  site:\n.*?(?=  definition:)", re.DOTALL)
FUNCTIONAL = "exercises: [step-ups, running drills, single-leg bridges, deadlifts]"
LEVEL = "            dose_level: functional\n"
_QUOTED = ("{text: Add functional", '{text: "Add functional')
_PERSISTING = "Symptoms are severe and persist for over 6–12 months despite rehab"
_ROW = ("threshold-in-normal-course", "rules[1].text")
AGGRESSIVE = "and may even worsen symptoms if done too aggressively"


def _row(row: str, rule: str, place: str, *changes: Change) -> Any:
    return pytest.param(rule, place, changes, id=f"{row}-{place}", marks=pytest.mark.feature(row))


#: the row, the rule, the place, and what mends it
CONTRADICTIONS = [
    _row("seed-x-1", "threshold-in-normal-course", "rules[1].text", ("over 6–12", "over 12")),
    _row("seed-x-2", "rest-as-waiting", "see_provider[0]", ("two weeks of rest", "two weeks")),
    _row("seed-x-2", "rest-as-waiting", "questions[0]", (RESTING, "Progressive tendon loading")),
    _row("seed-x-3", "test-and-exercise", "diagnosis.examination[1]", ("single-leg bridge ", "")),
    _row("seed-x-4", "similar-exercise", "dose_levels[2]", ("slow single-leg deadlifts]", "rows]")),
    _row(
        "seed-x-5",
        "missing-gate",
        "stages.subacute.lanes.physiotherapy.activities[1]",
        (
            f"goal: load-tendon\n{LEVEL}",
            f"goal: load-tendon\n            start_when: {{measure: nprs, at_most: 0}}\n{LEVEL}",
        ),
    ),
    _row(
        "seed-x-6",
        "similar-urgency",
        "see_provider[2].urgency",
        (f"{BRUISING}routine", f"{BRUISING}urgent_24h"),
    ),
    _row(
        "seed-x-7",
        "stage-name",
        "stages.acute",
        ("(relief and protection)\n", "(relief and protection)\n    note: only a name\n"),
    ),
    _row("seed-x-8", "cautioned-without-dose", "questions[1]", (AGGRESSIVE, "by itself")),
    _row(
        "seed-x-9",
        "site-unspoken",
        "condition.site.variants[1]",
        ("attach to the knee, covered: true", "attach to the knee, covered: false"),
    ),
]


def _found(file: Path) -> set[tuple[str, str]]:
    return {(one.rule, one.at.path) for one in findings_in(file)}


def test_the_file_names_nothing_for_the_lint() -> None:
    written = re.sub(r"#.*", "", OUTSIDER.read_text())
    keys = ("exercises:\n", "uses:", "cautions:", "variant:", "seed:", "red_flag:", "gate:")
    assert not [key for key in keys if key in written]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(("rule", "place", "changes"), CONTRADICTIONS)
def test_it_finds_each_contradiction_in_the_words_alone_until_it_is_mended(
    tmp_path: Path, rule: str, place: str, changes: tuple[Change, ...]
) -> None:
    assert (rule, place) in _found(OUTSIDER)
    assert (rule, place) not in _found(changed(OUTSIDER, tmp_path, *changes))


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("rule", "place", "change"),
    [
        pytest.param(
            "similar-exercise",
            "questions[1]",
            (FUNCTIONAL, "exercises: [step-ups, running drills, single-leg bridges]"),
            id="only the answer counts deadlifts to another level",
        ),
        pytest.param(
            "rest-as-waiting",
            "see_provider[0]",
            (
                "after two weeks of rest,",
                "with rest, after: {value: 2, unit: weeks},",
            ),
            id="the time of rest is a figure",
        ),
        pytest.param(
            "missing-gate",
            "stages.subacute.lanes.physiotherapy.activities[1]",
            (LEVEL, "            cadence: daily\n"),
            id="the activity has no level, and says functional",
        ),
        pytest.param(
            "threshold-in-normal-course",
            "rules[1].text",
            ("over 6–12 months", "more than six months"),
            id="the months are spelt out",
        ),
        pytest.param(
            "similar-urgency",
            "see_provider[1].urgency",
            (
                "It interferes with walking, sitting or sleep",
                "It interferes with sleep, or there is visible swelling",
            ),
            id="the swelling stands among other things",
        ),
        pytest.param(
            "site-unspoken",
            "condition.definition[0]",
            (SITE.findall(OUTSIDER.read_text())[0], ""),
            id="only the definition names two sites",
        ),
    ],
)
def test_it_finds_them_in_other_words_too(
    tmp_path: Path, rule: str, place: str, change: Change
) -> None:
    assert (rule, place) in _found(changed(OUTSIDER, tmp_path, change))


def test_exercises_of_several_levels_that_words_tell_apart_are_left_alone(tmp_path: Path) -> None:
    apart = changed(
        OUTSIDER,
        tmp_path,
        (FUNCTIONAL, "exercises: [step-ups, fast two-leg deadlifts]"),
        ("single-leg bridges and deadlifts", "step-ups"),
    )
    assert "similar-exercise" not in {rule for rule, _ in _found(apart)}


@pytest.mark.parametrize(
    ("words", "is_gate"),
    [
        ("once a day", False),
        ("once-daily", False),
        ("once each morning", False),
        ("once in the morning", False),
        ("once before breakfast", False),
        ("once after each match", False),
        ("at least once", False),
        ("and stop at once if it hurts", False),
        ("once able to walk", True),
        ("once in the last phase", True),
        ("at once, but only once free of pain", True),
    ],
)
def test_a_level_waits_for_what_holds_once_and_not_for_how_often(
    tmp_path: Path, words: str, is_gate: bool
) -> None:
    said = changed(OUTSIDER, tmp_path, ("drills once pain-free", f'drills, {words}"'), _QUOTED)
    assert ("missing-gate" in {rule for rule, _ in _found(said)}) is is_gate


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    "words",
    [
        "Severe cases for 8 months",
        "Severe, chronic cases that go on beyond eight months",
        "Severe proximal tendinopathy after 8 months",
        "Moderate to severe, lasting 8 months or longer",
        "Still severe at 8 months",
        "In mild or moderate forms, more than four months",
        "Severe despite 8 months of rehabilitation",
        "8 months or more of severe symptoms",
    ],
)
def test_a_rule_begins_within_the_usual_time_of_the_cases_that_its_words_name(
    tmp_path: Path, words: str
) -> None:
    assert _ROW in _found(changed(OUTSIDER, tmp_path, (_PERSISTING, words)))


@pytest.mark.parametrize(
    "words",
    [
        "Moderate pain at night for four months",
        "Severe or moderate swelling for 8 months",
        "Pain is severe for 8 months",
        "The weakness stays severe for 8 months",
        "Severe cases are seen every 8 months",
        "Severe, and seen within 8 months",
        "Severe, with 8 months of exercise to begin",
    ],
)
def test_a_severe_pain_is_no_severe_case_and_not_every_span_is_waited_for(
    tmp_path: Path, words: str
) -> None:
    assert _ROW not in _found(changed(OUTSIDER, tmp_path, (_PERSISTING, words)))


@pytest.mark.feature("PW-09")
def test_what_ships_has_nothing_of_it_that_is_not_resolved() -> None:
    rules = {"similar-exercise", "site-unspoken", "test-and-exercise", "similar-urgency"}
    found = [
        str(one)
        for file in newest(read_pathways(known_measures()))
        for one in lint_file(file, known_measures(), today=TODAY)
        if one.rule in rules and not one.resolved
    ]
    assert found == []
