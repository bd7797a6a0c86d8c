"""What a stage asks for: goals, the lanes that work on them, and how one gets in and out."""

from decimal import Decimal
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from care_plans.content.sourced import (
    DISCIPLINES,
    EXPERT_CONSENSUS,
    LONGEST_WEEKS,
    Discipline,
    Duration,
    Name,
    SeverityName,
    Slug,
    Sourced,
    Statement,
    Text,
)
from care_plans.content.timing import Timed
from care_plans.criteria import Criterion, Place, walk


class Goal(Sourced):
    """What a stage is for. `target`, where given, is how reaching it is recognized."""

    id: Slug
    text: Text
    target: Criterion | None = None


class Activity(Timed):
    """One thing a lane does for one goal of its stage.

    `dose_level` names one of the pathway's ordered levels, for exercise. `is_loading` says that
    a hard stop forbids it. `cadence` is words of the source, or unknown. `when` says whether it
    applies at all: it is planned once that is known to be met.
    """

    id: Slug
    text: Text
    goal: Slug
    dose_level: Slug | None = None
    is_loading: bool = False
    optional: bool = False
    cadence: Text | Literal["unknown"] = "unknown"
    when: Criterion | None = None
    start_when: Criterion | None = None
    stop_when: Criterion | None = None
    caution: Text | None = None

    @property
    def conditions(self) -> tuple[tuple[str, Criterion], ...]:
        """Return its conditions by the key that holds each."""
        named = ("when", self.when), ("start_when", self.start_when), ("stop_when", self.stop_when)
        return tuple((name, criterion) for name, criterion in named if criterion is not None)

    @property
    def waits(self) -> bool:
        """Say whether anything of it may hold back its beginning, or end it."""
        return bool(self.release == "in_turn" or self.related or self.start_when or self.stop_when)


class Lane(Sourced):
    """One discipline's part of a stage: needed always, or when `when` is met.

    `lead: true` only suggests a hand-off of the lead to this discipline when the stage starts.
    It has no activities where no source names any: its practitioner adds them.
    """

    needed: Literal["always", "when"]
    when: Criterion | None = None
    lead: bool = False
    reason: Text | None = None
    activities: tuple[Activity, ...] = ()

    @model_validator(mode="after")
    def _condition(self) -> Self:
        if self.needed == "when" and self.when is None:
            raise ValueError("is needed `when`, but says not when")
        if self.needed == "always" and self.when is not None:
            raise ValueError("is needed `always`, and must not say when")
        return self


class ReferralSet(Sourced):
    """The referrals a stage opens for its needed lanes: all at once, listed in `order`.

    `parallel` waits for no earlier one to finish; `sequential` opens the next when the one
    before it has closed.
    """

    timing: Literal["parallel", "sequential"]
    order: tuple[Discipline, ...] = Field(min_length=1)


class CourseWeeks(Sourced):
    """Between which weeks since the course began the stage is expected, for one severity."""

    start: Decimal = Field(ge=0, le=LONGEST_WEEKS)
    end: Decimal = Field(gt=0, le=LONGEST_WEEKS)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        return self

    @property
    def stay(self) -> Duration:
        """Return how long one stay in the stage is expected to last."""
        return Duration(value=self.end - self.start, unit="weeks")


class Review(Sourced):
    """How long into a stay the team should look again if the stage has not ended.

    `besides` is what must be known to be met, adherence say, before the stage counts as stalled.
    """

    after: Duration | Literal["unknown"]
    besides: Criterion | None = None


class Stage(Sourced):
    """One stage. `entry` must be met to come in from an earlier stage, `exit` to go on.

    A regression needs neither. Beside them stands the readiness gate over the needed lanes, which
    is the same for every pathway and is not written here. `screen_valid_for` says for how long
    what a red-flag screen found absent counts (null: while the stay lasts). `expected` has weeks
    for each severity, or the same for any; `weeks` returns them either way. Where no source says
    how `referrals` are opened, `referring` opens all at once, the suggested lead first.
    """

    label: Text
    goals: tuple[Goal, ...] = Field(min_length=1)
    expected: dict[SeverityName | Literal["any"], CourseWeeks]
    review: Review
    lanes: dict[Discipline, Lane] = Field(min_length=1)
    referrals: ReferralSet | None = None
    loading: tuple[Statement, ...] = ()
    measures_at_entry: tuple[Name, ...] = ()
    screen_valid_for: Duration | None = None
    entry: Criterion
    exit: Criterion

    def weeks(self, severity: SeverityName) -> CourseWeeks:
        """Return between which weeks the stage is expected in a course of this severity."""
        return self.expected["any"] if "any" in self.expected else self.expected[severity]

    @cached_property
    def referring(self) -> ReferralSet:
        """Return how referrals are opened."""
        if self.referrals is not None:
            return self.referrals
        named = [name for name in DISCIPLINES if name in self.lanes]
        order = sorted(named, key=lambda name: not self.lanes[name].lead)
        return ReferralSet(timing="parallel", order=tuple(order), source=(EXPERT_CONSENSUS,))

    @cached_property
    def places(self) -> dict[str, int]:
        """Return the place of each discipline in the order in which referrals are opened."""
        return {name: place for place, name in enumerate(self.referring.order, start=1)}

    def ordered_lanes(self) -> tuple[tuple[Discipline, Lane], ...]:
        """Return the lanes in the order in which their referrals are opened."""
        return tuple((name, self.lanes[name]) for name in self.referring.order)

    def activity(self, key: str) -> tuple[Discipline, Activity] | None:
        """Return an activity by its id, with the discipline whose lane has it."""
        for name, lane in self.lanes.items():
            for activity in lane.activities:
                if activity.id == key:
                    return name, activity
        return None

    @cached_property
    def is_timed(self) -> bool:
        """Say whether any activity waits for something, or ends by itself."""
        return any(activity.waits for lane in self.lanes.values() for activity in lane.activities)

    def criteria(self) -> tuple[tuple[Place, Criterion], ...]:
        """Return every criterion of the stage and all below them, each with its place."""
        roots: list[tuple[Place, Criterion]] = [
            (("entry",), self.entry),
            (("exit",), self.exit),
        ]
        for number, goal in enumerate(self.goals):
            if goal.target is not None:
                roots.append((("goals", number, "target"), goal.target))
        for name, lane in self.lanes.items():
            if lane.when is not None:
                roots.append((("lanes", name, "when"), lane.when))
            for number, activity in enumerate(lane.activities):
                at: Place = ("lanes", name, "activities", number)
                roots.extend(((*at, key), asked) for key, asked in activity.conditions)
        return tuple(found for place, root in roots for found in walk(root, place))
