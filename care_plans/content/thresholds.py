"""Thresholds against what is known of their measures: steps, error, change, and who takes them."""

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.measures import Change, MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import STAGES, Name
from care_plans.criteria import Compared, Gained, SideRatio, Worsened

type Measures = Mapping[str, MeasureDefinition]

#: Reckons with anything a file may hold; what is too large becomes infinite and raises nothing.
CALM = Context(prec=60, traps=[])


def threshold_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find thresholds that no score meets exactly, gains that mean nothing, and what nobody takes.

    A part of a measure is judged by its own figures, where there are any.
    """
    for where, node in parts(pathway):
        if not isinstance(node, Compared | Gained | Worsened | SideRatio):
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


def named(node: Compared | Gained | SideRatio) -> str:
    """Return what a question asks about: a measure, or the subscale of it."""
    return node.measure if node.subscale is None else f"{node.measure}, {node.subscale}"


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
    figures = [c for c in measure.change if c.subscale == node.subscale and c.unit is None]
    points, told = _points(node, measure)
    error = max((c.mdc for c in figures if c.mdc is not None), default=None)
    if error is not None and points is not None and points < error:
        yield Found(
            "gain-within-error",
            where,
            f"{told} may be measurement error alone: the smallest change that can be told from it "
            f"is {error}",
            (where,),
        )
        return
    percents = [c.percent_of_baseline for c in figures if c.verified == "read"]
    smallest, unit = min(_known(figures), default=None), ""
    known = min((each for each in percents if each is not None), default=None)
    if node.gain_percent is not None and known is not None:
        told, points, smallest, unit = _share(node), node.gain_percent, known, " percent"
    if smallest is not None and points is not None and points < smallest:
        yield Found(
            "gain-too-small",
            where,
            f"{told} is less than any change known to matter to patients; the smallest of those "
            f"is {smallest}{unit}",
            (where,),
        )


def _points(node: Gained, measure: MeasureDefinition) -> tuple[Decimal | None, str]:
    """Return how much is gained, in words too: of a share, how much it can be at most."""
    if node.gain is not None:
        return node.gain, f"a gain of {node.gain} on {named(node)}"
    if node.gain_percent is None:
        return None, ""
    limits = measure.subscales.get(node.subscale) if node.subscale is not None else None
    most = measure.maximum if node.subscale is None else limits[1] if limits else None
    if most is None:
        return None, _share(node)
    # whoever gets better by a share of it upwards must have begun lower than the highest score
    whole = Decimal(100) if measure.better == "lower" else CALM.add(100, node.gain_percent)
    points = CALM.divide(CALM.multiply(most, node.gain_percent), whole)
    return None if points.is_nan() else points, f"{_share(node)}, which is {points:.6g} at most,"


def _share(node: Gained) -> str:
    return f"a gain of {node.gain_percent} percent on {named(node)}"


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
