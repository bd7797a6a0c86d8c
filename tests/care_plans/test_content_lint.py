"""The lint of pathways: one planted fault is one finding, at its line and in plain words."""

from functools import cache
from io import StringIO
from pathlib import Path
from shutil import copytree

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from care_plans.content.files import PATHWAYS
from care_plans.content.findings import RULES
from care_plans.models import PathwayVersion
from tests.care_plans.faults_of_others import FAULTS
from tests.care_plans.linting import LITERAL, SHIPPED, Change, changed, findings_in, lines_of
from tests.care_plans.planted_faults import FORMAT, PLANTED
from tests.care_plans.test_content_lint_acting import FAULTS as ACTING
from tests.care_plans.test_content_lint_directions import FAULTS as DIRECTIONS
from tests.care_plans.test_content_lint_figures import FAULTS as FIGURES
from tests.care_plans.test_content_lint_outsider import CONTRADICTIONS
from tests.care_plans.test_content_lint_staying import FAULTS as STAYING

#: planted in test_content_refusals, and below
ELSEWHERE = {"no-dose", "same-exit", "wrong-check-digit", "missing-french"}


@cache
def shipped() -> list[tuple[str, str]]:
    """Return rule and place of what the lint finds in the shipped file."""
    return [(f.rule, f.at.path) for f in findings_in(SHIPPED)]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(("changes", "rule", "place", "words"), PLANTED)
def test_it_finds_a_planted_fault_and_nothing_else(
    tmp_path: Path, changes: tuple[Change, ...], rule: str, place: str, words: str
) -> None:
    file = changed(SHIPPED, tmp_path, *changes)
    before = shipped()
    after = findings_in(file)
    added = [f for f in after if (f.rule, f.at.path) not in before]
    if not rule:
        assert added == []
    elif rule.startswith("-"):
        assert [r for r, _ in before if r == rule[1:]]
        assert not [f for f in after if f.rule == rule[1:]]
    else:
        assert [f.rule for f in added] == [rule]
        text = file.read_text()
        assert added[0].at.line == text[: text.index(place)].count("\n") + 1
        assert words in added[0].at.detail
        assert added[0].level == RULES[rule].level


def test_it_plants_a_fault_for_every_rule_that_the_article_does_not_break() -> None:
    planted = {str(case.values[1]) for case in PLANTED if hasattr(case, "values")}
    planted |= {rule for _, rule, _, _ in FAULTS}
    planted |= {rule for _, rule, _ in (*DIRECTIONS, *STAYING, *ACTING, *FIGURES)}
    planted |= {str(case.values[0]) for case in CONTRADICTIONS} | ELSEWHERE
    literal = {finding.rule for finding in findings_in(LITERAL)}
    assert set(RULES) <= planted | literal


# resolutions

RESOLUTIONS = """resolutions:
  - id: seed-x-1
    rule: threshold-in-normal-course
    about: [severities.severe.duration, rules.severe-earliest]
    text: Six months is the earliest review; a review is due at twelve.
    source: [carespace_2025, expert_consensus]
  - id: seed-x-2
    rule: rest-as-waiting
    about: [claims.0, see_provider.two-weeks, questions.see-doctor]
    text: Two weeks without improvement are a reason to be seen, and rest is no treatment.
    source: [carespace_2025, expert_consensus]
"""


@pytest.mark.feature("PW-09")
def test_it_turns_a_finding_into_a_note_once_a_resolution_names_all_its_parts(
    tmp_path: Path,
) -> None:
    before = {f.at.path for f in findings_in(SHIPPED) if f.level == "warning"}
    file = changed(SHIPPED, tmp_path, (FORMAT, FORMAT + RESOLUTIONS))
    notes = {f.at.path: f for f in findings_in(file) if f.level == "note"}
    assert set(notes) == {"rules[2].when", "see_provider[0]", "questions[2]"}
    assert str(notes["rules[2].when"]).endswith(
        " resolved: seed-x-1: Six months is the earliest review; a review is due at twelve."
    )
    assert {f.at.path for f in findings_in(file) if f.level == "warning"} == before - set(notes)


