"""Find the content that ships with the project and turn its files into definitions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from care_plans.content.checks import stub_flaws, wrong_in
from care_plans.content.citations import register
from care_plans.content.including import included
from care_plans.content.measures import MeasureDefinition
from care_plans.content.measuring import measure_flaws
from care_plans.content.pathways import VERSION, PathwayDefinition
from care_plans.content.reading import (
    ContentInvalid,
    Flaw,
    Located,
    Where,
    parsed,
    read_yaml,
)
from care_plans.content.reuse import NOTHING, Reuse, reuse_of
from care_plans.content.salvaging import NOTHING_LOST, Lost, Salvaged, salvaged
from care_plans.content.shared import Shared
from care_plans.content.stubs import Stub, Stubs, stored_stub
from coordination.problems import Problem

APP = Path(__file__).resolve().parents[1]
MEASURES = APP / "measures"
PATHWAYS = APP / "pathways"
COMMON = "common"
FAMILIES = "families"
STUBS = "stubs.yaml"


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
    reuse: Reuse = NOTHING

    @property
    def sha256(self) -> str:
        """Return the hash of what the file says (see `content_hash`)."""
        return content_hash(self.content)

    @property
    def located(self) -> Located:
        """Return the content with the places of its parts."""
        return Located(self.file, self.content, self.places)


@dataclass(frozen=True)
class StubFile:
    """One stub as read from the file of stubs, complete in itself with its sources."""

    file: Path
    content: dict[str, Any]
    definition: Stub
    reuse: Reuse = NOTHING


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
    if wrong := [located.flaw(where, detail) for where, detail in measure_flaws(definition)]:
        raise ContentInvalid(wrong)
    assert isinstance(located.data, dict)
    return MeasureFile(file, located.data, definition)


def read_pathways(
    measures: dict[str, MeasureDefinition], place: Path = PATHWAYS
) -> list[PathwayFile]:
    """Read every version in a place (see `versions_in`).

    Raises ContentInvalid with the flaws of all files, and NothingToRead where there is none.
    """
    known = [
        examined(file, measures=measures, folder=shared_for(file)) for file in versions_in(place)
    ]
    if wrong := [flaw for one in known for flaw in one.flaws]:
        raise ContentInvalid(wrong)
    return [one.whole() for one in known]


def newest(files: Sequence[PathwayFile]) -> list[PathwayFile]:
    """Return the highest version of each pathway, by number, in the order of their names."""
    found: dict[str, PathwayFile] = {}
    for file in sorted(
        files, key=lambda f: [int(part) for part in f.definition.version.split(".")]
    ):
        found[file.definition.pathway] = file
    return [found[name] for name in sorted(found)]


def read_pathway(
    file: Path, *, measures: dict[str, MeasureDefinition], folder: Path = PATHWAYS
) -> PathwayFile:
    """Read one version of a pathway with the shared blocks that it includes.

    Raises ContentInvalid naming everything that is wrong in the file, by line.
    """
    return examined(file, measures=measures, folder=folder).whole()


@dataclass(frozen=True)
class Examined:
    """All flaws of one version's file, and what of it can be read in spite of them."""

    file: Path
    flaws: tuple[Flaw, ...]
    kept: Salvaged[PathwayDefinition] | None = None

    def whole(self) -> PathwayFile:
        """Return the version. Raises ContentInvalid where any of it is wrong."""
        if self.flaws or self.kept is None or self.kept.definition is None:
            raise ContentInvalid(self.flaws)
        located = self.kept.located
        assert isinstance(located.data, dict)
        return PathwayFile(
            self.file, located.data, self.kept.definition, located.places, reuse_of(located)
        )


