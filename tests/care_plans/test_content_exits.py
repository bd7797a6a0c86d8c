"""Stages of the library end at the thresholds of their sources, and last as long as these say."""

import pytest

from care_plans.content.sourced import SEVERITIES, STAGES, Duration, StageName
from care_plans.criteria import Compared, Elapsed, Reported, walk
from tests.care_plans.library import CONDITIONS, EC, asked, library

# Exits: condition, stage, measure, comparison, value, sources among those named
EXITS: list[tuple[str, StageName, str, str, str, set[str]]] = [
    ("hamstring-tendinopathy", "acute", "nprs", "<=", "3", {EC}),
    ("hamstring-tendinopathy", "acute", "pain_load_24h", "<=", "3", {"goom_2016", EC}),
    ("hamstring-tendinopathy", "acute", "adherence_pct", ">=", "80", {EC}),
    ("hamstring-tendinopathy", "subacute", "nprs", "<=", "2", {EC}),
    ("hamstring-tendinopathy", "subacute", "lefs", "gain", "9", {"abbott_2014"}),
    ("hamstring-tendinopathy", "subacute", "lefs", ">=", "70", {EC}),
    ("hamstring-tendinopathy", "subacute", "psfs", "gain", "2", {"abbott_2014"}),
    ("hamstring-tendinopathy", "subacute", "visa_h", ">=", "70", {EC}),
    ("hamstring-tendinopathy", "subacute", "slhb_reps", "ratio", "0.9", {EC}),
    ("hamstring-tendinopathy", "subacute", "pain_load_24h", "<=", "3", {"goom_2016"}),
    ("hamstring-tendinopathy", "subacute", "tsk11", "gain", "4", {"woby_2005", EC}),
    ("hamstring-tendinopathy", "subacute", "tsk11", "<", "29", {EC}),
    ("hamstring-tendinopathy", "maintenance", "nprs", "<=", "1", {EC}),
    ("hamstring-tendinopathy", "maintenance", "visa_h", ">=", "90", {EC}),
    ("hamstring-tendinopathy", "maintenance", "lefs", ">=", "76", {EC}),
    ("hamstring-tendinopathy", "maintenance", "groc", ">=", "3", {"wang_2011"}),
    ("hamstring-tendinopathy", "maintenance", "slhb_reps", "ratio", "0.95", {EC}),
    ("hamstring-strain", "acute", "nprs", "<=", "3", {EC}),
    ("hamstring-strain", "subacute", "nprs", "<=", "1", {EC}),
    ("hamstring-strain", "maintenance", "tsk11", "<", "29", {EC}),
    ("hamstring-strain", "maintenance", "groc", ">=", "3", {EC}),
    ("lumbar-radiculopathy", "acute", "nprs", "gain", "2", {"farrar_2001", EC}),
    ("lumbar-radiculopathy", "acute", "odi", "gain", "10", {"ostelo_2008", EC}),
    ("lumbar-radiculopathy", "subacute", "odi", "<=", "20", {EC}),
    ("lumbar-radiculopathy", "subacute", "psfs", "gain", "2", {EC}),
    ("lumbar-radiculopathy", "subacute", "nprs", "<=", "3", {EC}),
    ("lumbar-radiculopathy", "maintenance", "groc", ">=", "3", {EC}),
    ("lumbar-radiculopathy", "maintenance", "odi", "<=", "12", {EC}),
    ("low-back-pain", "acute", "nprs", "<=", "3", {EC}),
    ("low-back-pain", "acute", "odi", "gain", "10", {"ostelo_2008", EC}),
    ("low-back-pain", "acute", "odi", "gain percent", "30", {"ostelo_2008", EC}),
    ("low-back-pain", "subacute", "odi", "<=", "20", {EC}),
    ("low-back-pain", "subacute", "psfs", "gain", "2", {EC}),
    ("low-back-pain", "maintenance", "odi", "<=", "12", {EC}),
    ("low-back-pain", "maintenance", "groc", ">=", "3", {EC}),
    ("gluteal-tendinopathy", "acute", "nprs", "<=", "3", {EC}),
    ("gluteal-tendinopathy", "acute", "pain_load_24h", "<=", "3", {EC}),
    ("gluteal-tendinopathy", "subacute", "groc", ">=", "3", {EC}),
    ("gluteal-tendinopathy", "subacute", "psfs", "gain", "2", {EC}),
    ("gluteal-tendinopathy", "maintenance", "visa_g", ">=", "80", {EC}),
    ("gluteal-tendinopathy", "maintenance", "nprs", "<=", "2", {EC}),
    ("achilles-tendinopathy", "acute", "pain_load_24h", "<=", "3", {EC}),
    ("achilles-tendinopathy", "acute", "nprs", "<=", "4", {EC}),
    ("achilles-tendinopathy", "subacute", "visa_a", "gain", "14", {"lagas_2021"}),
    ("achilles-tendinopathy", "maintenance", "visa_a", ">=", "90", {"physiopedia_toolkit"}),
    ("neck-pain-wad", "acute", "nprs", "<=", "3", {EC}),
    ("neck-pain-wad", "acute", "ndi", "gain", "10", {"young_2009", EC}),
    ("neck-pain-wad", "subacute", "ndi", "<=", "14", {EC}),
    ("neck-pain-wad", "subacute", "psfs", "gain", "2", {EC}),
    ("neck-pain-wad", "maintenance", "ndi", "<=", "4", {EC}),
    ("neck-pain-wad", "maintenance", "groc", ">=", "3", {EC}),
    ("rotator-cuff", "acute", "nprs", "<=", "4", {EC}),
    ("rotator-cuff", "subacute", "quickdash", "gain", "15.91", {"franchignoni_2014", EC}),
    ("rotator-cuff", "subacute", "psfs", "gain", "2", {EC}),
    ("rotator-cuff", "maintenance", "quickdash", "<=", "15", {EC}),
    ("rotator-cuff", "maintenance", "groc", ">=", "3", {EC}),
    ("lateral-ankle-sprain", "acute", "nprs", "<=", "3", {EC}),
    ("lateral-ankle-sprain", "subacute", "faam_adl", "gain", "8", {"martin_2005"}),
    ("lateral-ankle-sprain", "subacute", "faam_adl", ">=", "90", {EC}),
    ("lateral-ankle-sprain", "maintenance", "faam_sport", ">=", "80", {EC}),
]


