"""All that patients read of a pathway is there in French too; what is missing fails the build."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pydantic import ValidationError

from care_plans.content.files import PathwayFile, read_pathways
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.translating import BOOKS, in_language, missing, patient_texts, read_more
from care_plans.models import PathwayVersion
from coordination.languages import Book, BookRefused, Review, book, say, worst
from coordination.phrases import PAGES
from tests.care_plans.drafts import draft
from tests.care_plans.linting import known_measures

pytestmark = pytest.mark.feature("PW-15")


def versions() -> list[PathwayFile]:
    return read_pathways(known_measures())


def numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d+", text))


# Books


def test_every_text_for_patients_of_every_version_is_there_in_french() -> None:
    lacking = [(f.definition.pathway, missing(f.definition)) for f in versions()]
    assert [one for one in lacking if one[1]] == []
    said = {text for file in versions() for _, text in patient_texts(file.definition)}
    assert len(said) > 300
    idle = {phrase.en for path in BOOKS.glob("*.yaml") for phrase in book(path).phrases} - said
    assert idle == set(), "nobody says this"


@pytest.mark.parametrize("path", sorted(BOOKS.glob("*.yaml")), ids=lambda path: str(path.name))
def test_french_says_the_same_numbers_and_is_another_text(path: Path) -> None:
    alike = set()
    for phrase in book(path).phrases:
        assert numbers(phrase.fr) == numbers(phrase.en), phrase
        assert phrase.fr.endswith("?") == phrase.en.endswith("?"), phrase
        if phrase.fr == phrase.en:
            alike.add(phrase.en)
    assert alike <= {"Sport", "Coordination", "Endurance"}


def test_the_format_has_no_text_that_is_neither_for_patients_nor_said_to_be_for_others() -> None:
    """A text that is added to the format must be put on one side or the other."""
    from care_plans.content import translating

    [definition] = [
        one.definition
        for one in versions()
        if (one.definition.pathway, one.definition.version) == ("hamstring-tendinopathy", "1.3.0")
    ]
    read = {where for where, _ in patient_texts(definition)}
    for needed in (
        ("governance", "disclaimer", "text"),
        ("red_flags", 0, "text"),
        ("red_flags", 0, "action"),
        ("redirects", 0, "action"),
        ("see_provider", 0, "text"),
        ("self_help", 3, "gate"),
        ("questions", 0, "answer"),
        ("stages", "acute", "goals", 0, "text"),
        ("stages", "subacute", "lanes", "kinesiology", "activities", 1, "caution"),
        ("context", "sitting_aggravates", "text"),
        ("return_to_activity", 0, "text"),
        ("dose_levels", 0, "exercises", 0),
    ):
        assert needed in read, needed
    assert not translating.is_for_patients(("diagnosis", "history", 0))


def test_a_text_without_french_fails_and_is_named_with_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "pathways"
    folder.mkdir()
    draft(folder, ("text: Reduce pain", "text: Reduce the pain"))
    with pytest.raises(CommandError) as refused:
        call_command("check_translations", folder, stdout=StringIO())
    [flaw] = str(refused.value).splitlines()
    assert re.search(r"1\.0\.0\.yaml:\d+: stages\.acute\.goals\[0\]\.text: has no French", flaw)
    own = tmp_path / "books"
    own.mkdir()
    (own / "hamstring-tendinopathy.yaml").write_text(
        "format: 1\nlanguage: fr-CA\nreview: null\nphrases:\n"
        "  - {en: Reduce the pain, fr: Réduire la douleur}\n"
    )
    out = StringIO()
    call_command("check_translations", folder, books=[own], stdout=out)
    assert "Patients can read 1 pathway versions in French." in out.getvalue()
    assert "machine drafted" in out.getvalue()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("  - {en: A, fr: B}\n  - {en: A, fr: C}\n", "said twice: A"),
        ("  - {en: A, fr: ' '}\n", "blank"),
        ("  - {en: A}\n", "fr"),
        ("  - {en: A, fr\n", "wrong.yaml"),
    ],
)
def test_a_wrong_book_is_refused(tmp_path: Path, wrong: str, words: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"format: 1\nlanguage: fr-CA\nreview: null\nphrases:\n{wrong}")
    with pytest.raises(BookRefused, match=words):
        book(file)


def test_a_wrong_book_of_an_installation_stops_its_start(tmp_path: Path) -> None:
    read_more([str(BOOKS), str(tmp_path)])
    with pytest.raises(BookRefused, match="there is no folder"):
        read_more([str(tmp_path / "gone")])
    (tmp_path / "own.yaml").write_text("format: 1\nphrases: nothing\n")
    with pytest.raises(BookRefused, match=r"own\.yaml"):
        read_more([str(tmp_path)])


@pytest.mark.django_db
def test_what_has_no_french_is_said_in_english_and_told(tmp_path: Path) -> None:
    version = PathwayVersion.objects.newest("hamstring-tendinopathy").definition
    other = version.model_copy(update={"pathway": "own-pathway"})
    told = in_language(other, "fr-CA")
    assert (told.state, told.definition.title) == ("missing", version.title)
    (tmp_path / "own-pathway.yaml").write_text((BOOKS / "hamstring-tendinopathy.yaml").read_text())
    assert in_language(other, "fr-CA", (tmp_path,)).state == "machine_drafted"


def test_a_review_holds_for_the_very_words_that_were_read() -> None:
    read = book(BOOKS / "common.yaml")
    assert read.state == "machine_drafted"
    who = {"name": "N. N.", "college": "A college", "registration_number": "1", "on": "2026-11-27"}
    reviewed = read.model_copy(update={"review": Review(sha256=read.digest, **who)})
    assert reviewed.state == "reviewed"
    other = read.phrases[0].model_copy(update={"fr": "Autre chose"})
    changed = reviewed.model_copy(update={"phrases": (other, *read.phrases[1:])})
    assert changed.state == "machine_drafted"
    with pytest.raises(ValidationError):
        Book(format=1, language="fr-CA", review={"name": "N. N."}, phrases=())


def test_what_has_to_be_told_is_the_least_that_is_known() -> None:
    assert worst(["reviewed", "machine_drafted", "reviewed"]) == "machine_drafted"
    assert worst(["missing", "machine_drafted"]) == "missing"
    assert worst(["reviewed"]) == "reviewed"
    assert worst([]) == "original"
    assert say("Nobody has said this", "fr-CA", (PAGES,)).state == "missing"


# A published version


@pytest.mark.django_db
def test_translating_changes_no_published_version_and_nothing_but_words() -> None:
    version = PathwayVersion.objects.newest("hamstring-tendinopathy")
    before = version.definition.model_dump(mode="json")
    told = in_language(version.definition, "fr-CA")
    assert version.definition.model_dump(mode="json") == before
    assert (told.state, told.language) == ("machine_drafted", "fr-CA")
    french = told.definition
    assert isinstance(french, PathwayDefinition)
    texts = dict(patient_texts(version.definition))
    assert dict(patient_texts(french)).keys() == texts.keys()
    assert _but(french, texts) == _but(version.definition, texts)
    assert french.stage("acute").goals[0].text == "Réduire la douleur"
    assert in_language(version.definition, "en-CA").definition is version.definition


def _but(definition: PathwayDefinition, texts: Any) -> Any:
    """Return a definition as data without the texts that patients read."""
    data: Any = definition.model_dump(mode="json")
    for where in texts:
        node = data
        for step in where[:-1]:
            node = node[step]
        node[where[-1]] = ""
    return data