def examined(file: Path, *, measures: dict[str, MeasureDefinition], folder: Path) -> Examined:
    """Read one version as far as it can be read, and say what is wrong with the rest."""
    try:
        joined = with_shared(read_yaml(file), folder)
    except ContentInvalid as error:
        return Examined(file, error.flaws)
    kept = salvaged(PathwayDefinition, joined.located, joined.lacking)
    wrong = [*joined.flaws, *kept.flaws, *_strays(joined.located)]
    if kept.definition is not None:
        names = pathway_names(folder) | stub_names(folder)
        found = [
            (where, detail)
            for where, detail in (
                *wrong_in(kept.definition, measures, names),
                *_misplaced(kept.definition, file),
            )
            if not kept.lost.concerns(kept.located.original(where), detail)
        ]
        wrong += [kept.located.flaw(where, detail) for where, detail in found]
        lost = kept.lost.and_wrong(kept.located.original(where) for where, _ in found)
        kept = replace(kept, lost=lost)
    return Examined(file, tuple(sorted(set(wrong))), kept)


def _strays(located: Located) -> Iterator[Flaw]:
    """Name identifiers known to be wrong that stand where the key of a source belongs."""
    waiting: list[tuple[Where, Any]] = [((), located.data)]
    while waiting:
        where, node = waiting.pop()
        if isinstance(node, dict):
            waiting += [((*where, key), child) for key, child in node.items()]
        elif isinstance(node, list):
            waiting += [((*where, number), child) for number, child in enumerate(node)]
        named = isinstance(node, str) and {"source", "action_source"} & set(where[-2:])
        if named and (wrong := register().stray(str(node))):
            yield located.flaw(where, wrong)


def _misplaced(definition: PathwayDefinition, file: Path) -> Iterator[tuple[Where, str]]:
    """Compare names with the path, of a file that lies where a pathway's versions lie."""
    if not re.fullmatch(VERSION, file.stem):
        return
    for key, expected in (("pathway", file.parent.name), ("version", file.stem)):
        if getattr(definition, key) != expected:
            yield (key,), f'must be the one in the file\'s path, "{expected}"'


def read_stubs(measures: dict[str, MeasureDefinition], folder: Path = PATHWAYS) -> list[StubFile]:
    """Read the stubs of a folder, which may have none. Raises ContentInvalid with their flaws."""
    file = folder / STUBS
    if not file.exists():
        return []
    joined = with_shared(read_yaml(file), folder)
    if joined.flaws:
        raise ContentInvalid(joined.flaws)
    whole = joined.located
    definition = parsed(Stubs, whole)
    if wrong := stub_flaws(definition, whole, measures, pathway_names(folder)):
        raise ContentInvalid(wrong)
    data: Any = whole.data
    return [
        StubFile(
            file,
            stored_stub(data["stubs"][number], data["sources"]),
            stub,
            reuse_of(whole, ("stubs", number)),
        )
        for number, stub in enumerate(definition.stubs)
    ]


class NothingToRead(Problem):
    """There is no version of a pathway in a place."""

    type = "nothing-to-read"
    title = "There is nothing to read"
    status = 400


def versions_in(path: Path) -> list[Path]:
    """Return the versions of pathways in a place, in order of their names.

    The place is one file, the folder of one pathway, or a folder of such folders. Shared files and
    stubs are no versions. Raises NothingToRead where there is none.
    """
    if not path.exists():
        raise NothingToRead(f"There is no file or folder {path}.")
    files = [path] if path.is_file() else sorted({*path.glob("*.yaml"), *path.glob("*/*.yaml")})
    files = [file for file in files if not is_shared(file)]
    if not files:
        raise NothingToRead(
            f"There is no version of a pathway in {path}: name a file, the folder of a pathway "
            "(in which files such as 1.0.0.yaml lie), or a folder of such folders."
        )
    return files


def shared_for(file: Path) -> Path:
    """Return the folder whose shared files a version includes: the shipped one if none is near."""
    near = (folder for folder in file.parents[:2] if (folder / COMMON).is_dir())
    return next(near, PATHWAYS)


def is_shared(file: Path) -> bool:
    """Say whether a file holds blocks for others, or stubs, and no version of a pathway."""
    above = [folder.name for folder in file.parents[:2]]
    return file.name == STUBS or above[:1] == [COMMON] or above[1:] == [FAMILIES]


