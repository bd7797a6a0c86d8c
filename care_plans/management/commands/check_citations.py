"""`manage.py check_citations`: compare each citation with the work that its identifier names."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError

from care_plans.content.citations import Citing, Work, check, register
from care_plans.content.files import MEASURES, PATHWAYS, read_measures, read_pathways
from coordination.problems import Problem

_CSL = "application/vnd.citationstyles.csl+json"


class Command(BaseCommand):
    """Reads files alone; with --resolver it asks a registry, and still changes nothing."""

    help = "Compare every citation with the work that its identifier stands for."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take another folder than the shipped one, and a registry to ask."""
        parser.add_argument("folder", nargs="?", type=Path, default=PATHWAYS)
        parser.add_argument(
            "--resolver", help="such as https://doi.org; asked for each DOI that a file names"
        )

    def handle(self, *args: Any, folder: Path, resolver: str | None, **options: Any) -> None:
        """Print a line for each citation; fail when one that is trusted belongs to another work."""
        wrong = 0
        for where, citing, words, trusted in _citations(folder.resolve()):
            found = check(citing, words)
            if resolver and citing.doi:
                found = _asked(resolver, citing, words) or found
            bad = found.identity == "mismatch" and trusted
            wrong += bad
            told = f": {found.why}" if found.why else ""
            self.stdout.write(f"{found.identity}{' (error)' if bad else ''} {where}{told}")
        if wrong:
            raise CommandError(f"{wrong} citations belong to other works than they describe.")


def _citations(folder: Path) -> Iterator[tuple[str, Citing, str, bool]]:
    """Yield each citation: where it stands, what it is, its words, and whether it is trusted."""
    try:
        measures = read_measures(MEASURES)
        known = {slug: file.definition for slug, file in measures.items()}
        pathways = read_pathways(known, folder)
    except Problem as problem:
        raise CommandError(problem.detail) from problem
    for slug, measure in known.items():
        named = (*measure.change, *measure.severity, *measure.references)
        for one in named:
            if one.source:
                yield f"{slug}: {one.source}", one, one.source, one.verified != "unverified"
    for file in pathways:
        for key, record in sorted(file.definition.sources.items()):
            where = f"{file.definition.pathway} {file.definition.version}: {key}"
            yield where, record, record.cite, record.verified != "mismatch"


def _asked(resolver: str, citing: Citing, words: str) -> Any:
    """Compare with what a registry says of the DOI; nothing where it does not answer."""
    address = f"{resolver.rstrip('/')}/{citing.doi}"
    answer = httpx.get(address, headers={"Accept": _CSL}, timeout=20, follow_redirects=True)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    answer.raise_for_status()
    work = _work(answer.json(), str(citing.doi))
    known = register()
    return check(citing, words, known.model_copy(update={"works": (work, *_others(known, work))}))


def _others(known: Any, work: Work) -> Iterator[Work]:
    """Yield what is known of other works: the registry's word replaces ours of this one."""
    return (other for other in known.works if (other.doi or "").lower() != (work.doi or "").lower())


def _work(csl: dict[str, Any], doi: str) -> Work:
    """Return a work as a registry describes it (CSL-JSON)."""
    issued = csl.get("issued", {}).get("date-parts", [[0]])
    titles = [csl.get("container-title"), csl.get("container-title-short")]
    return Work(
        doi=doi,
        authors=tuple(one["family"] for one in csl.get("author", ()) if one.get("family")),
        year=issued[0][0],
        title=csl.get("title") or None,
        journal=tuple(title for title in titles if title) or ("unknown",),
    )
