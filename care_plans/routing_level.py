"""Whether a course needs a low, a medium or a high level of help, and what says so. Pure.

The latest complexity screen decides. Without one a STarT Back screen does, by its published classes
(Hill 2008: read), and without that the pathway's yellow flags: as many as offer help are medium, as
many as recommend it are high (expert consensus). Where none of these is known the level is unknown,
which is never taken for low.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.counting import in_order, scores
from care_plans.criteria import YellowFlagged
from care_plans.evaluation import evaluate
from care_plans.evidence import ComplexityFact, Evidence, Facts, Finding, Outcome

type RoutingLevel = Literal["low", "medium", "high", "unknown"]
type Basis = Literal["complexity_screen", "start_back", "yellow_flags", "nothing"]


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
        or _by_start_back(facts, now)
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


def _by_start_back(facts: Facts, now: datetime) -> Routing | None:
    totals = scores(facts, "start_back", now, within="course")
    parts = scores(facts, "start_back", now, within="course", subscale="psychosocial")
    by_sitting = {part.assessment_id: part for part in parts}
    both = [(total, by_sitting.get(total.assessment_id)) for total in totals]
    if not both:
        return None
    total, part = both[-1]
    level = _class_of(total.value, part.value if part else None)
    if level is None:
        return None
    rows = [Evidence("score", total.id), *([Evidence("score", part.id)] if part else [])]
    said = f"The STarT Back screen of {total.effective_at:%Y-%m-%d} is of {level} risk."
    return _routing(level, "start_back", said, *rows)


def _class_of(total: Decimal, psychosocial: Decimal | None) -> RoutingLevel | None:
    """Return the class; None where the subscale would be needed and is not there."""
    if total <= 3:
        return "low"
    if psychosocial is None:
        return None
    return "high" if psychosocial >= 4 else "medium"


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
    source = () if basis == "start_back" else (EXPERT_CONSENSUS,)
    return Routing(
        level,
        basis,
        Finding(
            "RoutingLevel", outcome, said, id="routing-level", evidence=evidence, source=source
        ),
    )
