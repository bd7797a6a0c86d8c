"""The lint of what the article has not: shares, parts of measures, weeks for all, shared files."""

from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from care_plans.content.files import FAMILIES, PATHWAYS, NothingToRead, newest, read_pathways
from care_plans.content.findings import RULES, Finding
from care_plans.content.lint import lint_file, lint_path
from tests.care_plans.linting import (
    SPINE,
    TODAY,
    Change,
    changed,
    findings_in,
    known_measures,
)

_TAKEN = "measures_at_entry: [nprs, odi, psfs, start_back"
_DISABILITY = "        - id: disability\n"
_SUBACUTE = "expected: {any: {start: 4, end: 12, source: expert_consensus}}"
_MAINTENANCE = "expected: {any: {start: 12, end: 26, source: expert_consensus}}"
_BY_SEVERITY = (
    "expected: {mild: {start: 3, end: 12, source: expert_consensus}, "
    "moderate: {start: 4, end: 12, source: expert_consensus}, "
    "severe: {start: 5, end: 12, source: expert_consensus}}"
)
_OLDER = '- {text: "Older adults: general exercise should be used"'
_LEVEL = "        - include: low-back.criteria.disability-at-most-20\n"
_HIGH = "measure: start_back, subscale: psychosocial, at_least: 4"


def _leaving(criterion: str, id: str = "planted") -> Change:
    """Ask one thing more at the exit of the first stage."""
    planted = f"- {{id: {id}, text: Planted, {criterion}, source: expert_consensus}}"
    return _DISABILITY, f"        {planted}\n{_DISABILITY}"


def _taking(measure: str) -> Change:
    return _TAKEN, f"{_TAKEN}, {measure}"


def _applying(when: str) -> Change:
    """Recommend something from some time on."""
    planted = f"- {{id: planted, text: P, when: {when}, then: T, source: expert_consensus}}"
    return "\nrules:\n", f"\nrules:\n  {planted}\n"


def _fault(id: str, rule: str, place: str, words: str, *changes: Change) -> Any:
    return pytest.param(changes, rule, place, words, id=id)


def _nothing(id: str, *changes: Change) -> Any:
    return _fault(id, "", "", "", *changes)


FIVE_WEEKS = "{elapsed_since: course_start, at_least: {value: 5, unit: weeks}}"
PLANTED = [
    _fault(
        "a share that is more than all of it",
        "unreachable",
        "id: planted",
        "nobody can gain 101 percent on odi: with what else is asked here, and the scores that it "
        "has, 100 percent is the most, so the stage acute can never be left",
        _leaving("measure: odi, gain_percent: 101"),
    ),
    _fault(
        "a share that the lowest score of the scale does not allow",
        "unreachable",
        "id: planted",
        "75 percent is the most",
        _leaving("measure: tsk11, gain_percent: 76"),
        _taking("tsk11"),
    ),
    _fault(
        "a share upwards from the lowest score above 0",
        "unreachable",
        "id: planted",
        "7900 percent is the most",
        _leaving("measure: lefs, gain_percent: 7901"),
        _taking("lefs"),
    ),
    _nothing("a share upwards from anywhere", _leaving("measure: psfs, gain_percent: 300")),
    _fault(
        "a share that is too small to matter",
        "gain-too-small",
        "id: planted",
        "a gain of 20 percent on odi is less than any change known to matter to patients; the "
        "smallest of those is 30 percent",
        _leaving("measure: odi, gain_percent: 20"),
    ),
    _nothing("a share that matters", _leaving("measure: odi, gain_percent: 30")),
    _fault(
        "a share that is within the error from wherever one begins",
        "gain-within-error",
        "id: planted",
        "a gain of 15 percent on ndi, which is 7.5 at most, may be measurement error alone",
        _leaving("measure: ndi, gain_percent: 15"),
        _taking("ndi"),
    ),
    _nothing(
        "a share that exceeds the error for some",
        _leaving("measure: ndi, gain_percent: 25"),
        _taking("ndi"),
    ),
    _fault(
        "a threshold above the range of a part",
        "unreachable",
        "id: planted",
        "no score of start_back, psychosocial is > 5",
        _leaving("measure: start_back, subscale: psychosocial, above: 5"),
    ),
    _fault(
        "a threshold outside of the range of a part",
        "content",
        "id: planted",
        "6 is outside the range of start_back, psychosocial, 0 to 5",
        _leaving("measure: start_back, subscale: psychosocial, at_least: 6"),
    ),
    _fault(
        "thresholds of one part that exclude each other",
        "unreachable",
        "id: planted",
        "no score of start_back, psychosocial is <= 3",
        _leaving(_HIGH, id="high"),
        _leaving("measure: start_back, subscale: psychosocial, at_most: 3"),
    ),
    _nothing(
        "thresholds of a part and of the whole",
        _applying("{" + _HIGH + "}"),
        _leaving("measure: start_back, at_most: 4"),
    ),
    _fault(
        "a gain beyond the range of a part",
        "unreachable",
        "id: planted",
        "nobody can gain 6 on start_back, psychosocial",
        _leaving("measure: start_back, subscale: psychosocial, gain: 6"),
    ),
    _fault(
        "a gain of a part that is too small to matter",
        "gain-too-small",
        "id: planted",
        "a gain of 14 on koos, pain is less than any change known to matter to patients; the "
        "smallest of those is 15",
        _leaving("measure: koos, subscale: pain, gain: 14"),
        _taking("koos"),
    ),
    _nothing(
        "a gain that matters in this part and not in another",
        _leaving("measure: koos, subscale: qol, gain: 9"),
        _taking("koos"),
    ),
    _fault(
        "weeks for a severity that overlap those for all",
        "weeks-overlap",
        "expected: {mild: {start: 3",
        "subacute is expected from week 3, while acute lasts until week 4",
        (_SUBACUTE, _BY_SEVERITY),
    ),
    _fault(
        "weeks for all that go backwards, found once",
        "weeks-backwards",
        "expected: {any: {start: 2,",
        "maintenance is expected in weeks 2 to 26, before subacute",
        (_MAINTENANCE, _MAINTENANCE.replace("start: 12", "start: 2")),
    ),
    _fault(
        "more daily scores than the weeks for all have days",
        "consecutive-too-long",
        "id: planted",
        "expected to last 4 weeks",
        _leaving("measure: adherence_pct, at_least: 80, consecutive: 29"),
    ),
    _nothing(
        "as many daily scores as days",
        _leaving("measure: adherence_pct, at_least: 80, consecutive: 28"),
    ),
    _fault(
        "a rule within the usual time of a form",
        "threshold-in-normal-course",
        "id: planted",
        "applies from 5 weeks on, while acute forms usually take 4 to 6 weeks to recover",
        _applying(FIVE_WEEKS),
    ),
    _fault(
        "a rule about a severity of which no time is known",
        "threshold-in-normal-course",
        "id: planted",
        "while acute forms usually take 4 to 6 weeks",
        _applying(f"{{all_of: [{{severity: severe}}, {FIVE_WEEKS}]}}"),
    ),
    _nothing("a rule outside of every time", _applying(FIVE_WEEKS.replace("5", "8"))),
    _fault(
        "a site where the condition has none",
        "unknown-name",
        "Older adults",
        'unknown site "proximal"',
        (_OLDER, f"{_OLDER}, variant: proximal"),
    ),
    _nothing(
        "a lane without activities that says it is ready",
        (_LEVEL, _LEVEL + _leaving("sign_off: physiotherapy")[1].removesuffix(_DISABILITY)),
    ),
]


