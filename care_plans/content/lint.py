"""Read a pathway as a careful colleague would: what in it contradicts itself, or cannot work.

`checks` says what a file must be to be read at all; this says what it must not say. Every rule
stands in `findings.RULES`, and none knows the words of any condition.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from care_plans.content.acting import acting_findings
from care_plans.content.answering import answer_findings
from care_plans.content.belittling import belittling_findings
from care_plans.content.certainties import certainty_findings
from care_plans.content.checks import parts
from care_plans.content.contradictions import contradiction_findings
from care_plans.content.directions import direction_findings
from care_plans.content.doses import dose_findings
from care_plans.content.exercises import exercise_findings
from care_plans.content.figures import figure_findings
from care_plans.content.files import PathwayFile, examined, shared_for, versions_in
from care_plans.content.findings import ABSENCES, RULES, Finding, Found, name_of, steps_to
from care_plans.content.gravity import gravity_findings
from care_plans.content.inconsistencies import inconsistency_findings
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reaching import reach_findings
from care_plans.content.reading import Flaw, Located, Where, unknown
from care_plans.content.resolving import Resolution
from care_plans.content.salvaging import NOTHING_LOST, Lost
from care_plans.content.sites import site_findings
from care_plans.content.sourced import Sourced
from care_plans.content.staying import staying_findings
from care_plans.content.supporting import support_findings
from care_plans.content.thresholds import threshold_findings
from care_plans.content.translating import missing

type Books = tuple[Path, ...] | None

#: so many texts without French are named one by one; of more, the first stands for all
_FEW = 5


def lint(
    pathway: PathwayDefinition,
    located: Located,
    measures: Mapping[str, MeasureDefinition],
    *,
    today: date,
    lost: Lost = NOTHING_LOST,
    books: Books = None,
) -> list[Finding]:
    """Return all that the rules find in a pathway, in the order of its lines.

    Never raises on a definition that was parsed, whatever it says. What a resolution of the
    pathway answers is a note. Nothing is found that follows from the parts of a wrong file that
    were left out (`lost`). With folders of `books`, beside the shipped one, what patients cannot
    read in French is found as well.
    """
    found = [
        *_names(pathway),
        *reach_findings(pathway, measures),
        *threshold_findings(pathway, measures),
        *direction_findings(pathway, measures),
        *gravity_findings(pathway, measures),
        *certainty_findings(pathway, measures),
        *figure_findings(pathway, measures),
        *staying_findings(pathway, measures),
        *answer_findings(pathway),
        *belittling_findings(pathway),
        *contradiction_findings(pathway, today),
        *acting_findings(pathway),
        *site_findings(pathway),
        *support_findings(pathway),
        *inconsistency_findings(pathway, today),
        *dose_findings(pathway),
        *exercise_findings(pathway),
        *(() if books is None else translation_findings(pathway, books)),
    ]
    findings = [
        _finding(pathway, located, one)
        for one in _without_guesses(found)
        if not _follows(one, located, lost)
    ]
    return sorted(findings, key=_in_order)


def _without_guesses(found: list[Found]) -> list[Found]:
    """Leave out what is guessed where the same is certain, and what an urgency is twice unlike."""
    conflicts = {one.where: one for one in reversed(found) if one.rule == "conflicting-urgency"}
    pairs = {frozenset(one.parts) for one in conflicts.values()}
    places = {part for one in conflicts.values() for part in one.parts}
    certain = {
        "conflicting-urgency": lambda one: conflicts[one.where] is not one,
        "similar-urgency": lambda one: frozenset(one.parts) in pairs,
        "action-unlike-urgency": lambda one: places.issuperset(one.parts),
    }
    return [one for one in found if one.rule not in certain or not certain[one.rule](one)]


def lint_file(
    file: PathwayFile,
    measures: Mapping[str, MeasureDefinition],
    *,
    today: date,
    books: Books = None,
) -> list[Finding]:
    """Return all that the rules find in a version that was read from a file."""
    return lint(file.definition, file.located, measures, today=today, books=books)


def lint_path(
    path: Path, measures: dict[str, MeasureDefinition], *, today: date, books: Books = None
) -> dict[Path, list[Finding]]:
    """Return what is found in one file, or in each of the versions in a folder.

    What of a file does not follow the format is reported as such, beside what is found in the
    rest; shared blocks are those beside it, or the shipped ones where it has none. Raises
    NothingToRead where there is no version of a pathway.
    """
    return {
        file: sorted(_findings_of(file, measures, today, books), key=_in_order)
        for file in versions_in(path)
    }


def _in_order(finding: Finding) -> tuple[Flaw, str, tuple[str, ...]]:
    return finding.at, finding.rule, finding.about


def _findings_of(
    file: Path, measures: dict[str, MeasureDefinition], today: date, books: Books
) -> Iterator[Finding]:
    known = examined(file, measures=measures, folder=shared_for(file))
    yield from (Finding("content", RULES["content"].level, flaw) for flaw in known.flaws)
    kept = known.kept
    if kept is not None and kept.definition is not None:
        known_as = kept.definition, kept.located, measures
        yield from lint(*known_as, today=today, lost=kept.lost, books=books)


def _follows(found: Found, located: Located, lost: Lost) -> bool:
    """Say whether something is only found because a part of the file was left out."""
    if found.rule in ABSENCES and lost.below(*ABSENCES[found.rule]):
        return True
    places = (found.where, *found.parts)
    return any(lost.concerns(located.original(at), found.detail) for at in places)


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


# French


def translation_findings(pathway: PathwayDefinition, books: tuple[Path, ...]) -> Iterator[Found]:
    """Find what patients read of a pathway and cannot read in French."""
    lacking = missing(pathway, books)
    if len(lacking) > _FEW:
        (where, text), *_ = lacking
        detail = (
            f'{len(lacking)} texts that patients read have no French, the first of them: "{text}"'
        )
        yield Found("missing-french", where, detail, (where[:-1],))
        return
    for where, text in lacking:
        yield Found("missing-french", where, f'patients cannot read in French: "{text}"', (where,))


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
