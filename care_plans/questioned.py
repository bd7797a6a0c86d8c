"""Which scores a question is about, and how it names a measure and its values."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from care_plans.counting import Within, scores
from care_plans.criteria import Compared, Gained, SideRatio, Worsened
from care_plans.evidence import Facts, ScoreFact, Side


def scores_for(
    question: Compared | Gained | Worsened | SideRatio,
    facts: Facts,
    now: datetime,
    side: Side,
    *,
    within: Within | None = None,
) -> list[ScoreFact]:
    """Return the scores that the question is about, earliest first."""
    return scores(
        facts,
        question.measure,
        now,
        within=within or question.within,
        side=side,
        item=question.item if isinstance(question, Compared) else None,
        subscale=question.subscale,
    )


def name_of(
    question: Compared | Gained | Worsened | SideRatio, facts: Facts, side: Side = ""
) -> str:
    """Return what a question asks about, in words."""
    known = facts.measures.get(question.measure)
    name = known.name if known else question.measure
    if isinstance(question, Compared) and question.item is not None:
        name += f", item {question.item}"
    if question.subscale is not None:
        name += f", {question.subscale.replace('_', ' ')}"
    return f"{name}, {side}" if side else name


@lru_cache(maxsize=10_000)
def in_digits(value: Decimal) -> str:
    """Print a number as people write it: 3, not 3.0000 nor 3E+1."""
    plain = value.normalize()
    if plain.is_zero():
        return "0"  # without its sign: it is kept for every zero
    digits = plain.as_tuple().exponent
    if isinstance(digits, int) and -12 <= digits <= 12:
        return f"{plain:f}"
    return str(plain)