def test_it_lets_no_resolution_answer_a_part_that_it_does_not_name(tmp_path: Path) -> None:
    partly = RESOLUTIONS.replace(", questions.see-doctor", "")
    file = changed(SHIPPED, tmp_path, (FORMAT, FORMAT + partly))
    levels = {f.at.path: f.level for f in findings_in(file) if f.rule == "rest-as-waiting"}
    assert levels == {"see_provider[0]": "note", "questions[2]": "warning"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rule: rest-as-waiting", "rule: rest-as-waitin", 'did you mean "rest-as-waiting"?'),
        (
            "rules.severe-earliest]",
            "rules.severe-erliest]",
            'did you mean "rules.severe-earliest"?',
        ),
        (
            "about: [claims.0, see_provider.two-weeks, questions.see-doctor]",
            "about: []",
            "at least 1",
        ),
    ],
)
def test_it_refuses_a_resolution_that_does_not_name_what_it_resolves(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    wrong = RESOLUTIONS.replace(old, new)
    file = changed(SHIPPED, tmp_path, (FORMAT, FORMAT + wrong))
    (error,) = [f for f in findings_in(file) if f.level == "error"]
    assert error.at.path.startswith("resolutions[")
    assert words in error.at.detail


def test_it_lets_no_resolution_talk_away_what_would_harm(tmp_path: Path) -> None:
    text = """resolutions:
  - id: seed-x-6
    rule: conflicting-urgency
    about: [red_flags.swelling, see_provider.bruising]
    text: It is not that urgent.
    source: expert_consensus
"""
    file = changed(LITERAL, tmp_path, (FORMAT, FORMAT + text))
    (found,) = [f for f in findings_in(file) if f.rule == "conflicting-urgency"]
    assert (found.level, found.about) == ("error", ("red_flags.swelling", "see_provider.bruising"))


# the commands


def run(command: str, *args: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *map(str, args), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.feature("PW-09")
def test_it_finds_no_error_in_what_ships() -> None:
    said, _ = run("lint_pathways")
    assert said.splitlines()[-1].startswith("No errors, ")


def test_it_names_rule_file_and_line_and_fails_on_an_error() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=r"^7 errors, 7 warnings, 0 notes in 1 file\.$"):
        call_command("lint_pathways", str(LITERAL), stdout=out)
    (line,) = lines_of(LITERAL, "id: functional")
    assert (
        f"tests/data/seed-literal/1.0.0.yaml:{line}: error exercise-in-two-levels: dose_levels[2]: "
        "deadlift stands in the levels eccentric and functional: which of them it is decides how "
        "hard it is (seed-x-4)"
    ) in out.getvalue().splitlines()


def test_it_shows_errors_alone_where_asked() -> None:
    both, errors = StringIO(), StringIO()
    for out, asked in ((both, []), (errors, ["--errors-only"])):
        with pytest.raises(CommandError, match=r"^7 errors, 7 warnings, 0 notes in 1 file\.$"):
            call_command("lint_pathways", str(LITERAL), *asked, stdout=out)
    shown = both.getvalue().splitlines()
    assert len(shown) == 14
    assert errors.getvalue().splitlines() == [one for one in shown if ": error " in one]


def test_it_reads_folders_and_files_and_says_what_is_not_there(tmp_path: Path) -> None:
    changed(SHIPPED, tmp_path / "drafts", (FORMAT, "format: 2\n"))
    with pytest.raises(CommandError, match=r"^1 error, 26 warnings"):
        call_command("lint_pathways", str(tmp_path / "drafts"), str(SHIPPED), stdout=StringIO())
    with pytest.raises(CommandError, match=r"There is no file or folder .*/nowhere"):
        call_command("lint_pathways", str(tmp_path / "nowhere"))


def test_it_lists_its_rules() -> None:
    said, _ = run("lint_pathways", "--rules")
    assert len(said.splitlines()) == len(RULES)


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """Offer the shipped pathways with a version that is not published yet."""
    folder = Path(copytree(PATHWAYS, tmp_path / "pathways"))
    text = SHIPPED.read_text().replace("\nversion: 1.0.0", "\nversion: 9.0.0")
    (folder / "hamstring-tendinopathy" / "9.0.0.yaml").write_text(text)
    return folder


@pytest.mark.feature("PW-09")
@pytest.mark.django_db(transaction=True)
def test_it_publishes_with_warnings_and_tells_them_apart(next_version: Path) -> None:
    out, err = run("load_pathways", next_version)
    assert "loaded: hamstring-tendinopathy 9.0.0" in out
    assert "warning threshold-in-normal-course: rules[2].when" in err
    assert all("/9.0.0.yaml:" in line for line in err.splitlines()), "the published one is settled"
    assert run("load_pathways", next_version)[1] == ""


@pytest.mark.feature("PW-15")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_it_refuses_to_publish_what_patients_cannot_read_in_french(
    next_version: Path, flags: list[str], settings: Settings
) -> None:
    file = next_version / "hamstring-tendinopathy" / "9.0.0.yaml"
    file.write_text(file.read_text().replace("text: Reduce pain\n", "text: Calm it down\n", 1))
    with pytest.raises(CommandError) as refused:
        run("load_pathways", next_version, *flags)
    [line] = str(refused.value).splitlines()
    assert line.endswith('.text: patients cannot read in French: "Calm it down"')
    assert "/9.0.0.yaml:" in line
    assert not PathwayVersion.objects.filter(version="9.0.0").exists()
    books = next_version.parent / "books"
    books.mkdir()
    (books / "hamstring-tendinopathy.yaml").write_text(
        "format: 1\nlanguage: fr-CA\nreview: null\nphrases:\n"
        '  - {en: "Calm it down", fr: "Calmer la douleur"}\n'
    )
    settings.CONTENT_TRANSLATIONS = (str(books),)
    run("load_pathways", next_version, *flags)


def test_many_texts_without_french_are_one_finding() -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("lint_pathways", str(LITERAL), stdout=out)
    [line] = [line for line in out.getvalue().splitlines() if "missing-french" in line]
    assert "texts that patients read have no French, the first of them" in line


@pytest.mark.feature("PW-09")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_it_refuses_to_publish_an_error(next_version: Path, flags: list[str]) -> None:
    file = next_version / "hamstring-tendinopathy" / "9.0.0.yaml"
    file.write_text(
        file.read_text().replace(
            "urgency: urgent_24h\n    red_flag", "urgency: routine\n    red_flag"
        )
    )
    with pytest.raises(CommandError) as refused:
        run("load_pathways", next_version, *flags)
    assert "error conflicting-urgency: see_provider[2].urgency" in str(refused.value)
    assert "warning" not in str(refused.value)
    file.unlink()
    assert "9.0.0" not in run("load_pathways", next_version)[0]
