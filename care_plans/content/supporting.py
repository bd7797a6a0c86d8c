"""What rests on too little: a citation that nobody read, or one that belongs to another work."""

from collections.abc import Iterator

from care_plans.content.checks import parts
from care_plans.content.citations import check, register
from care_plans.content.codes import checks_out
from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition, Rule
from care_plans.content.reading import Where
from care_plans.content.resolving import Resolution
from care_plans.content.sourced import EXPERT_CONSENSUS, Claim, Record

_WEAK = frozenset({"mismatch", "unverified"})
#: what a person remembers is enough to say something, and not to call it supported
_WEAK_FOR_CLAIMS = _WEAK | {"recall"}


def support_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find citations that are not what they say, and what rests on them or on nothing read."""
    yield from _identifiers(pathway)
    yield from _digits(pathway)
    for where, part in parts(pathway):
        if not isinstance(part, Record | Resolution):
            yield from _in_words(where, part)
        for name in ("source", "action_source"):
            keys = getattr(part, name, None)
            if isinstance(keys, tuple):
                yield from _resting(pathway, (*where, name), where, part, keys)


def _identifiers(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find identifiers that belong to another work, where the file does not say so itself."""
    for key, record in pathway.sources.items():
        checked = check(record, record.cite)
        if checked.identity == "mismatch" and record.verified != "mismatch":
            at: Where = ("sources", key)
            detail = f"its identifier belongs to another work: {checked.why}"
            yield Found("mismatched-citation", at, detail, (at,))


def _digits(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find SNOMED codes whose last digit is not the one that the others make: a slip of the pen."""
    for number, code in enumerate(pathway.condition.codes):
        if code.system == "snomed" and code.code and not checks_out(code.code):
            at: Where = ("condition", "codes", number)
            detail = f"{code.code} can be no SNOMED code: its last digit does not fit the others"
            yield Found("wrong-check-digit", at, detail, (at,))


def _in_words(where: Where, part: object) -> Iterator[Found]:
    """Find wrong identifiers in what people read, where no citation carries them.

    A note is left alone: it is where an author explains what is wrong with an identifier.
    """
    for name in ("text", "answer", "action", "then"):
        text = getattr(part, name, None)
        if isinstance(text, str) and (wrong := register().stray(text)):
            yield Found("mismatched-citation", (*where, name), wrong, (where,))


def _resting(
    pathway: PathwayDefinition, at: Where, where: Where, part: object, keys: tuple[str, ...]
) -> Iterator[Found]:
    """Find what is shown as supported, although all it cites is unread or another work.

    A claim says itself how well it is supported, and one that is not may name what was cited for
    it. Anything else counts as supported unless it says `verified: unverified` or names the
    authors' consensus; and nothing else rests on a citation of another work, not even in part.
    """
    claimed = isinstance(part, Claim)
    if claimed and getattr(part, "grade", "") != "supported":
        return
    cited = [key for key in keys if key != EXPERT_CONSENSUS]
    if claimed and not cited:
        detail = "is shown as supported, but rests on the opinion of the authors alone"
        yield Found("unsupported-claim", at, detail, (where,))
        return
    known = _known(pathway, cited)
    weak = _WEAK_FOR_CLAIMS if claimed else _WEAK
    alone = bool(cited) and len(known) == len(cited) and set(known.values()) <= weak
    opinion = len(cited) < len(keys) or getattr(part, "verified", None) == "unverified"
    if alone and (claimed or not opinion):
        worse = claimed or isinstance(part, Rule) or "mismatch" in known.values()
        told = ", ".join(f"{key} ({how})" for key, how in known.items())
        rule = "unsupported-claim" if worse else "weak-citation"
        yield Found(rule, at, f"is shown as supported, but rests on {told} alone", (where,))
    elif wrong := [key for key, how in known.items() if how == "mismatch"]:
        detail = f"rests on {', '.join(wrong)}, which belongs to another work and supports nothing"
        yield Found("mismatch-as-evidence", at, detail, (where,))


def _known(pathway: PathwayDefinition, cited: list[str]) -> dict[str, str]:
    """Return how well each citation is known, as checked and not only as the file says."""
    return {
        key: "mismatch" if key in pathway.mismatched else pathway.sources[key].verified
        for key in cited
        if key in pathway.sources
    }
