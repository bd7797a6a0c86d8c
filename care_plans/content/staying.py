"""Stages that nobody can enter, leave or be in, and what begins and ends at the same time."""

import re
from collections.abc import Iterator
from decimal import Decimal

from care_plans.content.checks import parts
from care_plans.content.contradictions import unrounded
from care_plans.content.findings import Found
from care_plans.content.joining import implies, joined
from care_plans.content.measures import MeasureDefinition, SafetyRule
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import STAGES, Duration
from care_plans.content.stages import Activity, Stage
from care_plans.content.thresholds import CALM, Measures
from care_plans.criteria import (
    Compared,
    Criterion,
    Elapsed,
    Gained,
    LaneNeeded,
    OfSeverity,
    SideRatio,
)

_BY_FAR = 2
_SEASON = 84


def staying_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find stages that hold people out or in, spans that are longer than them, idle timing."""
    for name, stage in pathway.stages.items():
        if name == STAGES[0]:
            yield from _first(("stages", name, "entry"), stage)
        yield from _leaving(("stages", name, "exit"), stage)
        yield from _spans(("stages", name), stage)
    for where, part in parts(pathway):
        if isinstance(part, Activity):
            yield from _timing(where, part)
    flags = pathway.yellow_flags
    if flags.offer_at > len(flags.triggers):
        at: Where = ("yellow_flags", "offer_at")
        detail = f"help is offered at {flags.offer_at} flags, and there are {len(flags.triggers)}"
        yield Found("unreachable", at, detail, (at,))
    yield from _unguarded(pathway, measures)
    yield from _weaker(pathway, measures)


def _first(at: Where, stage: Stage) -> Iterator[Found]:
    for where, node in joined(at, stage.entry):
        waits = isinstance(node, Elapsed) and node.at_least.value > 0
        if waits or isinstance(node, Gained):
            detail = "the first stage begins with the course: no time has passed, nothing is gained"
            yield Found("unreachable", where, detail, (where,))


def _leaving(at: Where, stage: Stage) -> Iterator[Found]:
    longest = _longest(stage)
    for where, node in joined(at, stage.exit):
        if isinstance(node, OfSeverity):
            detail = f"only {node.severity} cases can ever leave; all others stay for good"
            yield Found("unreachable", where, detail, (where,))
        lane = stage.lanes.get(node.lane) if isinstance(node, LaneNeeded) else None
        if isinstance(node, LaneNeeded) and lane and lane.needed == "always" and not node.needed:
            detail = f"{node.lane} is always needed in this stage"
            yield Found("unreachable", where, detail, (where,))
        if (
            isinstance(node, Elapsed)
            and node.elapsed_since == "stage_start"
            and longest
            and unrounded(node.at_least) > CALM.multiply(longest, _BY_FAR)
        ):
            detail = (
                f"asks for {node.at_least.value} {node.at_least.unit} in a stage that is "
                f"expected to last {CALM.divide(longest, 7):.3g} weeks at the longest"
            )
            yield Found("longer-than-stage", where, detail, (where,))


def _longest(stage: Stage) -> Decimal | None:
    """Return the days of the longest stay that is expected."""
    weeks = [CALM.subtract(one.end, one.start) for one in stage.expected.values()]
    return CALM.multiply(max(weeks), 7) if weeks else None


def _spans(at: Where, stage: Stage) -> Iterator[Found]:
    longest = _longest(stage)
    spans: list[tuple[Where, Duration | None]] = [
        ((*at, "screen_valid_for"), stage.screen_valid_for)
    ]
    after = stage.review.after
    # to look again some weeks after a short stage was to end is what a review is for
    latest = CALM.add(CALM.multiply(longest, _BY_FAR), _SEASON) if longest is not None else None
    if isinstance(after, Duration) and latest is not None and unrounded(after) > latest:
        spans.append(((*at, "review", "after"), after))
    for name, lane in stage.lanes.items():
        for number, activity in enumerate(lane.activities):
            here = (*at, "lanes", name, "activities", number, "related")
            spans += [((*here, n, "offset"), one.offset) for n, one in enumerate(activity.related)]
    for where, span in spans:
        if span is not None and longest is not None and unrounded(span) > CALM.add(longest, 7):
            detail = (
                f"{span.value} {span.unit} are longer than the stage, which is expected to last "
                f"{CALM.divide(longest, 7):.3g} weeks at the longest"
            )
            yield Found("longer-than-stage", where, detail, (where,))
    if stage.screen_valid_for is not None and stage.screen_valid_for.value == 0:
        where = (*at, "screen_valid_for")
        yield Found("unreachable", where, "a screen is out of date as soon as it is done", (where,))


def _timing(where: Where, activity: Activity) -> Iterator[Found]:
    if activity.start_when is None or activity.stop_when is None:
        return
    start = list(joined((*where, "start_when"), activity.start_when))
    for at, node in joined((*where, "stop_when"), activity.stop_when):
        if isinstance(node, Compared) and any(implies(one, node) for _, one in start):
            yield Found("unreachable", at, "is stopped as soon as it may begin", (at,))


def _unguarded(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find measures with alarms of their own in a pathway without a single safety trigger."""
    alarming = sorted(name for name in _used(pathway) if _alarms(measures.get(name)))
    if alarming and not pathway.safety_triggers:
        detail = f"has no safety triggers, although {', '.join(alarming)} can raise an alarm"
        yield Found("no-safety-triggers", (), detail, (("safety_triggers",),))


