"""Where a statement comes from: no fact enters a pathway without saying so."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

EXPERT_CONSENSUS = "expert_consensus"
EXPERT_CONSENSUS_CITE = "Expert consensus of the authors; no source was found. Clinic policy."

type Discipline = Literal[
    "physiotherapy",
    "chiropractic",
    "massage_therapy",
    "kinesiology",
    "nutrition",
    "psychotherapy",
]
type StageName = Literal["acute", "subacute", "maintenance"]
type SeverityName = Literal["mild", "moderate", "severe"]
type Verified = Literal["read", "recall", "unverified"]

DISCIPLINES: tuple[Discipline, ...] = (
    "physiotherapy",
    "chiropractic",
    "massage_therapy",
    "kinesiology",
    "nutrition",
    "psychotherapy",
)
STAGES: tuple[StageName, ...] = ("acute", "subacute", "maintenance")
SEVERITIES: tuple[SeverityName, ...] = ("mild", "moderate", "severe")


def stage_name(stored: str) -> StageName:
    """Return a stored stage as one of the names that there are; raises ValueError for another."""
    for name in STAGES:
        if name == stored:
            return name
    raise ValueError(f"There is no stage {stored}.")


def _as_list(value: Any) -> Any:
    """Let a writer put one thing without the brackets of a list."""
    return [value] if isinstance(value, str) else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank")
    return value


type Text = Annotated[str, AfterValidator(_not_blank)]
type Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
type Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
type SeedRow = Annotated[str, Field(pattern=r"^seed-[a-z0-9-]+$")]
type Keys = Annotated[tuple[Name, ...], BeforeValidator(_as_list), Field(min_length=1)]
type SeedRows = Annotated[tuple[SeedRow, ...], BeforeValidator(_as_list)]


#: no figure goes further, so that each can be reckoned with: far past whatever is meant. It says
#: nothing of what is sensible, which is for the authors and the lint
LARGEST = 1_000_000_000
#: nor does anything take longer, in whole days and in weeks
LONGEST_DAYS = 36_525
LONGEST_WEEKS = LONGEST_DAYS // 7


class Frozen(BaseModel):
    """A part of a definition: it never changes, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __copy__(self) -> Self:
        """Leave behind what was derived of the original: some part of a copy is changed."""
        copied = super().__copy__()
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Record(Frozen):
    """A citation. `verified` says whether its text was read by those who cite it.

    `mismatch` marks a citation whose identifier belongs to another work than its words say: it
    is kept to be seen, and supports nothing. `title`, where it is given, is compared with that of
    the work to which the identifier belongs (`citations.yaml`).
    """

    cite: Text
    title: Text | None = None
    verified: Verified | Literal["mismatch"]
    seed: SeedRows = ()
    doi: str | None = None
    pmid: str | None = None
    note: str | None = None


class Sourced(Frozen):
    """Anything a pathway claims, with its sources (keys of `sources`, or `expert_consensus`).

    `uses` and `cautions` name exercises (keys of the pathway's `exercises`) that it asks for or
    warns against, and `variant` the one site that it is about: nobody has to read that from words.
    """

    source: Keys
    verified: Verified | None = None
    note: str | None = None
    seed: SeedRows = ()
    uses: tuple[Slug, ...] = ()
    cautions: tuple[Slug, ...] = ()
    variant: Slug | None = None

    @property
    def is_consensus(self) -> bool:
        """Say whether any part of this rests on opinion alone, so that a reader can be told."""
        return EXPERT_CONSENSUS in self.source


class Statement(Sourced):
    """One sentence that people read; rules never depend on its words."""

    text: Text


class Claim(Statement):
    """A statement about what works, with how well it is supported."""

    grade: Literal["supported", "unverified", "unsupported"]


DAYS_IN = {"days": Decimal(1), "weeks": Decimal(7), "months": Decimal("365.25") / 12}


def _within_a_century[M: Frozen](part: M, value: Decimal, unit: str) -> M:
    if round(value * DAYS_IN[unit]) > LONGEST_DAYS:
        raise ValueError(f"{value} {unit} is longer than 100 years")
    return part


class Duration(Frozen):
    """A length of time in the unit its source uses.

    `days` is what is computed with. A month counts 365.25 / 12 days, rounded to whole days
    once (3 months are 91 days, 6 are 183, 12 are 365), so that no result depends on the date.
    """

    value: Decimal = Field(ge=0, le=LARGEST)
    unit: Literal["days", "weeks", "months"]

    @model_validator(mode="after")
    def _not_endless(self) -> Self:
        return _within_a_century(self, self.value, self.unit)

    @property
    def days(self) -> int:
        """Return whole days."""
        return round(self.value * DAYS_IN[self.unit])

    @property
    def iso(self) -> str:
        """Return the ISO 8601 form in the source's own unit, such as P6W or P3M."""
        return f"P{self.value}{self.unit[0].upper()}"


class Band(Sourced):
    """How long something is expected to take: from, to, and whether it may take longer."""

    min: Decimal = Field(ge=0, le=LARGEST)
    max: Decimal = Field(gt=0, le=LARGEST)
    unit: Literal["days", "weeks", "months"]
    open_ended: bool = False

    @property
    def shortest(self) -> Duration:
        """Return the lower figure."""
        return Duration(value=self.min, unit=self.unit)

    @property
    def longest(self) -> Duration:
        """Return the upper figure: past it a review is due, also when the band is open-ended."""
        return Duration(value=self.max, unit=self.unit)

    @property
    def iso(self) -> str:
        """Return the machine form, such as P6W/P8W, or P6M/.. when it is open-ended."""
        end = ".." if self.open_ended else self.longest.iso
        return f"{self.shortest.iso}/{end}"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max {self.max} is less than min {self.min}")
        return _within_a_century(self, self.max, self.unit)


def _known_or_not(value: Any) -> str:
    return "<unknown>" if isinstance(value, str) else "<band>"


#: A band, or the word unknown where no source gives one.
type BandOrUnknown = Annotated[
    Annotated[Band, Tag("<band>")] | Annotated[Literal["unknown"], Tag("<unknown>")],
    Discriminator(_known_or_not),
]
