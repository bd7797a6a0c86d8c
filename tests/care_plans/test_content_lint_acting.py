"""The lint of what is done about red flags, of late alarms, and of guards turned round."""

from pathlib import Path

import pytest

from tests.care_plans.linting import Change
from tests.care_plans.somebody_elses import added, finds_as_planted

_STOP = (
    'action: "Suspect a rupture: stop loading; physician the same day."\n    urgency: urgent_24h'
)
_SEE = "see_provider:\n"
_TRIGGERS = "  - include: common.safety_triggers\n"
_GATE = "gate: {reported: pain_free_loading}"
_MASSAGE = "text: Massage of the thigh, goal: reduce-pain,"
_WHOLE = (
    "{id: severe-depression, text: PHQ-9 total of 20 or more, when: {measure: phq9, at_least: 20}"
)
_CALLS = "contact with the family physician within 1 business day.', source: expert_consensus}"


def _does(action: str, urgency: str) -> Change:
    return _STOP, f'action: "{action}"\n    urgency: {urgency}'


def _triggers(when: str, by: str = "the same day") -> Change:
    item = (
        f"{{id: suicide-risk, text: Item 9, when: {when}, action: Assess the risk {by}; 9-8-8., "
        "source: expert_consensus}"
    )
    whole = f"{_WHOLE}, action: 'Urgent psychotherapy, and {_CALLS}"
    return _TRIGGERS, f"  - {item}\n  - {whole}\n"


FAULTS: list[tuple[Change, str, str]] = [
    (
        _does("Suspect a rupture: load it early.", "urgent_24h"),
        "action-unlike-urgency",
        '"load" is for somebody who need not be seen first',
    ),
    (
        _does("Rest, and mention it at the next visit.", "emergency"),
        "action-unlike-urgency",
        "nobody",
    ),
    (
        _does("Physician the same day, after a trial of loading.", "urgent_24h"),
        "action-unlike-urgency",
        '"loading" is for somebody who need not be seen first',
    ),
    (
        _does("Massage the calf first, then a physician.", "emergency"),
        "action-unlike-urgency",
        '"Massage"',
    ),
    (
        _does("Physician if it has not settled in a week.", "emergency"),
        "action-unlike-urgency",
        '"in a week" is too late',
    ),
    (_does("Physician review within 2 months.", "urgent_2wk"), "action-unlike-urgency", "too late"),
    (
        _does("Emergency services.", "urgent_2wk"),
        "action-unlike-urgency",
        '"Emergency" is more urgent than that',
    ),
    (
        _does("Physician review within 2 weeks.", "routine"),
        "action-unlike-urgency",
        "more urgent than that",
    ),
    (
        (
            "red_flags:\n",
            (
                "red_flags:\n  - {id: snap, text: A snap, suspects: A rupture, action: Physician "
                "the same day., urgency: urgent_24h, source: expert_consensus}\n  - {id: gap, "
                "text: A gap at the kneecap, suspects: A rupture, action: Physician the same day., "
                "urgency: emergency, source: expert_consensus}\n"
            ),
        ),
        "conflicting-urgency",
        "suspects the same and asks for the same",
    ),
    (
        (
            _SEE,
            (
                f"{_SEE}  - {{id: popped, text: A pop with loss of knee extension; push through "
                "it, action: Rest., urgency: routine, source: expert_consensus}\n"
            ),
        ),
        "red-flag-made-light",
        "makes light of pop",
    ),
    (_triggers("{measure: phq9, item: 9, above: 3}"), "weaker-trigger", "phq9, item 9, from 1 on"),
    (_triggers("{measure: phq9, item: 8, above: 0}"), "weaker-trigger", "phq9, item 9, from 1 on"),
    (
        _triggers("{measure: phq9, item: 9, above: 0}", "within 2 weeks"),
        "weaker-trigger",
        "within 2 weeks",
    ),
    (
        (
            "gate: {reported: pain_free_loading}",
            "gate: {reported: pain_free_loading, answer: false}",
        ),
        "text-and-answer",
        "asks for a no to pain_free_loading",
    ),
    (
        (_MASSAGE, f"{_MASSAGE} when: {{reported: fear_or_withdrawal}}, caution: Never with fear,"),
        "",
        "",
    ),
    (
        (
            _MASSAGE,
            (
                f"{_MASSAGE} when: {{reported: metabolic_condition}}, caution: Never with a "
                "metabolic condition,"
            ),
        ),
        "text-and-answer",
        '"Never with a metabolic condition"',
    ),
    (
        (_MASSAGE, f"{_MASSAGE} caution: Only after a scan of the tendon,"),
        "missing-gate",
        "Only after a scan",
    ),
    ((_MASSAGE, f"{_MASSAGE} caution: Never with a wound,"), "missing-gate", "Never with a wound"),
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("change", "rule", "words"), FAULTS, ids=[f"{f[1]} {f[2]}"[:60] for f in FAULTS]
)
def test_it_finds_help_that_comes_late_and_guards_that_guard_nothing(
    tmp_path: Path, change: Change, rule: str, words: str
) -> None:
    finds_as_planted(tmp_path, change, rule, words)


@pytest.mark.feature("PW-09")
def test_a_trigger_that_raises_the_alarm_otherwise_is_none_the_weaker(tmp_path: Path) -> None:
    for when in ("{measure: phq9, item: 9, at_least: 1}", "{measure: phq9, item: 9, above: 0}"):
        found = added(tmp_path, _triggers(when))
        assert [one for one in found if one.level == "error"] == []
