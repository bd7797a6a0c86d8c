"""Figures in words against those of criteria: people read the one, the engine acts on the other."""

import re
from collections.abc import Iterator
from decimal import Decimal

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition, Rule
from care_plans.content.safety import SafetyTrigger, YellowFlag
from care_plans.content.stages import Goal
from care_plans.content.thresholds import Measures
from care_plans.criteria import Compared, Criterion, Elapsed, Gained, SideRatio, leaves

type Figured = Compared | Gained | SideRatio

_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
#: a span in words, also one from a number to another
SPAN = re.compile(
    r"\b(?:(\d++|[a-z]++) ?(?:to|-|–) ?)?(\d++|[a-z]++)[ -](day|week|month)s?\b", re.IGNORECASE
)
_COUNTED = re.findall(r"\w+", "one two three four five six seven eight nine ten eleven twelve")
WORDS = {name: Decimal(number) for number, name in enumerate(_COUNTED, 1)}


def figure_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find texts whose numbers are not those of the criterion that they stand for."""
    for where, part in parts(pathway):
        if isinstance(part, Compared | Gained | SideRatio) and part.text:
            detail = _differs(part.text, part, measures.get(part.measure))
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
    spans = [one for one in asked if isinstance(one, Elapsed)]
    if len(spans) == 1:
        return _other_span(part.text, spans[0])
    if len(asked) == 1 and isinstance(asked[0], Compared | Gained | SideRatio):
        return _differs(part.text, asked[0], measures.get(asked[0].measure))
    return ""


def _other_span(text: str, node: Elapsed) -> str:
    told = {
        WORDS.get(number.casefold()) or Decimal(number)
        for first, last, unit in SPAN.findall(text)
        for number in (first, last)
        if f"{unit.casefold()}s" == node.at_least.unit
        and (number.isdigit() or number.casefold() in WORDS)
    }
    if told and node.at_least.value not in told:
        return (
            f"{_shown(told)} {node.at_least.unit} in words, and {node.at_least.value} as a figure"
        )
    return ""


def _differs(text: str, node: Figured, measure: MeasureDefinition | None) -> str:
    mine = _figures(node)
    plain = re.sub(r"\([^)]*\)", " ", text)
    told = {Decimal(number) for number in _NUMBER.findall(plain)} - _aside(node, measure)
    if told and not told & mine:
        return f'"{text}" says {_shown(told)}, and the figure is {min(mine)}'
    return ""


def _figures(node: Figured) -> set[Decimal]:
    if isinstance(node, Compared):
        return {node.value}
    if isinstance(node, SideRatio):
        return {node.side_ratio, node.side_ratio * 100}
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
