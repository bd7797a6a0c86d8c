"""The library: every condition is there, with what it screens for and the sources it was given."""

from decimal import Decimal
from typing import Any

import pytest

from care_plans.content.checks import parts
from care_plans.content.condition import Code
from care_plans.content.files import read_pathways
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES
from care_plans.criteria import Compared, Reported, Worsened
from tests.care_plans.library import CONDITIONS, EC, STUBS, asked, library, measures, stubs


def test_it_has_every_condition_and_every_stub() -> None:
    assert set(library()) == CONDITIONS
    assert set(stubs()) == STUBS


def test_it_holds_massage_back_until_the_risk_of_a_haematoma_has_passed() -> None:
    pathway = library()["hamstring-strain"]
    (massage,) = pathway.stage("acute").lanes["massage_therapy"].activities
    assert massage.when == Reported(reported="haematoma_risk_passed")
    assert "72 hours" in pathway.context["haematoma_risk_passed"].text


GENERIC = {
    "cauda-equina",
    "progressive-neuro",
    "fracture",
    "infection",
    "cancer",
    "dvt",
    "vascular-neck",
    "tendon-rupture",
}
FLAGS = {
    "hamstring-strain": {"avulsion", *GENERIC},
    "lumbar-radiculopathy": {
        "cauda-equina",
        "progressive-neuro",
        "cancer",
        "infection",
        "fracture",
    },
    "low-back-pain": {"cauda-equina", "cancer", "infection", "fracture"},
    "gluteal-tendinopathy": {"fracture", "femoral-neck-stress-fracture", "infection", "cancer"},
    "achilles-tendinopathy": {"tendon-rupture", "calf-squeeze", "dvt", "drug-or-systemic"},
    "neck-pain-wad": {"vascular-neck", "c-spine-rule", "myelopathy", "infection", "cancer"},
    "rotator-cuff": {"acute-tear", "infection", "cancer", "dislocation", "cardiac"},
    "lateral-ankle-sprain": {"ottawa-ankle-rules", "syndesmosis", "dvt"},
}


@pytest.mark.parametrize("condition", sorted(FLAGS))
def test_it_screens_for_the_red_flags_of_the_condition(condition: str) -> None:
    assert {flag.id for flag in library()[condition].red_flags} == FLAGS[condition]


def test_it_marks_what_is_recalled_and_not_read() -> None:
    (rules,) = [f for f in library()["lateral-ankle-sprain"].red_flags if f.suspects == "fracture"]
    assert (rules.source, rules.verified) == (("martin_2021",), "recall")
    assert {s.verified for s in library()["neck-pain-wad"].treatments} == {"recall"}
    assert library()["rotator-cuff"].sources["desmeules_2025"].verified == "recall"


def test_it_takes_high_risk_of_start_back_for_a_psychosocial_score_of_four() -> None:
    for name in ("lumbar-radiculopathy", "low-back-pain"):
        triggers = {t.id: t for t in library()[name].yellow_flags.triggers}
        high = triggers["start-back-high"]
        assert isinstance(high.when, Compared)
        assert (high.when.subscale, high.when.comparison, high.when.value) == (
            "psychosocial",
            ">=",
            4,
        )
        assert "nice_ng59" in high.source
    assert len(library()["low-back-pain"].yellow_flags.triggers) == 13


@pytest.mark.feature("OM-04", "OM-09")
@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_every_newest_version_says_that_pain_got_worse_and_asks_after_distress(
    condition: str,
) -> None:
    pathway = library()[condition]
    [worse] = [rule for rule in pathway.rules if rule.id == "worse-pain"]
    assert worse.when == Worsened(measure="nprs", worse_by=Decimal(2), since="stage_start")
    assert worse.source == (EC,)
    assert any("nprs" in stage.measures_at_entry for stage in pathway.stages.values())
    [distress] = [one for one in pathway.yellow_flags.triggers if one.id == "distress"]
    assert distress.follow_with == ("phq9", "gad7")


def codes(name: str) -> dict[tuple[str, str | None], Code]:
    listed = library()[name].condition.codes if name in library() else stubs()[name].codes
    return {(code.system, code.code): code for code in listed}


@pytest.mark.parametrize(
    ("condition", "system", "code", "words"),
    [
        ("lumbar-radiculopathy", "snomed", "128196005", "CHECK"),
        ("rotator-cuff", "snomed", "307731004", "not a tendinopathy"),
        ("rotator-cuff", "icd10", "M75.1", "tear or rupture"),
        ("rotator-cuff", "icd10-cm", "M75.100", "tear or rupture"),
    ],
)
def test_it_shows_which_codes_must_be_checked(
    condition: str, system: str, code: str, words: str
) -> None:
    assert words in (codes(condition)[system, code].note or "")


