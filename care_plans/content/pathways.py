"""A whole pathway: everything the engine needs to know about caring for one condition."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from care_plans.content import citations
from care_plans.content.condition import (
    Asked,
    Condition,
    Diagnosis,
    Differential,
    Prognosis,
    Severity,
)
from care_plans.content.resolving import Exercise, Resolution
from care_plans.content.safety import (
    Advice,
    RedFlag,
    Redirect,
    SafetyTrigger,
    Urgency,
    YellowFlags,
)
from care_plans.content.sourced import (
    STAGES,
    Claim,
    Discipline,
    Duration,
    Frozen,
    Name,
    Record,
    SeverityName,
    Slug,
    Sourced,
    StageName,
    Statement,
    Text,
    Verified,
)
from care_plans.content.stages import Stage
from care_plans.criteria import Criterion, Elapsed, NoOpen, leaves

VERSION = r"^\d+\.\d+\.\d+$"

type Version = Annotated[str, Field(pattern=VERSION)]


def _written_day(value: object) -> object:
    """Refuse what would be read as a moment or a number of seconds: a day is written as such."""
    written = isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)
    if written or value is None or type(value) is date:
        return value
    raise ValueError("is not a day such as 2027-01-31")


type Day = Annotated[date | None, BeforeValidator(_written_day)]


class Reviewer(Frozen):
    """Who reviewed this file: a name (null: not given), the discipline, and what was looked at."""

    name: Text | None
    discipline: Discipline
    scope: Text


class Governance(Frozen):
    """Who stands behind the content. A page's reviewer reviewed that page, never this file.

    `next_review_due` is the last day on which the version counts as reviewed; null is unknown.
    An organization that reviews the version itself gives it a later day (`content_review`).
    """

    authored_by: Text
    author: Text | None = None
    reviewer: Reviewer | None = None
    last_reviewed: Day = None
    page: Statement
    next_review_due: Day
    disclaimer: Statement

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        last, due = self.last_reviewed, self.next_review_due
        if last is not None and due is not None and due <= last:
            raise ValueError(f"next_review_due {due} is not after last_reviewed {last}")
        return self


class Signing(Sourced):
    """The disciplines whose practitioners may sign the version for their organization."""

    disciplines: tuple[Discipline, ...] = Field(min_length=1)


class DoseLevel(Sourced):
    """One level of loading; the list is ordered. `gate` must be met to begin with it."""

    id: Slug
    text: Text
    exercises: tuple[Text, ...] = Field(min_length=1)
    gate: Criterion | None = None


class Rule(Sourced):
    """An if/then rule: `text` for people; `when` for the engine, or null if no fact says it yet.

    The outcome is a recommendation, on which a person decides. Accepting one that names a `lane`
    opens that lane.
    """

    id: Slug
    text: Text
    when: Criterion | None
    then: Text
    lane: Discipline | None = None


class Step(Sourced):
    """One step that a person can take at home, in order."""

    text: Text
    gate: Text | None = None


class Answer(Sourced):
    """One frequent question with its answer; always shown with the disclaimer."""

    id: Slug
    question: Text
    answer: Text


class ReturnTo(Sourced):
    """What may be resumed, and when."""

    id: Slug
    text: Text
    when: Criterion | None = None


class Return(Frozen):
    """With which scores of a measure, for how long, somebody comes back into care."""

    measure: Name
    at_least: Decimal
    lasting: Duration


class Discharge(Sourced):
    """What comes after the last stage, in words and in figures: a check, and when to come back.

    People act on it; the software reminds nobody of a course that has ended.
    """

    text: Text
    check_after: Duration
    return_when: Return


class PathwayDefinition(Frozen):
    """One version of one pathway, complete in itself: shared blocks are already included.

    Nothing in it depends on the order of keys; where order matters there is a list
    (`dose_levels`, `referrals.order`, `self_help`) or a fixed order (`STAGES`). `common` and
    `families` name the versions of the shared files from which blocks were included.
    """

    format: Literal[1]
    pathway: Slug
    version: str = Field(pattern=VERSION)
    title: Text
    language: str = Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    common: str = Field(pattern=VERSION)
    families: dict[Slug, Version] = Field(default_factory=dict)
    sources: dict[Name, Record]
    governance: Governance
    signing: Signing
    condition: Condition
    context: dict[Name, Asked]
    severities: dict[SeverityName, Severity]
    stages: dict[StageName, Stage]
    dose_levels: tuple[DoseLevel, ...]
    exercises: dict[Slug, Exercise] = Field(default_factory=dict)
    red_flags: tuple[RedFlag, ...] = Field(min_length=1)
    redirects: tuple[Redirect, ...] = ()
    see_provider: tuple[Advice, ...] = ()
    yellow_flags: YellowFlags
    safety_triggers: tuple[SafetyTrigger, ...] = ()
    diagnosis: Diagnosis
    differentials: tuple[Differential, ...] = ()
    prognosis: Prognosis
    rules: tuple[Rule, ...] = ()
    treatments: tuple[Statement, ...] = ()
    self_help: tuple[Step, ...] = ()
    return_to_activity: tuple[ReturnTo, ...] = ()
    discharge: Discharge | None = None
    questions: tuple[Answer, ...] = ()
    claims: tuple[Claim, ...] = ()
    notes: tuple[Statement, ...] = ()
    resolutions: tuple[Resolution, ...] = ()

    @cached_property
    def mismatched(self) -> frozenset[str]:
        """Return the keys of the sources that belong to another work, and so support nothing."""
        return citations.mismatched(self.sources)

    def supporting(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the sources that count: all of them but those that belong to another work."""
        asked = tuple(keys)
        known = self._supporting.get(asked)
        if known is None:
            known = tuple([key for key in dict.fromkeys(asked) if key not in self.mismatched])
            self._supporting[asked] = known
        return known

    @cached_property
    def _supporting(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Keep what `supporting` answered: of a pathway the same few lists are asked about."""
        return {}

    def evidence(self, keys: Iterable[str]) -> tuple[citations.Evidence, ...]:
        """Return the citations that may be shown as evidence, each with how well it is known."""
        return citations.evidence(keys, self.sources, self.mismatched)

    def grade(self, keys: Iterable[str], said: Verified | None = None) -> citations.Grade:
        """Return how well what rests on these sources is supported.

        `said` is the `verified` of the statement itself, which may lower it and never raises it.
        """
        keys = tuple(keys)
        return citations.grade(keys, self.evidence(keys), said)

    def stage(self, name: StageName) -> Stage:
        """Return one stage."""
        return self.stages[name]

    def stage_named(self, name: str | None) -> Stage | None:
        """Return the stage of a stored name, if it is one."""
        return next((stage for known, stage in self.stages.items() if known == name), None)

    def stage_after(self, name: StageName) -> StageName | None:
        """Return the stage that follows, or nothing after the last."""
        later = STAGES[STAGES.index(name) + 1 :]
        return later[0] if later else None

    def severity(self, name: SeverityName) -> Severity:
        """Return one severity, with its expected duration."""
        return self.severities[name]

    def screened_flags(self) -> tuple[RedFlag, ...]:
        """Return all that a red-flag screen asks about: the red flags, then the redirects."""
        return (*self.red_flags, *self.redirects)

    def red_flag(self, id: Slug) -> RedFlag:
        """Return one red flag or redirect by its id; raises KeyError when there is none."""
        for flag in self.screened_flags():
            if flag.id == id:
                return flag
        raise KeyError(id)

    @cached_property
    def flag_ids(self) -> frozenset[Slug]:
        """Return the ids of all that a red-flag screen asks about."""
        return frozenset(flag.id for flag in self.screened_flags())

    @cached_property
    def flags_by_urgency(self) -> dict[Urgency, frozenset[Slug]]:
        """Return the ids of the flags of each urgency."""
        flags = self.screened_flags()
        return {
            urgency: frozenset(flag.id for flag in flags if flag.urgency == urgency)
            for urgency in Urgency
        }

    def flags_with(self, urgencies: frozenset[Urgency]) -> frozenset[Slug]:
        """Return the ids of the flags of some urgencies, such as `safety.STOPS_LOADING`."""
        return frozenset[Slug]().union(*(self.flags_by_urgency[one] for one in urgencies))

    @cached_property
    def has_timed_target(self) -> bool:
        """Say whether time alone, without anything recorded, may reach one of the goals."""
        targets = (goal.target for stage in self.stages.values() for goal in stage.goals)
        return any(
            isinstance(leaf, Elapsed | NoOpen)
            for target in targets
            if target is not None
            for leaf in leaves(target)
        )
