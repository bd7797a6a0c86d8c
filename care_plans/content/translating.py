"""What patients read of a pathway, and the same in French.

The French stands in books of phrases beside the pathways (`translations/fr-CA`): one for what
several of them say, and one for each. A published version is never changed by them. More books may
be named by `CONTENT_TRANSLATIONS`, for pathways that do not ship with the software.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from care_plans.content.checks import parts
from care_plans.content.condition import Asked, Condition, Lasting, Severity
from care_plans.content.pathways import (
    Answer,
    Discharge,
    DoseLevel,
    PathwayDefinition,
    ReturnTo,
    Step,
)
from care_plans.content.reading import Where
from care_plans.content.safety import Advice, RedFlag, Redirect
from care_plans.content.sourced import Statement
from care_plans.content.stages import Activity, Goal, Lane, Stage
from coordination.languages import ENGLISH, BookRefused, Language, State, book, say, worst

BOOKS = Path(__file__).resolve().parents[1] / "translations" / "fr-CA"
COMMON = "common.yaml"

#: the words of each part that patients read
READ: Mapping[type[BaseModel], tuple[str, ...]] = {
    PathwayDefinition: ("title",),
    Condition: ("name",),
    Severity: ("text",),
    Asked: ("text",),
    Lasting: ("text",),
    Statement: ("text",),
    Stage: ("label",),
    Goal: ("text",),
    Lane: ("reason",),
    Activity: ("text", "caution"),
    DoseLevel: ("text", "exercises"),
    RedFlag: ("text", "action"),
    Redirect: ("text", "action"),
    Advice: ("text", "action"),
    Step: ("text", "gate"),
    Answer: ("question", "answer"),
    ReturnTo: ("text",),
    Discharge: ("text",),
}
#: what is written for those who treat; `*` stands for any name
FOR_CLINICIANS = (
    ("diagnosis",),
    ("notes",),
    ("governance", "page"),
    ("stages", "*", "loading"),
    ("condition", "body_structures"),
)


@dataclass(frozen=True, slots=True)
class Translated:
    """A pathway in a language, and what its readers have to be told of the translation."""

    definition: PathwayDefinition
    language: Language
    state: State


def patient_texts(definition: PathwayDefinition) -> Iterator[tuple[Where, str]]:
    """Yield every text of a pathway that patients read, with its place."""
    for where, part in parts(definition):
        if is_for_patients(where):
            for name in READ.get(type(part), ()):
                yield from _texts((*where, name), getattr(part, name))


def _texts(where: Where, value: Any) -> Iterator[tuple[Where, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, tuple):
        yield from (((*where, number), text) for number, text in enumerate(value))


def is_for_patients(where: Where) -> bool:
    """Say whether patients read what stands at a place."""
    return not any(
        len(where) >= len(place)
        and all(step in ("*", here) for step, here in zip(place, where, strict=False))
        for place in FOR_CLINICIANS
    )


def read_more(folders: Iterable[str]) -> None:
    """Read the books of an installation, so that a wrong one stops the start and no request.

    Raises `BookRefused` that names the folder or the file.
    """
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise BookRefused(f"CONTENT_TRANSLATIONS: there is no folder {folder}")
        for file in folder.glob("*.yaml"):
            book(file)


def books_of(pathway: str, more: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Return the books in which a pathway's phrases stand, its own first."""
    folders = (BOOKS, *more)
    files = [folder / name for name in (f"{pathway}.yaml", COMMON) for folder in folders]
    return tuple(file for file in files if file.exists())


def in_language(
    definition: PathwayDefinition, language: Language, more: tuple[Path, ...] = ()
) -> Translated:
    """Return a pathway with all that patients read of it in a language.

    Ids, numbers, criteria and sources are those of the version. What is not translated stays in
    English, and `state` says so.
    """
    if language == ENGLISH:
        return Translated(definition, language, "original")
    files = books_of(definition.pathway, more)
    states = [say(text, language, files).state for _, text in patient_texts(definition)]
    told = _said(definition, (), language, files)
    return Translated(told, language, worst(states))


def missing(definition: PathwayDefinition, more: tuple[Path, ...] = ()) -> list[tuple[Where, str]]:
    """Return what patients read of a pathway and cannot read in French."""
    files = books_of(definition.pathway, more)
    return [
        (where, text)
        for where, text in patient_texts(definition)
        if say(text, "fr-CA", files).state == "missing"
    ]


def _said(node: Any, where: Where, language: Language, files: tuple[Path, ...]) -> Any:
    """Return a part with its own texts and those of all below it in a language."""
    if isinstance(node, BaseModel):
        mine = READ.get(type(node), ()) if is_for_patients(where) else ()
        changed = {}
        for name in type(node).model_fields:
            value = getattr(node, name)
            if name in mine:
                changed[name] = _words(value, language, files)
            elif isinstance(value, BaseModel | tuple | Mapping):
                changed[name] = _said(value, (*where, name), language, files)
        return node.model_copy(update=changed)
    if isinstance(node, tuple):
        return tuple(_said(one, (*where, n), language, files) for n, one in enumerate(node))
    if isinstance(node, Mapping):
        return {key: _said(one, (*where, key), language, files) for key, one in node.items()}
    return node


def _words(value: Any, language: Language, files: tuple[Path, ...]) -> Any:
    if isinstance(value, str):
        return say(value, language, files).text
    if isinstance(value, tuple):
        return tuple(say(one, language, files).text for one in value)
    return value
