"""Whatever a definition that was parsed says, the lint reads it to the end."""

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans.content.files import read_pathway
from care_plans.content.findings import RULES, Finding
from care_plans.content.lint import lint
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Located
from care_plans.content.sourced import LARGEST, SEVERITIES, STAGES
from tests.care_plans.linting import LITERAL, SHIPPED, SPINE, TODAY, known_measures

NUMBERS = (
    st.integers(-20, 120).map(Decimal)
    | st.decimals(-10, 110, places=2)
    | st.decimals(-LARGEST, LARGEST)
    | st.sampled_from([Decimal(LARGEST), Decimal(-LARGEST), Decimal("1e-999999")])
)
#: no length of time is longer than a hundred years, in whichever unit
SPANS = (
    st.integers(0, 1200).map(Decimal)
    | st.decimals(0, 1200, places=2)
    | st.just(Decimal("1e-999999"))
)
POSITIVE = NUMBERS.map(abs).filter(bool)
MEASURES = st.sampled_from([*sorted(known_measures()), "gone"])
SUBSCALES = st.sampled_from(["psychosocial", "pain", "gone"]).map(lambda part: {"subscale": part})
UNITS = st.sampled_from(["days", "weeks", "months"])
LANES = st.sampled_from(["physiotherapy", "kinesiology", "nutrition", "psychotherapy"])
EXERCISES = st.lists(st.sampled_from(["bridge", "deadlift", "stretching", "gone"]), max_size=3)
WORDS = st.sampled_from(
    [
        "Rest alone is not effective",
        "After two weeks of rest",
        "Only once free of pain",
        "Significant swelling, or bruising",
        "Bruising or swelling",
        "the",
        "…",
    ]
)
SOURCES = st.lists(
    st.sampled_from(["page", "rees_2009", "rio_2015", "expert_consensus", "gone"]),
    min_size=1,
    max_size=3,
)


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    compared = st.builds(
        lambda measure, how, value, of, more: {"measure": measure, how: value, **of, **more},
        MEASURES,
        st.sampled_from(["at_most", "at_least", "below", "above"]),
        NUMBERS,
        st.just({}) | SUBSCALES | st.integers(1, 3).map(lambda item: {"item": item}),
        st.fixed_dictionaries(
            {},
            optional={
                "consecutive": st.integers(1, 100),
                "within": st.sampled_from(["stage", "course"]),
                "side": st.sampled_from(["affected", "other"]),
            },
        ),
    )
    return st.one_of(
        compared,
        st.builds(
            lambda measure, how, value, of: {"measure": measure, how: value, **of},
            MEASURES,
            st.sampled_from(["gain", "gain_percent"]),
            POSITIVE,
            st.just({}) | SUBSCALES,
        ),
        st.fixed_dictionaries({"measure": MEASURES, "side_ratio": POSITIVE}),
        st.just({"no_open": "red_flag"}),
        st.fixed_dictionaries({"sign_off": LANES}),
        st.fixed_dictionaries({"lane": LANES, "needed": st.booleans()}),
        st.fixed_dictionaries({"reported": st.sampled_from(["free_of_pain", "gone"])}),
        st.fixed_dictionaries({"yellow_flags_at_least": st.integers(1, 99)}),
        st.fixed_dictionaries({"severity": st.sampled_from(SEVERITIES)}),
        st.fixed_dictionaries(
            {
                "elapsed_since": st.sampled_from(["course_start", "stage_start"]),
                "at_least": st.fixed_dictionaries(
                    {
                        "value": SPANS,
                        "unit": UNITS,
                    }
                ),
            }
        ),
    )


CRITERIA = st.recursive(
    leaves(),
    lambda below: st.builds(
        lambda joint, children: {joint: children},
        st.sampled_from(["all_of", "any_of"]),
        st.lists(below, min_size=1, max_size=4),
    ),
    max_leaves=12,
)


@cache
def _content(source: Any) -> PathwayDefinition:
    return read_pathway(source, measures=known_measures()).definition


