"""Whether a citation is what its identifier says, and how well what rests on it is supported.

`citations.yaml` has the works whose identifiers are known. A citation whose identifier belongs to
another work than its words say supports nothing, and is shown to nobody as evidence, whatever
the file that cites it says of itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Field, model_validator

from care_plans.content.reading import parsed, read_yaml
from care_plans.content.sourced import EXPERT_CONSENSUS, Discipline, Frozen, Record, Text, Verified

FILE = Path(__file__).resolve().parents[1] / "citations.yaml"

#: from the best to none; `consensus` is opinion alone, `unsupported` is nothing that counts
type Grade = Literal["read", "recall", "unverified", "consensus", "unsupported"]
type Identity = Literal["agrees", "mismatch", "unchecked", "none"]

GRADES: tuple[Grade, ...] = ("read", "recall", "unverified", "consensus", "unsupported")
_READ: tuple[Verified, ...] = ("read", "recall", "unverified")
#: a parenthesis that it opens and closes is its own, another one ends it
_DOI = re.compile(r"\b10\.\d{4,9}/(?:[^\s\"'<>()\]]|\([^\s\"'<>()\]]*\))+")
_YEAR = re.compile(r"(?<![\d:;/.-])(?:19|20)\d\d(?![\d/.])")


class Work(Frozen):
    """One work, by what is known of it; what is unknown is compared with nothing."""

    doi: str | None = None
    pmid: str | None = None
    authors: tuple[Text, ...]
    year: int
    title: Text | None = None
    journal: tuple[Text, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _identified(self) -> "Work":
        if self.doi is None and self.pmid is None:
            raise ValueError("has neither a doi nor a pmid")
        return self


class Stray(Frozen):
    """An identifier that is cited for a work which has another one, `meant`."""

    doi: Text
    meant: Text


class Page(Frozen):
    """A page that was reviewed as such. Null is unknown; a month is written as 2025-09."""

    cite: Text
    reviewer: Text | None
    discipline: Discipline | None
    scope: Text
    last_updated: str | None = Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")
    next_review_due: str | None = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class Register(Frozen):
    """All works whose identifiers are known, and the pages whose reviewers are."""

    works: tuple[Work, ...]
    strays: tuple[Stray, ...] = ()
    journals: tuple[tuple[Text, ...], ...] = ()
    pages: tuple[Page, ...] = ()

    def page(self, cite: str) -> Page | None:
        """Return who reviewed the page that a citation names, where that is known."""
        return next((page for page in self.pages if page.cite == cite), None)

    def stray(self, text: str) -> str:
        """Say what is wrong with a known wrong identifier that a text names, or nothing."""
        for one in self.strays:
            if re.search(rf"(?<![\w.]){re.escape(one.doi)}(?![\w/-])", text, re.IGNORECASE):
                [work] = [work for work in self.works if work.doi == one.meant]
                return f"{one.doi} is cited for another work by mistake; meant is {_named(work)}"
        return ""

    @model_validator(mode="after")
    def _strays_lead_somewhere(self) -> "Register":
        lost = {one.meant for one in self.strays} - {work.doi for work in self.works}
        if lost:
            raise ValueError(f"strays name works that are not listed: {', '.join(sorted(lost))}")
        return self


class Citing(Protocol):
    """Whatever names a work in words, with its identifier."""

    @property
    def doi(self) -> str | None:
        """Return the DOI that it names."""

    @property
    def pmid(self) -> str | None:
        """Return the PubMed number that it names."""


@dataclass(frozen=True, slots=True)
class _Cited:
    """A work whose DOI stands in its words alone."""

    doi: str | None
    title: str | None = None
    pmid: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of comparing a citation's words with its identifier, and why."""

    identity: Identity
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One citation as it may be shown: never one whose identifier belongs to another work."""

    key: str
    cite: str
    doi: str | None
    pmid: str | None
    verified: Verified


@cache
def register(file: Path = FILE) -> Register:
    """Return the works whose identifiers are known. Raises ContentInvalid for a wrong file."""
    return parsed(Register, read_yaml(file))


def check(citing: Citing, words: str, known: Register | None = None) -> Checked:
    """Compare what a citation says of a work with what its identifier stands for.

    `agrees` where nothing that is known differs; `unchecked` where the identifier is not known.
    An unknown identifier on a work whose authors and year are known by another one is a mismatch,
    and so is one that is known to be cited by mistake, whatever the words say. A DOI that only the
    words name is compared as well.
    """
    known = known or register()
    if wrong := known.stray(f"{citing.doi or ''} {words}"):
        return Checked("mismatch", wrong)
    told = _DOI.search(words) if citing.doi is None and citing.pmid is None else None
    if told is not None:
        citing = _Cited(doi=told[0].rstrip(".,;"), title=getattr(citing, "title", None))
    if citing.doi is None and citing.pmid is None:
        return Checked("none")
    named = [work for work in known.works if _same_identifier(citing, work)]
    if not named:
        return _by_its_words(citing, words, known)
    if len(named) > 1:
        return Checked("mismatch", "its DOI and its PubMed number stand for two works")
    [work] = named
    differs = list(_differences(citing, words, work, known))
    if differs:
        return Checked("mismatch", f"{_named(work)}: {'; '.join(differs)}")
    return Checked("agrees")


def _same_identifier(citing: Citing, work: Work) -> bool:
    same_doi = work.doi is not None and work.doi.lower() == (citing.doi or "").lower()
    return same_doi or (work.pmid is not None and work.pmid == citing.pmid)


def _by_its_words(citing: Citing, words: str, known: Register) -> Checked:
    for work in known.works:
        whole = len(work.authors) > 1 and all(_says(words, name) for name in work.authors)
        if whole and str(work.year) in words:
            mine = citing.doi or citing.pmid
            return Checked(
                "mismatch", f"{mine} is not that of the work it describes, {_named(work)}"
            )
    return Checked("unchecked")


def _differences(citing: Citing, words: str, work: Work, known: Register) -> Iterator[str]:
    if work.authors and not _says(words, work.authors[0]):
        yield f"the citation does not name {work.authors[0]}"
    years = set(_YEAR.findall(words))
    if years and str(work.year) not in years:
        yield f"the citation says {', '.join(sorted(years))}, and it is of {work.year}"
    title = getattr(citing, "title", None)
    if title and work.title and _plain(title) != _plain(work.title):
        yield f'the citation calls it "{title}", and it is "{work.title}"'
    journals = {*known.journals, *(other.journal for other in known.works)}
    if not any(_says(words, name) for name in work.journal):
        other = next((j for j in sorted(journals) if any(_is_in(words, name) for name in j)), None)
        if other is not None:
            yield f"the citation says {other[0]}, and it is in {work.journal[0]}"


def _named(work: Work) -> str:
    who = ", ".join(work.authors) or "a work"
    title = f' "{work.title}",' if work.title else ""
    at = f"doi {work.doi}" if work.doi else f"PubMed {work.pmid}"
    return f"{who} {work.year},{title} {work.journal[0]}, {at}"


def _says(words: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE) is not None


def _is_in(words: str, journal: str) -> bool:
    """Say whether a citation names a journal; one called Pain is not named by "Neck Pain"."""
    return (
        re.search(rf"(?:^|[.,:;(\d]\s*){re.escape(journal)}(?=\s*(?:\d|[,;:.)]|$))", words)
        is not None
    )


def _plain(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))


def mismatched(sources: Mapping[str, Record]) -> frozenset[str]:
    """Return the keys of the citations whose identifier belongs to another work."""
    return frozenset(
        key
        for key, record in sources.items()
        if record.verified == "mismatch" or check(record, record.cite).identity == "mismatch"
    )


def evidence(
    keys: Iterable[str], sources: Mapping[str, Record], wrong: frozenset[str]
) -> tuple[Evidence, ...]:
    """Return what may be shown of some sources, in their order; `wrong` are those of `mismatched`.

    Consensus is no citation and is left out: `grade` and the keys themselves say it.
    """
    return tuple(
        Evidence(key, one.cite, one.doi, one.pmid, one.verified)
        for key in dict.fromkeys(keys)
        if (one := sources.get(key)) is not None and key not in wrong and one.verified != "mismatch"
    )


def grade(keys: Iterable[str], shown: tuple[Evidence, ...], said: Verified | None = None) -> Grade:
    """Return how well what rests on these sources is supported: as well as by the best of them.

    `said` is what a statement says of itself: it may be known less well than the work it cites.
    """
    known = {one.verified for one in shown}
    for best in _READ:
        if best in known:
            return best if said is None else max(best, said, key=_READ.index)
    return "consensus" if EXPERT_CONSENSUS in keys else "unsupported"
