"""What the rules of a pathway suggest for a course: pure, and never applied by itself.

Each suggestion carries the trace of the rule that made it. A rule that is unknown suggests
nothing: only what is known to be met is put before a person.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, cast
from uuid import UUID

from care_plans.content.pathways import PathwayDefinition, Rule
from care_plans.content.safety import Redirect, SafetyTrigger
from care_plans.content.sourced import EXPERT_CONSENSUS, Discipline, SeverityName
from care_plans.content.stages import Lane
from care_plans.counting import open_flags
from care_plans.criteria import Criterion, OfSeverity, YellowFlagged
from care_plans.evaluation import (
    evaluate,
    evaluate_severity,
    outcome_of,
    severity_met,
    yellow_flags_met,
)
from care_plans.evidence import ComplexityFact, Evidence, Facts, Finding, LaneFact, Outcome
from care_plans.routing_level import latest_screen
from care_plans.stalling import stalled

type Kind = Literal["rule", "yellow_flags", "redirect", "severity", "stalled", "lane", "safety"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one rule concludes: `rule` names it within its version, for as long as that exists."""

    rule: str
    kind: Kind
    text: str
    then: str
    finding: Finding
    source: tuple[str, ...]
    lane: str = ""
    towards: tuple[str, ...] = ()


#: a rule that is met, by its name, and how to say what it suggests
type _Met = tuple[str, Callable[[], Suggestion]]


def suggestions(
    definition: PathwayDefinition, facts: Facts, now: datetime
) -> tuple[Suggestion, ...]:
    """Return what every rule that is met suggests, in the order of the pathway."""
    return tuple(suggest() for _, suggest in _met(definition, facts, now))


def rules_with_why(
    definition: PathwayDefinition, facts: Facts, now: datetime
) -> dict[str, Callable[[], Suggestion]]:
    """Return each rule that is met, with what makes its suggestion where somebody asks why."""
    return dict(_met(definition, facts, now))


def said_twice(met: Collection[str], held: Collection[str]) -> frozenset[str]:
    """Return which of the rules that are met offer help that another one of them offers.

    A recommendation stands for an offer, and what is put before a person already for the other.
    """
    offers = [rule for rule in _OFFERS if rule in met]
    firm = [rule for rule in offers if _OFFERS[rule] == "Recommend"] or offers
    kept = next((rule for rule in firm if rule in held), firm[0] if firm else None)
    return frozenset(rule for rule in offers if rule != kept)


#: the rules that all suggest the one lane which helps with psychosocial signs
_OFFERS: Mapping[str, str] = {
    "yellow-flags.recommend": "Recommend",
    "complexity.psychosocial.high": "Recommend",
    "yellow-flags.offer": "Offer",
    "complexity.psychosocial.medium": "Offer",
}


def _offered(definition: PathwayDefinition, verb: str) -> tuple[str, str]:
    """Return how help is offered, and the lane to open for it: none where no stage plans it."""
    lane = definition.yellow_flags.lane
    name = lane.replace("_", " ")
    if any(lane in stage.lanes for stage in definition.stages.values()):
        return f"{verb} {name}.", lane
    return f"{verb} {name}. This pathway has no lane for it: refer the patient instead.", ""


