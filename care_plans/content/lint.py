"""Read a pathway as a careful colleague would: what in it contradicts itself, or cannot work.

`checks` says what a file must be to be read at all; this says what it must not say. Every rule
stands in `findings.RULES`, and none knows the words of any condition.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from care_plans.content.checks import parts
from care_plans.content.contradictions import contradiction_findings
from care_plans.content.doses import dose_findings
from care_plans.content.files import COMMON, PATHWAYS, PathwayFile, is_shared, read_pathway
from care_plans.content.findings import RULES, Finding, Found, name_of, steps_to
from care_plans.content.inconsistencies import inconsistency_findings
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reaching import reach_findings
from care_plans.content.reading import ContentInvalid, Located, Where, unknown
from care_plans.content.resolving import Resolution
from care_plans.content.sourced import Sourced
from care_plans.content.supporting import support_findings
from care_plans.content.thresholds import threshold_findings


def lint(
    pathway: PathwayDefinition,
    located: Located,
    measures: Mapping[str, MeasureDefinition],
    *,
    today: date,
) -> list[Finding]:
    """Return all that the rules find in a pathway, in the order of its lines.

    Never raises on a definition that was parsed, whatever it says. What a resolution of the
    pathway answers is a note.
    """
    found = [
        *_names(pathway),
        *reach_findings(pathway, measures),
        *threshold_findings(pathway, measures),
        *contradiction_findings(pathway, today),
        *support_findings(pathway),
        *inconsistency_findings(pathway, today),
        *dose_findings(pathway),
    ]
    findings = [_finding(pathway, located, one) for one in found]
    return sorted(findings, key=lambda finding: (finding.at, finding.rule, finding.about))


def lint_file(
    file: PathwayFile, measures: Mapping[str, MeasureDefinition], *, today: date
) -> list[Finding]:
    """Return all that the rules find in a version that was read from a file."""
    return lint(file.definition, file.located, measures, today=today)


def lint_path(
    path: Path, measures: dict[str, MeasureDefinition], *, today: date
) -> dict[Path, list[Finding]]:
    """Return what is found in one file, or in each of the versions in a folder.

    A file that does not follow the format is reported as such; shared blocks are those beside
    it, or the shipped ones where it has none. Shared files themselves, and stubs, are no pathways
    and are left out. Raises FileNotFoundError for what is not there.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    files = [path] if path.is_file() else sorted(path.glob("*/*.yaml"))
    files = [file for file in files if not is_shared(file)]
    return {file: list(_findings_of(file, measures, today)) for file in files}


def _findings_of(
    file: Path, measures: dict[str, MeasureDefinition], today: date
) -> Iterator[Finding]:
    beside = file.parent.parent
    folder = beside if (beside / COMMON).is_dir() else PATHWAYS
    try:
        read = read_pathway(file, measures=measures, folder=folder)
    except ContentInvalid as error:
        yield from (Finding("content", RULES["content"].level, flaw) for flaw in error.flaws)
    else:
        yield from lint_file(read, measures, today=today)


def _finding(pathway: PathwayDefinition, located: Located, found: Found) -> Finding:
    rule = RULES[found.rule]
    about = tuple(name_of(pathway, where) for where in found.parts)
    at = located.flaw(found.where, found.detail)
    shared = at.file != located.file
    answer = _answer(pathway, found.rule, about) if rule.resolvable else None
    return Finding(
        rule=found.rule,
        level="note" if answer else rule.level,
        at=at,
        about=about,
        rows=_rows(pathway, found.parts),
        resolved=f"{answer.id}: {answer.text}" if answer else "",
        pathway=f"{pathway.pathway} {pathway.version}" if shared else "",
    )


def _answer(pathway: PathwayDefinition, rule: str, about: tuple[str, ...]) -> Resolution | None:
    """Return the resolution that names all the parts of a finding, and not only some of them."""
    for resolution in pathway.resolutions:
        if resolution.rule == rule and about and set(about) <= set(resolution.about):
            return resolution
    return None


def _rows(pathway: PathwayDefinition, at: tuple[Where, ...]) -> tuple[str, ...]:
    """Return the rows of the source's inventory that all parts have in common."""
    rows = [[*getattr(part, "seed", ())] for where in at if (part := _part(pathway, where))]
    rows = [its for its in rows if its]
    return tuple(row for row in rows[0] if all(row in its for its in rows)) if rows else ()


def _part(pathway: PathwayDefinition, where: Where) -> object:
    part: object = pathway
    for _, node in steps_to(pathway, where):
        part = node
    return part


# names


def _names(pathway: PathwayDefinition) -> Iterator[Found]:
    """Exercises and sites that something names are there, and resolutions name what is there."""
    exercises = sorted(pathway.exercises)
    sites = [variant.id for variant in pathway.condition.sites]
    for where, part in parts(pathway):
        if not isinstance(part, Sourced):
            continue
        for key in ("uses", "cautions"):
            for number, name in enumerate(getattr(part, key)):
                if name not in exercises:
                    detail = unknown("exercise", name, exercises)
                    yield Found("unknown-name", (*where, key, number), detail, (where,))
        if part.variant is not None and part.variant not in sites:
            detail = unknown("site", part.variant, sites)
            yield Found("unknown-name", (*where, "variant"), detail, (where,))
    yield from _resolutions(pathway)


def _resolutions(pathway: PathwayDefinition) -> Iterator[Found]:
    if not pathway.resolutions:
        return
    known = {name_of(pathway, where) for where, _ in parts(pathway) if where}
    for number, resolution in enumerate(pathway.resolutions):
        at = ("resolutions", number)
        if resolution.rule not in RULES:
            yield Found(
                "unknown-name", (*at, "rule"), unknown("rule", resolution.rule, list(RULES))
            )
        for index, name in enumerate(resolution.about):
            if name not in known:
                detail = unknown("part", name, sorted(known))
                yield Found("unknown-name", (*at, "about", index), detail, (at,))
