"""What the types of a measure's file cannot reveal: figures that its scores rule out."""

from collections.abc import Iterator
from decimal import Decimal

from care_plans.content.checks import item_flaws, parts
from care_plans.content.citations import check
from care_plans.content.measures import Change, Cited, MeasureDefinition, SafetyRule
from care_plans.content.reading import Where
from care_plans.content.thresholds import CALM
from care_plans.criteria import Compared, Gained, SideRatio

type Wrong = Iterator[tuple[Where, str]]

_ALL = 100
_GRAVITY = ("none", "minimal", "mild", "moderate", "moderately_severe", "severe", "extreme")


def measure_flaws(measure: MeasureDefinition) -> Wrong:
    """Find figures that no score can come to, and rules that could never answer."""
    yield from _range(measure)
    for number, change in enumerate(measure.change):
        yield from _change(measure, ("change", number), change)
    yield from _bands(measure)
    yield from _safety(measure)
    yield from _risk(measure)
    yield from _cited(measure)
    if measure.loinc is not None and not checks_out(measure.loinc.code):
        yield ("loinc", "code"), f"{measure.loinc.code} is no LOINC code: its check digit is wrong"


def _range(measure: MeasureDefinition) -> Wrong:
    if measure.step is not None and measure.maximum is not None:
        steps = CALM.divide(CALM.subtract(measure.maximum, measure.minimum), measure.step)
        if steps.is_finite() and steps != CALM.to_integral_value(steps):
            yield ("step",), f"steps of {measure.step} do not lead to {measure.maximum}"
    for name, (low, high) in measure.subscales.items():
        if high <= low:
            yield ("subscales", name), f"ends at {high}, which is not above {low}"


def _change(measure: MeasureDefinition, at: Where, change: Change) -> Wrong:
    if change.subscale is not None and change.subscale not in measure.subscales:
        yield (*at, "subscale"), f"{measure.id} has no subscale {change.subscale}"
        return
    if change.upper is not None and change.value is not None and change.upper < change.value:
        yield (*at, "upper"), f"{change.upper} is less than the value {change.value}"
    if change.percent_of_baseline is not None and change.percent_of_baseline > _ALL:
        yield (*at, "percent_of_baseline"), "is more than all of it"
    low, high = _limits(measure, change.subscale)
    if change.unit is not None or high is None:
        return
    for key in ("value", "upper", "mdc"):
        figure: Decimal | None = getattr(change, key)
        if figure is not None and figure > CALM.subtract(high, low):
            yield (*at, key), f"{figure} is more than the whole range, {low} to {high}"


def _limits(measure: MeasureDefinition, subscale: str | None) -> tuple[Decimal, Decimal | None]:
    return measure.subscales[subscale] if subscale else (measure.minimum, measure.maximum)


def _bands(measure: MeasureDefinition) -> Wrong:
    for number, scheme in enumerate(measure.severity):
        at: Where = ("severity", number, "bands")
        labels = [band.label for band in scheme.bands]
        for place, band in enumerate(scheme.bands):
            if band.max < measure.minimum:
                yield (*at, place, "max"), f"{band.max} is below the lowest score"
            if band.label in labels[:place]:
                yield (*at, place, "label"), f'"{band.label}" is used already'
        graver = [_GRAVITY.index(label) for label in labels if label in _GRAVITY]
        if measure.better == "lower" and graver != sorted(graver):
            yield at, "go from grave to slight, and higher scores of it are worse"
        if measure.better == "higher" and graver != sorted(graver, reverse=True):
            yield at, "go from slight to grave, and higher scores of it are better"


def _safety(measure: MeasureDefinition) -> Wrong:
    """Find safety rules that no answer can ever meet: such a rule keeps silent."""
    for number, rule in enumerate(measure.safety):
        at: Where = ("safety", number)
        limit = rule.at_least if rule.at_least is not None else rule.above
        assert limit is not None
        if rule.item is not None:
            yield from item_flaws(at, rule.item, limit, measure)
        highest = _highest(measure, rule)
        if highest is not None and not rule.is_met_by(highest):
            yield at, f"can never be met: the highest answer is {highest}"


def _highest(measure: MeasureDefinition, rule: SafetyRule) -> Decimal | None:
    if rule.item is None:
        return measure.maximum
    return measure.scoring.highest if measure.scoring is not None else None


def _risk(measure: MeasureDefinition) -> Wrong:
    for where, node in parts(measure.risk, ("risk",)):
        if isinstance(node, Compared | Gained | SideRatio) and node.measure != measure.id:
            yield (*where, "measure"), f"asks {node.measure}, and is about {measure.id}"


def _cited(measure: MeasureDefinition) -> Wrong:
    for where, part in parts(measure):
        if not isinstance(part, Cited):
            continue
        if part.verified == "read" and not (part.source or part.doi or part.pmid):
            yield (*where, "source"), "is missing: what was read is named"
        found = check(part, part.source or "")
        if part.source and found.identity == "mismatch":
            yield where, f"its identifier belongs to another work: {found.why}"


def checks_out(code: str) -> bool:
    """Say whether the last digit of a LOINC code is the one that the others make (mod 10)."""
    digits, _, last = code.partition("-")
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10) == last
