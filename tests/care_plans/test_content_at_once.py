"""One fault hides no other, and nothing passes because it was not read."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from care_plans.content.files import read_pathways
from care_plans.content.reading import ContentInvalid
from tests.care_plans.linting import SPINE, Change, changed, known_measures
from tests.care_plans.somebody_elses import WRITTEN, added

TYPES: Change = ("{min: 6, max: 8, unit: weeks", "{min: 6, max: 8, unit: years")
NAMES: Change = ("goal: sport", "goal: spot")
UNMARKED: Change = (": isometric\n            is_loading: true", ": isometric\n")
_RULE = """    text: Severe after {n} months
    when:
      all_of:
        - {severity: severe}
        - {elapsed_since: course_start, at_least: {value: {n}, unit: months}}
"""
EARLY: Change = (_RULE.replace("{n}", "12"), _RULE.replace("{n}", "6"))


@pytest.mark.feature("PW-09")
def test_a_wrong_type_a_wrong_name_and_contradictions_are_told_at_once(tmp_path: Path) -> None:
    found = [(f.rule, f.at.path) for f in added(tmp_path, TYPES, NAMES, UNMARKED, EARLY)]
    assert found == [
        ("content", "severities.mild.duration.unit"),
        ("unmarked-loading", "stages.acute.lanes.physiotherapy.activities[1]"),
        ("content", "stages.maintenance.lanes.kinesiology.activities[0].goal"),
        ("threshold-in-normal-course", "rules[0].when"),
    ]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("    urgency: urgent_24h", "    urgency: soon"), "red_flags[0].urgency"),
        (("    text: Slow heavy work\n", ""), "dose_levels[1].text"),
        (("- {id: reduce-pain, text", "- {id: reduce-pain, txt"), "stages.acute.goals[0]"),
        (("    type: yes_no\n", "    type: maybe\n"), "context.pain_on_loading.type"),
        (("  maintenance:\n    include", "  later:\n    include"), "stages"),
        (("common: 1.1.0", "common: 9.9.9"), "common"),
        (("families: {tendinopathy: 1.0.0}", "families: {tendon: 1.0.0}"), "families.tendon"),
        (("include: [common.governed]", "include: [common.governd]"), "include[0]"),
        (("include: common.yellow_flags", "include: common.yelow_flags"), "yellow_flags.triggers"),
        (("      massage_therapy:\n", "      masage:\n"), "stages.acute.lanes.masage"),
        (("  name: Patellar tendinopathy\n", ""), "condition.name"),
        (("  kind: chronic_overuse\n", "  kind: slow\n"), "condition.kind"),
    ],
)
def test_what_was_left_out_makes_no_noise(tmp_path: Path, change: Change, place: str) -> None:
    found = added(tmp_path, change, EARLY)
    assert {f.rule for f in found} <= {"content", "threshold-in-normal-course"}
    assert [f.at.path for f in found if f.rule != "content"] == ["rules[0].when"]
    wrong = [f.at.path for f in found if f.rule == "content"]
    assert wrong
    assert all(path.startswith(place) for path in wrong), wrong


def test_places_are_those_of_the_file_also_after_what_was_left_out(tmp_path: Path) -> None:
    spoilt: Change = ("  - id: isometric\n", "  - id: Isometric Work\n")
    twice: Change = ("  - id: energy\n", "  - id: slow\n")
    found = [f.at for f in added(tmp_path, spoilt, twice) if f.rule == "content"]
    lines = changed(WRITTEN, tmp_path, spoilt, twice).read_text().splitlines()
    assert [at.path for at in found][:2] == ["dose_levels[0].id", "dose_levels[2].id"]
    assert "Isometric Work" in lines[found[0].line - 1]


def test_reading_names_what_is_wrong_by_type_and_by_name(tmp_path: Path) -> None:
    file = changed(WRITTEN, tmp_path, TYPES, NAMES)
    with pytest.raises(ContentInvalid) as raised:
        read_pathways(known_measures(), file)
    assert len(raised.value.flaws) == 2


# what is read


@pytest.mark.parametrize("where", ["file", "folder", "above", "loose"])
def test_a_file_its_folder_and_the_folder_above_are_read(tmp_path: Path, where: str) -> None:
    file = changed(SPINE, tmp_path)
    loose = tmp_path / "loose" / "mine.yaml"
    loose.parent.mkdir()
    loose.write_text(file.read_text())
    place = {"file": file, "folder": file.parent, "above": tmp_path, "loose": loose}[where]
    if where == "above":
        loose.unlink()
    for command, words in (
        ("lint_pathways", "in 1 file."),
        ("load_pathways", "1 pathway versions are valid."),
    ):
        out = StringIO()
        more = ["--check"] if command == "load_pathways" else []
        call_command(command, str(place), *more, stdout=out, stderr=StringIO())
        assert words in out.getvalue()


@pytest.mark.parametrize("command", ["lint_pathways", "load_pathways", "check_translations"])
def test_a_place_without_a_pathway_is_a_failure_in_words(tmp_path: Path, command: str) -> None:
    more = ["--check"] if command == "load_pathways" else []
    for place, words in ((tmp_path / "gone", "no file or folder"), (tmp_path, "no version of a")):
        with pytest.raises(CommandError, match=words):
            call_command(command, str(place), *more, stdout=StringIO())
