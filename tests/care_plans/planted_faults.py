"""Faults to plant into the shipped pathway: what is changed, and what the lint must say of it."""

from typing import Any

import pytest

from tests.care_plans.linting import Change

FORMAT = "format: 1\n"
_VOCABULARY = (
    FORMAT,
    f"""{FORMAT}exercises:
  hold: {{text: A static hold, source: goom_2016}}
  hop: {{text: A hop, source: goom_2016}}
""",
)
_SITTING = "how: in daily activity and when sitting\n          source: expert_consensus\n"
_GRADUALLY = "- {text: Introduce exercises gradually"
_ICE = '- {text: "Ice or heat, shockwave'
_PALPATION = "- {text: Palpation pain at the sitting bone"
_TENDERNESS = "- {text: Tenderness at the sitting bone"
_ISOMETRIC = "  - id: isometric\n"
_ECCENTRIC = "  - id: eccentric\n"
_MILD = "then: Activity modification and targeted strengthening\n    source: "
_STORAGE = 'only if the sport needs it"\n        source: '
_POP = (
    "urgency: {}\n    source: carespace_2025\n    action_source: expert_consensus\n"
    "    seed: seed-rf-pop"
)
# the end of the entry into the second stage
_ENTERED = """          no_open: red_flag
          source: expert_consensus
    exit:
      source: expert_consensus
      seed: seed-stage-criteria-missing
      note: clinic policy; the article gives no criteria for leaving this stage
      all_of:
        - id: pain
          text: Pain at most 2"""
_ENTER_IN_PAIN = _ENTERED.replace(
    "    exit:",
    "        - {id: planted, text: P, measure: nprs, at_least: 4, source: goom_2016}\n    exit:",
)


def _leaving(criterion: str) -> Change:
    """Ask one thing more at the exit of the first stage."""
    planted = f"- {{id: planted, text: Planted, {criterion}, source: expert_consensus}}"
    return _SITTING, f"{_SITTING}        {planted}\n"


def _asked(criterion: str, rule: str, words: str) -> Any:
    return pytest.param((_leaving(criterion),), rule, "id: planted", words, id=criterion)


def _fault(id: str, rule: str, place: str, words: str, *changes: Change) -> Any:
    return pytest.param(changes, rule, place, words, id=id)


