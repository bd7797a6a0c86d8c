"""Severities against one another: scores that point to two of them, and to none."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from care_plans.content.findings import Found
from care_plans.content.joining import Asked, is_upper, joined, what
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import SEVERITIES
from care_plans.content.thresholds import Measures, is_whole, named
from care_plans.criteria import AnyOf, Compared, Criterion

type _What = tuple[object, ...]


@dataclass(slots=True)
class _Window:
    """From which score to which one a severity is suggested; None: without an end."""

    at: Where
    asked: Compared
    is_alone: bool
    lowest: Compared | None = None
    highest: Compared | None = None

    def add(self, node: Compared) -> None:
        if is_upper(node):
            self.highest = node
        else:
            self.lowest = node

    def __str__(self) -> str:
        ends = [one for one in (self.lowest, self.highest) if one is not None]
        return " and ".join(f"{one.comparison} {one.value}" for one in ends)


def gravity_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find scores of one measure that point to two severities, or lie between two and to neither.

    Two that each ask for something else as well may share scores: that tells them apart.
    """
    known = [
        (name, _windows(("severities", name, "suggested_when"), pathway.severities[name]))
        for name in SEVERITIES
        if name in pathway.severities
    ]
    for (milder, before), (graver, after) in pairwise(known):
        for asked, one in before.items():
            other = after.get(asked)
            measure = measures.get(one.asked.measure)
            if other is None or measure is None or measure.better == "depends":
                continue
            below, above = (one, other) if measure.better == "lower" else (other, one)
            detail = _clash(below, above, measure.step)
            if detail is not None:
                rule, says = detail
                if rule == "severities-overlap" and not (one.is_alone or other.is_alone):
                    continue
                yield Found(
                    rule,
                    other.at,
                    f"{named(one.asked)} {one} is {milder}, and {other} is {graver}: {says}",
                    (one.at, other.at),
                )


def _clash(below: _Window, above: _Window, step: Decimal | None) -> tuple[str, str] | None:
    if below.highest is None or above.lowest is None:
        return "severities-overlap", "some scores point to both"
    last, first = below.highest, above.lowest
    if first.value < last.value:
        return "severities-overlap", "some scores point to both"
    if first.value == last.value:
        ends = {first.comparison, last.comparison}
        if ends == {">=", "<="}:
            return "severities-overlap", f"{first.value} points to both"
        if ends == {">", "<"}:
            return "severities-apart", f"{first.value} points to neither"
        return None
    nearest = (
        step if step is not None and (first.comparison, last.comparison) == (">=", "<=") else 0
    )
    if first.value - last.value > nearest:
        return "severities-apart", "what lies between points to neither"
    return None


def _windows(at: Where, severity: object) -> dict[_What, _Window]:
    """Return the window of each measure in what suggests a severity."""
    found: dict[_What, _Window] = {}
    root: Criterion | None = getattr(severity, "suggested_when", None)
    for branch in [] if root is None else _branches((at, root)):
        asked = [(at, one) for at, one in branch if isinstance(one, Compared) and is_whole(one)]
        is_alone = len({what(node) for _, node in asked}) == 1 and len(asked) == len(branch)
        for where, node in asked:
            if node.over is None:
                found.setdefault(what(node), _Window(where, node, is_alone)).add(node)
    return found


def _branches(root: Asked) -> Iterator[list[Asked]]:
    where, node = root
    if isinstance(node, AnyOf):
        for number, child in enumerate(node.any_of):
            yield from _branches(((*where, "any_of", number), child))
    else:
        yield list(joined(where, node))
