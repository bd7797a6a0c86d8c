"""Publish measures and pathway versions: what is published is never reinterpreted.

Content is written over the connection `owner`. The runtime role may only read it: a leak in the
web process can then neither rewrite a protocol nor slip in a new one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db import connections, transaction

from care_plans.content.files import MeasureFile, PathwayFile, StubFile, content_hash
from care_plans.content.findings import Finding, errors
from care_plans.content.lint import lint_file
from care_plans.content.measures import MeasureDefinition
from care_plans.content.reading import shown
from care_plans.models.content import Measure, MeasureVersion, Pathway, PathwayVersion
from coordination.problems import Problem

OWNER = "owner"
_LOCK = 0x636F6E74  # any number, as long as every loader takes the same

#: What scores already recorded rest on; a measure that differs here is another measure.
_MEANING = ("minimum", "maximum", "step", "better", "side_required")


class PublishedContentChanged(Problem):
    """A file differs from what was published under its name; give the change a new version."""

    type = "published-content-changed"
    title = "Published content must not change"


class ContradictoryContent(Problem):
    """A version to be published contradicts itself, cannot work, or is not for all to read."""

    type = "contradictory-content"
    title = "The pathway contradicts itself"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one file, and what the lint warns of in what was loaded."""

    name: str
    outcome: Literal["loaded", "updated", "unchanged"]
    findings: tuple[Finding, ...] = ()


def publish_measures(files: Sequence[MeasureFile]) -> list[Loaded]:
    """Store measures; either all of them or none.

    A changed measure must carry a higher `version`, and may not change its range, direction or
    side at all. Raises PublishedContentChanged, naming each file and what changed in it.
    """
    with _alone():
        stored = {measure.slug: measure for measure in Measure.objects.using(OWNER)}
        refused = [wrong for f in files if (wrong := _refusal(f, stored.get(f.definition.id)))]
        if refused:
            raise PublishedContentChanged("\n".join(refused))
        return [_store_measure(file, stored.get(file.definition.id)) for file in files]


def publish_pathways(files: Sequence[PathwayFile], *, now: datetime) -> list[Loaded]:
    """Publish versions that are not published yet; either all of them or none.

    Raises PublishedContentChanged, naming file, version and what changed, when a file differs
    from the version published before, and ContradictoryContent with every error that the lint
    finds in a new one. What is published already is not judged again: it can no longer change.
    """
    with _alone():
        versions = PathwayVersion.objects.using(OWNER).select_related("pathway")
        stored = {(v.pathway.slug, v.version): v for v in versions}
        refused = [
            _difference(file, known)
            for file in files
            if (known := stored.get(_key(file))) and known.sha256 != file.sha256
        ]
        if refused:
            raise PublishedContentChanged("\n".join(refused))
        found = _found_in([f for f in files if _key(f) not in stored], now)
        wrong = [error for findings in found.values() for error in errors(findings)]
        if wrong:
            raise ContradictoryContent("\n".join(map(str, wrong)))
        return [_store_version(file, stored, found, now) for file in files]


def _key(file: PathwayFile) -> tuple[str, str]:
    return file.definition.pathway, file.definition.version


def _found_in(
    files: Sequence[PathwayFile], now: datetime
) -> dict[tuple[str, str], tuple[Finding, ...]]:
    """Return what the lint finds in files, going by the measures that are stored."""
    measures = {m.slug: m.definition for m in Measure.objects.using(OWNER)} if files else {}
    books = tuple(map(Path, settings.CONTENT_TRANSLATIONS))
    return {_key(f): tuple(lint_file(f, measures, today=now.date(), books=books)) for f in files}


def publish_stubs(files: Sequence[StubFile]) -> list[Loaded]:
    """Store stubs; either all of them or none. Nothing rests on a stub, so that it may change.

    Raises PublishedContentChanged for one whose name a published pathway has.
    """
    with _alone():
        stored = {row.slug: row for row in Pathway.objects.using(OWNER)}
        published = set(PathwayVersion.objects.using(OWNER).values_list("pathway__slug", flat=True))
        taken = [f for f in files if f.definition.id in published]
        if taken:
            said = (f"{shown(f.file)}: {f.definition.id} is a published pathway" for f in taken)
            raise PublishedContentChanged("\n".join(said))
        return [_store_stub(file, stored.get(file.definition.id)) for file in files]


