"""What the format offers beyond the first pathway: the unknown, subscales, families."""

from functools import partial
from pathlib import Path

import pytest

from care_plans.content.files import PATHWAYS
from care_plans.content.sourced import SEVERITIES
from tests.care_plans.drafts import NAME, Write, definition_of, draft, flaws_of, line


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the shipped hamstring file, with replacements."""
    return partial(draft, tmp_path)


# What a source may leave open


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
    assert "severities.mild.duration: is none of 'unknown'" in flaw


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
    text = (PATHWAYS / NAME).read_text()
    lane = text[text.index("        reason: Muscle tightness persists\n") :]
    activities = lane[lane.index("        activities:\n") : lane.index("      chiropractic:\n")]
    folder = write((activities, ""))
    assert definition_of(folder).stage("subacute").lanes["massage_therapy"].activities == ()


DEEP = "\n              "
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
            f"measure: start_back{DEEP}subscale: psychosocial{DEEP}below: 4{DEEP}item: 1",
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


# Families, and what mappings include

FAMILY = """format: 1
version: 1.0.0
sources:
  a_study: {cite: A study, verified: read}
context:
  climbs:
    text: Does climbing hurt?
    type: yes_no
    source: a_study
  swims:
    text: Does swimming hurt?
    type: yes_no
    source: a_study
goals:
  - {id: climb, text: Climb again, source: a_study}
"""


def with_family(write: Write, *included: str, **named: str) -> Path:
    """Write a family, and include mappings of it in the context of the hamstring file."""
    names = ", ".join(included)
    family = named.get("family", "families: {climbing: 1.0.0}")
    folder = write(
        ("common: 1.0.0\n", f"common: 1.0.0\n{family}\n"),
        ("\ncontext:\n", f"\ncontext:\n  include: [{names}]\n"),
    )
    (folder / "families" / "climbing").mkdir(parents=True, exist_ok=True)
    (folder / "families" / "climbing" / "1.0.0.yaml").write_text(FAMILY)
    return folder


def test_it_includes_entries_of_a_family_with_their_sources(write: Write) -> None:
    found = definition_of(with_family(write, "climbing.context.climbs"))
    assert {"climbs", "sitting_aggravates"} <= set(found.context)
    assert "swims" not in found.context
    assert found.sources["a_study"].cite == "A study"
    assert found.families == {"climbing": "1.0.0"}
    whole = definition_of(with_family(write, "climbing.context"))
    assert {"climbs", "swims", "sitting_aggravates"} <= set(whole.context)


def test_it_places_a_flaw_of_a_family_in_the_file_of_the_family(write: Write) -> None:
    folder = with_family(write, "climbing.context")
    file = folder / "families" / "climbing" / "1.0.0.yaml"
    file.write_text(FAMILY.replace("source: a_study\n  swims", "source: b_study\n  swims"))
    where = line(file.read_text(), "source: b_study")
    (flaw,) = flaws_of(folder)
    assert flaw.startswith(f"families/climbing/1.0.0.yaml:{where}: context.climbs.source: ")


@pytest.mark.parametrize(
    ("included", "flaw"),
    [
        (["climbing.context.dives"], 'no shared mapping is called "climbing.context.dives"'),
        (["climbing.goals"], 'no shared mapping is called "climbing.goals"'),
        (["diving.context"], 'no shared mapping is called "diving.context"'),
        (
            ["climbing.context", "climbing.context.swims"],
            '"swims" is in this mapping already',
        ),
    ],
)
def test_it_refuses_entries_that_are_not_there_or_there_twice(
    write: Write, included: list[str], flaw: str
) -> None:
    folder = with_family(write, *included)
    (found,) = flaws_of(folder)
    where = line((folder / NAME).read_text(), "  include: [")
    place = f"context.include[{len(included) - 1}]"
    assert found == f"{NAME}:{where}: {place}: {flaw}"


def test_it_refuses_names_that_stand_in_no_list(write: Write) -> None:
    (flaw,) = flaws_of(write(("\ncontext:\n", "\ncontext:\n  include: common.context\n")))
    assert flaw.endswith("context.include: must be a list of names")


def test_it_refuses_a_family_that_does_not_exist(write: Write) -> None:
    folder = with_family(write, "climbing.context", family="families: {climbing: 2.0.0}")
    where = line((folder / NAME).read_text(), "families:")
    (flaw,) = flaws_of(folder)
    assert flaw == (
        f'{NAME}:{where}: families.climbing: there is no shared file "families/climbing/2.0.0.yaml"'
    )


def test_it_refuses_a_family_of_the_name_of_what_all_share(write: Write) -> None:
    (flaw,) = flaws_of(with_family(write, "x.y", family="families: {common: 1.0.0}"))
    assert flaw.endswith("families.common: is no name for a family")