@cache
def shipped() -> list[tuple[str, str]]:
    return [(f.rule, f.at.path) for f in findings_in(SPINE)]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(("changes", "rule", "place", "words"), PLANTED)
def test_it_finds_a_fault_in_a_shape_of_its_own_and_nothing_else(
    tmp_path: Path, changes: tuple[Change, ...], rule: str, place: str, words: str
) -> None:
    file = changed(SPINE, tmp_path, *changes)
    added = [f for f in findings_in(file) if (f.rule, f.at.path) not in shipped()]
    if not rule:
        assert added == []
        return
    assert [f.rule for f in added] == [rule]
    text = file.read_text()
    assert added[0].at.line == text[: text.index(place)].count("\n") + 1
    assert words in added[0].at.detail
    assert added[0].level == RULES[rule].level


def test_it_finds_a_share_that_another_threshold_keeps_from_being_reached(tmp_path: Path) -> None:
    """The other threshold points the wrong way, or it would not; that is said as well."""
    limit = _leaving("measure: odi, at_least: 20", id="limit")
    file = changed(SPINE, tmp_path, limit, _leaving("measure: odi, gain_percent: 90"))
    added = [f for f in findings_in(file) if (f.rule, f.at.path) not in shipped()]
    assert {f.rule for f in added} == {"wrong-direction", "unreachable"}
    [unreachable] = [f.at.detail for f in added if f.rule == "unreachable"]
    assert "80 percent is the most" in unreachable


# Shared files


@pytest.mark.feature("PW-09")
def test_it_names_each_pathway_that_includes_a_faulty_block(tmp_path: Path) -> None:
    folder = Path(copytree(PATHWAYS, tmp_path / "pathways"))
    family = folder / FAMILIES / "low-back" / "1.1.0.yaml"
    text = family.read_text()
    assert text.count("gain: 10\n") == 1
    family.write_text(text.replace("gain: 10\n", "gain: 5\n"))
    found = [f for its in lint_path(folder, known_measures(), today=TODAY).values() for f in its]
    small = [f for f in found if f.rule == "gain-too-small"]
    line = text[: text.index("  - id: disability-gain")].count("\n") + 1
    assert {(f.at.file, f.at.line, f.pathway) for f in small} == {
        (family, line, "low-back-pain 1.1.0"),
        (family, line, "lumbar-radiculopathy 1.1.0"),
    }
    assert all(f"warning gain-too-small: {f.pathway}, stages.acute.exit" in str(f) for f in small)


@pytest.mark.parametrize("name", ["common/1.1.0.yaml", "families/low-back", "stubs.yaml"])
def test_it_takes_what_is_shared_for_no_pathway(name: str) -> None:
    path = PATHWAYS / name
    with pytest.raises(NothingToRead, match="no version of a pathway in"):
        lint_path(path.parent if path.is_dir() else path, known_measures(), today=TODAY)


# What ships


@cache
def library() -> dict[str, list[Finding]]:
    """Return what is found in the newest version of each pathway."""
    files = newest(read_pathways(known_measures()))
    return {
        file.definition.pathway: lint_file(file, known_measures(), today=TODAY) for file in files
    }


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize("pathway", sorted(library()))
def test_it_leaves_open_only_what_no_source_says(pathway: str) -> None:
    left = {f.rule for f in library()[pathway] if f.level != "note"}
    # how much of it, and what is done for the goal, no source tells
    assert left <= {"missing-dose", "cautioned-without-dose", "idle-goal"}


@pytest.mark.feature("PW-09")
def test_it_keeps_the_figure_of_a_source_that_names_its_own_error() -> None:
    (one,) = [f for f in library()["neck-pain-wad"] if f.rule == "gain-within-error"]
    assert one.level == "note"
    assert one.about == ("stages.acute.exit.all_of.disability-gain",)
    assert one.resolved.startswith("ndi-error: The source reports a measurement error of 10.2")
