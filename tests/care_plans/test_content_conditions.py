"""Under which conditions the newest versions offer help, begin, escalate and recommend."""

from decimal import Decimal
from typing import Any

import pytest

from care_plans import progress
from care_plans.content.condition import Asked
from care_plans.content.pathways import PathwayDefinition, Rule
from care_plans.content.sourced import STAGES
from care_plans.criteria import (
    AllOf,
    AnyOf,
    Compared,
    LaneNeeded,
    OfSeverity,
    Reported,
    YellowFlagged,
    leaves,
)
from care_plans.evaluation import evaluate, readiness
from care_plans.evidence import Facts, Outcome
from care_plans.suggesting import suggestions
from tests.care_plans import imagined, underway
from tests.care_plans.imagined import NOW, facts, said, score
from tests.care_plans.library import CONDITIONS, library
from tests.care_plans.test_content_seed import ARTICLE, PATHWAY, under
from tests.cast import Cast

EC = "expert_consensus"
MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


def rule(name: str, pathway: PathwayDefinition = PATHWAY) -> Rule:
    [found] = [one for one in pathway.rules if one.id == name]
    return found


def suggested(name: str, **known: Any) -> bool:
    return f"rule.{name}" in {one.rule for one in suggestions(PATHWAY, facts(**known), NOW)}


# One yellow flag offers, two recommend, and neither opens the lane


def lanes_for_help() -> list[tuple[str, str]]:
    return [
        (name, stage)
        for name in sorted(CONDITIONS)
        for stage in STAGES
        if (lane := library()[name].stage(stage).lanes.get("psychotherapy"))
        and lane.when is not None
        and any(isinstance(leaf, YellowFlagged) for leaf in leaves(lane.when))
    ]


def test_flags_are_asked_about_where_help_may_go_on() -> None:
    assert lanes_for_help() == [
        (name, stage)
        for name in (
            "hamstring-tendinopathy",
            "low-back-pain",
            "lumbar-radiculopathy",
            "neck-pain-wad",
            "rotator-cuff",
        )
        for stage in ("acute", "subacute")
    ]


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(("name", "stage"), lanes_for_help())
def test_no_flag_opens_the_lane_and_help_that_was_accepted_goes_on(name: str, stage: Any) -> None:
    pathway = library()[name]
    assert (pathway.yellow_flags.offer_at, pathway.yellow_flags.recommend_at) == (1, 2)
    asked = pathway.stage(stage).lanes["psychotherapy"]
    assert asked.when is not None
    assert "contradicts" in (asked.note or "")
    flags = (score("pcs", 30), score("gad7", 10))
    for scores in (flags[:1], flags):
        closed = facts(scores=scores, lanes={"psychotherapy": imagined.lane(None, needed=False)})
        assert evaluate(asked.when, pathway, closed, NOW).outcome is not MET
        opened = facts(scores=scores, lanes={"psychotherapy": imagined.lane(None)})
        assert evaluate(asked.when, pathway, opened, NOW).outcome is MET


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_offer_is_made_while_nothing_else_calls_for_help(count: int) -> None:
    asked = PATHWAY.stage("acute").lanes["psychotherapy"].when
    assert asked is not None
    calm = (said("stress_affects_sleep", False), said("sleep_affected", False))
    known = facts(scores=(score("pcs", 30), score("gad7", 10))[:count], answers=calm)
    assert evaluate(asked, PATHWAY, known, NOW).outcome is NOT_MET
    closed = {"psychotherapy": imagined.lane(None, needed=False)}
    found = {one.rule: one for one in suggestions(PATHWAY, facts_with(known, closed), NOW)}
    made = {name: one.then for name, one in found.items() if name.startswith("yellow-flags")}
    assert (
        made
        == [
            {},
            {"yellow-flags.offer": "Offer psychotherapy."},
            {"yellow-flags.recommend": "Recommend psychotherapy."},
        ][count]
    )


def facts_with(known: Facts, lanes: dict[str, Any]) -> Facts:
    return facts(scores=known.scores, answers=known.answers, lanes=lanes)


@pytest.mark.feature("seed-psy-trigger", "seed-scenario-order")
@pytest.mark.parametrize("stage", ["acute", "subacute"])
@pytest.mark.parametrize(("answer", "outcome"), [(True, MET), (False, NOT_MET), (None, UNKNOWN)])
def test_stress_that_affects_sleep_opens_psychotherapy(
    stage: Any, answer: bool | None, outcome: Outcome
) -> None:
    lane = PATHWAY.stage(stage).lanes["psychotherapy"]
    assert isinstance(lane.when, AnyOf)
    of = {getattr(leaf, "reported", ""): leaf.source for leaf in leaves(lane.when)}
    assert of["stress_affects_sleep"] == (ARTICLE,)
    stressed = () if answer is None else (said("stress_affects_sleep", answer),)
    answers = (said("sleep_affected", False), *stressed)
    assert evaluate(lane.when, PATHWAY, facts(answers=answers), NOW).outcome is outcome


