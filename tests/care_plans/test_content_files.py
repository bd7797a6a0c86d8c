"""Files that are wrong: each flaw is named with file, line and field, and all of them at once."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from care_plans.content.files import MEASURES, PATHWAYS, read_measures, read_pathways
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import ContentInvalid
from care_plans.content.sourced import SEVERITIES

type Write = Callable[..., Path]

NAME = "hamstring-tendinopathy/1.0.0.yaml"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Copy the shipped pathways, and make replacements in the hamstring file."""

    def make(*replacements: tuple[str, str]) -> Path:
        copytree(PATHWAYS, tmp_path, dirs_exist_ok=True)
        text = (PATHWAYS / NAME).read_text()
        for old, new in replacements:
            assert old in text, f"the shipped file has no {old!r}"
            text = text.replace(old, new, 1)
        (tmp_path / NAME).write_text(text)
        return tmp_path

    return make


def flaws_of(folder: Path) -> list[str]:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    with pytest.raises(ContentInvalid) as raised:
        read_pathways(measures, folder)
    return [str(flaw).replace(f"{folder}/", "") for flaw in raised.value.flaws]


def line(text: str, wanted: str) -> int:
    """Return the number of the first line that contains something."""
    return next(n for n, row in enumerate(text.splitlines(), 1) if wanted in row)


def test_it_names_file_line_and_field_of_an_unknown_measure(write: Write) -> None:
    folder = write(
        (
            "measure: pain_load_24h\n          at_most: 3",
            "measure: pain_lode_24h\n          at_most: 3",
        )
    )
    where = line((folder / NAME).read_text(), "pain_lode_24h")
    (flaw,) = flaws_of(folder)
    assert flaw == (
        f"{NAME}:{where}: stages.acute.exit.all_of[1].measure: "
        'unknown measure "pain_lode_24h"; did you mean "pain_load_24h"?'
    )


def test_it_reports_all_flaws_of_a_file_at_once(write: Write) -> None:
    folder = write(
        ("side_required: true", "side_required: perhaps"),
        ("urgency: urgent_24h", "urgency: soonish"),
        ("kind: chronic_overuse", "kin: chronic_overuse"),
        ("timing: parallel", "timing: whenever"),
    )
    found = "\n".join(flaws_of(folder))
    for path in (
        "condition.side_required",
        "condition.kind: is missing",
        "condition.kin: is not a key known here",
        "red_flags[0].urgency",
        "stages.acute.referrals.timing",
    ):
        assert path in found
    numbers = [int(row.split(":")[1]) for row in found.splitlines()]
    assert numbers == sorted(numbers)


def test_it_reports_what_no_single_field_can_know(write: Write) -> None:
    folder = write(
        ("goal: avoid-aggravators", "goal: avoid-agravators"),
        ("reported: sitting_aggravates}", "reported: siting_aggravates}"),
        ("dose_level: isometric", "dose_level: isometrics"),
        ("order: [kinesiology, physiotherapy,", "order: [physiotherapy,"),
        ("source: goom_2016\n", "source: goom_2061\n"),
        ("id: popping-sound", "id: sudden-severe-pain"),
        ("measure: tsk11\n              below: 29", "measure: tsk11\n              below: 290"),
    )
    found = flaws_of(folder)
    for expected in (
        'unknown goal "avoid-agravators"; did you mean "avoid-aggravators"?',
        'unknown question "siting_aggravates"; did you mean "sitting_aggravates"?',
        'unknown dose level "isometrics"; did you mean "isometric"?',
        "stages.maintenance.referrals.order: must list every lane of the stage once",
        'unknown source "goom_2061"; did you mean "goom_2016"?',
        'red_flags[1].id: "sudden-severe-pain" is used already',
        "290 is outside the range of tsk11, 11 to 44",
    ):
        assert any(expected in flaw for flaw in found), expected
    assert len(found) == 7


def test_it_refuses_an_exit_criterion_without_a_source(write: Write) -> None:
    folder = write(
        (
            "how: in daily activity and when sitting\n          source: expert_consensus",
            "how: in daily activity and when sitting",
        )
    )
    (flaw,) = flaws_of(folder)
    assert "stages.acute.exit.all_of[0].source: is missing" in flaw


def test_it_refuses_a_lane_that_is_needed_when_but_says_not_when(write: Write) -> None:
    folder = write(("needed: when\n        when: {reported: sitting_aggravates}", "needed: when"))
    (flaw,) = flaws_of(folder)
    assert "stages.acute.lanes.chiropractic: is needed `when`, but says not when" in flaw


def test_it_refuses_a_criterion_that_asks_nothing(write: Write) -> None:
    folder = write(("          no_open: red_flag\n", "          open: red_flag\n"))
    (flaw,) = flaws_of(folder)
    assert "stages.acute.entry.all_of[0]: asks nothing: needs one of all_of" in flaw


