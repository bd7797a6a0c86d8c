"""Whether a course needs a low, a medium or a high level of help, and what says so. Pure.

The latest complexity screen decides. Without one a screening measure does, by the classes that it
publishes (`risk` of the measure), and without that the pathway's yellow flags: as many as offer
help are medium, as many as recommend it are high (expert consensus). Where none of these is known
the level is unknown, which is never taken for low.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.criteria import YellowFlagged
from care_plans.evaluation import evaluate
from care_plans.evidence import ComplexityFact, Evidence, Facts, Finding, Outcome, in_order

type RoutingLevel = Literal["low", "medium", "high", "unknown"]
_LEVELS: tuple[RoutingLevel, ...] = ("low", "medium", "high")

type Basis = Literal["complexity_screen", "risk_screen", "yellow_flags", "nothing"]


@dataclass(frozen=True, slots=True)
class Routing:
    """The level, what it was read off, and the trace."""

    level: RoutingLevel
    basis: Basis
    finding: Finding

    @property
    def priority(self) -> str:
        """Return how pressing new referrals are: a high level does not wait in line.

        Our default, without a source.
        """
        return "urgent" if self.level == "high" else "routine"


def routing(definition: PathwayDefinition, facts: Facts, now: datetime) -> Routing:
    """Return the routing level of a course."""
    return (
        _by_screen(facts, now)
        or _by_risk(definition, facts, now)
        or _by_flags(definition, facts, now)
        or _routing("unknown", "nothing", "No screen says how complex this is.")
    )


def latest_screen(facts: Facts, now: datetime) -> ComplexityFact | None:
    """Return the complexity screen that holds."""
    found = in_order(one for one in facts.complexity if one.effective_at <= now)
    return found[-1] if found else None


def _by_screen(facts: Facts, now: datetime) -> Routing | None:
    screen = latest_screen(facts, now)
    if screen is None:
        return None
    said = f"The complexity screen of {screen.effective_at:%Y-%m-%d} says {screen.level}."
    return _routing(screen.level, "complexity_screen", said, Evidence("complexity", screen.id))


def _by_risk(definition: PathwayDefinition, facts: Facts, now: datetime) -> Routing | None:
    """Return the class of a screening measure: the gravest, where several were taken."""
    met = [
        (level, known.name, found)
        for _, known in sorted(facts.measures.items())
        for level, when in known.risk
        if (found := evaluate(when, definition, facts, now)).outcome is Outcome.MET
    ]
    if not met:
        return None
    level, name, found = max(met, key=lambda one: _LEVELS.index(one[0]))
    rows = tuple(dict.fromkeys(row for leaf in found.leaves() for row in leaf.evidence))
    return _routing(level, "risk_screen", f"{name} is of {level} risk. {found.sentence}", *rows)


def _by_flags(definition: PathwayDefinition, facts: Facts, now: datetime) -> Routing | None:
    flags = definition.yellow_flags
    levels: tuple[tuple[RoutingLevel, int], ...] = (
        ("high", flags.recommend_at),
        ("medium", flags.offer_at),
    )
    for level, at_least in levels:
        asked = YellowFlagged(yellow_flags_at_least=at_least)
        found = evaluate(asked, definition, facts, now)
        if found.outcome is Outcome.MET:
            return _routing(level, "yellow_flags", found.sentence, *found.evidence)
    return None


def _routing(level: RoutingLevel, basis: Basis, said: str, *evidence: Evidence) -> Routing:
    outcome = Outcome.UNKNOWN if level == "unknown" else Outcome.MET
    source = () if basis == "risk_screen" else (EXPERT_CONSENSUS,)
    return Routing(
        level,
        basis,
        Finding(
            "RoutingLevel", outcome, said, id="routing-level", evidence=evidence, source=source
        ),
    )
