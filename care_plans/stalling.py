"""Whether a stage has stalled: no measure past its threshold of change for as long as it names."""

from datetime import datetime
from decimal import Decimal

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import Duration
from care_plans.counting import lasted, pair, scores
from care_plans.evaluation import evaluate
from care_plans.evidence import Evidence, Facts, Finding, Outcome, ScoreFact
from care_plans.questioned import in_digits
from care_plans.saying import MET, NOT_MET, UNKNOWN, every

_KIND = "Stalled"


def stalled(definition: PathwayDefinition, facts: Facts, now: datetime) -> Finding | None:
    """Return whether a course has stalled in its stage; None before there is anything to ask.

    Met once the stay has lasted, pauses left out, as long as the stage's `review` names, something
    was measured twice in it, and no measure improved by its smallest change that matters (or its
    measurement error, where that is larger). Measures whose threshold nobody knows do not count.
    What the review asks `besides`, adherence say, must be met as well: unknown is not negative.
    """
    if facts.stay is None:
        return None
    review = definition.stage(facts.stay.stage).review
    if not isinstance(review.after, Duration):
        return None
    days = lasted(facts, facts.stay.began_at, now).days
    if days < review.after.days:
        return None
    changes = _changes(facts, now)
    parts = [_unchanged(facts, changes, days)]
    if review.besides is not None:
        parts.append(evaluate(review.besides, definition, facts, now))
    return Finding(
        kind=_KIND,
        outcome=every(part.outcome for part in parts),
        sentence=" ".join(part.sentence for part in parts),
        id="stalled",
        evidence=tuple(dict.fromkeys(row for part in parts for row in part.evidence)),
        source=tuple(review.source),
        parts=tuple(parts) if len(parts) > 1 else parts[0].parts,
    )


type _Change = tuple[ScoreFact, ScoreFact, Decimal, Decimal]


def _changes(facts: Facts, now: datetime) -> list[_Change]:
    """Return first and last score of the stay, the gain and what would matter, by measure."""
    found = []
    for slug, measure in sorted(facts.measures.items()):
        if measure.better == "depends":
            continue
        sides = sorted({s.side for s in facts.scores_of.get(slug, ())})
        for side in sides:
            taken = scores(facts, slug, now, within="stage", side=side)
            compared = pair(taken, taken)
            threshold = measure.change_for(compared[1]) if compared else None
            if compared is None or threshold is None:
                continue
            first, last = compared
            gain = last.value - first.value
            found.append((first, last, gain if measure.better == "higher" else -gain, threshold))
    return found


def _unchanged(facts: Facts, changes: list[_Change], days: int) -> Finding:
    rows = tuple(Evidence("score", s.id) for first, last, _, _ in changes for s in (first, last))
    improved = [
        facts.measures[last.measure].name for _, last, gain, enough in changes if gain >= enough
    ]
    if not changes:
        outcome, said = UNKNOWN, "nothing whose threshold is known was measured twice in it."
    elif improved:
        outcome, said = NOT_MET, f"{', '.join(dict.fromkeys(improved))} improved enough to matter."
    else:
        outcome = MET
        said = f"none of {len(changes)} measures improved enough to matter."
    return Finding(
        kind=_KIND,
        outcome=outcome,
        sentence=f"The stage has lasted {days} days, and {said}",
        evidence=rows if outcome is not Outcome.UNKNOWN else (),
        parts=tuple(_moved(facts, change) for change in changes),
    )


def _moved(facts: Facts, change: _Change) -> Finding:
    first, last, gain, enough = change
    side = f" ({last.side})" if last.side else ""
    return Finding(
        kind=_KIND,
        outcome=NOT_MET if gain >= enough else MET,
        sentence=(
            f"{facts.measures[last.measure].name}{side} has gained {in_digits(gain)}, from "
            f"{in_digits(first.value)} to {in_digits(last.value)}; a change matters from "
            f"{in_digits(enough)}."
        ),
        id=last.measure,
        evidence=(Evidence("score", first.id), Evidence("score", last.id)),
    )
