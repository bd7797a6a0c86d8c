"""The lint of figures against words, of severities against one another, and of help for nobody."""

from pathlib import Path

import pytest

from care_plans.content.files import PATHWAYS
from tests.care_plans.linting import Change, changed, findings_in
from tests.care_plans.somebody_elses import added, finds_as_planted

_LAST = "          consecutive: 3\n          source: [goom_2016, expert_consensus]\n"
_MODERATE = "- {measure: nprs, at_least: 4, within: course}"
_SEVERE = "suggested_when: {measure: nprs, at_least: 7,"
_LATE = "at_least: {value: 12, unit: months}}"
_WHEN = (
    "      all_of:\n        - {severity: severe}\n"
    "        - {elapsed_since: course_start, at_least: {value: 12, unit: months}}\n"
)
_FUNCTION = "{id: function, text: Pain interferes with stairs,"
_THEN = "    then: A specialist review is due\n"
_ROUTING = "yellow_flags:\n  include: [common.routing]\n"


def asks(text: str, criterion: str) -> Change:
    """Ask one thing more at the exit of the first stage, in these words."""
    asked = f'{{id: planted, text: "{text}", {criterion}, source: expert_consensus}}'
    return _LAST, f"{_LAST}        - {asked}\n"


def means(average: str) -> Change:
    """Let the late rule ask for a mean of a time instead."""
    asked = f"measure: adherence_pct, at_least: 80, within: course, over: {average}"
    return _WHEN, f"      {{{asked}}}\n"


def _routed(counts: str) -> Change:
    """Let so many yellow flags offer, and recommend, help."""
    told = f"lane: psychotherapy, {counts}, source: expert_consensus"
    fields = "".join(f"  {one}\n" for one in told.split(", "))
    return _ROUTING, f"yellow_flags:\n{fields}"


FAULTS: list[tuple[Change, str, str]] = [
    # severities
    ((_MODERATE, _MODERATE.replace("4", "3")), "severities-overlap", "3 points to both"),
    ((_MODERATE, _MODERATE.replace("4", "2")), "severities-overlap", "some scores point to both"),
    ((_MODERATE, _MODERATE.replace("at_least: 4", "above: 2")), "severities-overlap", "both"),
    ((_MODERATE, _MODERATE.replace("4", "5")), "severities-apart", "what lies between"),
    ((_MODERATE, _MODERATE.replace("at_least: 4", "above: 3")), "", ""),
    ((_SEVERE, _SEVERE.replace("7", "8")), "severities-apart", "is severe: what lies between"),
    ((_SEVERE, _SEVERE.replace("at_least", "at_most")), "severities-overlap", "point to both"),
    ((_SEVERE, _SEVERE.replace("at_least: 7", "above: 6")), "", ""),
    # two that each ask for something else as well
    (
        (
            f"        {_MODERATE}\n        - {{measure: nprs, at_most: 6, within: course}}\n",
            (
                f"        {_MODERATE.replace('4', '3')}\n"
                "        - {measure: nprs, at_most: 6, within: course}\n"
                "        - {measure: visa_p, below: 70, within: course}\n"
            ),
        ),
        "",
        "",
    ),
    # spans in other units
    ((_LATE, _LATE.replace("months", "weeks")), "text-and-figure", "and 12 weeks as a figure"),
    ((_LATE, _LATE.replace("12, unit: months", "365, unit: days")), "", ""),
    ((_LATE, _LATE.replace("12, unit: months", "52, unit: weeks")), "", ""),
    (means("{value: 12, unit: days}"), "text-and-figure", "12 months in words, and 12 days"),
    (means("{value: 12, unit: months}"), "", ""),
    (
        asks(
            "At least 4 weeks here", "elapsed_since: stage_start, at_least: {value: 4, unit: days}"
        ),
        "text-and-figure",
        "4 weeks in words, and 4 days as a figure",
    ),
    (
        (_FUNCTION, f"{_FUNCTION[:-1]} for two weeks, after: {{value: 2, unit: months}},"),
        "text-and-figure",
        "2 weeks in words, and 2 months as a figure",
    ),
    ((_FUNCTION, f"{_FUNCTION[:-1]} for two weeks, after: {{value: 14, unit: days}},"), "", ""),
    # the other side of a figure
    (
        asks("Pain at least 2 of 10", "measure: nprs, at_most: 2"),
        "text-and-figure",
        "one side of 2",
    ),
    (asks("Pain no more than 2 of 10", "measure: nprs, at_most: 2"), "", ""),
    (asks("Pain of 2 or less", "measure: nprs, at_most: 2"), "", ""),
    (asks("Not less than 40 points", "measure: visa_p, at_least: 40"), "", ""),
    (
        asks("VISA-P below 95 points", "measure: visa_p, at_least: 95"),
        "text-and-figure",
        "one side of 95",
    ),
    # how often in a row
    (
        asks("Pain at most 2 of 10, three times in a row", "measure: nprs, at_most: 2"),
        "text-and-figure",
        "says 3 in a row, and 1 are asked for",
    ),
    (
        asks("Pain at most 2, twice in a row", "measure: nprs, at_most: 2, consecutive: 2"),
        "",
        "",
    ),
    (
        asks("Pain worse by 2", "measure: nprs, worse_by: 5"),
        "text-and-figure",
        "says 2, and the figure is 5",
    ),
    # help that nobody ever gets
    (
        (_THEN, f"{_THEN}    lane: nutrition\n"),
        "unreachable",
        "no stage has a nutrition lane to open",
    ),
    ((_THEN, f"{_THEN}    lane: massage_therapy\n"), "", ""),
    (_routed("offer_at: 40, recommend_at: 41"), "unreachable", "asks for 40 of"),
    (_routed("offer_at: 1, recommend_at: 40"), "", ""),
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("change", "rule", "words"), FAULTS, ids=[f"{f[1]} {f[0][1][-60:]}" for f in FAULTS]
)
def test_it_finds_what_words_and_severities_contradict(
    tmp_path: Path, change: Change, rule: str, words: str
) -> None:
    finds_as_planted(tmp_path, change, rule, words)


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize("span", ["0 days", "99999999999999999999 weeks", "many weeks"])
def test_it_reads_any_span_in_words(tmp_path: Path, span: str) -> None:
    asked = "elapsed_since: stage_start, at_least: {value: 0, unit: weeks}"
    found = added(tmp_path, asks(f"For {span}", asked))
    assert {one.rule for one in found} <= {"text-and-figure", "always-met"}


@pytest.mark.feature("PW-09")
def test_help_with_fear_is_for_whoever_has_it(tmp_path: Path) -> None:
    achilles = PATHWAYS / "achilles-tendinopathy" / "1.1.0.yaml"
    asked = "when: {measure: tsk11, at_least: 29, within: course}"
    file = changed(achilles, tmp_path, (asked, asked.replace("at_least", "below")))
    found = [one for one in findings_in(file) if one.rule == "wrong-direction"]
    assert found
    assert {one.level for one in found} == {"error"}
    assert all("psychotherapy" in one.at.path for one in found)
    assert not [one for one in findings_in(achilles) if one.rule == "wrong-direction"]
