"""What numbered items make: a total and subscales, or nothing, and then which items are missing.

Pure. A score is never guessed: where fewer items were answered than the instrument allows, there is
none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from care_plans.content.measures import Scoring

#: as many decimals as a score has
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Scored:
    """The total and the subscales that can be had; `missing` are the items without an answer."""

    total: Decimal | None
    subscales: Mapping[str, Decimal] = field(default_factory=dict)
    missing: tuple[int, ...] = ()


def scored(scoring: Scoring, answers: Mapping[int, Decimal]) -> Scored:
    """Score the answers by item as one version of an instrument does."""
    every = range(1, scoring.items + 1)
    parts = {
        name: made
        for name, numbers in scoring.subscales.items()
        if (made := _made(scoring, numbers, answers)) is not None
    }
    missing = tuple(number for number in every if number not in answers)
    return Scored(_made(scoring, every, answers), parts, missing)


def possible(scoring: Scoring, answers: Mapping[int, Decimal], total: Decimal) -> bool:
    """Say whether a total can be that of a sheet on which these items were answered so.

    The items that were not sent may have any answer; a mean is judged only when all were sent.
    """
    exact = scored(scoring, answers)
    if not exact.missing:
        return exact.total == total.quantize(_PLACES)
    if scoring.method != "sum":
        return True
    said, open_items = sum(answers.values()), len(exact.missing)
    return said + scoring.lowest * open_items <= total <= said + scoring.highest * open_items


def least(
    scoring: Scoring | None,
    answers: Mapping[int, Decimal],
    total: Decimal | None,
    item: int | None,
) -> Decimal | None:
    """Return the least that an item can be, or without one the total; None: nothing is known.

    What was answered or sent is as it was said. What was not is bounded by the rest of a sum: a
    total is at least what was answered, and an item at least what the others cannot have made of
    the total.
    """
    known = total if item is None else answers.get(item)
    if known is not None or scoring is None or scoring.method != "sum":
        return known
    said, unanswered = sum(answers.values(), Decimal(0)), scoring.items - len(answers)
    if item is None:
        return said + scoring.lowest * unanswered if answers else None
    return total - said - scoring.highest * (unanswered - 1) if total is not None else None


def _made(
    scoring: Scoring, numbers: Iterable[int], answers: Mapping[int, Decimal]
) -> Decimal | None:
    wanted = list(numbers)
    given = [answers[number] for number in wanted if number in answers]
    needed = scoring.at_least if scoring.at_least is not None else len(wanted)
    if len(given) < min(needed, len(wanted)):
        return None
    total = sum(given, Decimal(0))
    made = total / len(given) if scoring.method == "mean" else total
    return made.quantize(_PLACES, rounding=ROUND_HALF_UP)
