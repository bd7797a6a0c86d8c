"""What an outcome measure is: its range, its direction, and which change matters."""

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from care_plans.content.sourced import Discipline, Duration, Frozen, Name, Text, Verified
from care_plans.criteria import Criterion

#: how a measure says that a figure is the authors' own
OPINION = "expert consensus"


class Cited(Frozen):
    """A figure with its source; `verified` says how well the figure is known."""

    source: Text | None = None
    doi: str | None = None
    pmid: str | None = None
    verified: Verified
    note: str | None = None


class Change(Cited):
    """The smallest change that matters (MCID) in one population; a value of null is unknown.

    In the measure's own unit and in the direction of improvement, unless `unit` says otherwise.
    `upper` ends a range of figures. When the measurement error `mdc` is larger than the value,
    one person's change should exceed it. `quoted_value` was met only second hand: no rule uses
    it.
    """

    value: Decimal | None = Field(None, gt=0)
    upper: Decimal | None = Field(None, gt=0)
    percent_of_baseline: Decimal | None = Field(None, gt=0)
    unit: str | None = None
    mdc: Decimal | None = Field(None, gt=0)
    subscale: Name | None = None
    population: Text | None = None
    quoted_value: Decimal | None = None

    @property
    def usable(self) -> bool:
        """Say whether a rule may rest on it: there is a figure and its source was read."""
        return self.value is not None and self.verified == "read"


class SeverityBand(Frozen):
    """Scores up to and including `max`, above the band before it."""

    max: Decimal
    label: Name


class SeverityScheme(Cited):
    """One published way to put scores in words; a measure may have several."""

    scheme: Name
    bands: tuple[SeverityBand, ...] = Field(min_length=1)
    applies_to: Text | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        limits = [band.max for band in self.bands]
        if limits != sorted(set(limits)):
            raise ValueError("the bands' max must rise from one to the next")
        return self

    def label(self, value: Decimal) -> str | None:
        """Return the band that a score falls into, or nothing when it is above all of them."""
        return next((band.label for band in self.bands if value <= band.max), None)


class Reference(Cited):
    """A figure to compare with: a norm, a cut-off for recovery, a group's mean."""

    value: Decimal | None = None
    meaning: Text


class SafetyRule(Cited):
    """An answer or a total that somebody must act on at once, whatever is being treated.

    `item` asks about one item, otherwise the total is meant. `crisis` says that the person who
    answers is shown whom to call.
    """

    id: Name
    text: Text
    item: int | None = Field(None, ge=1)
    above: Decimal | None = None
    at_least: Decimal | None = None
    action: Text
    crisis: bool = False

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.above is None) == (self.at_least is None):
            raise ValueError("needs exactly one of above, at_least")
        return self

    @property
    def is_consensus(self) -> bool:
        """Say whether it rests on nobody's word but the authors'."""
        return OPINION in (self.source or "").casefold()

    def is_met_by(self, value: Decimal) -> bool:
        """Say whether a score of the item, or the total, calls for action."""
        if self.above is not None:
            return value > self.above
        assert self.at_least is not None
        return value >= self.at_least


class Loinc(Frozen):
    """A LOINC code of the total score; `aliases` are other codes under which it is recorded."""

    code: str = Field(pattern=r"^\d{1,7}-\d$")
    display: Text
    verified: Verified
    panel: str | None = None
    items: dict[int, str] = Field(default_factory=dict)
    note: str | None = None


