"""Find the content that ships with the project and turn its files into definitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from care_plans.content.checks import flaws
from care_plans.content.including import included
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import ContentInvalid, Flaw, Located, Where, parsed, read_yaml
from care_plans.content.safety import Common

APP = Path(__file__).resolve().parents[1]
MEASURES = APP / "measures"
PATHWAYS = APP / "pathways"
COMMON = "common"


@dataclass(frozen=True)
class MeasureFile:
    """One measure as read from its file."""

    file: Path
    content: dict[str, Any]
    definition: MeasureDefinition


@dataclass(frozen=True)
class PathwayFile:
    """One version of a pathway as read from its file, shared blocks included.

    `places` holds the file and line of each of its parts.
    """

    file: Path
    content: dict[str, Any]
    definition: PathwayDefinition
    places: Mapping[Where, tuple[Path, int]] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Return the hash of what the file says (see `content_hash`)."""
        return content_hash(self.content)

    @property
    def located(self) -> Located:
        """Return the content with the places of its parts."""
        return Located(self.file, self.content, self.places)


def content_hash(content: dict[str, Any]) -> str:
    """Return the SHA-256 of content as hex: comments, layout and order of keys do not count."""
    canonical = dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(canonical.encode()).hexdigest()


def read_measures(folder: Path = MEASURES) -> dict[str, MeasureFile]:
    """Read every measure by its id. Raises ContentInvalid with the flaws of all files."""
    found: dict[str, MeasureFile] = {}
    wrong: list[Flaw] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            measure = _read_measure(file)
        except ContentInvalid as error:
            wrong.extend(error.flaws)
        else:
            found[measure.definition.id] = measure
    if wrong:
        raise ContentInvalid(wrong)
    return found


def _read_measure(file: Path) -> MeasureFile:
    located = read_yaml(file)
    definition = parsed(MeasureDefinition, located)
    if definition.id != file.stem:
        raise ContentInvalid([located.flaw(("id",), f'must be the file\'s name, "{file.stem}"')])
    assert isinstance(located.data, dict)
    return MeasureFile(file, located.data, definition)


def read_pathways(
    measures: dict[str, MeasureDefinition], folder: Path = PATHWAYS
) -> list[PathwayFile]:
    """Read every version of every pathway. Raises ContentInvalid with the flaws of all files."""
    found: list[PathwayFile] = []
    wrong: list[Flaw] = []
    for file in sorted(folder.glob("*/*.yaml")):
        if file.parent.name == COMMON:
            continue
        try:
            found.append(read_pathway(file, measures=measures, folder=folder))
        except ContentInvalid as error:
            wrong.extend(error.flaws)
    if wrong:
        raise ContentInvalid(wrong)
    return found


def read_pathway(
    file: Path, *, measures: dict[str, MeasureDefinition], folder: Path = PATHWAYS
) -> PathwayFile:
    """Read one version of a pathway with the shared blocks that it includes.

    Raises ContentInvalid naming everything that is wrong in the file, by line.
    """
    whole = _with_shared(read_yaml(file), folder)
    definition = parsed(PathwayDefinition, whole)
    wrong = flaws(definition, whole, measures)
    for key, expected in (("pathway", file.parent.name), ("version", file.stem)):
        if getattr(definition, key) != expected:
            wrong.append(whole.flaw((key,), f'must be the one in the file\'s path, "{expected}"'))
    if wrong:
        raise ContentInvalid(wrong)
    assert isinstance(whole.data, dict)
    return PathwayFile(file, whole.data, definition, whole.places)


def _with_shared(located: Located, folder: Path) -> Located:
    """Include what the file names of the shared file, its sources among it."""
    assert isinstance(located.data, dict)
    name = located.data.get("common")
    shared_file = folder / COMMON / f"{name}.yaml"
    if not isinstance(name, str) or not shared_file.exists():
        detail = f'there is no shared file "{COMMON}/{name}.yaml"' if name else "is missing"
        raise ContentInvalid([located.flaw(("common",), detail)])
    shared = read_yaml(shared_file)
    parsed(Common, shared)
    whole = included(located, {COMMON: shared})
    assert isinstance(whole.data, dict)
    assert isinstance(shared.data, dict)
    own = whole.data.get("sources") or {}
    if isinstance(own, dict):
        whole.data["sources"] = {**shared.data["sources"], **own}
    return whole
