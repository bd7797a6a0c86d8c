"""Files that are wrong: each flaw is named with file, line and field, and all of them at once."""

from functools import partial
from pathlib import Path
from shutil import copytree

import pytest

from care_plans.content.files import MEASURES, read_measures, read_pathways
from care_plans.content.reading import ContentInvalid
from tests.care_plans.drafts import NAME, Write, draft, flaws_of, line


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the shipped hamstring file, with replacements."""
    return partial(draft, tmp_path)


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
    assert found.startswith(f"{NAME}:1: is not written in UTF-8")


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
    (shipped,) = read_pathways(measures, write())
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
    assert len(measures) == 40, "38 of the list, and two that the source article examines"
    assert measures["visa_h"].smallest_change is None, "22 points were never verified"
    assert measures["lefs"].smallest_change is not None
    assert measures["slhb_reps"].side_required
    assert measures["nprs"].loinc is not None
    assert measures["lefs"].loinc is None


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("better: lower", "better: less", "better: is none of 'higher', 'lower' or 'depends'"),
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