class Scoring(Cited):
    """How numbered items make a score. `version` rises whenever that changes.

    Every item lies between `lowest` and `highest`, in steps of `step` (null: any value). `sum` adds
    all items; `mean` averages those that were answered, which are at least `at_least`. Items have
    numbers and no words: `named_by_patient` says that each is an activity in the person's own
    words. `subscales` are scored by the same method over the items that each names.
    Where no rule for unanswered items was read, none may be missing.
    """

    version: int = Field(ge=1)
    method: Literal["sum", "mean"]
    items: int = Field(ge=1, le=100)
    lowest: Decimal
    highest: Decimal
    step: Decimal | None = Field(None, gt=0)
    at_least: int | None = Field(None, ge=1)
    named_by_patient: bool = False
    subscales: dict[Name, tuple[int, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.highest <= self.lowest:
            raise ValueError(f"highest {self.highest} is not above lowest {self.lowest}")
        if self.at_least is not None and (self.method == "sum" or self.at_least > self.items):
            raise ValueError("at_least is for a mean, and not more than there are items")
        for name, numbers in self.subscales.items():
            if not set(numbers) <= set(range(1, self.items + 1)) or len({*numbers}) < len(numbers):
                raise ValueError(f"subscale {name} names an item that there is not, or one twice")
        return self

    def accepts(self, value: Decimal) -> bool:
        """Say whether a value is a possible answer to an item."""
        if not self.lowest <= value <= self.highest:
            return False
        return self.step is None or (value - self.lowest) % self.step == 0

    def range_of(self, items: int) -> tuple[Decimal, Decimal]:
        """Return the lowest and the highest score that so many items can make."""
        times = items if self.method == "sum" else 1
        return self.lowest * times, self.highest * times


class Taking(Frozen):
    """How a practitioner takes a measure; no `methods` named: the method is said in words."""

    methods: tuple[Name, ...] = ()
    method_required: bool = False
    instrument: Text | None = None
    instrument_required: bool = False


class RiskLevel(Frozen):
    """One published class of a screening measure, and the scores that put somebody into it."""

    level: Literal["low", "medium", "high"]
    when: Criterion


class Risk(Cited):
    """The classes of a screening measure; the first whose scores are met is somebody's."""

    levels: tuple[RiskLevel, ...] = Field(min_length=1)


class MeasureDefinition(Frozen):
    """An outcome measure: its scores and what they mean, never the words of its questions.

    `minimum` and `maximum` are inclusive; null means no limit. `step` is the smallest distance
    between two scores; null is unknown, and then any value within the range is a score.
    `self_reported` says that the person answers it alone, without a practitioner.
    `change` orders the thresholds as the authors would choose them: the first usable one counts.
    `counted` says that days of the home programme leave its scores, and which of them.
    `entered: daily` says that the person enters it day by day, so that no stage has to ask for it.
    `period` is the time that ends with a score and that it is about: older than that, it says
    nothing of now. Without one a score is about the moment in which it was taken.
    `scoring` says how items make a score; null: totals are recorded as they come.
    `taking` says how a practitioner takes it. `risk` says which scores call for how much help.
    """

    id: Name
    version: int = Field(ge=1)
    name: Text
    assesses: Text
    disciplines: tuple[Discipline, ...] = Field(min_length=1)
    minimum: Decimal
    maximum: Decimal | None
    step: Decimal | None = Field(None, gt=0)
    unit: Text | None = None
    better: Literal["higher", "lower", "depends"]
    side_required: bool
    self_reported: bool = False
    entered: Literal["daily"] | None = None
    counted: Literal["adherence", "load_response"] | None = None
    period: Duration | None = None
    change: tuple[Change, ...] = ()
    severity: tuple[SeverityScheme, ...] = ()
    references: tuple[Reference, ...] = ()
    subscales: dict[Name, tuple[Decimal, Decimal]] = Field(default_factory=dict)
    scoring: Scoring | None = None
    taking: Taking = Taking()
    risk: Risk | None = None
    safety: tuple[SafetyRule, ...] = ()
    loinc: Loinc | None
    licence: Text
    note: str | None = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.maximum is not None and self.maximum <= self.minimum:
            raise ValueError(f"maximum {self.maximum} is not above minimum {self.minimum}")
        for scheme in self.severity:
            if self.maximum is not None and scheme.bands[-1].max != self.maximum:
                raise ValueError(f"severity {scheme.scheme} does not end at the maximum")
        return self

    @model_validator(mode="after")
    def _lasting(self) -> Self:
        if self.period is not None and self.period.days < 1:
            raise ValueError("a period lasts a day at least")
        return self

    @model_validator(mode="after")
    def _scored(self) -> Self:
        if self.scoring is None:
            return self
        if self.scoring.range_of(self.scoring.items) != (self.minimum, self.maximum):
            raise ValueError("the items of scoring do not make the range of the measure")
        for name, numbers in self.scoring.subscales.items():
            if self.scoring.range_of(len(numbers)) != self.subscales.get(name):
                raise ValueError(f"the items of subscale {name} do not make its range")
        return self

    def accepts(self, value: Decimal) -> bool:
        """Say whether a value is a possible score."""
        if value < self.minimum or (self.maximum is not None and value > self.maximum):
            return False
        return self.step is None or (value - self.minimum) % self.step == 0

    @property
    def smallest_change(self) -> Change | None:
        """Return the change threshold that rules may use, or nothing when none is known."""
        return next((c for c in self.change if c.usable and c.subscale is None), None)