def _store_stub(file: StubFile, known: Pathway | None) -> Loaded:
    definition = file.definition
    name = f"{definition.id} (stub)"
    if known and (known.title, known.stub) == (definition.name, file.content):
        return Loaded(name, "unchanged")
    Pathway.objects.using(OWNER).update_or_create(
        slug=definition.id, defaults={"title": definition.name, "stub": file.content}
    )
    return Loaded(name, "updated" if known else "loaded")


@contextmanager
def _alone() -> Iterator[None]:
    """Let one loader at a time into its transaction; the others then find its work done."""
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


def _refusal(file: MeasureFile, known: Measure | None) -> str | None:
    if known is None or known.sha256 == content_hash(file.content):
        return None
    where, new, old = shown(file.file), file.definition, known.definition
    broken = [name for name in _MEANING if getattr(new, name) != getattr(old, name)]
    if any(new.subscales.get(name) != limits for name, limits in old.subscales.items()):
        broken.append("subscales")
    if broken:
        return f"{where}: {', '.join(broken)} must not change: write a new measure"
    if wrong := _rescored(new, old):
        return f"{where}: {wrong}"
    if new.version <= known.version:
        changed = ", ".join(changes(known.content, file.content))
        return f"{where}: version {new.version} is stored already; changed: {changed}"
    return None


def _rescored(new: MeasureDefinition, old: MeasureDefinition) -> str | None:
    """Say what is wrong where items make a score in another way than before, under one name."""
    if old.scoring is None or new.scoring is None:
        return None if old.scoring is None else "scoring must not be taken away"
    shape = {"source", "doi", "pmid", "verified", "note"}
    same = new.scoring.model_dump(exclude=shape) == old.scoring.model_dump(exclude=shape)
    if not same and new.scoring.version <= old.scoring.version:
        return "scoring has changed: raise scoring.version"
    return None


def _store_measure(file: MeasureFile, known: Measure | None) -> Loaded:
    definition, digest = file.definition, content_hash(file.content)
    if known is not None and known.sha256 == digest:
        return Loaded(definition.id, "unchanged")
    measure, _ = Measure.objects.using(OWNER).update_or_create(
        slug=definition.id, defaults=_columns(definition) | _stored(file.content, digest)
    )
    MeasureVersion.objects.using(OWNER).create(
        measure=measure, version=definition.version, **_stored(file.content, digest)
    )
    return Loaded(definition.id, "updated" if known else "loaded")


def _columns(definition: MeasureDefinition) -> dict[str, Any]:
    return {
        "version": definition.version,
        "name": definition.name,
        "minimum": definition.minimum,
        "maximum": definition.maximum,
        "step": definition.step,
        "better": definition.better,
        "side_required": definition.side_required,
        "loinc": definition.loinc.code if definition.loinc else "",
    }


def _stored(content: Mapping[str, Any], digest: str) -> dict[str, Any]:
    return {"content": dict(content), "sha256": digest}


def _difference(file: PathwayFile, known: PathwayVersion) -> str:
    changed = ", ".join(changes(known.content, file.content))
    return (
        f"{shown(file.file)}: {known.pathway.slug} {known.version} was published on "
        f"{known.published_at:%Y-%m-%d} and must not change; changed: {changed}"
    )


def _store_version(
    file: PathwayFile,
    stored: Mapping[tuple[str, str], PathwayVersion],
    found: Mapping[tuple[str, str], tuple[Finding, ...]],
    now: datetime,
) -> Loaded:
    definition = file.definition
    name = f"{definition.pathway} {definition.version}"
    if _key(file) in stored:
        return Loaded(name, "unchanged")
    pathway, _ = Pathway.objects.using(OWNER).get_or_create(
        slug=definition.pathway, defaults={"title": definition.title}
    )
    if pathway.is_stub:  # what was a stub has a protocol now
        pathway.title, pathway.stub = definition.title, None
        pathway.save(using=OWNER, update_fields=["title", "stub"])
    PathwayVersion.objects.using(OWNER).create(
        pathway=pathway,
        version=definition.version,
        title=definition.title,
        language=definition.language,
        published_at=now,
        **_stored(file.content, file.sha256),
    )
    return Loaded(name, "loaded", found[_key(file)])


def changes(old: Any, new: Any, path: str = "") -> list[str]:
    """Return the paths at which two contents differ, such as `stages.acute.exit.all_of[0]`."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        missing = object()
        return [
            found
            for key in keys
            for found in changes(
                old.get(key, missing), new.get(key, missing), f"{path}.{key}" if path else key
            )
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [found for n, (a, b) in pairs for found in changes(a, b, f"{path}[{n}]")]
    return [] if old == new else [path]
