"""What the rules of a pathway suggest for a course: pure, and never applied by itself.

Each suggestion carries the trace of the rule that made it. A rule that is unknown suggests
nothing: only what is known to be met is put before a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.safety import Redirect
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.counting import open_flags
from care_plans.criteria import OfSeverity, YellowFlagged
from care_plans.evaluation import evaluate, suggested_severity
from care_plans.evidence import Evidence, Facts, Finding, Outcome
from care_plans.routing_level import latest_screen
from care_plans.stalling import stalled

type Kind = Literal["rule", "yellow_flags", "redirect", "severity", "stalled", "safety"]


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


def suggestions(
    definition: PathwayDefinition, facts: Facts, now: datetime
) -> tuple[Suggestion, ...]:
    """Return what every rule that is met suggests, in the order of the pathway."""
    return (
        *_safety(definition, facts, now),
        *_redirects(definition, facts, now),
        *_rules(definition, facts, now),
        *_yellow_flags(definition, facts, now),
        *_psychosocial(definition, facts, now),
        *_severity(definition, facts, now),
        *_stalled(definition, facts, now),
    )


def _safety(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[Suggestion]:
    for trigger in definition.safety_triggers:
        finding = evaluate(trigger.when, definition, facts, now)
        if finding.outcome is Outcome.MET:
            yield Suggestion(
                f"safety.{trigger.id}",
                "safety",
                trigger.text,
                trigger.action,
                finding,
                tuple(trigger.source),
            )


def _redirects(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[Suggestion]:
    found = open_flags(facts, now)
    for flag in definition.redirects:
        if flag.id in found:
            yield Suggestion(
                f"redirect.{flag.id}",
                "redirect",
                flag.text,
                flag.action,
                _seen(flag, found[flag.id].id),
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


def _rules(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[Suggestion]:
    for rule in definition.rules:
        if rule.when is None:
            continue
        finding = evaluate(rule.when, definition, facts, now)
        if finding.outcome is Outcome.MET:
            yield Suggestion(
                f"rule.{rule.id}", "rule", rule.text, rule.then, finding, tuple(rule.source)
            )


def _yellow_flags(
    definition: PathwayDefinition, facts: Facts, now: datetime
) -> Iterator[Suggestion]:
    flags = definition.yellow_flags
    lane = facts.lanes.get(flags.lane)
    if lane is not None and lane.needed:
        return  # that help is there already
    named = flags.lane.replace("_", " ")
    for rule, at_least, then in (
        ("yellow-flags.recommend", flags.recommend_at, f"Recommend {named}."),
        ("yellow-flags.offer", flags.offer_at, f"Offer {named}."),
    ):
        asked = YellowFlagged(yellow_flags_at_least=at_least)
        finding = evaluate(asked, definition, facts, now)
        if finding.outcome is Outcome.MET:
            yield Suggestion(
                rule,
                "yellow_flags",
                f"At least {at_least} of the yellow flags.",
                then,
                finding,
                tuple(flags.source),
                lane=flags.lane,
            )
            return


def _psychosocial(
    definition: PathwayDefinition, facts: Facts, now: datetime
) -> Iterator[Suggestion]:
    """A complexity screen with psychosocial factors offers, or recommends, the same help."""
    screen, flags = latest_screen(facts, now), definition.yellow_flags
    lane = facts.lanes.get(flags.lane)
    if screen is None or screen.psychosocial == "low" or (lane is not None and lane.needed):
        return
    named = flags.lane.replace("_", " ")
    verb = "Recommend" if screen.psychosocial == "high" else "Offer"
    yield Suggestion(
        f"complexity.psychosocial.{screen.psychosocial}",
        "yellow_flags",
        f"A psychosocial factor is {screen.psychosocial} in the complexity screen.",
        f"{verb} {named}.",
        Finding(
            kind="Screened",
            outcome=Outcome.MET,
            sentence=f"The complexity screen of {screen.effective_at:%Y-%m-%d} says so.",
            id="complexity",
            evidence=(Evidence("complexity", screen.id),),
            source=(EXPERT_CONSENSUS,),
        ),
        (EXPERT_CONSENSUS,),
        lane=flags.lane,
    )


def _severity(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[Suggestion]:
    name, found = suggested_severity(definition, facts, now)
    if name is None or facts.severity in (None, name):
        return
    now_is = evaluate(OfSeverity(severity=name), definition, facts, now)
    rule = definition.severity(name)
    asked = rule.suggested_when
    yield Suggestion(
        f"severity.{name}",
        "severity",
        f"The scores point to {name}. {now_is.sentence}",
        f"Consider whether the condition has become {name}.",
        found[name],
        tuple(asked.source or rule.source) if asked is not None else tuple(rule.source),
    )


def _stalled(definition: PathwayDefinition, facts: Facts, now: datetime) -> Iterator[Suggestion]:
    finding = stalled(definition, facts, now)
    if finding is not None and finding.outcome is Outcome.MET:
        yield Suggestion(
            "stalled",
            "stalled",
            "No measure has changed by an amount that matters since this stage began.",
            "Confer about the case, and look at the diagnosis again.",
            finding,
            finding.source,
        )
