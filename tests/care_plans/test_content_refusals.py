"""What is refused is said in sentences that say what and where, and a slip is told from a lie."""

from pathlib import Path

import pytest

from care_plans.content.codes import code_flaw
from care_plans.content.files import newest, read_pathways
from care_plans.content.lint import lint_file
from tests.care_plans.linting import OUTSIDER, TODAY, changed, findings_in, known_measures

EXERCISES = "exercises:\n  hold: {{text: A hold, dose: {}, source: page}}\n\ndose_levels:\n"
GOAL = "      - {id: resilience, text: Build long-term resilience, source: page}\n"
DAILY = "            goal: load-tendon\n            dose_level: functional\n"
NEW = {"no-dose", "same-exit", "wrong-check-digit"}


@pytest.mark.feature("PW-01")
@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("  kind: c", "  knd: c", "condition.knd", 'not a key known here; did you mean "kind"?'),
        ("offer_at: 1", "offer_at: soon", "yellow_flags.offer_at", "is not a whole number"),
        ("required: true", "required: maybe", "condition.side_required", "neither true nor false"),
        ("red_flags:\n", "red_flags:\n  - x\n", "red_flags[0]", "not a mapping of keys to values"),
        ("treatments:\n", "treatments: x\n#", "treatments", "is not a list"),
        ("{min: 6, max: 8", "{min: .nan, max: 8", "severities.mild.duration.min", "that ends"),
        ("{id: pop,", "{id: A Pop,", "red_flags[1].id", "small letters, digits and hyphens"),
        (
            "review: {after: unknown",
            "review: {after: {value: 1, unit: years}",
            "stages.acute.review.after.unit",
            "is none of 'days', 'weeks' or 'months' (found 'years')",
        ),
    ],
)
def test_it_says_what_and_where_without_the_words_of_the_machine(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    found = [one.at for one in findings_in(changed(OUTSIDER, tmp_path, (old, new)))]
    [one] = [at for at in found if at.path == place]
    assert words in one.detail
    told = "\n".join(str(at) for at in found).casefold()
    assert not [own for own in ("input should", "tuple", "instance of", "function-") if own in told]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (GOAL, GOAL + GOAL, "stages.maintenance.goals[1].id"),
        (
            "    - include: common.yellow_flags.stress-about-recovery\n",
            "    - include: common.yellow_flags.stress-about-recovery\n" * 2,
            "yellow_flags.triggers[1].id",
        ),
        ("{id: knee, text", "{id: pelvis, text", "condition.site.variants[1].id"),
    ],
)
def test_an_id_names_one_thing(tmp_path: Path, old: str, new: str, place: str) -> None:
    found = findings_in(changed(OUTSIDER, tmp_path, (old, new)))
    [one] = [one for one in found if one.at.path == place]
    assert "is used already" in one.at.detail


@pytest.mark.parametrize(
    ("system", "code", "is_one"),
    [
        ("icd10", "M76.8", True),
        ("icd10", "76.8", False),
        ("icd10", "M768", False),
        ("icd10-cm", "S76.311A", True),
        ("icd10-cm", "S76.311AAA", False),
        ("icd10-ca", "M76.8", True),
        ("snomed", "279039007", True),
        ("snomed", "27903", False),
        ("snomed", "2790390O7", False),
    ],
)
def test_a_code_has_the_shape_of_its_system(
    tmp_path: Path, system: str, code: str, is_one: bool
) -> None:
    assert (code_flaw(system, code) == "") is is_one
    coded = f'  source: page\n  codes:\n    - {{system: {system}, code: "{code}", source: page}}\n'
    file = changed(OUTSIDER, tmp_path, ("  source: page\n  site:", f"{coded}  site:"))
    found = [one for one in findings_in(file) if one.at.path.startswith("condition.codes")]
    assert (not found) is is_one


def test_the_last_digit_of_a_snomed_code_fits_the_others(tmp_path: Path) -> None:
    coded = '  source: page\n  codes:\n    - {system: snomed, code: "279039006", source: page}\n'
    file = changed(OUTSIDER, tmp_path, ("  source: page\n  site:", f"{coded}  site:"))
    assert "wrong-check-digit" in {one.rule for one in findings_in(file)}


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(
    ("dose", "is_one"),
    [
        ("45 furlongs", False),
        ("as tolerated", False),
        ("until it feels right", False),
        ("at level 3", False),
        ("pain of 3 to 4 of 10 is allowed", False),
        ("30 seconds without pain", True),
        ("fifteen minutes", True),
        ("seven times", True),
        ("nine repetitions", True),
        ("a forty-five-second hold", True),
        ("eight to twelve", True),
        ("12 to 15", True),
        ("2 / week", True),
        ("BID", True),
        ("every second day", True),
        ("to fatigue", True),
        ("2.5 kg", True),
        ("3 sets of 10, as tolerated", True),
        ("3 x 15", True),
        ("twice a week", True),
        ("70 % of one repetition maximum", True),
        ("five repetitions", True),
    ],
)
def test_a_dose_says_how_much_or_how_often(tmp_path: Path, dose: str, is_one: bool) -> None:
    file = changed(OUTSIDER, tmp_path, ("dose_levels:\n", EXERCISES.format(f'"{dose}"')))
    assert ("no-dose" not in {one.rule for one in findings_in(file)}) is is_one


def test_as_tolerated_is_no_answer_to_how_often(tmp_path: Path) -> None:
    tolerated = ("according to the person's own plan", "as tolerated")
    assert "missing-dose" not in {one.rule for one in findings_in(OUTSIDER)}
    found = findings_in(changed(OUTSIDER, tmp_path, tolerated))
    assert "missing-dose" in {one.rule for one in found}


def test_an_activity_can_begin_where_it_applies(tmp_path: Path) -> None:
    never = (
        "            when: {measure: nprs, at_least: 5}\n"
        "            start_when: {measure: nprs, at_most: 3}\n"
    )
    found = findings_in(changed(OUTSIDER, tmp_path, (DAILY, DAILY + never)))
    [one] = [one for one in found if "never begins where it applies" in one.at.detail]
    assert one.rule == "unreachable"
    sometimes = never.replace("at_most: 3", "at_most: 6")
    found = findings_in(changed(OUTSIDER, tmp_path, (DAILY, DAILY + sometimes)))
    assert "unreachable" not in {one.rule for one in found}


def test_a_stage_is_left_by_more_than_the_one_before(tmp_path: Path) -> None:
    leave = "    exit: {id: pain, text: Pain, measure: nprs, at_most: %d, source: page}\n"
    twice = [("    exit: *clear\n", leave % 3), ("    exit: *clear\n", leave % 3)]
    found = findings_in(changed(OUTSIDER, tmp_path, *twice))
    assert [one.at.path for one in found if one.rule == "same-exit"] == ["stages.subacute.exit"]
    less = [("    exit: *clear\n", leave % 3), ("    exit: *clear\n", leave % 2)]
    found = findings_in(changed(OUTSIDER, tmp_path, *less))
    assert "same-exit" not in {one.rule for one in found}


def test_what_ships_has_nothing_of_it() -> None:
    found = [
        (file.definition.pathway, one.rule, one.at.path)
        for file in newest(read_pathways(known_measures()))
        for one in lint_file(file, known_measures(), today=TODAY)
        if one.rule in NEW
    ]
    assert found == []
