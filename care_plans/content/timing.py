"""When an activity of a stage may begin: after, beside or before others, and in which order."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from care_plans.content.reading import Where
from care_plans.content.sourced import Duration, Slug, Sourced

#: how an activity stands to another one, in the words of FHIR's PlanDefinition
type Relationship = Literal[
    "before-start",
    "before",
    "before-end",
    "concurrent-with-start",
    "concurrent",
    "concurrent-with-end",
    "after-start",
    "after",
    "after-end",
]
type Days = Literal["calendar", "business"]

#: which moment of the other activity is waited for; of the rest, the other one waits for this
WAITS_FOR: Mapping[Relationship, Literal["start", "end"]] = {
    "after-start": "start",
    "concurrent-with-start": "start",
    "concurrent": "start",
    "after-end": "end",
    "after": "end",
    "concurrent-with-end": "end",
}
#: what waits until this activity has ended: the other one's beginning, or its end
HOLDS: Mapping[Relationship, Literal["start", "end"]] = {
    "before-start": "start",
    "before": "start",
    "before-end": "end",
}
MOST_DAYS = 3650


class Related(Sourced):
    """How an activity is timed by another one of its stage, in whichever lane.

    `offset` is how long after the other's moment it may begin at the earliest (before: how long
    before it this one has ended); `latest` until when it is to begin. Both count whole days of the
    clinic: with `days: business` only those that are no weekend and no holiday there. `counts:
    ended` lets the other's being stopped count as well as its completion.
    """

    activity: Slug
    relationship: Relationship
    offset: Duration = Duration(value=0, unit="days")
    latest: Duration | None = None
    days: Days = "calendar"
    counts: Literal["completed", "ended"] = "completed"

    @field_validator("offset", "latest")
    @classmethod
    def _reckonable(cls, value: Duration | None) -> Duration | None:
        if value is not None and value.days > MOST_DAYS:
            raise ValueError(f"is longer than {MOST_DAYS} days")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.days == "business" and any(
            one is not None and one.unit == "months" for one in (self.offset, self.latest)
        ):
            raise ValueError("counts business days in days or weeks, not in months")
        if self.latest is not None and self.relationship in HOLDS:
            raise ValueError("has `latest`, which only what begins after another activity has")
        if self.latest is not None and self.latest.days < self.offset.days:
            raise ValueError("has a `latest` that lies before its `offset`")
        return self


class Timed(Sourced):
    """What an activity may say of when it begins and when it is over.

    `release: in_turn` waits until the activity listed before it in its lane was completed,
    passing over optional ones and those that do not apply; `at_once` waits for nothing but what
    else is written. `start_when` must be known to be met before it begins; when `stop_when` is
    known to be met, it is stopped. Unknown lets a start wait, and lets what has begun go on.
    """

    release: Literal["at_once", "in_turn"] = "at_once"
    related: tuple[Related, ...] = Field(default=())

    def holding(self, activity: Slug) -> Iterator[Related]:
        """Yield the relations in which another activity waits for the end of this one."""
        return (
            one for one in self.related if one.activity == activity and one.relationship in HOLDS
        )


type Moment = tuple[Slug, Literal["start", "end"]]


def timing_flaws(
    lanes: Mapping[str, tuple[tuple[Slug, bool, Timed], ...]], at: Where
) -> Iterator[tuple[Where, str]]:
    """Find relations of a stage's activities that lead nowhere, or in a circle.

    `lanes` holds each lane's activities in order: name, whether it is optional, its timing.
    """
    known = {name for activities in lanes.values() for name, _, _ in activities}
    waits: dict[Moment, list[Moment]] = {(name, "end"): [(name, "start")] for name in known}
    for lane, activities in lanes.items():
        for number, (name, _, timed) in enumerate(activities):
            here = (*at, "lanes", lane, "activities", number)
            for place, one in enumerate(timed.related):
                where = (*here, "related", place, "activity")
                if one.activity == name:
                    yield where, "is the activity itself"
                elif one.activity not in known:
                    yield where, f'"{one.activity}" is no activity of this stage'
                else:
                    waiting, until = _edge(name, one)
                    waits.setdefault(waiting, []).append(until)
            if timed.release == "in_turn":
                before = [other for other, optional, _ in activities[:number] if not optional]
                if not before:
                    yield (*here, "release"), "waits its turn, and nothing in its lane is before it"
                waits.setdefault((name, "start"), []).extend((other, "end") for other in before)
    yield from _circles(waits, at)


def _edge(name: Slug, one: Related) -> tuple[Moment, Moment]:
    if one.relationship in HOLDS:
        return (one.activity, HOLDS[one.relationship]), (name, "end")
    return (name, "start"), (one.activity, WAITS_FOR[one.relationship])


def _circles(waits: Mapping[Moment, list[Moment]], at: Where) -> Iterator[tuple[Where, str]]:
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        names = sorted({name for name, _ in error.args[1]})
        yield (*at, "lanes"), f"wait for one another: {', '.join(names)}"
