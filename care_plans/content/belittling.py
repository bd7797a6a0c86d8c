"""Findings in other words: how urgent, what is done about them, and who makes light of them."""

import re
from collections.abc import Iterator
from itertools import combinations

from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.safety import (
    MOST_URGENT_FIRST,
    STOPS_LOADING,
    Advice,
    RedFlag,
    Urgency,
)
from care_plans.content.words import alternatives, stems

_LIGHT = re.compile(
    r"\b(harmless|not dangerous|nothing to worry|no (cause|reason) (for|to) (concern|worry)|"
    r"(can|may) be ignored|ignore it|wait (it out|and see|a few))\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(monitor|observe|watch|wait|continue|carry on|keep (going|on))\b", re.IGNORECASE
)
_STRONG = re.compile(
    r"\b(9-?1-?1|ambulance|emergency|hospital|physician|doctor|provider|same day|at once|stop|"
    r"immediate\w*|urgent\w*|refer\w*|surg\w*|delay)\b",
    re.IGNORECASE,
)
_ALARM = re.compile(r"\b(call 9-?1-?1|ambulance|emergency (room|department))\b", re.IGNORECASE)
_rank = MOST_URGENT_FIRST.index
_CALM = frozenset({Urgency.ROUTINE, Urgency.REVIEW_BEFORE_PROGRESS})
#: what is a flag only by how bad it is
_VAGUE = frozenset({frozenset({"pain"})})
_MOST = 0.75
_ENOUGH = 2


def belittling_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find one finding of two urgencies in other words, and actions unlike their urgency."""
    flags: list[tuple[Where, RedFlag]] = [
        *((("red_flags", n), flag) for n, flag in enumerate(pathway.red_flags)),
        *((("redirects", n), flag) for n, flag in enumerate(pathway.redirects)),
    ]
    advice: list[tuple[Where, Advice]] = [
        (("see_provider", n), one) for n, one in enumerate(pathway.see_provider)
    ]
    yield from _similar(flags, advice)
    for place, flagged in flags:
        yield from _action(place, flagged)
    for place, advised in advice:
        yield from _action(place, advised)
    for number, one in enumerate(pathway.questions):
        if not _LIGHT.search(one.answer):
            continue
        for where, flag in flags:
            if flag.urgency in STOPS_LOADING and _alike(f"{one.question} {one.answer}", flag.text):
                at: Where = ("questions", number, "answer")
                detail = f"makes light of {flag.id}, which is {flag.urgency.value}"
                yield Found("red-flag-made-light", at, detail, (where, ("questions", number)))


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


def _action(at: Where, said: RedFlag | Advice) -> Iterator[Found]:
    if (
        said.urgency in STOPS_LOADING
        and _WEAK.search(said.action)
        and not _STRONG.search(said.action)
    ):
        detail = f'is {said.urgency.value}, and what is done is "{said.action}"'
        yield Found("action-unlike-urgency", (*at, "action"), detail, (at,))
    if said.urgency in _CALM and (alarm := _ALARM.search(said.action)):
        detail = f'is {said.urgency.value}, and its action says "{alarm[0]}"'
        yield Found("action-unlike-urgency", (*at, "action"), detail, (at,))


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
