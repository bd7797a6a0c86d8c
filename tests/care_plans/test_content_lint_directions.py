"""The lint of thresholds: which way they point, whether they ask anything, what their words say."""

from pathlib import Path

import pytest

from care_plans.content.findings import RULES
from tests.care_plans.linting import Change
from tests.care_plans.somebody_elses import added, leaving

_PAIN = "text: Pain at most 3 of 10\n          measure: nprs\n          at_most: 3"
_TENDON = "text: VISA-P at least 70\n          measure: visa_p\n          at_least: 70"
_FLAGS = "    - include: common.yellow_flags\n"
_RULES = "rules:\n  - id: severe-late\n"
_LATE = "text: VISA-P at least 90\n          measure: visa_p\n          at_least: 90"
_ENTRY = """    label: Strength
    review: {after: {value: 6, unit: weeks}, source: expert_consensus}
    entry: {id: t, text: T, measure: visa_p, at_least: 70, source: expert_consensus}
"""


def flagged(when: str) -> Change:
    planted = f"{{id: planted, text: P, when: {when}, source: expert_consensus}}"
    return _FLAGS, f"{_FLAGS}    - {planted}\n"


def ruled(when: str) -> Change:
    planted = f"{{id: planted, text: P, when: {when}, then: T, source: expert_consensus}}"
    return _RULES, _RULES.replace("\n", f"\n  - {planted}\n", 1)


FAULTS: list[tuple[Change, str, str]] = [
    ((_PAIN, _PAIN.replace("at_most: 3", "at_least: 3")), "wrong-direction", "whoever is worse"),
    ((_TENDON, _TENDON.replace("at_least:", "at_most:")), "wrong-direction", "visa_p <= 70"),
    (
        ("target: {measure: visa_p, at_least: 70", "target: {measure: visa_p, at_most: 70"),
        "wrong-direction",
        "higher scores of it are better",
    ),
    (flagged("{measure: pseq, above: 20, within: course}"), "wrong-direction", "pseq > 20"),
    (leaving("measure: nprs, at_most: 10"), "always-met", "every score of nprs is <= 10"),
    (leaving("measure: visa_p, at_least: 0"), "always-met", "every score of visa_p is >= 0"),
    (
        leaving("elapsed_since: stage_start, at_least: {value: 0, unit: days}"),
        "always-met",
        "no time at all",
    ),
    (
        leaving(
            "any_of: [{id: a, text: A, measure: nprs, at_most: 3, source: expert_consensus}, "
            "{id: b, text: B, measure: nprs, at_least: 4, source: expert_consensus}]"
        ),
        "always-met",
        "nprs is <= 3 or >= 4",
    ),
    (
        leaving(
            "any_of: [{id: a, text: A, reported: onset, answer: gradual, "
            "source: expert_consensus}, {id: b, text: B, reported: onset, answer: sudden, "
            "source: expert_consensus}]"
        ),
        "always-met",
        "whatever the answer to onset",
    ),
    (
        ruled("{any_of: [{severity: mild}, {severity: moderate}, {severity: severe}]}"),
        "always-met",
        "one of the three severities",
    ),
    (
        (_LATE, _LATE.replace("90", "50")),
        "asks-for-less",
        "the exit of subacute asks for: >= 70",
    ),
    (
        ("  subacute:\n    include: [common.subacute_stage]\n", f"  subacute:\n{_ENTRY}"),
        "met-at-entry",
        "has visa_p >= 70 already",
    ),
    ((_PAIN, _PAIN.replace("at_most: 3", "at_most: 5")), "text-and-figure", "says 3"),
    (
        ("LEFS better by 9, measure: lefs, gain: 9", "LEFS better by 9, measure: lefs, gain: 19"),
        "text-and-figure",
        "says 9, and the figure is 19",
    ),
    (
        ("value: 12, unit: months}", "value: 18, unit: months}"),
        "text-and-figure",
        "12 months in words, and 18",
    ),
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("change", "rule", "words"), FAULTS, ids=[f"{f[1]}-{f[2]}" for f in FAULTS]
)
def test_it_finds_a_threshold_that_cannot_be_meant(
    tmp_path: Path, change: Change, rule: str, words: str
) -> None:
    found = [one for one in added(tmp_path, change) if one.rule == rule]
    assert found
    assert any(words in one.at.detail for one in found), found
    assert found[0].level == RULES[rule].level


@pytest.mark.parametrize(
    "change",
    [
        leaving("measure: psfs, at_least: 5"),
        leaving(
            "any_of: [{id: a, text: A, measure: nprs, at_most: 2, source: expert_consensus}, "
            "{id: b, text: B, measure: nprs, at_least: 4, source: expert_consensus}]"
        ),
        leaving("elapsed_since: stage_start, at_least: {value: 1, unit: weeks}"),
        ("text: Pain at most 3 of 10\n", "text: Pain at most three of ten (NRS 0 to 10)\n"),
        flagged("{measure: pseq, below: 20, within: course}"),
    ],
)
def test_it_leaves_alone_what_can_be_meant(tmp_path: Path, change: Change) -> None:
    rules = {rule for _, rule, _ in FAULTS}
    found = [one for one in added(tmp_path, change) if one.rule in rules - {"wrong-direction"}]
    assert not found
