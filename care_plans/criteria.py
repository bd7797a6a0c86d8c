"""What a pathway may ask of the facts: the typed form of criteria, conditions and triggers.

A criterion is a tree. `AllOf` and `AnyOf` join others; every other class asks one question.
Evaluating it gives met, not met or unknown; each class says when its answer is unknown, because
unknown is not negative: what nobody has measured or asked blocks rather than passes.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Discriminator, Field, Tag, model_validator

from care_plans.content.sourced import (
    EXPERT_CONSENSUS,
    LARGEST,
    Discipline,
    Duration,
    Frozen,
    Keys,
    Name,
    SeedRows,
    SeverityName,
    Slug,
    Text,
    Verified,
)

type Comparison = Literal["<=", ">=", "<", ">"]
type Place = tuple[str | int, ...]


class Subject(NamedTuple):
    """What would have to be recorded, or said, for an outcome to change: by its id in content."""

    kind: Literal["measure", "question", "red_flag", "lane"]
    key: str


class Question(Frozen):
    """What every node of a criterion may carry.

    `id` is stable within its tree and names the criterion in traces, evidence and the API;
    every leaf of an entry or exit has one. `text` is the sentence shown to people.
    """

    id: Slug | None = None
    text: Text | None = None
    source: Keys | None = None
    verified: Verified | None = None
    note: str | None = None
    seed: SeedRows = ()

    @property
    def is_consensus(self) -> bool:
        """Say whether any part of this criterion rests on opinion alone."""
        return EXPERT_CONSENSUS in (self.source or ())

    @cached_property
    def about(self) -> tuple[Subject, ...]:
        """Return what it names itself, if it asks about something in particular."""
        return ()

    @cached_property
    def needs(self) -> frozenset[str]:
        """Return the measures and questions that must each be recorded for this to be met.

        Of one that asks about a measure or a question itself, nothing is known before.
        """
        return frozenset(one.key for one in self.about if one.kind in ("measure", "question"))


class AllOf(Question):
    """Met when all are met; not met when one is not; otherwise unknown."""

    all_of: tuple["Criterion", ...] = Field(min_length=1)

    @cached_property
    def needs(self) -> frozenset[str]:
        """Return what at least one of them needs."""
        return frozenset[str]().union(*(one.needs for one in self.all_of))


class AnyOf(Question):
    """Met when one is met; not met when none is; otherwise unknown."""

    any_of: tuple["Criterion", ...] = Field(min_length=1)

    @cached_property
    def needs(self) -> frozenset[str]:
        """Return what all of them need: one is enough, whichever it is."""
        first, *others = (one.needs for one in self.any_of)
        return first.intersection(*others)


class _OnMeasure(Question):
    """A question about scores of one measure.

    `within` says which scores count: those taken (effective time) in the current stay in the
    stage, or any of the course. `how` tells people the circumstances in which to take it.
    `subscale` asks about one of the measure's subscales instead of its total.
    Unknown when no score counts.
    """

    measure: Name
    subscale: Name | None = None
    within: Literal["stage", "course"] = "stage"
    how: Text | None = None

    @cached_property
    def about(self) -> tuple[Subject, ...]:
        """Return the measure."""
        return (Subject("measure", self.measure),)


class Compared(_OnMeasure):
    """The latest score compared with a number, `consecutive` times in a row.

    Several scores of one day are one time, and each of them counts: so many days are asked for, by
    the calendar of the lead's location, and every score on the last of them must pass.

    A measure may say how much time up to its taking a score is about (`period`): one that is older
    than that does not count. `over` compares the mean of so much time back from now instead: of the
    last score in each whole period of the measure, all of which are needed. What was paused is no
    part of that time, which then reaches further back.

    Exactly one of `at_most`, `at_least`, `below`, `above` is set; `comparison` and `value` give
    it uniformly. For a measure that needs a side, the affected side is meant unless `side` says
    otherwise. `item` asks about one item of a questionnaire instead of its total.
    Unknown when there are scores of fewer than `consecutive` days and all of them pass; not met as
    soon as one of the last such days fails. With `over`, unknown while a period has no score.
    """

    at_most: Decimal | None = Field(None, ge=-LARGEST, le=LARGEST)
    at_least: Decimal | None = Field(None, ge=-LARGEST, le=LARGEST)
    below: Decimal | None = Field(None, ge=-LARGEST, le=LARGEST)
    above: Decimal | None = Field(None, ge=-LARGEST, le=LARGEST)
    consecutive: int = Field(1, ge=1, le=100)
    over: Duration | None = None
    side: Literal["affected", "other"] = "affected"
    item: int | None = Field(None, ge=1, le=LARGEST)

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if sum(limit is not None for limit in self._limits.values()) != 1:
            raise ValueError("needs exactly one of at_most, at_least, below, above")
        if self.item is not None and self.subscale is not None:
            raise ValueError("asks about an item or a subscale, not both")
        if self.over is not None and self.consecutive > 1:
            raise ValueError("compares over a time or consecutive scores, not both")
        return self

    @property
    def _limits(self) -> dict[Comparison, Decimal | None]:
        return {
            "<=": self.at_most,
            ">=": self.at_least,
            "<": self.below,
            ">": self.above,
        }

    @cached_property
    def comparison(self) -> Comparison:
        """Return the operator that a score is compared with: `score comparison value`."""
        return next(op for op, limit in self._limits.items() if limit is not None)

    @cached_property
    def value(self) -> Decimal:
        """Return the number that a score is compared with."""
        return next(limit for limit in self._limits.values() if limit is not None)


class Gained(_OnMeasure):
    """The latest score is better than an earlier one by at least `gain`, or `gain_percent` of it.

    "Better" follows the measure: a fall of 2 on a pain scale is a gain of 2. `since` names the
    earlier score: the first of the course, or the first of the current stay in the stage.
    Unknown when either score is missing, or when they are one and the same; a share of an
    earlier score of 0 is unknown too.
    """

    gain: Decimal | None = Field(None, gt=0, le=LARGEST)
    gain_percent: Decimal | None = Field(None, gt=0, le=LARGEST)
    since: Literal["baseline", "stage_start"] = "baseline"

    @model_validator(mode="after")
    def _one_gain(self) -> Self:
        if (self.gain is None) == (self.gain_percent is None):
            raise ValueError("needs exactly one of gain, gain_percent")
        return self


class Worsened(_OnMeasure):
    """The latest score is worse than an earlier one by at least `worse_by`.

    "Worse" follows the measure: a rise of 2 on a pain scale is worse by 2. `since` names the
    earlier score, as `Gained` does. Unknown when either is missing, or when they are the same.
    """

    worse_by: Decimal = Field(gt=0, le=LARGEST)
    since: Literal["baseline", "stage_start"] = "stage_start"


class SideRatio(_OnMeasure):
    """The affected side reaches a share of the other side: affected / other >= `side_ratio`.

    Uses the latest score of each side. Unknown when one is missing or the other side scored 0.
    """

    side_ratio: Decimal = Field(gt=0, le=LARGEST)


class NoOpen(Question):
    """No red flag that blocks progression is open (`safety.BLOCKS_PROGRESSION`).

    Unknown until the red flags have been screened in the current stay in the stage, or, when a
    stage is about to be entered, at all in the stay before it.
    """

    no_open: Literal["red_flag"]


class SignedOff(Question):
    """A lane has said that it is ready in the current stay; unknown until it has said anything.

    `all_needed_lanes` asks every lane that the stage needs. The readiness gate asks this of all
    lanes anyway; a pathway writes it to demand one lane in particular.
    """

    sign_off: Discipline | Literal["all_needed_lanes"]

    @cached_property
    def about(self) -> tuple[Subject, ...]:
        """Return the lane; of all of them the answer says which."""
        return () if self.sign_off == "all_needed_lanes" else (Subject("lane", self.sign_off),)


class LaneNeeded(Question):
    """A lane is (or, with `needed: false`, is not) needed in the current stage; never unknown."""

    lane: Discipline
    needed: bool = True

    @cached_property
    def about(self) -> tuple[Subject, ...]:
        """Return the lane."""
        return (Subject("lane", self.lane),)


class Reported(Question):
    """The latest answer to a question that the pathway declares under `context`.

    `answer` is true or false for a yes/no question, one of its choices otherwise. `within` says
    which answers count: any of the course, since circumstances hold until somebody says otherwise,
    or, of what must be so now, those of the current stay in the stage and of the visit that it
    began with; a stay that was stepped back to begins with the step. Unknown until it is answered.
    """

    reported: Name
    answer: bool | str = True
    within: Literal["stage", "course"] = "course"

    @cached_property
    def about(self) -> tuple[Subject, ...]:
        """Return the question."""
        return (Subject("question", self.reported),)


class YellowFlagged(Question):
    """At least so many of the pathway's yellow-flag triggers are met.

    Unknown triggers count as not met, and the whole is never unknown: it only ever offers help,
    and never blocks.
    """

    yellow_flags_at_least: int = Field(ge=1, le=LARGEST)


class OfSeverity(Question):
    """The course is now of this severity; never unknown."""

    severity: SeverityName


class Elapsed(Question):
    """So much time has passed since the course began, or since the current stay began."""

    elapsed_since: Literal["course_start", "stage_start"]
    at_least: Duration


_KINDS = {
    "all_of": "all_of",
    "any_of": "any_of",
    "gain": "gained",
    "gain_percent": "gained",
    "worse_by": "worsened",
    "side_ratio": "side_ratio",
    "measure": "compared",
    "no_open": "no_open",
    "sign_off": "sign_off",
    "lane": "lane",
    "reported": "reported",
    "yellow_flags_at_least": "yellow_flagged",
    "severity": "severity",
    "elapsed_since": "elapsed",
}


def _kind(value: Any) -> str | None:
    """Tell a criterion by the key that only it has."""
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return next((f"<{kind}>" for key, kind in _KINDS.items() if key in keys), None)


type Criterion = Annotated[
    Annotated[AllOf, Tag("<all_of>")]
    | Annotated[AnyOf, Tag("<any_of>")]
    | Annotated[Gained, Tag("<gained>")]
    | Annotated[Worsened, Tag("<worsened>")]
    | Annotated[SideRatio, Tag("<side_ratio>")]
    | Annotated[Compared, Tag("<compared>")]
    | Annotated[NoOpen, Tag("<no_open>")]
    | Annotated[SignedOff, Tag("<sign_off>")]
    | Annotated[LaneNeeded, Tag("<lane>")]
    | Annotated[Reported, Tag("<reported>")]
    | Annotated[YellowFlagged, Tag("<yellow_flagged>")]
    | Annotated[OfSeverity, Tag("<severity>")]
    | Annotated[Elapsed, Tag("<elapsed>")],
    Discriminator(
        _kind,
        custom_error_type="criterion",
        custom_error_message=f"asks nothing: needs one of {', '.join(sorted(_KINDS))}",
    ),
]


def walk(criterion: Criterion, place: Place = ()) -> Iterator[tuple[Place, Criterion]]:
    """Yield a criterion and all below it, each with its place such as ("all_of", 1)."""
    yield place, criterion
    if isinstance(criterion, AllOf):
        for number, child in enumerate(criterion.all_of):
            yield from walk(child, (*place, "all_of", number))
    elif isinstance(criterion, AnyOf):
        for number, child in enumerate(criterion.any_of):
            yield from walk(child, (*place, "any_of", number))


def sources_of(criterion: Criterion | None) -> tuple[str, ...]:
    """Return the sources of a criterion and of all below it, each once; none of no criterion."""
    nodes = walk(criterion) if criterion is not None else ()
    return tuple(dict.fromkeys(key for _, node in nodes for key in node.source or ()))


def leaves(criterion: Criterion) -> Iterator[Criterion]:
    """Yield the questions of a tree, without the nodes that only join them."""
    for _, node in walk(criterion):
        if not isinstance(node, AllOf | AnyOf):
            yield node