def test_it_says_that_no_snomed_code_was_checked_against_a_release() -> None:
    for pathway in library().values():
        for code in pathway.condition.codes:
            if code.system == "snomed" and code.code is not None:
                assert (code.source, code.verified) == (("snomed_ct",), "unverified")
    assert library()["hamstring-tendinopathy"].sources["rees_2009"].verified == "mismatch"


def test_it_cites_for_every_statement_a_source_that_it_has() -> None:
    for pathway in library().values():
        known = {*pathway.sources, EC}
        for where, part in parts(pathway):
            cited = getattr(part, "source", None)
            if isinstance(cited, tuple):
                assert set(cited) <= known, (pathway.pathway, where)


def unnamed(content: Any) -> Any:
    """Return what content says, without the names by which the lint compares its parts."""
    if isinstance(content, dict):
        names = ("uses", "cautions", "variant")
        return {key: unnamed(its) for key, its in content.items() if key not in names}
    return [unnamed(its) for its in content] if isinstance(content, list) else content


def test_it_says_in_hamstring_1_1_what_1_0_said() -> None:
    files = {
        f.definition.version: f.definition
        for f in read_pathways(measures())
        if f.definition.pathway == "hamstring-tendinopathy"
    }
    old, new = files["1.0.0"], files["1.1.0"]
    changed = {"version", "common", "families", "sources", "rules", "differentials", "stages"}
    changed |= {"exercises", "resolutions"}
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    for name in set(PathwayDefinition.model_fields) - changed:
        assert unnamed(after[name]) == unnamed(before[name]), name
    for stage in STAGES:
        first, second = old.stage(stage), new.stage(stage)
        assert asked(second.exit) == asked(first.exit)
        lanes = before["stages"][stage]["lanes"], after["stages"][stage]["lanes"]
        assert unnamed(lanes[0]) == unnamed(lanes[1])
        assert second.expected == first.expected
        assert second.review.model_copy(update={"besides": None}) == first.review
    assert new.stages["acute"].entry == old.stages["acute"].entry
    assert [r for r in new.rules if r.id not in ("worse-pain", "plateau")] == list(old.rules)
    assert {d.id for d in new.differentials} - {d.id for d in old.differentials} == {
        "ischiofemoral-impingement",
        "avulsion-or-apophyseal-injury",
    }


# Stubs


# Stubs
CODES = {
    "deep-gluteal-syndrome": ("G57.0", "G57.00", None),
    "ischial-bursitis": ("M70.7", "M70.70", None),
    "patellar-tendinopathy": ("M76.5", "M76.50", None),
    "patellofemoral-pain": ("M22.2", "M22.2X1", None),
    "knee-oa": ("M17.9", "M17.11", "239873007"),
    "plantar-heel-pain": ("M72.2", "M72.2", "202882003"),
    "lateral-elbow": ("M77.1", "M77.11", "202855006"),
    "concussion": ("S06.0", "S06.0X0A", "62106007"),
}
TAKEN: dict[str, object] = {
    "patellar-tendinopathy": ("visa_p",),
    "knee-oa": ("koos", "womac"),
    "plantar-heel-pain": ("faam_adl",),
    "lateral-elbow": ("grip_kg", "quickdash"),
}


@pytest.mark.parametrize("name", sorted(STUBS))
def test_it_says_of_a_stub_what_is_known_and_what_is_not(name: str) -> None:
    stub = stubs()[name]
    assert tuple(code.code for code in stub.codes) == CODES[name]
    assert stub.measures == TAKEN.get(name, "unknown")
    told = name in ("deep-gluteal-syndrome", "ischial-bursitis")
    assert (stub.clue.text == "unknown") is not told
    assert {flag.id for flag in stub.red_flags} == GENERIC
    assert len(stub.yellow_flags.triggers) == 12
    assert {trigger.id for trigger in stub.safety_triggers} == {"suicide-risk", "severe-depression"}


def test_it_leads_every_look_alike_with_a_pathway_to_one_that_exists() -> None:
    named = {d.pathway for p in library().values() for d in p.differentials if d.pathway}
    assert named <= CONDITIONS | STUBS
    assert {"hamstring-strain", "deep-gluteal-syndrome", "concussion"} <= named