@pytest.mark.feature("PW-01")
@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_it_ends_stages_at_the_numbers_of_the_sources_and_no_others(condition: str) -> None:
    for stage in STAGES:
        wanted = {row[2:5]: row[5] for row in EXITS if row[:2] == (condition, stage)}
        found = asked(library()[condition].stage(stage).exit)
        assert set(found) == set(wanted), stage
        for threshold, sources in wanted.items():
            assert sources <= found[threshold], threshold


def test_it_names_every_condition_in_the_table_of_exits() -> None:
    assert {row[0] for row in EXITS} == CONDITIONS


TESTS = [
    ("hamstring-strain", "acute", {"pain_free_walking"}),
    ("hamstring-strain", "subacute", {"strength_ratio_90", "h_test_clear"}),
    ("lumbar-radiculopathy", "acute", {"neuro_stable_twice"}),
    ("achilles-tendinopathy", "subacute", {"heel_raise_ratio_90"}),
    ("rotator-cuff", "acute", {"active_elevation_90"}),
    ("lateral-ankle-sprain", "acute", {"full_weight_bearing"}),
    ("lateral-ankle-sprain", "maintenance", {"hop_balance_ratio_90"}),
]


@pytest.mark.parametrize(("condition", "stage", "questions"), TESTS)
def test_it_asks_clinical_tests_that_are_no_measure_as_questions(
    condition: str, stage: StageName, questions: set[str]
) -> None:
    pathway = library()[condition]
    leaves = [node for _, node in walk(pathway.stage(stage).exit)]
    assert {leaf.reported for leaf in leaves if isinstance(leaf, Reported)} == questions
    assert {pathway.context[name].type for name in questions} == {"yes_no"}


def test_it_asks_for_the_gain_of_the_achilles_at_twelve_weeks() -> None:
    nodes = [n for _, n in walk(library()["achilles-tendinopathy"].stage("subacute").exit)]
    (elapsed,) = [node for node in nodes if isinstance(node, Elapsed)]
    assert (elapsed.elapsed_since, elapsed.at_least.days) == ("course_start", 84)


WEEKS: dict[str, list[tuple[int, int]]] = {
    "hamstring-strain": [(0, 1), (1, 6), (6, 26)],
    "lumbar-radiculopathy": [(0, 6), (6, 12), (12, 26)],
    "low-back-pain": [(0, 4), (4, 12), (12, 26)],
    "gluteal-tendinopathy": [(0, 3), (3, 11), (11, 26)],
    "achilles-tendinopathy": [(0, 3), (3, 15), (15, 26)],
    "neck-pain-wad": [(0, 6), (6, 12), (12, 26)],
    "rotator-cuff": [(0, 3), (3, 12), (12, 26)],
    "lateral-ankle-sprain": [(0, 2), (2, 6), (6, 26)],
}


@pytest.mark.parametrize("condition", sorted(WEEKS))
def test_it_expects_stages_in_their_weeks_whatever_the_severity(condition: str) -> None:
    pathway = library()[condition]
    for severity in SEVERITIES:
        weeks = [pathway.stage(stage).weeks(severity) for stage in STAGES]
        assert [(w.start, w.end) for w in weeks] == WEEKS[condition]
        assert all(w.is_consensus for w in weeks)
        assert pathway.severity(severity).duration == "unknown"


DURATIONS = {
    "hamstring-strain": {"grade1": (1, 3), "grade2": (3, 8), "grade3-or-tendon": (12, 26)},
    "lumbar-radiculopathy": {"typical": (6, 12), "persistent": (12, 52)},
    "low-back-pain": {"acute": (4, 6), "chronic": (12, 26)},
    "gluteal-tendinopathy": {"core-programme": (8, 8), "typical": (12, 26)},
    "achilles-tendinopathy": {"typical": (12, 26), "persistent": (26, 52)},
    "neck-pain-wad": {"acute": (6, 12), "chronic": (12, 26)},
    "rotator-cuff": {"typical": (12, 12), "persistent": (12, 36)},
    "lateral-ankle-sprain": {"grade1": (1, 3), "grade2": (3, 6), "grade3": (6, 12)},
}


@pytest.mark.parametrize("condition", sorted(DURATIONS))
def test_it_knows_how_long_each_form_lasts(condition: str) -> None:
    found = library()[condition].condition.durations
    assert {d.id: (d.min, d.max) for d in found} == DURATIONS[condition]
    assert {d.unit for d in found} == {"weeks"}


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_it_calls_a_stage_stalled_only_beside_a_programme_that_was_done(condition: str) -> None:
    for stage in STAGES:
        review = library()[condition].stage(stage).review
        assert isinstance(review.after, Duration)
        assert review.after.iso == ("P4W" if stage == "acute" else "P6W")
        besides = review.besides
        assert isinstance(besides, Compared)
        assert (besides.measure, besides.comparison, besides.value) == ("adherence_pct", ">=", 80)
        assert besides.within == "stage"
        assert review.is_consensus
        assert besides.is_consensus
