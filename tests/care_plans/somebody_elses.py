"""A pathway that another author wrote, and what the lint says of it once it is spoilt."""

from functools import cache
from pathlib import Path

from care_plans.content.findings import RULES, Finding
from coordination.environment import PROJECT
from tests.care_plans.linting import Change, changed, findings_in

WRITTEN = PROJECT / "tests" / "data" / "patellar-tendinopathy" / "1.0.0.yaml"


@cache
def before() -> frozenset[tuple[str, str]]:
    """Return rule and place of what is found in it as it was written."""
    return frozenset((one.rule, one.at.path) for one in findings_in(WRITTEN))


def added(folder: Path, *changes: Change) -> list[Finding]:
    """Return what is found in it only after these changes."""
    file = changed(WRITTEN, folder, *changes)
    return [one for one in findings_in(file) if (one.rule, one.at.path) not in before()]


def finds_as_planted(folder: Path, change: Change, rule: str, words: str) -> None:
    """See that a change is found by a rule in such words; without a rule, that it is no error."""
    found = added(folder, change)
    if not rule:
        assert [one for one in found if one.level == "error"] == []
        return
    [first, *_] = [one for one in found if one.rule == rule and words in one.at.detail]
    assert first.level == RULES[rule].level == "error"


def leaving(criterion: str) -> Change:
    """Ask one thing more at the exit of the first stage."""
    last = "          consecutive: 3\n          source: [goom_2016, expert_consensus]\n"
    planted = f"{{id: planted, text: Planted, {criterion}, source: expert_consensus}}"
    return last, f"{last}        - {planted}\n"
