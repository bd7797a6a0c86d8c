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
from care_plans.criteria import Criterion, OfSeverity, Subject, YellowFlagged
from care_plans.evaluation import Asked, evaluate_severity, severity_met
from care_plans.evidence import (
    ComplexityFact,
    Evidence,
    Facts,
    Finding,
    LaneFact,
    Outcome,
)
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
    return tuple(suggest() for _, suggest in _met(Asked(definition, facts, now)))


def rules_with_why(asked: Asked) -> dict[str, Callable[[], Suggestion]]:
    """Return each rule that is met, with what makes its suggestion where somebody asks why."""
    return dict(_met(asked))


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


def _met(asked: Asked) -> Iterator[_Met]:
    yield from _safety(asked)
    yield from _redirects(asked)
    yield from _rules(asked)
    yield from _yellow_flags(asked)
    yield from _psychosocial(asked)
    yield from _severity(asked)
    yield from _stalled(asked)
    yield from _lanes(asked)


def _safety(asked: Asked) -> Iterator[_Met]:
    for trigger in asked.definition.safety_triggers:
        if asked.is_met(trigger.when):
            rule = f"safety.{trigger.id}"
            yield rule, partial(_of_safety, rule, trigger, asked)


def _of_safety(rule: str, trigger: SafetyTrigger, asked: Asked) -> Suggestion:
    finding = asked.find(trigger.when)
    source = _resting_on(trigger.source, finding)
    return Suggestion(rule, "safety", trigger.text, trigger.action, finding, source)


def _resting_on(source: Iterable[str], finding: Finding) -> tuple[str, ...]:
    """Return the sources of a rule with those of all that it asks: one opinion makes it one."""
    return tuple(dict.fromkeys((*source, *finding.sources())))


def _redirects(asked: Asked) -> Iterator[_Met]:
    redirects, facts = asked.definition.redirects, asked.facts
    found = open_flags(facts, asked.now) if redirects and facts.screens else {}
    for flag in redirects:
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
        about=(Subject("red_flag", flag.id),),
    )


def _rules(asked: Asked) -> Iterator[_Met]:
    for rule in asked.definition.rules:
        if rule.when is None:
            continue
        lane = asked.facts.lanes.get(rule.lane) if rule.lane is not None else None
        if lane is not None and lane.needed:
            continue  # that help is there already
        if asked.is_met(rule.when):
            yield f"rule.{rule.id}", partial(_of_rule, rule, rule.when, asked)


def _of_rule(rule: Rule, when: Criterion, asked: Asked) -> Suggestion:
    finding = asked.find(when)
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


def _yellow_flags(asked: Asked) -> Iterator[_Met]:
    flags = asked.definition.yellow_flags
    lane = asked.facts.lanes.get(flags.lane)
    if lane is not None and lane.needed:
        return  # that help is there already
    met = asked.yellow_flags_met
    for rule, at_least, verb in (
        ("yellow-flags.recommend", flags.recommend_at, "Recommend"),
        ("yellow-flags.offer", flags.offer_at, "Offer"),
    ):
        if met >= at_least:
            yield rule, partial(_of_yellow_flags, rule, at_least, verb, asked)
            return


def _psychosocial(asked: Asked) -> Iterator[_Met]:
    """A complexity screen with psychosocial factors offers, or recommends, the same help."""
    screen, flags = latest_screen(asked.facts, asked.now), asked.definition.yellow_flags
    lane = asked.facts.lanes.get(flags.lane)
    if screen is None or screen.psychosocial == "low" or (lane is not None and lane.needed):
        return
    rule = f"complexity.psychosocial.{screen.psychosocial}"
    yield rule, partial(_of_psychosocial, rule, screen, asked.definition)


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


def _of_yellow_flags(rule: str, at_least: int, verb: str, asked: Asked) -> Suggestion:
    flags = asked.definition.yellow_flags
    then, lane = _offered(asked.definition, verb)
    finding = asked.find(YellowFlagged(yellow_flags_at_least=at_least))
    return Suggestion(
        rule,
        "yellow_flags",
        f"At least {at_least} of the yellow flags.",
        then,
        finding,
        _resting_on(flags.source, finding),
        lane=lane,
    )


def _severity(asked: Asked) -> Iterator[_Met]:
    name = severity_met(asked)
    if name is not None and asked.facts.severity not in (None, name):
        yield f"severity.{name}", partial(_of_severity, name, asked)


def _of_severity(name: SeverityName, asked: Asked) -> Suggestion:
    finding = evaluate_severity(name, asked)
    now_is = asked.find(OfSeverity(severity=name))
    rule = asked.definition.severity(name)
    when = rule.suggested_when
    return Suggestion(
        f"severity.{name}",
        "severity",
        f"The scores point to {name}. {now_is.sentence}",
        f"Consider whether the condition has become {name}.",
        finding,
        _resting_on((when.source if when is not None else None) or rule.source, finding),
    )


def _stalled(asked: Asked) -> Iterator[_Met]:
    finding = stalled(asked.definition, asked.facts, asked.now)
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


def _lanes(asked: Asked) -> Iterator[_Met]:
    """Ask about a lane whose reason was withdrawn: it stays needed, since work may have begun."""
    facts = asked.facts
    needed = [(name, lane) for name, lane in facts.lanes.items() if lane.needed]
    withdrawn = [(name, lane) for name, lane in needed if lane.withdrawn]
    if facts.stay is None or not withdrawn:
        return
    planned = asked.definition.stage(facts.stay.stage).lanes
    for name, lane in sorted(withdrawn):
        content = planned.get(cast(Discipline, name))
        when = content.when if content is not None else None
        if content is None or when is None:
            continue
        if not asked.is_met(when):
            rule = f"lane.{name}"
            yield rule, partial(_of_lane, rule, lane, content, partial(asked.find, when))


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