# a rule of "" must find nothing; one with a minus must find nothing any more
PLANTED = [
    _asked("measure: nprs, at_least: 5", "unreachable", "so the stage acute can never be left"),
    _asked("measure: nprs, above: 10", "unreachable", "no score of nprs is > 10"),
    _asked("measure: tsk11, above: 2, item: 1", "", ""),
    _asked("measure: nprs, above: 2, below: 3", "content", "needs exactly one of"),
    _asked("measure: lefs, gain: 81", "unreachable", "nobody can gain 81 on lefs"),
    _asked("measure: nprs, gain: 10", "", ""),
    _asked(
        "any_of: [{measure: nprs, at_least: 8, id: deep, text: Deep, source: goom_2016}]",
        "unreachable",
        "no score of nprs is >= 8 and meets what else is asked",
    ),
    _asked("sign_off: nutrition", "unreachable", "waits for nutrition, which has no lane"),
    _asked(
        "yellow_flags_at_least: 13", "unreachable", "asks for 13 yellow flags, and there are 12"
    ),
    _asked(
        "measure: pain_load_24h, at_most: 3, consecutive: 15", "consecutive-too-long", "2 weeks"
    ),
    _asked("measure: pain_load_24h, at_most: 3, consecutive: 14", "", ""),
    _asked("measure: dash, at_most: 30", "uncollected-measure", "nobody takes dash"),
    _asked("measure: nprs, at_most: 3.5", "between-steps", "in steps of 1"),
    _asked("measure: lefs, gain: 5", "gain-too-small", "the smallest of those is 9"),
    _asked("measure: lefs, gain: 9", "", ""),
    _fault(
        "a gain below the error of the measure",
        "gain-within-error",
        "id: planted",
        "measurement error alone",
        ("measures_at_entry: [nprs,", "measures_at_entry: [nprs, ndi,"),
        _leaving("measure: ndi, gain: 5"),
    ),
    _fault(
        "an entry that contradicts the exit before it",
        "unreachable",
        "id: planted",
        "so the stage subacute can never be entered",
        (_ENTERED, _ENTER_IN_PAIN),
    ),
    _fault(
        "two severities at once",
        "unreachable",
        "- {severity: mild} # planted",
        "not moderate and mild at once",
        ("- {severity: moderate}", "- {severity: moderate}\n        - {severity: mild} # planted"),
    ),
    _fault(
        "weeks that overlap",
        "weeks-overlap",
        "moderate: {start: 16, end: 26,",
        "while subacute lasts until week 18",
        ("moderate: {start: 4, end: 16,", "moderate: {start: 4, end: 18,"),
    ),
    _fault(
        "weeks that are empty",
        "content",
        "moderate: {start: 4, end: 3.5,",
        "is not after start",
        ("moderate: {start: 4, end: 16,", "moderate: {start: 4, end: 3.5,"),
    ),
    _fault(
        "weeks that go backwards",
        "weeks-backwards",
        "moderate: {start: 2, end: 26,",
        "before subacute",
        ("moderate: {start: 16, end: 26,", "moderate: {start: 2, end: 26,"),
    ),
    _fault(
        "a caution with a dose",
        "-cautioned-without-dose",
        "",
        "",
        ("    caution: Aggressive", "    cadence: 2 minutes\n            caution: Aggressive"),
    ),
    _fault(
        "loading without a dose",
        "missing-dose",
        "- id: acute-isometric",
        "neither its level nor how often",
        ("            dose_level: isometric\n", ""),
    ),
    _fault(
        "two flags of the same words",
        "conflicting-urgency",
        "urgency: routine",
        "as sudden-severe-pain",
        ("text: Sudden severe pain\n", "text: Popping sound\n"),
        ("text: A popping sound at the time of injury", "text: The popping sound"),
        (_POP.format("urgent_24h"), _POP.format("routine")),
    ),
    _fault(
        "advice less urgent than its flag",
        "conflicting-urgency",
        "urgency: routine\n    red_flag",
        "urgent_24h as the flag swelling-or-bruising",
        ("urgency: urgent_24h\n    red_flag", "urgency: routine\n    red_flag"),
    ),
    _fault(
        "a claim supported by an unread source",
        "unsupported-claim",
        '- {text: "Shockwave: 85',
        "rio_2015 (unverified) alone",
        ("grade: unverified, source: cacchio_2011", "grade: supported, source: rio_2015"),
    ),
    _fault(
        "a claim supported by what somebody remembers",
        "unsupported-claim",
        '- {text: "Shockwave: 85',
        "cacchio_2011 (recall) alone",
        ("grade: unverified, source: cacchio_2011", "grade: supported, source: cacchio_2011"),
    ),
    _fault(
        "a citation of another work that is trusted",
        "mismatched-citation",
        "  rees_2009:\n",
        "10.1136/bmj.b296 is cited for another work by mistake; meant is Rees, Maffulli, Cook 2009",
        ("verified: mismatch", "verified: read"),
    ),
    _fault(
        "a rule that rests on another work in part",
        "mismatch-as-evidence",
        "source: [carespace_2025, rees_2009]",
        "rests on rees_2009, which belongs to another work",
        (f"{_MILD}carespace_2025", f"{_MILD}[carespace_2025, rees_2009]"),
    ),
    _fault(
        "a rule that rests on another work",
        "unsupported-claim",
        "source: rees_2009",
        "rees_2009 (mismatch) alone",
        (f"{_MILD}carespace_2025", f"{_MILD}rees_2009"),
    ),
    _fault(
        "a statement that rests on an unread source",
        "weak-citation",
        "source: rio_2016",
        "rio_2016 (unverified) alone",
        (f"{_STORAGE}goom_2016", f"{_STORAGE}rio_2016"),
    ),
    _fault(
        "one exercise in two levels",
        "exercise-in-two-levels",
        _ECCENTRIC,
        "hold stands in the levels isometric and eccentric",
        _VOCABULARY,
        (_ISOMETRIC, f"{_ISOMETRIC}    uses: [hold]\n"),
        (_ECCENTRIC, f"{_ECCENTRIC}    uses: [hold]\n"),
    ),
    _fault(
        "a test that is an exercise",
        "test-and-exercise",
        _PALPATION,
        "hold provokes the pain as a test",
        _VOCABULARY,
        (_ISOMETRIC, f"{_ISOMETRIC}    uses: [hold]\n"),
        (_PALPATION, f"{_PALPATION}, uses: [hold]"),
    ),
    _fault(
        "advised and warned against",
        "cautioned-without-dose",
        '- {cautions: [hop], text: "Ice',
        "warns against hop",
        _VOCABULARY,
        (_GRADUALLY, _GRADUALLY.replace("{text", "{uses: [hop], text")),
        (_ICE, _ICE.replace("{text", "{cautions: [hop], text")),
    ),
    _fault(
        "a gate that is only words",
        "missing-gate",
        "- id: subacute-functional",
        "the words demand it",
        ("    gate: {reported: pain_free_loading}\n", ""),
        ("            when: {reported: pain_free_loading}\n", ""),
    ),
    _fault(
        "an acute stage without a note",
        "stage-name",
        "  acute:\n",
        "of slow onset",
        ("    note: a name for the first stage; the condition itself is chronic", "    # chronic"),
    ),
    _fault(
        "a site without rules",
        "site-not-covered",
        "      - id: distal\n",
        "is about proximal",
        ("none carries over.\n        covered: false", "all carry over.\n        covered: true"),
        (_TENDERNESS, f"{_TENDERNESS}, variant: proximal"),
    ),
    _fault(
        "a review that is overdue",
        "review-overdue",
        "next_review_due: 2026-11-26",
        "was due on 2026-11-26",
        ("next_review_due: null", "next_review_due: 2026-11-26"),
    ),
    _fault("a review that is due today", "", "", "", ("due: null", "due: 2026-11-27")),
    _fault(
        "an exercise that is not there",
        "unknown-name",
        _GRADUALLY,
        'unknown exercise "hopp"; did you mean "hop"?',
        _VOCABULARY,
        (f"{_GRADUALLY} to avoid flare-ups", f"{_GRADUALLY} to avoid flare-ups, uses: [hopp]"),
    ),
    _fault(
        "a site that is not there",
        "unknown-name",
        _TENDERNESS,
        'unknown site "distall"; did you mean "distal"?',
        (_TENDERNESS, f"{_TENDERNESS}, variant: distall"),
    ),
    _fault(
        "what the format refuses",
        "content",
        "measure: slhb_rips",
        'unknown measure "slhb_rips"',
        (
            "measure: slhb_reps\n          side_ratio: 0.95",
            "measure: slhb_rips\n          side_ratio: 0.95",
        ),
    ),
]
