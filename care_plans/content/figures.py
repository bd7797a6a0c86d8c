"""Figures in words against those of criteria: people read the one, the engine acts on the other."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.joining import is_upper
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition, Rule
from care_plans.content.safety import Advice, SafetyTrigger, YellowFlag
from care_plans.content.sourced import DAYS_IN, Duration
from care_plans.content.stages import Goal
from care_plans.content.thresholds import Measures
from care_plans.criteria import Compared, Criterion, Elapsed, Gained, SideRatio, Worsened, leaves

Figured = Compared | Gained | Worsened | SideRatio

_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
#: a span in words, also one from a number to another
SPAN = re.compile(
    r"\b(?:(\d++|[a-z]++) ?(?:to|-|–) ?)?(\d++|[a-z]++)[ -](day|week|month)s?\b", re.IGNORECASE
)
#: how often something is asked in a row, in words
_TIMES = re.compile(r"\b(once|twice|\d++|[a-z]++)(?: times| days)? in a row\b", re.IGNORECASE)
#: what counts as the same span in another unit: three months and twelve weeks
_ALIKE = Decimal("0.8")
_COUNTED = re.findall(r"\w+", "one two three four five six seven eight nine ten eleven twelve")
WORDS = {name: Decimal(number) for number, name in enumerate(_COUNTED, 1)}
#: what sets an upper limit in words, and what a lower one
_LIMIT = re.compile(
    r"\b(?:(at most|(?:no|not) more than|less than|fewer than|below|or (?:less|fewer|lower))"
    r"|at least|(?:no|not) less than|more than|above|or (?:more|higher))\b",
    re.IGNORECASE,
)
_OFTEN = {"once": 1, "twice": 2, **{name: int(number) for name, number in WORDS.items()}}

#: a number, and days, weeks or months
type _Span = tuple[Decimal, str]


def figure_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find texts whose numbers are not those of the criterion that they stand for."""
    for where, part in parts(pathway):
        if isinstance(part, Figured) and part.text:
            detail = _differs(part.text, part, measures.get(part.measure))
        elif isinstance(part, Elapsed) and part.text:
            detail = _other_span(part.text, [part.at_least])
        elif isinstance(part, Advice) and part.after is not None:
            detail = _other_span(part.text, [part.after])
        elif isinstance(part, Goal | Rule | YellowFlag | SafetyTrigger):
            detail = _of_whole(part, measures)
        else:
            continue
        if detail:
            yield Found("text-and-figure", where, detail, (where,))


def _of_whole(part: Goal | Rule | YellowFlag | SafetyTrigger, measures: Measures) -> str:
    """Compare words with a criterion that asks one thing alone, and spans with every time."""
    node: Criterion | None = part.target if isinstance(part, Goal) else part.when
    asked = [] if node is None else list(leaves(node))
    spans = [one.at_least for one in asked if isinstance(one, Elapsed)]
    means = [one.over for one in asked if isinstance(one, Compared) and one.over is not None]
    if detail := _other_span(part.text, spans or means):
        return detail
    if len(asked) == 1 and isinstance(asked[0], Figured):
        return _differs(part.text, asked[0], measures.get(asked[0].measure))
    return ""


def _other_span(text: str, asked: list[Duration]) -> str:
    """Compare the spans in words, if there are any, with those asked for: one of them is meant."""
    told = {
        (number, f"{unit.casefold()}s")
        for first, last, unit in SPAN.findall(text)
        for word in (first, last)
        if (number := WORDS.get(word.casefold()) or (Decimal(word) if word.isdigit() else None))
    }
    meant = {(span.value, span.unit) for span in asked}
    if not told or not meant or any(_is_alike(one, other) for one in told for other in meant):
        return ""
    return f"{_spelt(told)} in words, and {_spelt(meant)} as a figure"


def _is_alike(one: _Span, other: _Span) -> bool:
    if one[1] == other[1]:
        return one[0] == other[0]
    shorter, longer = sorted((_days(one), _days(other)))
    return shorter >= _ALIKE * longer


def _days(span: _Span) -> Decimal:
    return span[0] * DAYS_IN[span[1]]


def _spelt(spans: Iterable[_Span]) -> str:
    return " and ".join(f"{value} {unit}" for value, unit in sorted(spans, key=_days))


def _differs(text: str, node: Figured, measure: MeasureDefinition | None) -> str:
    mine = _figures(node)
    plain = re.sub(r"\([^)]*\)", " ", text)
    if isinstance(node, Compared) and node.over is not None:
        plain = SPAN.sub(" ", plain)
    told = {Decimal(number) for number in _NUMBER.findall(plain)} - _aside(node, measure)
    if told and not told & mine:
        return f'"{text}" says {_shown(told)}, and the figure is {min(mine)}'
    if isinstance(node, Compared) and told and _points(plain) not in (None, is_upper(node)):
        return f'"{text}" names the one side of {node.value}, and the figure the other'
    if isinstance(node, Compared) and (often := _in_a_row(plain)) not in (None, node.consecutive):
        return f'"{text}" says {often} in a row, and {node.consecutive} are asked for'
    return ""


def _points(text: str) -> bool | None:
    """Return whether a text sets an upper limit, or a lower one; None for neither and for both."""
    said = {bool(most) for most in _LIMIT.findall(text)}
    return said.pop() if len(said) == 1 else None


def _in_a_row(text: str) -> int | None:
    said = _TIMES.search(text)
    if said is None:
        return None
    word = said[1].casefold()
    return int(word) if word.isdigit() else _OFTEN.get(word)


def _figures(node: Figured) -> set[Decimal]:
    if isinstance(node, Compared):
        return {node.value}
    if isinstance(node, SideRatio):
        return {node.side_ratio, node.side_ratio * 100}
    if isinstance(node, Worsened):
        return {node.worse_by}
    return {one for one in (node.gain, node.gain_percent) if one is not None}


def _aside(node: Figured, measure: MeasureDefinition | None) -> set[Decimal]:
    """Return the numbers that may stand in the words for something else than the threshold."""
    found: set[Decimal] = set()
    if isinstance(node, Compared):
        found |= {Decimal(node.consecutive), Decimal(node.item or 0)}
    if measure is not None:
        found |= {one for one in (measure.minimum, measure.maximum) if one is not None}
        limits = measure.subscales.get(node.subscale or "", ())
        found |= set(limits)
        found |= {Decimal(number) for number in re.findall(r"\d+", f"{measure.id} {measure.name}")}
    return found - _figures(node)


def _shown(numbers: set[Decimal]) -> str:
    return " and ".join(str(number) for number in sorted(numbers))
