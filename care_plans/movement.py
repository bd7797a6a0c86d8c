"""How far a measure has moved between two scores, and whether that is a change that matters. Pure.

The change that matters is that of the version by which the later score was taken, or its
measurement error where that is larger. Where nobody knows it, the numbers conclude nothing.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from care_plans.counting import pair
from care_plans.evidence import MeasureFacts, ScoreFact

type Direction = Literal["improving", "worsening", "no-change", "unknown"]


@dataclass(frozen=True, slots=True)
class Movement:
    """From which score to which: the gain in the direction of improvement, and what it amounts to.

    `gain` is None where nobody knows which way is better, `matters_from` where nobody knows which
    change matters.
    """

    first: ScoreFact
    last: ScoreFact
    gain: Decimal | None
    matters_from: Decimal | None

    @property
    def direction(self) -> Direction:
        """Return what the change amounts to, in the words of FHIR's goal-achievement."""
        if self.gain is None or self.matters_from is None:
            return "unknown"
        if abs(self.gain) < self.matters_from:
            return "no-change"
        return "improving" if self.gain > 0 else "worsening"


def movement(measure: MeasureFacts, taken: list[ScoreFact]) -> Movement | None:
    """Return how a measure moved over scores in order; None without two that may be compared.

    Of a subscale no change is known to matter: the figures are those of the total.
    """
    compared = pair(taken, taken)
    if compared is None:
        return None
    first, last = compared
    change = last.value - first.value
    gain = None if measure.better == "depends" else change
    if measure.better == "lower":
        gain = -change
    is_part = last.subscale or last.item is not None
    return Movement(first, last, gain, None if is_part else measure.change_for(last))
