"""Exercises that nobody has named for the lint: compared by their words, as a reader would.

What `uses` or `cautions` name somewhere is left to the rules that go by names (`doses`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import Sourced
from care_plans.content.stages import Activity
from care_plans.content.words import EMPTY, sentences, stem, stems

#: what any exercise may be called, so that it tells none from another
_ANY = stems(
    "activity drill exercise hold load loading movement practice programme program session set "
    "strengthening task training work"
)
_PROVOKED = re.compile(r"\bpain|\breproduc|\bprovok", re.IGNORECASE)
_HARM = re.compile(
    r"\b(?:can|could|may|might|will|often|even) (?:even |also )?"
    r"(?:worsen|aggravate|irritate|harm|make \w+ worse)\b|\b(?:worsens|aggravates|irritates)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^(.+?) (?:alone|by itself|on its own|can|could|may|might|will|often|does|do|is|are|should|"
    r"must|worsens|aggravates|irritates)\b",
    re.IGNORECASE,
)
_TOO_MUCH = stems(
    "aggressive excessive exercise forceful gentle hard heavy intense light much over prolonged "
    "too vigorous"
)
_MOST_WORDS = 2


def exercise_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find exercises of two levels, tests that are exercises, and warnings that no dose answers."""
    said = list(dict.fromkeys(_levelled(pathway)))
    yield from _two_levels(pathway, said)
    yield from _tests(pathway, said)
    yield from _cautions(pathway)


@dataclass(frozen=True)
class _Said:
    """An exercise in words at one place: its last word, those before it, and its level."""

    where: Where
    level: int
    head: str
    kind: frozenset[str]
    words: str


def _levelled(pathway: PathwayDefinition) -> Iterator[_Said]:
    """Yield the exercises of the levels, and those that other texts count to one of them."""
    known = {stem(word) for name in _named(pathway) for word in name.split("-")}
    own: list[_Said] = []
    for number, level in enumerate(pathway.dose_levels):
        for text in level.exercises:
            words = _words(re.split(r"[,;(]", text)[0])
            if words and words[-1] not in known | _ANY:
                at: Where = ("dose_levels", number)
                own.append(_Said(at, number, words[-1], frozenset(words[:-1]), text))
    yield from own
    levels = {
        stem(word): number
        for number, level in enumerate(pathway.dose_levels)
        for word in level.id.split("-")
    }
    for where, text, of_level in _texts(pathway):
        yield from _counted(where, text, own, levels, of_level)


def _counted(
    where: Where, text: str, own: list[_Said], levels: dict[str, int], level: int | None
) -> Iterator[_Said]:
    """Yield the exercises that a text names after the word for a level, up to that for the next."""
    kinds: dict[str, set[str]] = {}
    for one in own:
        kinds.setdefault(one.head, set()).update(one.kind)
    known = frozenset[str]().union(*kinds.values())
    for sentence in sentences(text):
        at, before = level, set[str]()
        for word in _words(sentence):
            at = levels.get(word, at)
            if word in kinds and at is not None:
                yield _Said(where, at, word, frozenset(kinds[word] & before), text)
            before = before | {word} if word in known else set()


def _words(text: str) -> list[str]:
    found = re.findall(r"[a-z]+(?:-[a-z]+)*", text.casefold())
    return [stem(word) if word not in EMPTY else word for word in found]


def _named(pathway: PathwayDefinition) -> frozenset[str]:
    found: set[str] = set()
    for _, part in parts(pathway):
        if isinstance(part, Sourced):
            found.update(part.uses, part.cautions)
    return frozenset(found)


def _texts(pathway: PathwayDefinition) -> Iterator[tuple[Where, str, int | None]]:
    order = {level.id: number for number, level in enumerate(pathway.dose_levels)}
    for where, part in parts(pathway):
        if isinstance(part, Activity):
            yield where, part.text, order.get(part.dose_level or "")
    yield from ((("self_help", n), one.text, None) for n, one in enumerate(pathway.self_help))
    yield from ((("questions", n), one.answer, None) for n, one in enumerate(pathway.questions))
    yield from ((("treatments", n), one.text, None) for n, one in enumerate(pathway.treatments))


def _two_levels(pathway: PathwayDefinition, said: list[_Said]) -> Iterator[Found]:
    """Find an exercise in two levels, where nothing in its words tells the one from the other."""
    seen: set[tuple[str, frozenset[int]]] = set()
    first: dict[tuple[str, frozenset[str], int], _Said] = {}
    for one in said:
        first.setdefault((one.head, one.kind, one.level), one)
    alike = (pair for its in _by_head(first.values()) for pair in combinations(its, 2))
    for one, other in alike:
        both = (one.head, frozenset({one.level, other.level}))
        same = one.kind <= other.kind or other.kind <= one.kind
        if same and one.level != other.level and both not in seen:
            seen.add(both)
            told = [pathway.dose_levels[its.level].id for its in (one, other)]
            detail = (
                f'"{one.words}" is {told[0]} here and "{other.words}" is {told[1]}: say which of '
                "the two it is, since that decides how hard it is"
            )
            yield Found("similar-exercise", other.where, detail, (one.where, other.where))


def _by_head(said: Iterable[_Said]) -> Iterable[list[_Said]]:
    heads: dict[str, list[_Said]] = {}
    for one in said:
        heads.setdefault(one.head, []).append(one)
    return heads.values()


def _tests(pathway: PathwayDefinition, said: list[_Said]) -> Iterator[Found]:
    for number, test in enumerate(pathway.diagnosis.examination):
        words = frozenset(_words(test.text))
        if test.uses or not _PROVOKED.search(test.text):
            continue
        for one in said:
            if one.where[0] == "dose_levels" and {one.head, *one.kind} <= words:
                at: Where = ("diagnosis", "examination", number)
                alike = [its for its in said if its.head == one.head]
                levels = sorted({its.level for its in alike})
                told = " and ".join(pathway.dose_levels[level].id for level in levels)
                detail = (
                    f'"{one.words}" provokes the pain as a test, and is an exercise ({told}): say '
                    "from when on it may be trained"
                )
                places = dict.fromkeys((at, *(its.where for its in alike)))
                yield Found("test-and-exercise", at, detail, tuple(places))
                break


def _cautions(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find what one text recommends and another says may do harm, while no dose says how much."""
    known = {stem(word) for name in _named(pathway) for word in name.split("-")}
    warned = {
        (where, subject): None
        for where, text, _ in _texts(pathway)
        for sentence in sentences(text)
        if (subject := _harmful(sentence)) and not subject & known
    }
    for where, part in parts(pathway):
        if not isinstance(part, Activity) or part.caution or part.dose_level:
            continue
        asked = stems(part.text)
        for at, subject in warned:
            if part.cadence == "unknown" and at != where and subject <= asked:
                detail = (
                    "warns against what is recommended elsewhere, and no dose tells how much is "
                    "too much"
                )
                yield Found("cautioned-without-dose", at, detail, (where, at))


def _harmful(sentence: str) -> frozenset[str]:
    """Return what a sentence says may do harm: one word or two, or nothing."""
    subject = _SUBJECT.match(sentence) if _HARM.search(sentence) else None
    found = stems(subject[1]) - _TOO_MUCH if subject else frozenset()
    return found if len(found) <= _MOST_WORDS else frozenset()
