"""The lint of stages that hold people in or out, and of findings said again in other words."""

from pathlib import Path

import pytest

from care_plans.content.findings import RULES
from tests.care_plans.linting import Change
from tests.care_plans.somebody_elses import added, leaving

_ISO = "            uses: [wall-sit]\n"
_START = "{measure: nprs, at_most: 5, source: expert_consensus}"
_POP = "red_flags:\n"
_FIRST = "    include: [common.acute_stage, tendinopathy.acute_stage]\n"


def _flagged(text: str, action: str, urgency: str) -> Change:
    planted = f"{{id: planted, text: {text}, action: {action}, urgency: {urgency}"
    return _POP, f"{_POP}  - {planted}, source: expert_consensus}}\n"


def _entered(criterion: str) -> Change:
    return _FIRST, (
        "    label: A\n    note: x\n    review: {after: {value: 6, unit: weeks}, "
        f"source: expert_consensus}}\n    entry: {{id: t, text: T, {criterion}, "
        "source: expert_consensus}\n"
    )


FAULTS: list[tuple[Change, str, str]] = [
    (_entered("measure: lefs, gain: 20"), "unreachable", "nothing is gained"),
    (
        _entered("elapsed_since: course_start, at_least: {value: 6, unit: months}"),
        "unreachable",
        "no time has passed",
    ),
    (
        leaving("elapsed_since: stage_start, at_least: {value: 24, unit: months}"),
        "longer-than-stage",
        "asks for 24 months",
    ),
    (leaving("severity: mild"), "unreachable", "only mild cases can ever leave"),
    (leaving("lane: physiotherapy, needed: false"), "unreachable", "always needed"),
    (
        ("offset: {value: 1, unit: days}", "offset: {value: 300, unit: days}"),
        "longer-than-stage",
        "300 days are longer",
    ),
    (
        (_ISO, f"{_ISO}            start_when: {_START}\n            stop_when: {_START}\n"),
        "unreachable",
        "stopped as soon as it may begin",
    ),
    (
        ("safety_triggers:\n  - include: common.safety_triggers\n", ""),
        "no-safety-triggers",
        "phq9",
    ),
    (
        _flagged("Popping with loss of knee extension", "Book.", "routine"),
        "similar-urgency",
        "sounds like",
    ),
    (
        _flagged("Cold foot, no pulse".replace(",", " and"), "Monitor and continue.", "emergency"),
        "action-unlike-urgency",
        "Monitor and continue",
    ),
    (
        _flagged("Cold foot and no pulse", "Call 911 at once.", "routine"),
        "action-unlike-urgency",
        "Call 911",
    ),
    (
        (
            "claims:\n",
            (
                "questions:\n  - {id: q, question: I heard a pop?, answer: A pop with loss of knee "
                "extension is harmless., source: expert_consensus}\nclaims:\n"
            ),
        ),
        "red-flag-made-light",
        "makes light of pop",
    ),
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(("change", "rule", "words"), FAULTS, ids=[f[2] for f in FAULTS])
def test_it_finds_what_cannot_be_lived_or_is_made_light_of(
    tmp_path: Path, change: Change, rule: str, words: str
) -> None:
    found = [one for one in added(tmp_path, change) if one.rule == rule]
    assert [one for one in found if words in one.at.detail], found
    assert found[0].level == RULES[rule].level


def test_it_leaves_an_urgent_action_and_a_short_span_alone(tmp_path: Path) -> None:
    change = _flagged("Cold foot and no pulse", "Call 911 and watch the foot.", "emergency")
    offset = ("offset: {value: 1, unit: days}", "offset: {value: 7, unit: days}")
    assert not added(tmp_path, change, offset)
