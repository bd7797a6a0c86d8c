"""The shipped pathway as a whole: complete, cited, and the only place that knows it."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from care_plans.content.files import read_measures
from care_plans.content.safety import RedFlag
from care_plans.content.sourced import EXPERT_CONSENSUS, SEVERITIES, STAGES, Band, Statement
from care_plans.content.stages import Activity, Goal, Lane
from coordination.environment import PROJECT
from tests.care_plans.test_content_seed import EVERY_PART, PATHWAY

# The article's inventory but its nine contradictions, which are findings and not facts.
INVENTORY = """
condition anatomy site-variant mechanism author-review disclaimer related-list compare-tendons
ref-rees2009 ref-rio2015 ref-rio2016 claim-rest claim-team claim-prevention pop-athletes
pop-nonathletes impact-work impact-sport impact-sleep impact-daily impact-mood sx-pain
sx-stiffness sx-activity sx-tender sx-radiate onset sev-mild sev-moderate sev-severe rf-sudden
rf-pop rf-swelling rf-weight rf-nerve risk-overuse risk-biomech risk-posture risk-imbalance
risk-age risk-occupation risk-training risk-metabolic risk-menopause dx-history dx-palpation
dx-functional dx-strength dx-us dx-mri dx-rootcause dx-scope ddx-strain ddx-sciatica
ddx-piriformis ddx-gluteal ddx-bursitis ddx-nonresponse time-mild time-moderate time-severe
time-untreated prog-positive prog-negative recurrence if-mild if-moderate if-severe surgery
stage-acute stage-acute-physio stage-acute-massage stage-acute-chiro stage-subacute
stage-subacute-load stage-subacute-kin stage-subacute-nutrition stage-maintenance
stage-maint-fitness stage-maint-ergo stage-maint-mental stage-criteria-missing disc-physio
disc-chiro disc-massage disc-kin disc-nutrition disc-psych scenario-order parallel ex-isometric
ex-eccentric ex-functional ex-glutecore ex-stretch ex-gradual tx-activity tx-ergonomics
tx-adjunct tx-meds life-nutrition life-mental life-social self-1 self-2 self-3 self-4 self-5 rtw
rts-early rts-full rts-longterm see-2weeks see-function see-bruise faq-fastest faq-selfheal
faq-seedoctor faq-exercises faq-sitstand faq-surgery faq-prevention faq-vs-strain psy-trigger
psy-stress psy-coach psy-lifestyle psy-allstages personalise
"""


@pytest.mark.feature("PW-01")
def test_it_expresses_the_whole_article_as_data() -> None:
    found = {row for _, part in EVERY_PART for row in getattr(part, "seed", ())}
    assert found == {f"seed-{name}" for name in INVENTORY.split()}
    assert len(found) == 138 - 9


@pytest.mark.feature("PW-01")
def test_it_leads_from_stages_over_goals_and_activities_to_disciplines() -> None:
    for name in STAGES:
        part = PATHWAY.stages[name]
        worked_on = {a.goal for its in part.lanes.values() for a in its.activities}
        assert worked_on == {goal.id for goal in part.goals}, f"{name}: a goal nobody works on"
    disciplines = {name for part in PATHWAY.stages.values() for name in part.lanes}
    assert len(disciplines) == 6


def _code() -> Iterator[Path]:
    """Every module that runs in production; the demo chooses a pathway to show, and may name it."""
    for app in ("care_plans", "coordination", "fhir", "notifications", "referrals"):
        for file in (PROJECT / app).rglob("*.py"):
            if PROJECT / "coordination" / "demo" not in file.parents:
                yield file


def _strings(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text())
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def _own_words() -> set[str]:
    """Return the names that only this pathway and the measures give to things."""
    names = {*PATHWAY.context, *read_measures(), PATHWAY.pathway}
    for _, part in EVERY_PART:
        if isinstance(part, Goal | Activity | RedFlag):
            names.add(part.id)
    names |= {level.id for level in PATHWAY.dose_levels}
    return {name for name in names if "_" in name or "-" in name} | {"nprs", "isometric"}


@pytest.mark.feature("PW-01")
def test_it_hard_codes_nothing_of_it() -> None:
    words = _own_words()
    said = [
        f"{file.relative_to(PROJECT)}: {text!r}"
        for file in _code()
        for text in _strings(file)
        if text in words or any(root in text.lower() for root in ("hamstring", "tendino", "ischi"))
    ]
    assert said == []


def test_it_says_where_every_statement_comes_from() -> None:
    known = {*PATHWAY.sources, EXPERT_CONSENSUS}
    for where, part in EVERY_PART:
        if isinstance(part, Statement | Goal | Lane | Activity | Band | RedFlag):
            assert set(part.source) <= known, where


def test_it_marks_the_citation_that_belongs_to_another_work() -> None:
    assert PATHWAY.sources["rees_2009"].verified == "mismatch"
    assert PATHWAY.sources["rio_2015"].verified == "unverified"
    assert PATHWAY.sources["rio_2016"].verified == "unverified"


def test_it_guesses_no_code() -> None:
    codes = {(code.system, code.code) for code in PATHWAY.condition.codes}
    assert ("snomed", None) in codes
    assert ("icd10", "M76.8") in codes


def test_it_orders_the_expected_weeks_of_the_stages_without_gaps() -> None:
    for severity in SEVERITIES:
        weeks = [PATHWAY.stages[name].expected[severity] for name in STAGES]
        assert weeks[0].start == 0
        for before, after in pairwise(weeks):
            assert before.end == after.start
        band = PATHWAY.severities[severity].duration
        assert isinstance(band, Band)
        assert abs(weeks[-1].end * 7 - band.longest.days) <= Decimal(1)
        assert all(w.is_consensus for w in weeks)


def test_it_leads_nobody_to_a_distal_tendon() -> None:
    site = PATHWAY.condition.site
    assert site is not None
    variants = {v.id: v.covered for v in site.variants}
    assert variants == {"proximal": True, "distal": False}
    assert site.default == "proximal"
    assert PATHWAY.condition.side_required
