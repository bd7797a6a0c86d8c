"""What pathways share: the groups that a shared file may hold, each included by name."""

from typing import Literal

from pydantic import Field

from care_plans.content.condition import Asked, Diagnosis, Differential, Lasting, Severity
from care_plans.content.pathways import DoseLevel, Governance, Rule, Signing
from care_plans.content.safety import RedFlag, SafetyTrigger, YellowFlag, YellowFlags
from care_plans.content.sourced import (
    Discipline,
    Frozen,
    Name,
    Record,
    SeverityName,
    Sourced,
    Statement,
    Text,
)
from care_plans.content.stages import Activity, CourseWeeks, Goal, Lane, Review
from care_plans.criteria import Criterion


class StageParts(Frozen):
    """What a stage has in common with the same stage of other pathways, all or one family."""

    label: Text | None = None
    note: Text | None = None
    review: Review | None = None
    entry: Criterion | None = None


class Governed(Frozen):
    """Who stands behind a pathway that no source page describes, and who may sign it."""

    governance: Governance
    signing: Signing


class Routing(Sourced):
    """Where yellow flags lead, and how many of them it takes."""

    lane: Discipline
    offer_at: int = Field(ge=1)
    recommend_at: int = Field(ge=1)


class Psychosocial(Frozen):
    """The yellow flags and safety triggers of a pathway that has none of its own."""

    yellow_flags: YellowFlags
    safety_triggers: tuple[SafetyTrigger, ...]


class Shared(Frozen):
    """One version of shared blocks: of all pathways (`common/`), or of one family of them.

    Like a pathway it never changes once published; a new file carries a change. Lists are
    included in lists (`- include: common.red_flags.dvt`), mappings in mappings
    (`include: [common.context.sport]`).
    """

    format: Literal[1]
    version: Text
    sources: dict[Name, Record]
    red_flags: tuple[RedFlag, ...] = ()
    yellow_flags: tuple[YellowFlag, ...] = ()
    safety_triggers: tuple[SafetyTrigger, ...] = ()
    rules: tuple[Rule, ...] = ()
    goals: tuple[Goal, ...] = ()
    activities: tuple[Activity, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    dose_levels: tuple[DoseLevel, ...] = ()
    differentials: tuple[Differential, ...] = ()
    durations: tuple[Lasting, ...] = ()
    treatments: tuple[Statement, ...] = ()
    context: dict[Name, Asked] = Field(default_factory=dict)
    severities: dict[SeverityName, Severity] = Field(default_factory=dict)
    lanes: dict[Discipline, Lane] = Field(default_factory=dict)
    leads: dict[Discipline, Lane] = Field(default_factory=dict)
    on_yellow_flag: dict[Discipline, Lane] = Field(default_factory=dict)
    on_metabolic_risk: dict[Discipline, Lane] = Field(default_factory=dict)
    as_needed: dict[Discipline, Lane] = Field(default_factory=dict)
    acute_weeks: dict[Literal["any"], CourseWeeks] = Field(default_factory=dict)
    acute_stage: StageParts | None = None
    subacute_stage: StageParts | None = None
    maintenance_stage: StageParts | None = None
    psychosocial: Psychosocial | None = None
    routing: Routing | None = None
    governed: Governed | None = None
    diagnosis: Diagnosis | None = None
