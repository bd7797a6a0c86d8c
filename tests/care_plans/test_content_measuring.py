"""Items, sides and figures of measures: what no score can come to is refused."""

from pathlib import Path
from shutil import copytree

import pytest

from care_plans.content.files import MEASURES, read_measures, read_pathways
from care_plans.content.measuring import checks_out
from care_plans.content.reading import ContentInvalid
from tests.care_plans.linting import Change, known_measures
from tests.care_plans.somebody_elses import added, leaving


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        ("measure: lefs, item: 25, at_least: 3", "has 20 items, and no item 25"),
        ("measure: lefs, item: 3, at_least: 9", "outside the range of an item of lefs, 0 to 4"),
        ("measure: nprs, item: 2, at_most: 3", "has no items that are known"),
        ("measure: nprs, side: other, at_most: 3", "is not taken per side"),
        ("measure: slhb_reps, side_ratio: 90", "90 percent is written 0.9"),
    ],
)
def test_an_item_and_a_side_must_exist(tmp_path: Path, criterion: str, words: str) -> None:
    found = [one for one in added(tmp_path, leaving(criterion)) if one.rule == "content"]
    assert [one for one in found if words in one.at.detail]


_FARRAR = """    source: Farrar 2001 Pain 94:149-158
    doi: 10.1016/S0304-3959(01)00349-9
    pmid: '11690728'
"""
FIGURES: list[tuple[str, Change, str]] = [
    ("phq9", ("    item: 9\n", "    item: 12\n"), "has 9 items, and no item 12"),
    ("phq9", ("    above: 0\n", "    above: 5\n"), "can never be met: the highest answer is 3"),
    ("phq9", ("    at_least: 20\n", "    at_least: 200\n"), "can never be met"),
    ("nprs", ("- value: 2\n    percent", "- value: 25\n    percent"), "more than the whole range"),
    ("nprs", ("of_baseline: 30", "of_baseline: 300"), "is more than all of it"),
    ("nprs", ("step: 1\n", "step: 3\n"), "steps of 3 do not lead to 10"),
    ("nprs", ("72514-3", "72514-7"), "its check digit is wrong"),
    ("nprs", ("- {max: 5, label: mild}", "- {max: -5, label: mild}"), "below the lowest score"),
    ("nprs", ("label: moderate}", "label: mild}"), "is used already"),
    (
        "nprs",
        (
            "label: mild}\n      - {max: 7, label: moderate}",
            "label: severe}\n      - {max: 7, label: mild}",
        ),
        "from grave to slight",
    ),
    ("pcs", ("mdc: 7.73", "mdc: 773"), "more than the whole range"),
    ("eq5d5l", ("upper: 0.069", "upper: 0.001"), "is less than the value"),
    ("koos", ("subscale: pain", "subscale: pane"), "has no subscale pane"),
    ("womac", ("pain: [0, 20]", "pain: [20, 0]"), "is not above 20"),
    (
        "start_back",
        ("when: {measure: start_back, at_most: 3", "when: {measure: lefs, at_most: 3"),
        "asks lefs, and is about start_back",
    ),
    (
        "nprs",
        (
            _FARRAR,
            "",
        ),
        "what was read is named",
    ),
    (
        "nprs",
        ("doi: 10.1016/S0304-3959(01)00349-9", "doi: 10.2519/jospt.2014.5248"),
        "belongs to another work",
    ),
]


@pytest.mark.parametrize(("name", "change", "words"), FIGURES)
def test_a_measure_says_nothing_that_its_scores_rule_out(
    tmp_path: Path, name: str, change: Change, words: str
) -> None:
    folder = Path(copytree(MEASURES, tmp_path / "measures"))
    file = folder / f"{name}.yaml"
    old, new = change
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(ContentInvalid) as raised:
        read_measures(folder)
    assert any(words in flaw.detail for flaw in raised.value.flaws), raised.value.flaws


@pytest.mark.parametrize(
    ("code", "right"), [("72514-3", True), ("44261-6", True), ("1-8", True), ("1-9", False)]
)
def test_a_loinc_code_ends_in_its_check_digit(code: str, right: bool) -> None:
    assert checks_out(code) is right


def test_a_claim_of_the_authors_alone_is_not_supported(tmp_path: Path) -> None:
    [found] = added(tmp_path, ("grade: unsupported", "grade: supported"))
    assert (found.rule, found.level) == ("unsupported-claim", "error")
    assert "opinion of the authors alone" in found.at.detail


def test_what_a_statement_says_of_itself_lowers_its_grade_and_never_raises_it() -> None:
    [file] = [f for f in read_pathways(known_measures()) if f.definition.version == "1.3.0"]
    known = file.definition
    assert known.grade(["abbott_2014"]) == "read"
    assert known.grade(["abbott_2014"], "recall") == "recall"
    assert known.grade(["abbott_2014"], "unverified") == "unverified"
    assert known.grade(["goom_2016"], "read") == "recall"
    assert known.grade(["expert_consensus"], "recall") == "consensus"
