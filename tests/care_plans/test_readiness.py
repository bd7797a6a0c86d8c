"""A whole pathway asked of the facts: readiness, loading, and the severity that scores suggest."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from care_plans.content.sourced import SEVERITIES
from care_plans.evaluation import (
    Asked,
    evaluate,
    evaluate_severity,
    may_load,
    readiness,
    severity_met,
)
from care_plans.evidence import Finding, Outcome
from tests.care_plans.imagined import (
    NOW,
    criterion,
    facts,
    hamstring,
    lane,
    said,
    score,
    screen,
)

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


def ids(finding: Finding) -> set[UUID]:
    return {row.id for row in finding.evidence}


@pytest.mark.feature("CP-03")
def test_it_names_for_each_criterion_of_the_acute_exit_what_satisfied_it() -> None:
    taken = (
        score("nprs", 3),
        score("pain_load_24h", 3, days_ago=3),
        score("pain_load_24h", 2, days_ago=2),
        score("pain_load_24h", 1, days_ago=1),
        score("adherence_pct", 85),
    )
    full = screen()
    lanes = {"physiotherapy": lane(True), "massage_therapy": lane(True)}
    found = readiness(hamstring(), facts(scores=taken, screens=(full,), lanes=lanes), NOW)
    assert found.outcome is MET
    assert (found.stage, found.next_stage) == ("acute", "subacute")
    assert found.exit is not None
    cited = {leaf.id: ids(leaf) for leaf in found.exit.leaves()}
    assert cited == {
        "pain": {taken[0].id},
        "load-response": {one.id for one in taken[1:4]},
        "adherence": {taken[4].id},
        "no-red-flag": {full.id},
    }
    assert found.lanes is not None
    assert ids(found.lanes) == {one.sign_off_id for one in lanes.values()}
    kept = found.as_json()
    assert kept["exit"]["parts"][0]["evidence"] == [{"kind": "score", "id": str(taken[0].id)}]
    assert kept["exit"]["parts"][0]["source"] == ["expert_consensus"]


def test_it_names_once_what_every_course_and_its_pathway_ask() -> None:
    found = readiness(hamstring(), facts(lanes={"physiotherapy": lane(True)}), NOW)
    about_flags = [leaf.id for leaf in found.blockers() if leaf.kind == "NoOpen"]
    assert about_flags == ["no-red-flag"]
    assert found.safety.outcome is UNKNOWN


@pytest.mark.feature("CP-03")
@pytest.mark.feature("DP-06")
def test_each_question_that_is_not_met_names_what_it_asks_about() -> None:
    definition = hamstring()
    unknown, *absent = sorted(definition.flag_ids)
    screened = screen({unknown: "unknown"})
    lanes = {"physiotherapy": lane(True), "massage_therapy": lane(False), "nutrition": lane(None)}
    found = readiness(definition, facts(screens=(screened,), lanes=lanes), NOW)
    about = {leaf.id or leaf.kind: leaf.about for leaf in found.blockers()}
    assert about["pain"] == (("measure", "nprs"),)
    assert about["no-red-flag"] == (("red_flag", unknown),)
    assert about["SignedOff"] == (("lane", "massage_therapy"), ("lane", "nutrition"))
    begin = readiness(definition, facts(stay=None, screens=(screen(),)), NOW)
    [asked] = begin.blockers()
    assert asked.about == (("question", "pain_at_sitting_bone"),)
    assert asked.as_json()["about"] == [{"kind": "question", "key": "pain_at_sitting_bone"}]
    opened = facts(screens=(screen({"popping-sound": "present", absent[0]: "unknown"}),))
    stopped = readiness(definition, opened, NOW)
    assert stopped.safety.about == (("red_flag", "popping-sound"),)
    needed = criterion(lane="massage_therapy", needed=True)
    assert evaluate(needed, definition, facts(), NOW).about == (("lane", "massage_therapy"),)


@pytest.mark.feature("CP-03")
def test_it_lets_no_date_stand_in_for_evidence() -> None:
    waited = facts(began_at=NOW - timedelta(days=900), lanes={"physiotherapy": lane(True)})
    found = readiness(hamstring(), waited, NOW)
    assert found.outcome is UNKNOWN
    assert {leaf.id for leaf in found.blockers()} >= {"pain", "load-response", "adherence"}


def test_it_begins_care_once_flags_were_screened() -> None:
    unscreened = readiness(hamstring(), facts(stay=None), NOW)
    assert (unscreened.stage, unscreened.next_stage) == (None, "acute")
    assert unscreened.outcome is UNKNOWN
    assert [leaf.id for leaf in unscreened.blockers()] == ["screened", "sitting-bone"]
    asked = facts(stay=None, screens=(screen(),))
    assert [leaf.id for leaf in readiness(hamstring(), asked, NOW).blockers()] == ["sitting-bone"]
    told = facts(stay=None, screens=(screen(),), answers=(said("pain_at_sitting_bone", True),))
    assert readiness(hamstring(), told, NOW).outcome is MET


def test_it_holds_loading_back_until_hard_stops_were_excluded() -> None:
    assert may_load(hamstring(), facts(), NOW).outcome is UNKNOWN
    assert may_load(hamstring(), facts(screens=(screen(),)), NOW).outcome is MET
    # a redirect blocks progression, not loading
    nerve = facts(screens=(screen({"numbness-or-tingling": "present"}),))
    assert may_load(hamstring(), nerve, NOW).outcome is MET
    assert evaluate(criterion(no_open="red_flag"), hamstring(), nerve, NOW).outcome is NOT_MET


@pytest.mark.feature("seed-sev-mild")
@pytest.mark.feature("seed-sev-moderate")
@pytest.mark.feature("seed-sev-severe")
@pytest.mark.parametrize(
    ("scores", "severity", "words"),
    [
        ({"nprs": 2, "lefs": 70}, "mild", "after workouts"),
        ({"nprs": 5, "lefs": 70}, "moderate", "sitting or climbing stairs"),
        ({"nprs": 2, "lefs": 50}, "moderate", "interferes with sport or daily activities"),
        ({"nprs": 7, "lefs": 70}, "severe", "Constant pain"),
        ({"nprs": 3, "lefs": 40}, "severe", "work, sleep and quality of life"),
    ],
)
def test_it_suggests_a_severity_that_the_pathway_puts_in_words(
    scores: dict[str, int], severity: Any, words: str
) -> None:
    known = facts(stay=None, scores=tuple(score(name, value) for name, value in scores.items()))
    assert severity_met(Asked(hamstring(), known, NOW)) == severity
    assert evaluate_severity(severity, Asked(hamstring(), known, NOW)).outcome is MET
    assert words in hamstring().severity(severity).text


def test_it_suggests_no_severity_without_scores() -> None:
    assert severity_met(Asked(hamstring(), facts(), NOW)) is None
    found = [evaluate_severity(name, Asked(hamstring(), facts(), NOW)) for name in SEVERITIES]
    assert {finding.outcome for finding in found} == {UNKNOWN}
