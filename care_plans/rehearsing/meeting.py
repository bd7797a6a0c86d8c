"""Scores and answers that just meet a criterion: what a made-up patient shows in a rehearsal.

They follow from the pathway's own thresholds and the measures' ranges, and from nothing that is
known of patients. Whether they do meet it is asked of the engine, never assumed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES, SeverityName
from care_plans.criteria import (
    AllOf,
    AnyOf,
    Compared,
    Criterion,
    Elapsed,
    Gained,
    Reported,
    SideRatio,
)
from care_plans.sittings import NewScore

type Asks = Compared | Gained | SideRatio

#: how far from its best score a person is who has the condition, where nothing says more
ILL = Decimal("0.7")


@dataclass(frozen=True, slots=True)
class Part:
    """What a score is of."""

    measure: str
    side: str = ""
    item: int | None = None
    subscale: str = ""


@dataclass(slots=True)
class Scores:
    """What a made-up patient scores, as it changes; `side` is the affected one."""

    measures: Mapping[str, MeasureDefinition]
    side: str
    first: dict[Part, Decimal] = field(default_factory=dict)
    last: dict[Part, Decimal] = field(default_factory=dict)

    def taken(self, part: Part, value: Decimal) -> NewScore:
        """Keep a score and return it to be recorded."""
        self.first.setdefault(part, value)
        self.last[part] = value
        return NewScore(part.measure, value, part.side, part.item, part.subscale)

    def of(self, names: Iterable[str]) -> list[NewScore]:
        """Return the present totals of measures, on each side where they are taken per side."""
        return [
            self.taken(part, self.last.get(part, self.unaffected(part)))
            for name in names
            if name in self.measures
            for part in self._totals(name)
        ]

    def _totals(self, name: str) -> list[Part]:
        if not self.measures[name].side_required:
            return [Part(name)]
        return [Part(name, "left"), Part(name, "right")]

    def affected(self) -> str:
        """Return a side that is affected."""
        return self.side if self.side in ("left", "right") else "left"

    def part(self, node: Asks, which: str = "affected") -> Part:
        """Return what a question asks about."""
        sided = node.measure in self.measures and self.measures[node.measure].side_required
        mine = self.affected()
        other = {"left": "right", "right": "left"}[mine]
        side = (other if which == "other" else mine) if sided else ""
        item = node.item if isinstance(node, Compared) else None
        return Part(node.measure, side, item, node.subscale or "")

    def range(self, part: Part) -> tuple[Decimal, Decimal | None]:
        """Return the lowest and the highest score that there is."""
        known = self.measures[part.measure]
        if part.subscale:
            return known.subscales.get(part.subscale, (Decimal(0), None))
        return (Decimal(0) if part.item else known.minimum), known.maximum

    def unaffected(self, part: Part) -> Decimal:
        """Return the score of somebody whom nothing ails."""
        low, high = self.range(part)
        if self.measures[part.measure].better == "lower":
            return low
        return high if high is not None else low + 100

    def ill(self, part: Part, share: Decimal = ILL) -> Decimal:
        """Return a score that lies a share of the range away from the best."""
        low, high = self.range(part)
        top = high if high is not None else low + 100
        span = (top - low) * share
        value = low + span if self.measures[part.measure].better == "lower" else top - span
        return self.fit(part, value)

    def fit(self, part: Part, value: Decimal, *, upwards: bool = False) -> Decimal:
        """Return the nearest score that there is, on the asked side of a value."""
        low, high = self.range(part)
        step = self.measures[part.measure].step or Decimal(1)
        rounding = ROUND_CEILING if upwards else ROUND_FLOOR
        steps = ((value - low) / step).to_integral_value(rounding)
        fitting = low + steps * step
        return max(low, fitting if high is None else min(high, fitting))


def asked(criterion: Criterion) -> Iterator[Criterion]:
    """Return the questions that must be answered to meet a tree: of alternatives the first."""
    if isinstance(criterion, AllOf):
        for child in criterion.all_of:
            yield from asked(child)
    elif isinstance(criterion, AnyOf):
        yield from asked(criterion.any_of[0])
    else:
        yield criterion


def beginning(definition: PathwayDefinition, severity: SeverityName, scores: Scores) -> None:
    """Give a made-up patient the scores with which a course of this severity begins.

    Ill in what the stages' exits ask about, as far as the severity's own condition says so where
    there is one; well in everything else.
    """
    for stage in STAGES:
        for node in asked(definition.stage(stage).exit):
            if isinstance(node, Compared | Gained | SideRatio) and node.measure in scores.measures:
                part = scores.part(node)
                scores.last[part] = scores.ill(part)
    wanted = definition.severity(severity).suggested_when
    for node in asked(wanted) if wanted is not None else ():
        if isinstance(node, Compared) and node.measure in scores.measures:
            scores.last[scores.part(node)] = _just(scores, node, scores.part(node))


def meeting(criterion: Criterion, scores: Scores) -> list[NewScore]:
    """Return scores that just meet what a criterion asks of measures; none are worse than now."""
    wanted: dict[Part, Decimal] = {}
    for node in asked(criterion):
        if not isinstance(node, Compared | Gained | SideRatio):
            continue
        if node.measure not in scores.measures:
            continue
        which = node.side if isinstance(node, Compared) else "affected"
        part = scores.part(node, which)
        value = _value(scores, node, part)
        wanted[part] = _better(scores, part, value, wanted.get(part, _known(scores, part)))
        if isinstance(node, SideRatio):
            other = scores.part(node, "other")
            wanted.setdefault(other, scores.last.get(other, scores.unaffected(other)))
    return [scores.taken(part, value) for part, value in wanted.items()]


def _value(scores: Scores, node: Asks, part: Part) -> Decimal:
    if isinstance(node, Compared):
        return _just(scores, node, part)
    if isinstance(node, SideRatio):
        other = scores.part(node, "other")
        reference = scores.last.get(other, scores.unaffected(other))
        return scores.fit(part, node.side_ratio * reference, upwards=True)
    start = scores.first.get(part, scores.ill(part))
    gain = node.gain if node.gain is not None else (node.gain_percent or 0) * start / 100
    if scores.measures[part.measure].better == "lower":
        return scores.fit(part, start - gain)
    return scores.fit(part, start + gain, upwards=True)


def _just(scores: Scores, node: Compared, part: Part) -> Decimal:
    step = scores.measures[node.measure].step or Decimal(1)
    match node.comparison:
        case "<=":
            return scores.fit(part, node.value)
        case ">=":
            return scores.fit(part, node.value, upwards=True)
        case "<":
            at = scores.fit(part, node.value)
            return at if at < node.value else scores.fit(part, at - step)
        case _:
            at = scores.fit(part, node.value, upwards=True)
            return at if at > node.value else scores.fit(part, at + step, upwards=True)


def _known(scores: Scores, part: Part) -> Decimal | None:
    """Return the present score, where it is known which of two is the better one."""
    is_told = scores.measures[part.measure].better in ("lower", "higher")
    return scores.last.get(part) if is_told else None


def _better(scores: Scores, part: Part, value: Decimal, other: Decimal | None) -> Decimal:
    if other is None:
        return value
    choose = min if scores.measures[part.measure].better == "lower" else max
    return choose(value, other)


def answering(criterion: Criterion) -> dict[str, bool | str]:
    """Return the answers that a criterion asks for."""
    return {node.reported: node.answer for node in asked(criterion) if isinstance(node, Reported)}


def kept_up(definition: PathwayDefinition, scores: Scores) -> tuple[dict[Part, Decimal], int]:
    """Return the scores of whoever keeps up what rules ask over a time, and every how many days.

    None, and 0 days, where no rule asks for that.
    """
    kept: dict[Part, Decimal] = {}
    days: set[int] = set()
    for rule in definition.rules:
        for node in asked(rule.when) if rule.when is not None else ():
            if not isinstance(node, Compared) or node.over is None:
                continue
            known = scores.measures.get(node.measure)
            if known is not None and known.period is not None:
                part = scores.part(node)
                kept[part] = _better(scores, part, _just(scores, node, part), kept.get(part))
                days.add(known.period.days)
    return kept, min(days, default=0)


def sittings(criterion: Criterion) -> int:
    """Return how many sittings in a row a criterion asks for."""
    return max(
        (node.consecutive for node in asked(criterion) if isinstance(node, Compared)), default=1
    )


def waits(criterion: Criterion) -> list[Elapsed]:
    """Return what a criterion asks of time."""
    return [node for node in asked(criterion) if isinstance(node, Elapsed)]


def circumstances(definition: PathwayDefinition) -> dict[str, bool | str]:
    """Return the plainest answers to what a pathway asks: no to each question, or its first choice.

    Nothing that only some people need is then called for. Whoever is given the pathway is somebody
    whom it is about: what the first stage asks of those who come in is answered so.
    """
    plain: dict[str, bool | str] = {
        name: (False if question.type == "yes_no" else question.choices[0])
        for name, question in definition.context.items()
        if question.type in ("yes_no", "choice")
    }
    return plain | answering(definition.stage(STAGES[0]).entry)