def pathway_names(folder: Path) -> frozenset[str]:
    """Return the names of the pathways of a folder, and of those that are shipped."""
    files = [*folder.glob("*/*.yaml"), *PATHWAYS.glob("*/*.yaml")]
    return frozenset(file.parent.name for file in files) - {COMMON}


def stub_names(folder: Path) -> frozenset[str]:
    """Return the names of the stubs of a folder, and of those that are shipped."""
    found: set[str] = set()
    for file in {folder / STUBS, PATHWAYS / STUBS}:
        data = _read_once(file, file.stat().st_mtime_ns).data if file.exists() else None
        stubs = data.get("stubs") if isinstance(data, dict) else None
        rows = stubs if isinstance(stubs, list) else []
        found |= {str(row.get("id")) for row in rows if isinstance(row, dict)}
    return frozenset(found)


@dataclass(frozen=True)
class Joined:
    """A file with all that it includes; `lacking` is what could not be included."""

    located: Located
    flaws: tuple[Flaw, ...] = ()
    lacking: Lost = NOTHING_LOST


def with_shared(located: Located, folder: Path) -> Joined:
    """Include what a file names of the shared files, their sources among it.

    Names what is wrong with a shared file, and what is named and not in it.
    """
    assert isinstance(located.data, dict)
    wrong: list[Flaw] = []
    blocks: dict[str, Located] = {}
    for name, where, folder_of, version in _named(located, folder, wrong):
        try:
            blocks[name] = _shared(located, where, folder_of, version)
        except ContentInvalid as error:
            wrong.extend(error.flaws)
    whole, gaps = included(located, blocks)
    holes = gaps.holes | ({("sources",)} if wrong else set())
    # what a file that cannot be read would have held is missing for that reason alone
    wrong.extend(flaw for name, flaw in gaps.flaws if not wrong or name in blocks)
    assert isinstance(whole.data, dict)
    own = whole.data.get("sources") or {}
    if isinstance(own, dict):
        whole.data["sources"] = {
            key: record for block in blocks.values() for key, record in _sources(block).items()
        } | own
    return Joined(whole, tuple(wrong), Lost(holes=frozenset(holes)))


def _named(
    located: Located, folder: Path, wrong: list[Flaw]
) -> Iterator[tuple[str, Where, Path, Any]]:
    """Yield what a file names of shared files: the name, where, in which folder, the version."""
    assert isinstance(located.data, dict)
    yield COMMON, ("common",), folder / COMMON, located.data.get("common")
    families = located.data.get("families") or {}
    if not isinstance(families, dict):
        wrong.append(located.flaw(("families",), "is not a mapping of names to versions"))
        return
    for name, version in families.items():
        if name == COMMON:
            wrong.append(located.flaw(("families", name), "is no name for a family"))
        else:
            yield name, ("families", name), folder / FAMILIES / name, version


def _shared(located: Located, where: Where, folder: Path, version: Any) -> Located:
    """Read one version of a shared file that another file names."""
    file = folder / f"{version}.yaml"
    if not isinstance(version, str) or not file.exists():
        missing = f'there is no shared file "{file.relative_to(_root(folder))}"'
        raise ContentInvalid([located.flaw(where, missing if version else "is missing")])
    shared = _read_once(file, file.stat().st_mtime_ns)
    parsed(Shared, shared)
    return shared


def _root(folder: Path) -> Path:
    """Return the folder of the pathways, in which `common` or `families/<name>` stands."""
    return folder.parent if folder.name == COMMON else folder.parent.parent


@lru_cache(maxsize=32)
def _read_once(file: Path, changed_ns: int) -> Located:
    """Read a file once, however many files name it; again after it has changed."""
    return read_yaml(file)


def _sources(shared: Located) -> dict[str, Any]:
    assert isinstance(shared.data, dict)
    sources: dict[str, Any] = shared.data["sources"]
    return sources