def _used(pathway: PathwayDefinition) -> frozenset[str]:
    used = {name for stage in pathway.stages.values() for name in stage.measures_at_entry}
    asked = (part for _, part in parts(pathway))
    return frozenset(used) | {
        part.measure for part in asked if isinstance(part, Compared | Gained | SideRatio)
    }


def _weaker(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find alarms of the measures in use that no safety trigger raises as early."""
    if not pathway.safety_triggers:
        return  # which is found as such
    used = _used(pathway)
    for name in sorted(used & measures.keys()):
        for rule in measures[name].safety:
            first = _first_score(rule)
            raised = [
                number
                for number, trigger in enumerate(pathway.safety_triggers)
                if _raises(trigger.when, name, rule.item, first)
            ]
            if not raised:
                item = f", item {rule.item}," if rule.item is not None else ""
                detail = (
                    f"no trigger is met by {name}{item} from {first} on, and the measure itself "
                    f'says: "{rule.text}"'
                )
                yield Found("weaker-trigger", ("safety_triggers",), detail, (("safety_triggers",),))
            for number in raised:
                at: Where = ("safety_triggers", number, "action")
                action = pathway.safety_triggers[number].action
                if _hurry(action) != _hurry(rule.action):
                    detail = f'is "{action}", and the measure itself says: "{rule.action}"'
                    yield Found("weaker-trigger", at, detail, (at[:2],))


def _first_score(rule: SafetyRule) -> Decimal:
    """Return the lowest whole score that raises a measure's own alarm."""
    if rule.above is not None:
        return Decimal(int(rule.above) + 1)
    assert rule.at_least is not None, "a rule has one limit"
    return rule.at_least


def _raises(when: Criterion, measure: str, item: int | None, first: Decimal) -> bool:
    return (
        isinstance(when, Compared)
        and (when.measure, when.item, when.subscale, when.over) == (measure, item, None, None)
        and when.consecutive == 1
        and (
            (when.comparison == ">" and first > when.value)
            or (when.comparison == ">=" and first >= when.value)
        )
    )


def _hurry(action: str) -> frozenset[str]:
    """Return by when an action is to be taken, in its words."""
    return frozenset(one.casefold() for one in _BY_WHEN.findall(action))


_BY_WHEN = re.compile(
    r"same day|at once|today|within [^.;,]*?(?:hour|day|week|month)s?\b", re.IGNORECASE
)


def _alarms(measure: MeasureDefinition | None) -> bool:
    return measure is not None and bool(measure.safety)
