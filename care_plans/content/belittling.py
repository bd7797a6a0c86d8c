"""Findings in other words: how urgent they are there, and who makes light of them."""

import re
from collections.abc import Iterator
from itertools import combinations

from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.placing import placed_advice, placed_flags
from care_plans.content.reading import Where
from care_plans.content.safety import (
    MOST_URGENT_FIRST,
    STOPS_LOADING,
    Advice,
    RedFlag,
)
from care_plans.content.words import alternatives, stems

_LIGHT = re.compile(
    r"\b(harmless|not dangerous|nothing to worry|no (cause|reason) (for|to) (concern|worry)|"
    r"(can|may) be ignored|ignore it|wait (it out|and see|a few)|(push|run|work) through|"
    r"(is|are) normal|needs? (nobody|no \w+)|no (physician|doctor|provider) is needed)\b",
    re.IGNORECASE,
)
_rank = MOST_URGENT_FIRST.index
#: what is a flag only by how bad it is
_VAGUE = frozenset({frozenset({"pain"})})
_MOST = 0.75
_ENOUGH = 2


def belittling_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find one finding of two urgencies in other words, and what calls a red flag harmless."""
    flags = placed_flags(pathway)
    yield from _similar(flags, placed_advice(pathway))
    for at, text in _told(pathway):
        for where, flag in flags:
            if flag.urgency in STOPS_LOADING and _makes_light(text, flag.text):
                detail = f"makes light of {flag.id}, which is {flag.urgency.value}"
                yield Found("red-flag-made-light", at, detail, (where, at[:2]))


def _told(pathway: PathwayDefinition) -> Iterator[tuple[Where, str]]:
    """Yield all that tells people about findings, without the flags themselves."""
    for number, one in enumerate(pathway.questions):
        yield ("questions", number, "answer"), f"{one.question} {one.answer}"
    for number, advice in enumerate(pathway.see_provider):
        yield ("see_provider", number, "text"), f"{advice.text}. {advice.action}"
    for number, step in enumerate(pathway.self_help):
        yield ("self_help", number, "text"), step.text
    for number, other in enumerate(pathway.differentials):
        yield ("differentials", number, "clue"), other.clue


def _makes_light(text: str, flag: str) -> bool:
    """Say whether a text calls a finding of a flag harmless, in the words of either."""
    if not _LIGHT.search(text):
        return False
    rest = _LIGHT.sub("", text)
    return _alike(rest, flag) or bool((alternatives(rest) & alternatives(flag)) - _VAGUE)


def _similar(
    flags: list[tuple[Where, RedFlag]], advice: list[tuple[Where, Advice]]
) -> Iterator[Found]:
    pairs: list[tuple[tuple[Where, RedFlag], tuple[Where, RedFlag | Advice]]] = [
        *combinations(flags, 2),
        *((flag, one) for flag in flags for one in advice),
    ]
    for (first, flag), (second, other) in pairs:
        same = flag.urgency == other.urgency or _plain(flag.text) == _plain(other.text)
        if not same and (_alike(flag.text, other.text) or _put_off(flag, other)):
            detail = (
                f'"{other.text}" is {other.urgency.value} here, and sounds like {flag.id}, '
                f'which is {flag.urgency.value}: "{flag.text}"'
            )
            yield Found("similar-urgency", (*second, "urgency"), detail, (first, second))


def _put_off(flag: RedFlag, other: RedFlag | Advice) -> bool:
    """Say whether one of the things that advice lists is a flag that is more urgent."""
    if not isinstance(other, Advice) or _rank(other.urgency) <= _rank(flag.urgency):
        return False
    return bool((alternatives(flag.text) & alternatives(other.text)) - _VAGUE)


def _plain(text: str) -> str:
    return " ".join(sorted(re.findall(r"\w+", text.casefold())))


def _alike(text: str, flag: str) -> bool:
    """Say whether most words of the shorter of two texts stand in the other one as well."""
    fewer, more = sorted((stems(text), stems(flag)), key=len)
    both = fewer & more
    return len(both) >= _ENOUGH and len(both) >= _MOST * len(fewer)