def test_it_places_a_flaw_of_a_shared_block_in_the_shared_file(write: Write) -> None:
    folder = write()
    shared = folder / "common" / "1.0.0.yaml"
    shared.write_text(shared.read_text().replace("measure: pcs", "measure: psc"))
    where = line(shared.read_text(), "measure: psc")
    (flaw,) = flaws_of(folder)
    assert flaw.startswith(f"common/1.0.0.yaml:{where}: yellow_flags.triggers[1].when.measure: ")


@pytest.mark.parametrize(
    "reference", ["common.red_flgs", "common.red_flags.caudaequina", "other.red_flags"]
)
def test_it_refuses_to_include_what_does_not_exist(write: Write, reference: str) -> None:
    folder = write(("include: common.red_flags", f"include: {reference}"))
    (flaw,) = flaws_of(folder)
    assert f'nothing shared is called "{reference}"' in flaw
    assert "red_flags[4].include" in flaw


def test_it_refuses_a_shared_file_that_does_not_exist(write: Write) -> None:
    folder = write(("common: 1.0.0", "common: 9.0.0"))
    (flaw,) = flaws_of(folder)
    assert 'common: there is no shared file "common/9.0.0.yaml"' in flaw


def test_it_includes_one_item_of_a_shared_list(write: Write) -> None:
    folder = write(("include: common.red_flags", "include: common.red_flags.dvt"))
    measures = {slug: file.definition for slug, file in read_measures().items()}
    (file,) = read_pathways(measures, folder)
    assert [flag.id for flag in file.definition.red_flags][4:] == ["dvt"]


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        ("title: [a\nversion: 1", ":2: is not valid YAML: "),
        ("title: a\ntitle: b\n", ":2: is not valid YAML: found duplicate key"),
        ("- a\n- b\n", ":1: is not a mapping of keys to values"),
        ("", ":1: is not a mapping of keys to values"),
        ("title: \x00", ":1: "),
    ],
)
def test_it_says_where_a_file_stops_being_yaml(write: Write, content: str, flaw: str) -> None:
    folder = write()
    (folder / NAME).write_text(content)
    (found,) = flaws_of(folder)
    assert found.startswith(NAME + flaw)


def test_it_survives_a_file_that_is_not_text(write: Write) -> None:
    folder = write()
    (folder / NAME).write_bytes(b"\xff\xfe\x00title")
    (found,) = flaws_of(folder)
    assert found.startswith(f"{NAME}:1: cannot be read: ")


def test_it_refuses_a_file_under_another_name(write: Write) -> None:
    folder = write(("version: 1.0.0\ntitle", "version: 1.0.1\ntitle"))
    (flaw,) = flaws_of(folder)
    assert flaw.endswith('version: must be the one in the file\'s path, "1.0.0"')


def test_it_reports_the_flaws_of_every_file(write: Write) -> None:
    folder = write(("kind: chronic_overuse", "kind: odd"))
    copytree(folder / "hamstring-tendinopathy", folder / "other")
    found = flaws_of(folder)
    assert {flaw.split(":")[0] for flaw in found} == {NAME, "other/1.0.0.yaml"}


def test_it_keeps_the_hash_through_comments_layout_and_order_of_keys(write: Write) -> None:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    (shipped,) = read_pathways(measures)
    folder = write(
        ("format: 1", "# another comment\nformat:   1"),
        (
            "  name: Hamstring tendinopathy\n  kind: chronic_overuse",
            "  kind: chronic_overuse\n  name: Hamstring tendinopathy",
        ),
    )
    (same,) = read_pathways(measures, folder)
    assert same.sha256 == shipped.sha256
    (other,) = read_pathways(measures, write(("at_most: 3", "at_most: 4")))
    assert other.sha256 != shipped.sha256