@pytest.mark.feature("seed-scenario-order")
def test_sleep_that_pain_disturbs_is_ours_and_not_the_article_s() -> None:
    lane = PATHWAY.stage("acute").lanes["psychotherapy"]
    assert lane.when is not None
    of = {leaf.reported: leaf.source for leaf in leaves(lane.when) if isinstance(leaf, Reported)}
    assert of == {"stress_affects_sleep": (ARTICLE,), "sleep_affected": (EC,)}
    assert lane.is_consensus
    assert "pain" in (lane.reason or "")


# Only where the pain is at the sitting bone


@pytest.mark.feature("seed-site-variant", "seed-x-9")
@pytest.mark.parametrize(("answer", "outcome"), [(True, MET), (False, NOT_MET), (None, UNKNOWN)])
def test_no_course_is_ready_to_begin_but_at_the_sitting_bone(
    answer: bool | None, outcome: Outcome
) -> None:
    answers = () if answer is None else (said(underway.SITE, answer),)
    known = facts(stay=None, answers=answers, screens=(imagined.screen(),))
    found = readiness(PATHWAY, known, NOW)
    assert found.entry is not None
    assert (found.entry.outcome, found.outcome) == (outcome, outcome)


@pytest.mark.feature("seed-site-variant", "seed-x-9")
def test_a_tendon_that_hurts_at_the_knee_begins_no_course(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, answers={**underway.CALM, underway.SITE: False})
        underway.screen(course, now=course.applied_at, who=cast.asha)
        with pytest.raises(progress.NotReady) as refused:
            underway.move(cast, course, "start", now=course.applied_at)
    assert "sitting" in str(refused.value).lower()


# Sciatica that does not change, or hurts much


@pytest.mark.feature("DP-01")
@pytest.mark.parametrize(
    ("weeks", "unchanged", "pain", "outcome"),
    [
        (6, True, 3, MET),
        (5, True, 3, NOT_MET),
        (8, False, 3, NOT_MET),
        (8, None, 3, UNKNOWN),
        (1, None, 7, MET),
        (1, None, 6, NOT_MET),
        (8, True, None, MET),
    ],
)
def test_sciatica_is_reviewed_without_change_by_six_weeks_or_with_severe_pain(
    weeks: int, unchanged: bool | None, pain: int | None, outcome: Outcome
) -> None:
    pathway = library()["lumbar-radiculopathy"]
    asked = rule("escalation", pathway)
    assert asked.when is not None
    assert asked.source == ("nice_ng59", EC)
    known = facts(
        began_at=NOW - 7 * weeks * imagined.DAY,
        answers=() if unchanged is None else (said("unchanged", unchanged),),
        scores=() if pain is None else (score("nprs", pain),),
    )
    assert evaluate(asked.when, pathway, known, NOW).outcome is outcome
    [severe] = [leaf for leaf in leaves(asked.when) if isinstance(leaf, Compared)]
    assert (severe.source, severe.verified, severe.value) == ((EC,), "recall", Decimal(7))


# What the article's if and then say


@pytest.mark.feature("seed-if-mild", "seed-if-moderate")
@pytest.mark.parametrize(
    ("name", "severity", "question", "then"),
    [
        (
            "mild",
            "mild",
            "only_after_exercise",
            "Activity modification and targeted strengthening",
        ),
        (
            "moderate",
            "moderate",
            "affects_activity",
            "Structured physiotherapy and progressive loading, possibly shockwave",
        ),
    ],
)
def test_a_severity_is_acted_on_once_its_question_is_answered(
    name: str, severity: Any, question: str, then: str
) -> None:
    found = rule(name)
    assert (found.then, found.source) == (then, (ARTICLE,))
    yes, no = (said(question, True),), (said(question, False),)
    assert suggested(name, severity=severity, answers=yes)
    assert not suggested(name, severity=severity, answers=no)
    assert not suggested(name, severity=severity)
    for other in {"mild", "moderate", "severe"} - {severity}:
        assert not suggested(name, severity=other, answers=yes)


@pytest.mark.feature("seed-if-severe", "seed-surgery")
def test_after_a_year_a_review_is_due_and_after_half_of_it_one_may_be_considered() -> None:
    assert rule("severe-mandatory").then == "A specialist review is due"
    earliest = rule("severe-earliest").then
    assert earliest == "An injection or surgical consultation may be considered; surgery is rare"


