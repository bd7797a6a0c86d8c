"""Thresholds against what is known of their measures: steps, error, change, and who takes them."""

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.measures import Change, MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import STAGES, Name
from care_plans.criteria import Compared, Gained, SideRatio

type Measures = Mapping[str, MeasureDefinition]

#: Reckons with anything a file may hold; what is too large becomes infinite and raises nothing.
CALM = Context(prec=60, traps=[])


def threshold_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find thresholds that no score meets exactly, gains that mean nothing, and what nobody takes.

    Only figures of the measure as a whole count: items and subscales have ranges of their own.
    """
    for where, node in parts(pathway):
        if not isinstance(node, Compared | Gained | SideRatio):
            continue
        measure = measures.get(node.measure)
        if measure is None:
            continue
        if isinstance(node, Compared):
            yield from _between_steps(where, node, measure)
        elif isinstance(node, Gained):
            yield from _gain(where, node, measure)
        if not _is_collected(pathway, where, measure):
            yield Found(
                "uncollected-measure",
                where,
                f"nobody takes {measure.id} in this stage or before it, so that the answer stays "
                "unknown",
                (where,),
            )


def is_whole(node: object) -> bool:
    """Say whether a question is about a measure's total, and not an item or a subscale of it."""
    return getattr(node, "item", None) is None and getattr(node, "subscale", None) is None


def _between_steps(where: Where, node: Compared, measure: MeasureDefinition) -> Iterator[Found]:
    if measure.step is None or not is_whole(node):
        return
    steps = CALM.divide(CALM.subtract(node.value, measure.minimum), measure.step)
    if steps.is_finite() and steps != CALM.to_integral_value(steps):
        yield Found(
            "between-steps",
            where,
            f"no score of {measure.id} is exactly {node.value}: scores go from "
            f"{measure.minimum} in steps of {measure.step}",
            (where,),
        )


def _gain(where: Where, node: Gained, measure: MeasureDefinition) -> Iterator[Found]:
    figures = [c for c in measure.change if c.subscale is None and c.unit is None]
    if node.gain is None or not is_whole(node):
        return
    error = max((c.mdc for c in figures if c.mdc is not None), default=None)
    if error is not None and node.gain < error:
        yield Found(
            "gain-within-error",
            where,
            f"a gain of {node.gain} on {measure.id} may be measurement error alone: the smallest "
            f"change that can be told from it is {error}",
            (where,),
        )
        return
    smallest = min(_known(figures), default=None)
    if smallest is not None and node.gain < smallest:
        yield Found(
            "gain-too-small",
            where,
            f"a gain of {node.gain} on {measure.id} is less than any change known to matter to "
            f"patients; the smallest of those is {smallest}",
            (where,),
        )


def _known(figures: list[Change]) -> Iterator[Decimal]:
    yield from (c.value for c in figures if c.usable and c.value is not None)


def _is_collected(pathway: PathwayDefinition, where: Where, measure: MeasureDefinition) -> bool:
    """Say whether somebody takes a measure by the time a criterion is asked.

    Outside of the stages any stage will do. Flags and safety triggers answer to whatever happens
    to be measured, and demand nothing.
    """
    if measure.entered == "daily" or where[0] in {"yellow_flags", "safety_triggers"}:
        return True
    return measure.id in _taken(pathway, str(where[1]) if where[0] == "stages" else STAGES[-1])


def _taken(pathway: PathwayDefinition, until: str) -> set[Name]:
    taken: set[Name] = set()
    for stage in STAGES:
        if stage in pathway.stages:
            taken |= set(pathway.stages[stage].measures_at_entry)
        if stage == until:
            break
    return taken
