"""Criteria that ask nothing: whatever the facts are, they are met once those are known."""

from collections.abc import Iterator, Mapping, Sequence

from care_plans.content.checks import parts
from care_plans.content.condition import Asked
from care_plans.content.findings import Found
from care_plans.content.joining import is_upper, what
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import SEVERITIES
from care_plans.content.thresholds import CALM, Measures, is_whole
from care_plans.criteria import (
    AllOf,
    AnyOf,
    Compared,
    Criterion,
    Elapsed,
    LaneNeeded,
    OfSeverity,
    Question,
    Reported,
)


def certainty_findings(pathway: PathwayDefinition, measures: Measures) -> Iterator[Found]:
    """Find criteria that are always met."""
    for where, node in parts(pathway):
        if isinstance(node, Question) and not isinstance(node, AllOf):
            why = _always(node, pathway.context, measures)  # type: ignore[arg-type] # a criterion
            if why:
                yield Found("always-met", where, why, (where,))


def _always(node: Criterion, context: Mapping[str, Asked], measures: Measures) -> str:
    if isinstance(node, Compared) and is_whole(node):
        measure = measures.get(node.measure)
        if measure is not None and _is_all(node, measure):
            return (
                f"every score of {measure.id} is {node.comparison} {node.value}: "
                f"scores go from {measure.minimum} to {_end(measure)}"
            )
    if isinstance(node, Elapsed) and node.at_least.value == 0:
        return "no time at all has always passed"
    if isinstance(node, AnyOf):
        return _covers(node.any_of, context, measures)
    return ""


def _end(measure: MeasureDefinition) -> object:
    return "any number" if measure.maximum is None else measure.maximum


def _is_all(node: Compared, measure: MeasureDefinition) -> bool:
    if node.comparison == ">=":
        return node.value == measure.minimum
    return node.comparison == "<=" and node.value == measure.maximum


def _covers(nodes: Sequence[Criterion], context: Mapping[str, Asked], measures: Measures) -> str:
    """Say which of some alternatives leave nothing out between them, or nothing."""
    if {one.severity for one in nodes if isinstance(one, OfSeverity)} == set(SEVERITIES):
        return "a course always has one of the three severities"
    for question, asked in context.items():
        given = {
            one.answer for one in nodes if isinstance(one, Reported) and one.reported == question
        }
        wanted = set(asked.choices) if asked.type == "choice" else {True, False}
        if asked.type != "text" and given >= wanted:
            return f"whatever the answer to {question} is, one of these is met"
    lanes = [(one.lane, one.needed) for one in nodes if isinstance(one, LaneNeeded)]
    if twice := next((lane for lane, needed in lanes if (lane, not needed) in lanes), None):
        return f"{twice} is either needed or not"
    return _all_scores([one for one in nodes if isinstance(one, Compared)], measures)


def _all_scores(nodes: Sequence[Compared], measures: Measures) -> str:
    for upper in (one for one in nodes if is_upper(one)):
        for lower in (one for one in nodes if not is_upper(one) and what(one) == what(upper)):
            measure = measures.get(upper.measure)
            step = measure.step if measure is not None and is_whole(upper) else None
            gap = CALM.subtract(lower.value, upper.value)
            met = (upper.comparison == "<=") + (lower.comparison == ">=")
            if gap < 0 or (gap == 0 and met) or (step and met == 2 and gap <= step):
                return (
                    f"every score of {upper.measure} is {upper.comparison} {upper.value} or "
                    f"{lower.comparison} {lower.value}"
                )
    return ""
