"""What a pathway is about: the condition, its codes, signs, severities and look-alikes."""

from typing import Literal, Self

from pydantic import Field, model_validator

from care_plans.content.sourced import (
    Band,
    BandOrUnknown,
    Discipline,
    Frozen,
    Slug,
    Sourced,
    Statement,
    Text,
)
from care_plans.criteria import Criterion


class Code(Sourced):
    """One code of the condition. A code of null is unknown, and is never guessed."""

    system: Literal["icd10", "icd10-ca", "icd10-cm", "snomed"]
    code: str | None
    display: Text | None = None
    side: Literal["left", "right", "unspecified"] | None = None


class SiteVariant(Sourced):
    """One place where the condition may sit; a variant that is not covered has no rules here."""

    id: Slug
    text: Text
    covered: bool


class Site(Sourced):
    """The variants, and which one is meant when nobody says otherwise."""

    default: Slug
    variants: tuple[SiteVariant, ...] = Field(min_length=1)


class Lasting(Band):
    """How long the condition usually lasts in one form or phase, apart from its severity."""

    id: Slug
    text: Text | None = None


class Condition(Sourced):
    """The condition itself. `side_required` makes every course on it name a side.

    `synonyms` are other names that its sources use. `durations` holds what sources say about its
    length without telling severities apart.
    """

    name: Text
    synonyms: tuple[Statement, ...] = ()
    kind: Literal["chronic_overuse", "acute_injury", "degenerative", "nerve", "nonspecific"]
    side_required: bool
    family: Slug | None = None
    codes: tuple[Code, ...] = ()
    site: Site | None = None
    durations: tuple[Lasting, ...] = ()
    definition: tuple[Statement, ...] = ()
    body_structures: tuple[Statement, ...] = ()
    onset: tuple[Statement, ...] = ()
    symptoms: tuple[Statement, ...] = ()
    impact: dict[Slug, Statement] = Field(default_factory=dict)
    populations: tuple[Statement, ...] = ()
    risk_factors: tuple[Statement, ...] = ()

    @property
    def sites(self) -> tuple[SiteVariant, ...]:
        """Return the places where the condition may sit: none where no source tells them apart."""
        return self.site.variants if self.site is not None else ()


class Asked(Sourced):
    """A question whose answer conditions refer to: asked at intake, and again when it changes."""

    text: Text
    type: Literal["yes_no", "choice", "text"]
    choices: tuple[Slug, ...] = ()

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("a choice needs choices, and nothing else has any")
        return self

    def allows(self, answer: bool | str) -> bool:
        """Say whether this is an answer to the question."""
        return isinstance(answer, bool) if self.type == "yes_no" else answer in self.choices


class Severity(Sourced):
    """How bad it is, apart from the stage, and how long recovery then usually takes.

    `suggested_when` says which scores point to it. A person decides; it is never applied.
    Where no source describes a severity, `text` and `duration` are the word unknown.
    """

    text: Text | Literal["unknown"]
    duration: BandOrUnknown
    suggested_when: Criterion | None = None


class Diagnosis(Frozen):
    """What history, examination and imaging look for, and who may conclude it."""

    may_diagnose: tuple[Discipline, ...] = Field(min_length=1)
    scope: Statement
    history: tuple[Statement, ...] = ()
    examination: tuple[Statement, ...] = ()
    imaging: tuple[Statement, ...] = ()
    root_causes: tuple[Statement, ...] = ()


class Differential(Sourced):
    """A look-alike, and what tells it apart. `pathway` names its own pathway, where one exists."""

    id: Slug
    name: Text
    clue: Text
    pathway: Slug | None = None


class Prognosis(Frozen):
    """What speeds recovery, what delays it, and what is known about recurrence."""

    positive: tuple[Statement, ...] = ()
    delaying: tuple[Statement, ...] = ()
    recurrence: tuple[Statement, ...] = ()
    course: tuple[Statement, ...] = ()