@pytest.mark.feature("seed-if-moderate", "seed-tx-adjunct")
def test_shockwave_is_considered_of_moderate_cases_and_of_nothing_else() -> None:
    found = PATHWAY.stage("subacute").activity("subacute-shockwave")
    assert found is not None
    assert found[1].text == "Consider shockwave if moderate"
    assert (found[1].when, found[1].source) == (OfSeverity(severity="moderate"), (ARTICLE,))


@pytest.mark.feature("seed-ddx-nonresponse")
@pytest.mark.parametrize("answer", [True, False, None])
def test_whoever_does_not_improve_is_evaluated_again(answer: bool | None) -> None:
    assert rule("no-response").when == Reported(reported="no_improvement")
    answers = () if answer is None else (said("no_improvement", answer),)
    assert suggested("no-response", answers=answers) is (answer is True)
    assert "Evaluate again" in rule("no-response").then


@pytest.mark.feature("seed-faq-seedoctor", "seed-x-6")
def test_bruising_and_swelling_are_urgent_in_the_answer_as_well() -> None:
    [told] = [one for one in PATHWAY.questions if one.id == "see-doctor"]
    at_once, _, later = told.answer.partition(" Otherwise ")
    assert at_once.startswith("At once")
    assert "bruising or swelling" in at_once
    assert "two weeks of rest" in later
    [settled] = [one for one in PATHWAY.resolutions if one.id == "seed-x-6"]
    assert "questions.see-doctor" in settled.about


@pytest.mark.feature("seed-time-mild", "seed-time-severe")
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("seed-time-mild", ("6 to 8 weeks", "structured rehabilitation", "activity modification")),
        (
            "seed-time-severe",
            ("6 to 12 months or longer", "advanced degeneration", "without adjustment"),
        ),
    ],
)
def test_people_read_under_which_conditions_recovery_takes_so_long(
    row: str, words: tuple[str, ...]
) -> None:
    [told] = [one for one in PATHWAY.prognosis.course if row in one.seed]
    assert told.source == (ARTICLE,)
    assert [word for word in words if word not in told.text] == []


@pytest.mark.feature("seed-dx-functional")
@pytest.mark.parametrize("answer", ["neither", "left", "right", "both"])
def test_each_functional_test_is_recorded_with_its_side_and_result(answer: str) -> None:
    asked = {name: one for name, one in PATHWAY.context.items() if "seed-dx-functional" in one.seed}
    assert set(asked) == {"forward_bend_hurts", "single_leg_bridge_hurts", "hip_extension_hurts"}
    for one in asked.values():
        assert isinstance(one, Asked)
        assert one.allows(answer)
        assert not one.allows("yes")
        assert "On which side" in one.text
        assert one.source == (ARTICLE,)


@pytest.mark.feature("seed-ref-rees2009", "seed-ref-rio2016", "seed-ref-rio2015")
def test_the_article_s_citations_are_kept_as_they_stand_there() -> None:
    assert {
        row: (one.doi, one.verified) for one in PATHWAY.sources.values() for row in one.seed
    } == {
        "seed-ref-rees2009": ("10.1136/bmj.b296", "mismatch"),
        "seed-ref-rio2015": ("10.1136/bjsports-2015-095245", "unverified"),
        "seed-ref-rio2016": ("10.1136/bjsports-2016-096030", "unverified"),
    }
    assert all(under(row) for row in ("seed-ref-rees2009", "seed-ref-rio2016"))


# How well a source is known


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_a_work_of_which_only_a_title_was_seen_was_not_read(name: str) -> None:
    for key, record in library()[name].sources.items():
        if "title" in (record.note or "").lower():
            assert record.verified == "recall", key


def test_these_are_the_works_of_which_only_a_title_was_seen() -> None:
    titled = {
        key
        for pathway in library().values()
        for key, record in pathway.sources.items()
        if "title" in (record.note or "").lower()
    }
    assert titled == {
        "blanpied_2017",
        "goom_2016",
        "martin_2021",
        "martin_2022",
        "tassignon_2019",
    }
    back = library()["low-back-pain"].sources["ostelo_2008"]
    assert "DOI is from memory" in (back.note or "")


def test_what_goes_on_is_asked_of_the_lane_itself() -> None:
    asked = library()["rotator-cuff"].stage("subacute").lanes["psychotherapy"].when
    assert asked == AllOf(
        all_of=(LaneNeeded(lane="psychotherapy"), YellowFlagged(yellow_flags_at_least=1))
    )
