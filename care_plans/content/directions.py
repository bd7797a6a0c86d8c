"""Which way a threshold points: what gets better, what gets worse, and what is asked twice."""

from collections.abc import Iterator
from itertools import pairwise

from care_plans.content.findings import Found
from care_plans.content.joining import Asked, feared, hoped_for, implies, is_upper, joined, what
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES
from care_plans.content.thresholds import Measures, is_whole, named
from care_plans.criteria import Compared, walk


def direction_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find thresholds against their measure's direction, and exits that ask for no progress."""
    for root in hoped_for(pathway):
        yield from _against(root, measures, wanted="better")
    for root in feared(pathway):
        yield from _against(root, measures, wanted="worse")
    yield from _less(pathway)
    yield from _same(pathway)
    yield from _met_at_entry(pathway)


def _against(root: Asked, measures: Measures, *, wanted: str) -> Iterator[Found]:
    """Find comparisons that those meet who are worse where better is wanted, or the reverse.

    A measure that is bounded from both sides in one place has a window, and no direction there.
    """
    at, whole = root
    asked = [(where, n) for where, n in walk(whole, at) if isinstance(n, Compared) and is_whole(n)]
    both = {what(n) for _, n in asked if is_upper(n)} & {
        what(n) for _, n in asked if not is_upper(n)
    }
    for where, node in asked:
        measure = measures.get(node.measure)
        if measure is None or measure.better == "depends" or what(node) in both:
            continue
        if is_upper(node) != ((measure.better == "lower") == (wanted == "better")):
            yield Found(
                "wrong-direction",
                where,
                f"{named(node)} {node.comparison} {node.value} is met by whoever is "
                f"{'worse' if wanted == 'better' else 'better'}: {measure.better} scores of it "
                "are better",
                (where,),
            )


def _exits(pathway: PathwayDefinition) -> Iterator[tuple[str, list[tuple[Asked, Compared]]]]:
    for name in STAGES:
        if name in pathway.stages:
            its = joined(("stages", name, "exit"), pathway.stages[name].exit)
            yield name, [((at, node), node) for at, node in its if isinstance(node, Compared)]


def _less(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find exits that ask for less than the exit of the stage before, of the same scores."""
    for (first, before), (_, after) in pairwise(_exits(pathway)):
        for (at, _), node in after:
            for (earlier, _), other in before:
                if implies(other, node) and other.value != node.value:
                    yield Found(
                        "asks-for-less",
                        at,
                        f"{named(node)} {node.comparison} {node.value} is less than the exit of "
                        f"{first} asks for: {other.comparison} {other.value}",
                        (earlier, at),
                    )


def _same(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find exits whose scores are those of the exit before, so that the stage asks for nothing."""
    for (first, before), (name, after) in pairwise(_exits(pathway)):
        asked = {(what(node), node.comparison, node.value) for _, node in after}
        if asked and asked == {(what(node), node.comparison, node.value) for _, node in before}:
            at = ("stages", name, "exit")
            detail = f"asks for the very scores with which {first} was left"
            yield Found("same-exit", at, detail, (("stages", first, "exit"), at))


def _met_at_entry(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find what an exit asks and whoever came in has met already."""
    for name, exits in _exits(pathway):
        stage = next(part for key, part in pathway.stages.items() if key == name)
        entry = list(joined(("stages", name, "entry"), stage.entry))
        for (at, _), node in exits:
            for where, other in entry:
                if implies(other, node):
                    yield Found(
                        "met-at-entry",
                        at,
                        f"whoever may enter {name} has {named(node)} {node.comparison} "
                        f"{node.value} already, so that leaving asks for nothing more of it",
                        (where, at),
                    )
