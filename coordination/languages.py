"""The two languages that patients read, and books of phrases that say one thing in the other.

A book is a file that a person can read line by line: what is said in English, and what in French.
It is not part of what it translates: a published pathway stays as it was signed, whatever becomes
of its translation. Until somebody who may has reviewed a book, whoever reads from it is told so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

type Language = Literal["en-CA", "fr-CA"]
type State = Literal["original", "reviewed", "machine_drafted", "missing"]

ENGLISH: Language = "en-CA"
FRENCH: Language = "fr-CA"
LANGUAGES: tuple[Language, ...] = get_args(Language.__value__)
#: what a reader is told of a translation, by its state
NOTICES: Mapping[State, str] = {
    "original": "",
    "reviewed": "",
    "machine_drafted": (
        "Cette traduction a été faite par une machine, et aucun clinicien ne l'a révisée. En cas "
        "de doute, fiez-vous au texte anglais ou demandez à votre clinique."
    ),
    "missing": "Une partie de ce texte n'existe qu'en anglais.",
}


class BookRefused(ValueError):
    """A book of phrases cannot be used as it is written."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return " ".join(text.split())


class Phrase(BaseModel):
    """One thing in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: Annotated[str, AfterValidator(_said)]
    fr: Annotated[str, AfterValidator(_said)]


class Review(BaseModel):
    """Who read a whole book, and the digest of what they read: another word, and it is void."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    college: str
    registration_number: str
    on: str
    sha256: str


class Book(BaseModel):
    """A book as its file has it. `review` of null: nobody has reviewed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    language: Literal["fr-CA"]
    review: Review | None
    phrases: tuple[Phrase, ...]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all phrases, as a review names it."""
        pairs = sorted((phrase.en, phrase.fr) for phrase in self.phrases)
        return sha256(dumps(pairs, ensure_ascii=False).encode()).hexdigest()

    @property
    def state(self) -> State:
        """Return whether what it says now is what somebody reviewed."""
        reviewed = self.review is not None and self.review.sha256 == self.digest
        return "reviewed" if reviewed else "machine_drafted"


@dataclass(frozen=True, slots=True)
class Told:
    """Something in the reader's language, and what there is to know of the translation."""

    text: str
    state: State


@cache
def book(file: Path) -> Book:
    """Return the book in a file. Raises `BookRefused`, also for one that says a thing twice."""
    try:
        found = TypeAdapter(Book).validate_python(YAML(typ="safe", pure=True).load(file))
    except (ValueError, YAMLError, OSError) as error:
        raise BookRefused(f"{file}: {error}") from error
    names = [phrase.en for phrase in found.phrases]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BookRefused(f"{file}: said twice: {', '.join(twice)}")
    return found


@cache
def _phrases(file: Path) -> Mapping[str, str]:
    return {phrase.en: phrase.fr for phrase in book(file).phrases}


def say(text: str, language: Language, files: Iterable[Path]) -> Told:
    """Return a text in a language, from the first of some books that has it.

    What no book has is said in English, and its state tells it.
    """
    if language == ENGLISH:
        return Told(text, "original")
    for file in files:
        if (found := _phrases(file).get(" ".join(text.split()))) is not None:
            return Told(found, book(file).state)
    return Told(text, "missing")


def notice_of(file: Path, language: Language) -> str:
    """Return what whoever reads from a book in this language has to be told; mostly nothing."""
    return NOTICES["original" if language == ENGLISH else book(file).state]


def worst(states: Iterable[State]) -> State:
    """Return what has to be told of several texts: the least that is known of any of them."""
    found = set(states)
    for state in ("missing", "machine_drafted", "reviewed", "original"):
        if state in found:
            return state
    return "original"


def language_of(wanted: str) -> Language:
    """Return the language to speak to whoever prefers this one (BCP 47): French, else English."""
    return FRENCH if wanted.strip().lower().partition("-")[0] == "fr" else ENGLISH


def accepted(header: str) -> Language | None:
    """Return the better liked of both languages of an `Accept-Language`; None: it names neither."""
    liked: list[tuple[float, int, Language]] = []
    for number, part in enumerate(header.split(",")[:20]):
        name, _, rest = part.partition(";")
        tag = name.strip().lower().partition("-")[0]
        weight = _weight(rest)
        if tag in ("en", "fr") and weight > 0:
            liked.append((-weight, number, language_of(tag)))
    return min(liked)[2] if liked else None


def _weight(rest: str) -> float:
    _, _, value = rest.strip().partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0
