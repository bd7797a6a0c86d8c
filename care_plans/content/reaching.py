"""Whether a course can get through a pathway: criteria that can be met, stages that can be held."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.joining import Asked, joined
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import SEVERITIES, STAGES, SeverityName
from care_plans.content.stages import Activity, CourseWeeks, Stage
from care_plans.content.thresholds import CALM, Measures, is_whole, named
from care_plans.criteria import (
    AllOf,
    AnyOf,
    Compared,
    Criterion,
    Gained,
    LaneNeeded,
    OfSeverity,
    Question,
    Reported,
    SignedOff,
    YellowFlagged,
    walk,
)


def reach_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find criteria that no course can meet, and stages that no course can be in."""
    yield from _criteria(pathway, measures)
    yield from _starting(pathway, measures)
    yield from _offers(pathway)
    yield from _weeks(pathway)
    yield from _consecutive(pathway, measures)


# criteria


def _criteria(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    for where, node in parts(pathway):
        if isinstance(node, Question) and not (
            len(where) > 1 and where[-2] in ("all_of", "any_of")
        ):
            before = _asked_before(pathway, where)
            yield from _impossible(where, node, before, pathway, measures)  # type: ignore[arg-type] # every question is a criterion


def _starting(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find activities that cannot begin under the condition on which they apply."""
    for where, part in parts(pathway):
        if not isinstance(part, Activity) or part.when is None or part.start_when is None:
            continue
        alone, known = _Known(measures), _Known(measures)
        for at, question in joined((*where, "when"), part.when):
            known.add(at, question)
        for at, question in joined((*where, "start_when"), part.start_when):
            own, clash = alone.add(at, question), known.add(at, question)
            if clash and not own:
                detail = f"{clash}, so the activity never begins where it applies"
                yield Found("unreachable", at, detail, (where,))


def _offers(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find help that more yellow flags call for than there are, and lanes that are in no stage."""
    flags = pathway.yellow_flags
    fewest, known = min(flags.offer_at, flags.recommend_at), len(flags.triggers)
    if fewest > known:
        at: Where = ("yellow_flags",)
        yield Found("unreachable", at, f"asks for {fewest} of {known} yellow flags", (at,))
    planned = {lane for stage in pathway.stages.values() for lane in stage.lanes}
    for number, rule in enumerate(pathway.rules):
        if rule.lane is not None and rule.lane not in planned:
            at = ("rules", number, "lane")
            yield Found("unreachable", at, f"no stage has a {rule.lane} lane to open", (at,))


def _asked_before(pathway: PathwayDefinition, where: Where) -> tuple[Asked, ...]:
    """Return what the stage before asks at its exit: it holds when the next one is entered."""
    if len(where) != 3 or where[0] != "stages" or where[2] != "entry" or where[1] == STAGES[0]:
        return ()
    earlier = STAGES[STAGES.index(str(where[1])) - 1]
    if earlier not in pathway.stages:
        return ()
    at = ("stages", earlier, "exit")
    return tuple(joined(at, pathway.stages[earlier].exit))


def _choices(where: Where, node: Criterion) -> Iterator[Asked]:
    """Yield the alternatives that stand below any number of `all_of`."""
    if isinstance(node, AllOf):
        for number, child in enumerate(node.all_of):
            yield from _choices((*where, "all_of", number), child)
    elif isinstance(node, AnyOf):
        for number, child in enumerate(node.any_of):
            yield (*where, "any_of", number), child


def _impossible(
    where: Where,
    node: Criterion,
    before: Sequence[Asked],
    pathway: PathwayDefinition,
    measures: Measures,
) -> Iterator[Found]:
    """Find in a tree what cannot be met beside what must be met as well."""
    known = _Known(measures)
    for at, question in before:
        known.add(at, question)
    for at, question in joined(where, node):
        clash = known.add(at, question) or _never(at, question, pathway)
        if clash:
            yield Found("unreachable", at, clash + _so(where, at), (at,))
    asked = (*before, *joined(where, node))
    for at, child in _choices(where, node):
        yield from _impossible(at, child, asked, pathway, measures)


def _so(root: Where, at: Where) -> str:
    """Say what follows for a stage when its way in or out is barred."""
    if at[0] != "stages" or len(at) < 3 or at[2] not in ("entry", "exit") or "any_of" in root:
        return ""
    return f", so the stage {at[1]} can never be {'entered' if at[2] == 'entry' else 'left'}"


def _never(where: Where, node: Criterion, pathway: PathwayDefinition) -> str:
    """Say why a question can never be met whatever else is asked, or nothing."""
    if isinstance(node, YellowFlagged):
        flags = len(pathway.yellow_flags.triggers)
        if node.yellow_flags_at_least > flags:
            return f"asks for {node.yellow_flags_at_least} yellow flags, and there are {flags}"
    if isinstance(node, SignedOff) and where[0] == "stages" and where[2] == "exit":
        stage = next(part for name, part in pathway.stages.items() if name == where[1])
        if node.sign_off != "all_needed_lanes" and node.sign_off not in stage.lanes:
            return f"waits for {node.sign_off}, which has no lane in this stage"
    return ""


@dataclass
class _Bounds:
    """Between which scores of one measure, or of a part of it, a course has to be.

    `least` and `most` are the scores that there are: nothing where there is no limit, or none is
    known.
    """

    better: str
    least: Decimal | None
    most: Decimal | None
    step: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def narrow(self, node: Compared) -> None:
        """Leave only the scores that the question accepts as well."""
        if node.comparison in (">=", ">"):
            if self.low is None or (node.value, node.comparison == ">") > (self.low, self.low_open):
                self.low, self.low_open = node.value, node.comparison == ">"
        elif self.high is None or (node.value, node.comparison != "<") < (
            self.high,
            not self.high_open,
        ):
            self.high, self.high_open = node.value, node.comparison == "<"

    @property
    def is_empty(self) -> bool:
        """Say whether no score is left."""
        low, high, low_open, high_open = self.low, self.high, self.low_open, self.high_open
        if self.least is not None and (low is None or low < self.least):
            low, low_open = self.least, False
        if self.most is not None and (high is None or high > self.most):
            high, high_open = self.most, False
        if low is None or high is None:
            return False
        if low > high or (low == high and (low_open or high_open)):
            return True
        return self._between_steps(low, high, low_open=low_open, high_open=high_open)

    def _between_steps(
        self, low: Decimal, high: Decimal, *, low_open: bool, high_open: bool
    ) -> bool:
        if self.step is None or self.least is None:
            return False
        first = CALM.divide(CALM.subtract(low, self.least), self.step)
        last = CALM.divide(CALM.subtract(high, self.least), self.step)
        if not (first.is_finite() and last.is_finite()):
            return False
        up = first.to_integral_value(ROUND_CEILING, CALM)
        down = last.to_integral_value(ROUND_FLOOR, CALM)
        if low_open and up == first:
            up = CALM.add(up, 1)
        if high_open and down == last:
            down = CALM.subtract(down, 1)
        return bool(up > down)

    @property
    def _best(self) -> Decimal | None:
        """Return the best score that is possible within the bounds."""
        if self.better == "lower":
            return max((at for at in (self.low, self.least) if at is not None), default=None)
        return min((at for at in (self.high, self.most) if at is not None), default=None)

    @property
    def best_gain(self) -> Decimal | None:
        """Return the largest gain that is possible for whoever ends within the bounds."""
        worst, best = self.most if self.better == "lower" else self.least, self._best
        if worst is None or best is None:
            return None
        return CALM.subtract(*((worst, best) if self.better == "lower" else (best, worst)))

    @property
    def best_percent(self) -> Decimal | None:
        """Return the same as a share of the earlier score, which must be more than 0."""
        best = self._best
        if self.least is None or self.least < 0 or best is None:
            return None
        if self.better == "lower":
            if self.most is None:
                return Decimal(100)  # nothing falls by more than all of it
            return _percent(CALM.subtract(self.most, best), self.most)
        earlier = self.least or self.step
        return None if earlier is None else _percent(CALM.subtract(best, earlier), earlier)


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    share = CALM.divide(CALM.multiply(part, 100), whole)
    return None if share.is_nan() else share


def _scores(measure: MeasureDefinition | None, node: Compared | Gained) -> _Bounds:
    """Return all scores that there are of what a question asks about. Items state no range."""
    least = most = step = None
    if measure is not None and is_whole(node):
        least, most, step = measure.minimum, measure.maximum, measure.step
    elif measure is not None and node.subscale is not None:
        least, most = measure.subscales.get(node.subscale, (None, None))
    return _Bounds(measure.better if measure is not None else "", least, most, step)


@dataclass
class _Known:
    """What must hold at once; `add` says why one thing more cannot hold beside it."""

    measures: Measures
    bounds: dict[tuple[object, ...], _Bounds] = field(default_factory=dict)
    gains: list[Gained] = field(default_factory=list)
    answers: dict[str, bool | str] = field(default_factory=dict)
    lanes: dict[str, bool] = field(default_factory=dict)
    severity: str = ""

    def add(self, where: Where, node: Criterion) -> str:
        """Take a question in; return why it cannot be met with the others, or nothing."""
        if isinstance(node, Compared):
            return self._compared(node)
        if isinstance(node, Gained):
            return self._gained(node)
        if isinstance(node, Reported):
            other = self.answers.setdefault(node.reported, node.answer)
            return "" if other == node.answer else f"{node.reported} cannot have two answers"
        if isinstance(node, LaneNeeded):
            wanted = self.lanes.setdefault(node.lane, node.needed)
            return "" if wanted == node.needed else f"{node.lane} is to be needed and not needed"
        if isinstance(node, OfSeverity):
            self.severity = self.severity or node.severity
            if self.severity != node.severity:
                return f"a course is not {self.severity} and {node.severity} at once"
        return ""

    def _of(self, node: Compared | Gained) -> _Bounds:
        side, item, over = "affected", None, None
        if isinstance(node, Compared):  # a mean is another score than the last one
            side, item, over = node.side, node.item, node.over
        return self.bounds.setdefault(
            (node.measure, node.subscale, side, item, over),
            _scores(self.measures.get(node.measure), node),
        )

    def _compared(self, node: Compared) -> str:
        bounds = self._of(node)
        was_empty = bounds.is_empty
        bounds.narrow(node)
        if bounds.is_empty and not was_empty:
            return (
                f"no score of {named(node)} is {node.comparison} {node.value} and meets what "
                "else is asked of it here"
            )
        return self._beside_gains(node.measure)

    def _gained(self, node: Gained) -> str:
        self.gains.append(node)
        return self._beside_gains(node.measure)

    def _beside_gains(self, name: str) -> str:
        for gain in [g for g in self.gains if g.measure == name]:
            bounds = self._of(gain)
            wanted, best, unit = gain.gain, bounds.best_gain, ""
            if wanted is None:
                wanted, best, unit = gain.gain_percent, bounds.best_percent, " percent"
            if best is not None and wanted is not None and wanted > best:
                self.gains.remove(gain)
                return (
                    f"nobody can gain {wanted}{unit} on {named(gain)}: with what else is asked "
                    f"here, and the scores that it has, {max(best, Decimal(0)):.6g}{unit} is the "
                    "most"
                )
        return ""


# time


def _weeks(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find stages that are expected before, or in the weeks of, the one that they follow."""
    held = [(name, pathway.stages[name]) for name in STAGES if name in pathway.stages]
    for (first, before), (name, after) in pairwise(held):
        pairs = [
            (_expected(before, severity), _expected(after, severity)) for severity in SEVERITIES
        ]
        for earlier, later in dict.fromkeys(pairs):
            if earlier is None or later is None:
                continue
            (key, other), (own, weeks) = earlier, later
            at = ("stages", name, "expected", own)
            both = (("stages", first, "expected", key), at)
            if weeks.start < other.start or weeks.end < other.end:
                yield Found(
                    "weeks-backwards",
                    at,
                    f"{name} is expected in weeks {weeks.start} to {weeks.end}, before {first}, "
                    f"which is expected in weeks {other.start} to {other.end}",
                    both,
                )
            elif weeks.start < other.end:
                yield Found(
                    "weeks-overlap",
                    at,
                    f"{name} is expected from week {weeks.start}, while {first} lasts until week "
                    f"{other.end}",
                    both,
                )


def _expected(stage: Stage, severity: SeverityName) -> tuple[str, CourseWeeks] | None:
    """Return the weeks of a stage for a severity, if it has any, with the key where they stand."""
    key = "any" if "any" in stage.expected else severity
    return (key, stage.weeks(severity)) if key in stage.expected else None


def _consecutive(
    pathway: PathwayDefinition, measures: Mapping[str, MeasureDefinition]
) -> Iterator[Found]:
    """Find rows of daily scores that are longer than the stage. Other rhythms are not stated."""
    for name, stage in pathway.stages.items():
        stays = [found[1] for name in SEVERITIES if (found := _expected(stage, name))]
        shortest = min((weeks.end - weeks.start for weeks in stays), default=None)
        for at, node in walk(stage.exit, ("stages", name, "exit")):
            measure = measures.get(node.measure) if isinstance(node, Compared) else None
            if not isinstance(node, Compared) or measure is None or shortest is None:
                continue
            daily = measure.entered == "daily" and node.within == "stage"
            if daily and node.consecutive > CALM.multiply(shortest, 7):
                yield Found(
                    "consecutive-too-long",
                    at,
                    f"{node.consecutive} daily scores in a row do not fit into a stage that is "
                    f"expected to last {shortest} weeks",
                    (at,),
                )