def test_it_reads_every_shipped_measure() -> None:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    assert len(measures) == 38
    assert measures["visa_h"].smallest_change is None, "22 points were never verified"
    assert measures["lefs"].smallest_change is not None
    assert measures["slhb_reps"].side_required
    assert measures["nprs"].loinc is not None
    assert measures["lefs"].loinc is None


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("better: lower", "better: less", "better: input should be 'higher', 'lower' or 'depends'"),
        ("maximum: 10", "maximum: -1", "maximum -1 is not above minimum 0"),
        ("id: nprs", "id: nrps", 'id: must be the file\'s name, "nprs"'),
        ("- {max: 7, label: moderate}", "- {max: 4, label: moderate}", "max must rise"),
        ("licence: free\n", "", "licence: is missing"),
    ],
)
def test_it_refuses_a_measure_that_is_wrong(tmp_path: Path, old: str, new: str, flaw: str) -> None:
    text = (MEASURES / "nprs.yaml").read_text()
    assert old in text
    (tmp_path / "nprs.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ContentInvalid) as raised:
        read_measures(tmp_path)
    (found,) = raised.value.flaws
    assert flaw in str(found)
    assert str(found).startswith(f"{tmp_path}/nprs.yaml:")


# What a source may leave open


def definition_of(folder: Path) -> PathwayDefinition:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    (file,) = [file for file in read_pathways(measures, folder) if file.file == folder / NAME]
    return file.definition


MILD = """    text: "Dull ache, stiffness or discomfort after workouts"
    source: carespace_2025
    seed: seed-sev-mild
    duration:
      min: 6
      max: 8
      unit: weeks
      source: carespace_2025
      seed: seed-time-mild
      note: with structured rehabilitation and activity modification
"""
WEEKS = """      mild: {start: 0, end: 2, source: expert_consensus}
      moderate: {start: 0, end: 4, source: expert_consensus}
      severe: {start: 0, end: 6, source: expert_consensus}
"""
ANY = "      any: {start: 0, end: 3, source: expert_consensus}\n"


def test_it_takes_unknown_for_a_severity_that_no_source_describes(write: Write) -> None:
    unknown = "    text: unknown\n    duration: unknown\n    source: expert_consensus\n"
    mild = definition_of(write((MILD, unknown))).severity("mild")
    assert (mild.text, mild.duration) == ("unknown", "unknown")
    (flaw,) = flaws_of(write((MILD, unknown.replace("duration: unknown", "duration: long"))))
    assert "severities.mild.duration: input should be 'unknown'" in flaw


def test_it_tells_durations_apart_that_go_by_no_severity(write: Write) -> None:
    lasting = "{id: typical, min: 6, max: 12, unit: weeks, source: expert_consensus}"
    found = definition_of(write(("  codes:", f"  durations:\n    - {lasting}\n  codes:")))
    assert [(d.id, d.iso) for d in found.condition.durations] == [("typical", "P6W/P12W")]
    twice = f"  durations:\n    - {lasting}\n    - {lasting}\n  codes:"
    folder = write(("  codes:", twice))
    (flaw,) = flaws_of(folder)
    where = line((folder / NAME).read_text(), "id: typical") + 1
    assert flaw == f'{NAME}:{where}: condition.durations[1].id: "typical" is used already'


def test_it_expects_a_stage_in_the_same_weeks_for_any_severity(write: Write) -> None:
    stage = definition_of(write((WEEKS, ANY))).stage("acute")
    assert {stage.weeks(severity).end for severity in SEVERITIES} == {3}
    (flaw,) = flaws_of(write((WEEKS, ANY + WEEKS)))
    assert "stages.acute.expected: has any, and severities beside it" in flaw
    found = flaws_of(write((WEEKS, WEEKS.splitlines(keepends=True)[0])))
    assert [flaw.split(": ", 1)[1] for flaw in found] == [
        "stages.acute.expected: has no moderate",
        "stages.acute.expected: has no severe",
    ]


def test_it_takes_a_lane_whose_activities_no_source_names(write: Write) -> None:
    start = "        seed: seed-disc-massage\n        activities:\n"
    end = "      chiropractic:\n        needed: when\n        when: {reported: sitting_aggravates}\n        reason: Sitting aggravates the pain\n        source: [carespace_2025, expert"
    text = (PATHWAYS / NAME).read_text()
    first = text.index(start) + len(start)
    listed = text[first : text.index(end)]
    folder = write((f"        activities:\n{listed}", ""))
    assert definition_of(folder).stage("subacute").lanes["massage_therapy"].activities == ()


LEAF = "measure: tsk11\n              below: 29"


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (
            "measure: start_back\n              subscale: psychosocal\n              below: 4",
            '.subscale: unknown subscale of start_back "psychosocal"; did you mean "psychosocial"?',
        ),
        (
            "measure: start_back\n              subscale: psychosocial\n              below: 6",
            "6 is outside the range of start_back, psychosocial, 0 to 5",
        ),
        (
            "measure: start_back\n              subscale: psychosocial\n              item: 1\n"
            "              below: 4",
            "asks about an item or a subscale, not both",
        ),
        (
            "measure: groc\n              gain_percent: 30",
            ".gain_percent: groc begins below 0: a share of it says nothing",
        ),
        (
            "measure: odi\n              gain: 10\n              gain_percent: 30",
            "needs exactly one of gain, gain_percent",
        ),
    ],
)
def test_it_refuses_a_subscale_or_a_share_that_cannot_be(
    write: Write, leaf: str, expected: str
) -> None:
    folder = write((LEAF, leaf))
    (flaw,) = flaws_of(folder)
    assert expected in flaw
    where = int(flaw.split(":")[1])
    near = line((folder / NAME).read_text(), leaf.splitlines()[0])
    assert near - 3 <= where <= near + 3
