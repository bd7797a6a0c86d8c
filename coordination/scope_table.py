"""The scope-of-practice table as it stands in `policy/scope.yaml`: its shape, and its answer.

It is read once, when the server starts. A table that is malformed, leaves out a discipline or
contradicts one of its own examples stops the start.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from ruamel.yaml import YAML

from coordination.models import Discipline

FILE = Path(__file__).parent / "policy" / "scope.yaml"
DEFAULT = "default"

type Who = Literal["practitioner", "discipline", "lead", "lead_or_discipline"]


class Lacking(StrEnum):
    """What somebody lacks to be allowed something."""

    CELL = "cell"  # the table does not let the discipline do it
    KIND = "kind"  # … not to this kind of thing
    NARROWED = "narrowed"  # the organization took it away
    TEAM = "team"  # not in the patient's team
    RELATION = "relation"  # neither the lead nor of the matter's discipline


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Who somebody is to one patient, in one of their roles."""

    discipline: str
    is_lead: bool = False
    in_team: bool = False


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(_Frozen):
    """Where a cell comes from, and whether that was read."""

    cite: str = Field(min_length=1)
    verified: Literal["read", "recall", "unverified"]
    seed: tuple[str, ...] = ()


class Cell(_Frozen):
    """What one discipline may, of which kinds (None: all), and where that comes from."""

    may: bool
    source: str = DEFAULT
    kinds: tuple[str, ...] | None = None
    note: str = ""


class Example(_Frozen):
    """One case with the answer that it must have."""

    discipline: Discipline
    lead: bool = False
    team: bool = False
    among: tuple[Discipline, ...] = ()
    kinds: tuple[str, ...] = ()
    allows: bool


class Entry(_Frozen):
    """One thing that somebody may do to a patient's care."""

    says: str = Field(min_length=1)
    who: Who
    among: str = ""
    team: bool = False
    kinds: tuple[str, ...] = ()
    cells: Mapping[Discipline, Cell] = {}
    others: Cell | None = None
    is_built: bool = True
    examples: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (missing := set(Discipline) - set(self.cells)) and self.others is None:
            raise ValueError(f"says nothing of {', '.join(sorted(missing))}")
        if ("discipline" in self.who) != bool(self.among):
            raise ValueError("`among` says where the disciplines of the matter come from")
        named = {kind for cell in self.each.values() for kind in cell.kinds or ()}
        if unknown := named - set(self.kinds):
            raise ValueError(f"names kinds that it does not list: {', '.join(sorted(unknown))}")
        return self

    @property
    def each(self) -> Mapping[Discipline, Cell]:
        """Return the cell of every discipline."""
        return {one: self.cells.get(one) or self.others or Cell(may=False) for one in Discipline}

    def lacking(
        self,
        position: Position,
        *,
        among: Collection[str] = (),
        kinds: Iterable[str] = (),
        narrowed: Collection[str] = (),
    ) -> Lacking | None:
        """Return what this position lacks, None when it may. Nothing else decides."""
        cell = self.each[Discipline(position.discipline)]
        if not cell.may:
            return Lacking.CELL
        if position.discipline in narrowed:
            return Lacking.NARROWED
        if cell.kinds is not None and not set(kinds) <= set(cell.kinds):
            return Lacking.KIND
        if self.team and not position.in_team:
            return Lacking.TEAM
        of_matter = position.discipline in among
        fits: Mapping[Who, bool] = {
            "practitioner": True,
            "discipline": of_matter,
            "lead": position.is_lead,
            "lead_or_discipline": position.is_lead or of_matter,
        }
        return None if fits[self.who] else Lacking.RELATION


class NotClinical(_Frozen):
    """Why an address that writes asks no discipline."""

    not_clinical: str = Field(min_length=1)


class Table(_Frozen):
    """The whole file."""

    format: Literal[1]
    notice: str
    sources: Mapping[str, Source]
    entries: Mapping[str, Entry]
    actions: Mapping[str, str | NotClinical]

    @field_validator("entries", mode="after")
    @classmethod
    def _examples_hold(cls, entries: Mapping[str, Entry]) -> Mapping[str, Entry]:
        for name, entry in entries.items():
            for example in entry.examples:
                if allows(entry, example) != example.allows:
                    raise ValueError(f"{name} contradicts its example: {example}")
        return entries

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, entry in self.entries.items():
            for cell in entry.each.values():
                if cell.source != DEFAULT and cell.source not in self.sources:
                    raise ValueError(f"{name} cites {cell.source}, which is no source")
        for action, target in self.actions.items():
            if isinstance(target, str) and target not in self.entries:
                raise ValueError(f"{action} asks {target}, which is no entry")
        return self

    def verified(self, cell: Cell) -> str:
        """Return the evidence tag of a cell."""
        return "unverified" if cell.source == DEFAULT else self.sources[cell.source].verified

    def evidence(self, cell: Cell) -> str:
        """Say where a cell comes from, in words for people."""
        if cell.source == DEFAULT:
            return self.notice
        source = self.sources[cell.source]
        return f"{source.cite} ({source.verified})"


def allows(entry: Entry, example: Example) -> bool:
    """Say what the table answers to an example."""
    position = Position(discipline=example.discipline, is_lead=example.lead, in_team=example.team)
    return entry.lacking(position, among=example.among, kinds=example.kinds) is None


def read(file: Path = FILE) -> Table:
    """Return the table; raises pydantic's `ValidationError`, which says what is wrong."""
    return Table.model_validate(YAML(typ="safe", pure=True).load(file))


TABLE = read()