def _met(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    yield from _safety(definition, facts, now)
    yield from _redirects(definition, facts, now)
    yield from _rules(definition, facts, now)
    yield from _yellow_flags(definition, facts, now)
    yield from _psychosocial(definition, facts, now)
    yield from _severity(definition, facts, now)
    yield from _stalled(definition, facts, now)
    yield from _lanes(definition, facts, now)


def _safety(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    for trigger in definition.safety_triggers:
        if outcome_of(trigger.when, definition, facts, now) is Outcome.MET:
            rule = f"safety.{trigger.id}"
            yield (
                rule,
                partial(_of_safety, rule, trigger, definition, facts, now),
            )


def _of_safety(
    rule: str,
    trigger: SafetyTrigger,
    definition: PathwayDefinition,
    facts: Facts,
    now: datetime,
) -> Suggestion:
    finding = evaluate(trigger.when, definition, facts, now)
    source = _resting_on(trigger.source, finding)
    return Suggestion(rule, "safety", trigger.text, trigger.action, finding, source)


def _resting_on(source: Iterable[str], finding: Finding) -> tuple[str, ...]:
    """Return the sources of a rule with those of all that it asks: one opinion makes it one."""
    return tuple(dict.fromkeys((*source, *finding.sources())))


def _redirects(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    found = open_flags(facts, now) if definition.redirects and facts.screens else {}
    for flag in definition.redirects:
        if flag.id in found:
            rule = f"redirect.{flag.id}"
            yield rule, partial(_of_redirect, rule, flag, found[flag.id].id)


def _of_redirect(rule: str, flag: Redirect, screen_id: UUID) -> Suggestion:
    return Suggestion(
        rule,
        "redirect",
        flag.text,
        flag.action,
        _seen(flag, screen_id),
        tuple(dict.fromkeys((*flag.source, *(flag.action_source or ())))),
        towards=tuple(flag.towards),
    )


def _seen(flag: Redirect, screen_id: UUID) -> Finding:
    return Finding(
        kind="Found",
        outcome=Outcome.MET,
        sentence=f"Found present and not cleared: {flag.id}.",
        id=flag.id,
        text=flag.text,
        evidence=(Evidence("screen", screen_id),),
        source=tuple(flag.source),
    )


def _rules(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    for rule in definition.rules:
        if rule.when is None:
            continue
        lane = facts.lanes.get(rule.lane) if rule.lane is not None else None
        if lane is not None and lane.needed:
            continue  # that help is there already
        if outcome_of(rule.when, definition, facts, now) is Outcome.MET:
            yield f"rule.{rule.id}", partial(_of_rule, rule, rule.when, definition, facts, now)


def _of_rule(
    rule: Rule, when: Criterion, definition: PathwayDefinition, facts: Facts, now: datetime
) -> Suggestion:
    finding = evaluate(when, definition, facts, now)
    source = _resting_on(rule.source, finding)
    return Suggestion(
        f"rule.{rule.id}",
        "rule",
        rule.text,
        rule.then,
        finding,
        source,
        lane=rule.lane or "",
    )


def _yellow_flags(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    flags = definition.yellow_flags
    lane = facts.lanes.get(flags.lane)
    if lane is not None and lane.needed:
        return  # that help is there already
    met = yellow_flags_met(definition, facts, now)
    for rule, at_least, verb in (
        ("yellow-flags.recommend", flags.recommend_at, "Recommend"),
        ("yellow-flags.offer", flags.offer_at, "Offer"),
    ):
        if met >= at_least:
            yield rule, partial(_of_yellow_flags, rule, at_least, verb, definition, facts, now)
            return


def _psychosocial(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    """A complexity screen with psychosocial factors offers, or recommends, the same help."""
    screen, flags = latest_screen(facts, now), definition.yellow_flags
    lane = facts.lanes.get(flags.lane)
    if screen is None or screen.psychosocial == "low" or (lane is not None and lane.needed):
        return
    rule = f"complexity.psychosocial.{screen.psychosocial}"
    yield rule, partial(_of_psychosocial, rule, screen, definition)


def _of_psychosocial(
    rule: str, screen: ComplexityFact, definition: PathwayDefinition
) -> Suggestion:
    then, lane = _offered(definition, _OFFERS[rule])
    return Suggestion(
        rule,
        "yellow_flags",
        f"A psychosocial factor is {screen.psychosocial} in the complexity screen.",
        then,
        Finding(
            kind="Screened",
            outcome=Outcome.MET,
            sentence=f"The complexity screen of {screen.effective_at:%Y-%m-%d} says so.",
            id="complexity",
            evidence=(Evidence("complexity", screen.id),),
            source=(EXPERT_CONSENSUS,),
        ),
        (EXPERT_CONSENSUS,),
        lane=lane,
    )


def _of_yellow_flags(
    rule: str,
    at_least: int,
    verb: str,
    definition: PathwayDefinition,
    facts: Facts,
    now: datetime,
) -> Suggestion:
    flags = definition.yellow_flags
    then, lane = _offered(definition, verb)
    finding = evaluate(YellowFlagged(yellow_flags_at_least=at_least), definition, facts, now)
    return Suggestion(
        rule,
        "yellow_flags",
        f"At least {at_least} of the yellow flags.",
        then,
        finding,
        _resting_on(flags.source, finding),
        lane=lane,
    )


def _severity(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    name = severity_met(definition, facts, now)
    if name is not None and facts.severity not in (None, name):
        yield f"severity.{name}", partial(_of_severity, name, definition, facts, now)


def _of_severity(
    name: SeverityName, definition: PathwayDefinition, facts: Facts, now: datetime
) -> Suggestion:
    finding = evaluate_severity(name, definition, facts, now)
    now_is = evaluate(OfSeverity(severity=name), definition, facts, now)
    rule = definition.severity(name)
    asked = rule.suggested_when
    return Suggestion(
        f"severity.{name}",
        "severity",
        f"The scores point to {name}. {now_is.sentence}",
        f"Consider whether the condition has become {name}.",
        finding,
        _resting_on((asked.source if asked is not None else None) or rule.source, finding),
    )


def _stalled(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    finding = stalled(definition, facts, now)
    if finding is not None and finding.outcome is Outcome.MET:
        yield "stalled", partial(_of_stalled, finding)


def _of_stalled(finding: Finding) -> Suggestion:
    return Suggestion(
        "stalled",
        "stalled",
        "No measure has changed by an amount that matters since this stage began.",
        "Confer about the case, and look at the diagnosis again.",
        finding,
        finding.sources(),
    )


def _lanes(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[_Met]:
    """Ask about a lane whose reason was withdrawn: it stays needed, since work may have begun."""
    asked = [(name, lane) for name, lane in facts.lanes.items() if lane.needed and lane.withdrawn]
    if facts.stay is None or not asked:
        return
    planned = definition.stage(facts.stay.stage).lanes
    for name, lane in sorted(asked):
        content = planned.get(cast(Discipline, name))
        when = content.when if content is not None else None
        if content is None or when is None:
            continue
        if outcome_of(when, definition, facts, now) is not Outcome.MET:
            rule = f"lane.{name}"
            asks = partial(evaluate, when, definition, facts, now)
            yield rule, partial(_of_lane, rule, lane, content, asks)


def _of_lane(rule: str, lane: LaneFact, content: Lane, asks: Callable[[], Finding]) -> Suggestion:
    name = rule.removeprefix("lane.").replace("_", " ")
    finding = Finding(
        kind="Withdrawn",
        outcome=Outcome.MET,
        sentence="What it was needed for was corrected or withdrawn; nothing else asks for it.",
        id=rule,
        evidence=(
            Evidence("lane", lane.id),
            *(Evidence("score", score_id) for score_id in lane.withdrawn),
        ),
        parts=(asks(),),
    )
    return Suggestion(
        rule,
        "lane",
        f"What {name} was needed for was corrected or withdrawn.",
        f"Consider whether {name} goes on, and decide about the lane.",
        finding,
        _resting_on(content.source, finding),
    )