ACTIVITIES = st.fixed_dictionaries(
    {"text": WORDS, "uses": EXERCISES, "cautions": EXERCISES},
    optional={"when": CRITERIA, "caution": WORDS, "dose_level": st.just("gone")},
)
RESOLUTIONS = st.fixed_dictionaries(
    {
        "id": st.just("one"),
        "rule": st.sampled_from([*RULES, "gone"]),
        "about": st.lists(WORDS | st.just("rules.severe"), min_size=1, max_size=2),
        "text": WORDS,
        "source": SOURCES,
    }
)
WEEKS = st.tuples(SPANS, SPANS.filter(bool)).filter(lambda pair: pair[0] < pair[1])


def _spoil_stages(draw: st.DrawFn, stages: dict[str, Any]) -> None:
    for stage in stages.values():
        stage["entry"], stage["exit"] = draw(CRITERIA), draw(CRITERIA)
        stage["measures_at_entry"] = draw(st.lists(MEASURES, max_size=3))
        stage["review"]["besides"] = draw(st.none() | CRITERIA)
        stage["expected"] = {}
        for key in draw(st.sets(st.sampled_from([*SEVERITIES, "any"]))):
            start, end = draw(WEEKS)
            stage["expected"][key] = {"start": start, "end": end, "source": draw(SOURCES)}
        for lane in stage["lanes"].values():
            for activity in lane.get("activities", []):
                activity.update(draw(ACTIVITIES))
            if draw(st.booleans()):
                lane["activities"] = []
    for gone in draw(st.sets(st.sampled_from(STAGES), max_size=3)):
        stages.pop(gone, None)


def _spoil_words(draw: st.DrawFn, content: dict[str, Any]) -> None:
    for rule in content["rules"]:
        rule |= {"when": draw(st.none() | CRITERIA), "text": draw(WORDS), "source": draw(SOURCES)}
    for claim in content.get("claims", []):
        claim |= {"grade": draw(st.sampled_from(["supported", "unverified"])), "text": draw(WORDS)}
        claim["source"] = draw(SOURCES)
    for flag in [*content["red_flags"], *content.get("see_provider", [])]:
        flag |= {"text": draw(WORDS), "urgency": draw(st.sampled_from(["emergency", "routine"]))}
    condition = content["condition"]
    for site in condition.get("site", {}).get("variants", []):
        site |= {"covered": draw(st.booleans()), "variant": draw(st.sampled_from(["a", "distal"]))}
    if draw(st.booleans()):
        condition.pop("site", None)
    condition["durations"] = [
        {"id": "typical", "min": low, "max": high, "unit": draw(UNITS), "source": draw(SOURCES)}
        for low, high in draw(st.lists(WEEKS, max_size=2))
    ]
    for severity in content["severities"].values():
        if draw(st.booleans()):
            severity["duration"] = "unknown"


@st.composite
def definitions(draw: st.DrawFn) -> PathwayDefinition:
    """Return a pathway that says anything the format allows, in every place the lint looks at."""
    source = draw(st.sampled_from([LITERAL, SHIPPED, SPINE]))
    content = _content(source).model_dump(exclude_unset=True)
    _spoil_stages(draw, content["stages"])
    _spoil_words(draw, content)
    content["governance"]["next_review_due"] = draw(st.none() | st.dates())
    content["resolutions"] = draw(st.lists(RESOLUTIONS, max_size=2))
    for lost in draw(st.sets(st.sampled_from(SEVERITIES), max_size=3)):
        content["severities"].pop(lost, None)
    return PathwayDefinition.model_validate(content)


def found_in(pathway: PathwayDefinition, today: date) -> list[Finding]:
    return lint(pathway, Located(SHIPPED, {}, {}), known_measures(), today=today)


@pytest.mark.feature("PW-09")
@settings(max_examples=40, deadline=None)
@given(pathway=definitions(), today=st.dates())
def test_it_reads_any_definition_to_the_end_and_says_the_same_twice(
    pathway: PathwayDefinition, today: date
) -> None:
    findings = found_in(pathway, today)
    assert findings == found_in(pathway, today)
    for finding in findings:
        assert finding.rule in RULES
        assert finding.level in ("note", RULES[finding.rule].level)
        assert str(finding).startswith(
            f"care_plans/pathways/hamstring-tendinopathy/1.0.0.yaml:1: {finding.level} "
        )


@settings(max_examples=15, deadline=None)
@given(pathway=definitions())
def test_it_never_needs_to_know_a_measure(pathway: PathwayDefinition) -> None:
    lint(pathway, Located(SHIPPED, {}, {}), {}, today=TODAY)
