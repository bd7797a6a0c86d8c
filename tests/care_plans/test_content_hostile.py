"""Files that nobody means well: each ends in one sentence, quickly, and builds nothing large."""

from pathlib import Path
from time import process_time
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from care_plans.content.drafts import read_draft
from care_plans.content.reading import LARGEST_FILE
from coordination.problems import Invalid
from tests.care_plans.linting import OUTSIDER, changed, findings_in, known_measures

TEXT = OUTSIDER.read_text()
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGES = "x0: &x0 {a: 1}\n" + "".join(
    f"x{n}: &x{n} {{a: *x{n - 1}, b: *x{n - 1}, c: *x{n - 1}}}\n" for n in range(1, 20)
)
EXERCISES = '\nexercises:\n  hold: {text: A hold, dose: "DOSE", source: page}\n\ndose_levels:\n'
#: many times what the lint takes for a file that somebody means, on a slow machine
_SECONDS = 10


def _file(id: str, content: str | bytes, words: str) -> Any:
    return pytest.param(content if isinstance(content, bytes) else content.encode(), words, id=id)


HOSTILE = [
    _file("aliases of aliases", TEXT + BOMB, "has more than 10,000 parts, with all that it repeat"),
    _file("mappings of mappings", MERGES + TEXT, "has more than 10,000 parts"),
    _file("many keys", TEXT + "".join(f"k{n}: 1\n" for n in range(9_000)), "has more than 10,000"),
    _file("a large file", TEXT + "# " + "-" * LARGEST_FILE, "is larger than 500 kB"),
    _file("lists of lists", f"{TEXT}notes: {'[' * 3000}{']' * 3000}\n", "nested more than 50 deep"),
    _file(
        "mappings in mappings",
        f"{TEXT}notes: {'{a: ' * 3000}1{'}' * 3000}\n",
        "nested more than 50 deep",
    ),
    _file("itself", f"{TEXT}notes: &n [*n]\n", '"*n" stands within what it names'),
    _file(
        "another encoding",
        TEXT.replace("Somebody else", "Ren\xe9e").encode("latin-1", "replace"),
        "is not written in UTF-8",
    ),
    _file("two bytes for each", TEXT.encode("utf-16"), "is not written in UTF-8"),
    _file("a zero", TEXT.replace("Somebody", "Some\0body"), "holds U+0000"),
    _file("an endless number", TEXT.replace("min: 6,", f"min: {'9' * 5000},", 1), "100 digits"),
    _file("no day", TEXT.replace("due: null", "due: 2027-02-31", 1), "2027-02-31 is no day"),
    _file("a tag", f'{TEXT}notes: !!python/object/apply:os.system ["x"]\n', "means nothing here"),
    _file(
        "a key twice", TEXT.replace("language:", "title: X\nlanguage:", 1), 'duplicate key "titl'
    ),
    _file("two documents", f"{TEXT}---\n{TEXT}", "found another document"),
    _file("nothing", "", "is not a mapping of keys to values"),
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize(("content", "words"), HOSTILE)
def test_it_ends_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "x" / "1.0.0.yaml"
    file.parent.mkdir()
    file.write_bytes(content)
    [one] = findings_in(file)
    assert one.rule == "content"
    assert words in one.at.detail
    for command in ("lint_pathways", "load_pathways"):
        with pytest.raises(CommandError):
            call_command(command, str(file))


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1e400"])
def test_a_number_without_end_is_no_number(tmp_path: Path, number: str) -> None:
    file = tmp_path / "x" / "1.0.0.yaml"
    file.parent.mkdir()
    file.write_text(TEXT.replace("min: 6, max: 8", f"min: {number}, max: 8"))
    [one] = [one for one in findings_in(file) if one.at.path == "severities.mild.duration.min"]
    assert one.at.line > 1


@pytest.mark.parametrize(
    "name", ["seed-outsider.red_flags", "common", "../../x", "[common.red_flags]", "{include: [x]}"]
)
def test_what_includes_itself_or_nothing_is_named_at_its_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / "x" / "1.0.0.yaml"
    file.parent.mkdir()
    file.write_text(TEXT.replace("red_flags:\n", f"red_flags:\n  - include: {name}\n", 1))
    [one] = [one for one in findings_in(file) if one.at.path == "red_flags[0].include"]
    assert "nothing shared is called" in one.at.detail


#: what a text may repeat until the file is nearly as large as it may be
REPEATED = [
    "1",
    "1.",
    "3 to ",
    "to",
    "severe ",
    "pain is severe ",
    "slow ",
    "isometric deadlifts. eccentric deadlifts. ",
    "stretching may worsen it. ",
    "10.1136/(",
]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize("text", REPEATED)
def test_a_text_of_any_length_is_read_quickly(tmp_path: Path, text: str) -> None:
    long = text * (40_000 // len(text))
    rule = "text: Symptoms are severe and persist for over"
    file = changed(
        OUTSIDER,
        tmp_path,
        ("\ndose_levels:\n", EXERCISES.replace("DOSE", f"{long}q")),
        (rule, f"text: {long}q Symptoms are severe and persist for over"),
        ("answer: >-\n      The", f"answer: >-\n      {long}q The"),
        ("- {text: Rest alone", f'- {{text: "{long}q", source: page}}\n  - {{text: Rest alone'),
    )
    began = process_time()
    assert "content" not in {one.rule for one in findings_in(file)}
    assert process_time() - began < _SECONDS


#: keys that look like what the types call their own parts
LIKE_A_KIND = ["<x", "<all_of>", "[key]", "constrained-str[1]", "literal['unknown']"]


@pytest.mark.feature("PW-09")
@pytest.mark.parametrize("key", LIKE_A_KIND)
@pytest.mark.parametrize("place", ["", "governance"])
def test_a_key_that_looks_like_a_kind_is_named_in_a_file(
    tmp_path: Path, key: str, place: str
) -> None:
    at = f"{place}:\n" if place else "format: 1\n"
    written = f'{"  " if place else ""}"{key}": 1\n'
    file = changed(OUTSIDER, tmp_path, (at, f"{at}{written}"))
    [one] = [one for one in findings_in(file) if one.rule == "content"]
    assert one.at.path == f"{place}.{key}".removeprefix(".")
    assert one.at.detail.startswith("is not a key known here")
    assert key in file.read_text().splitlines()[one.at.line - 1]


@pytest.mark.feature("PW-13")
@pytest.mark.parametrize("key", LIKE_A_KIND)
def test_a_key_that_looks_like_a_kind_is_refused_in_a_draft(key: str) -> None:
    draft = {key: 1, "title": {key: 1}, "governance": {key: 1}, "exercises": {key: {"text": 5}}}
    with pytest.raises(Invalid) as refused:
        read_draft(draft, measures=known_measures(), pathways=(), at="/draft")
    named = {one.pointer for one in refused.value.errors if "not a key" in one.detail}
    assert len(named) == 2


@pytest.mark.feature("PW-13")
def test_a_draft_is_refused_before_anything_is_built_of_its_depths() -> None:
    deep: Any = {"no_open": "red_flag"}
    for _ in range(400):
        deep = {"all_of": [deep]}
    with pytest.raises(Invalid) as refused:
        read_draft({"stages": deep}, measures=known_measures(), pathways=(), at="/draft")
    assert "is nested at most 50 deep" in str(refused.value.errors)
