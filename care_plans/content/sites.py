"""Places that a condition may sit at: whether anything is said of each of them."""

import re
from collections.abc import Iterator
from itertools import chain

from care_plans.content.checks import parts
from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.words import stems

#: where rules and findings stand, and not what the condition is
_RULES = (
    *("stages", "dose_levels", "red_flags", "redirects", "see_provider", "diagnosis", "rules"),
    *("treatments", "self_help", "return_to_activity", "questions"),
)
_ATTACHED = re.compile(
    r"\b(?:attach|insert|connect)\w* (?:to|at|on|into|near) (?:the )?(\w+) or (?:to |at )?(?:the )?"
    r"(\w+)",
    re.IGNORECASE,
)


def site_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find sites that count as covered, although nothing, or only what is about another, says so.

    What names no site (`variant`) is gone through for the words that tell a site from the others.
    """
    sites = {variant.id for variant in pathway.condition.sites}
    about = sites & {getattr(part, "variant", None) for _, part in parts(pathway)}
    for number, variant in enumerate(pathway.condition.sites):
        if variant.covered and about and variant.id not in about:
            at = ("condition", "site", "variants", number)
            yield Found(
                "site-not-covered",
                at,
                f"the definition covers {variant.id}, but every rule that names a site is about "
                f"{', '.join(sorted(about))}",
                (at,),
            )
    if not about:
        yield from _unspoken(pathway)


def _unspoken(pathway: PathwayDefinition) -> Iterator[Found]:
    spoken = _spoken(pathway)
    site = pathway.condition.site
    told = [stems(f"{one.id} {one.text}") for one in pathway.condition.sites]
    for number, variant in enumerate(pathway.condition.sites):
        others = frozenset(chain.from_iterable(told[:number] + told[number + 1 :]))
        its_own = told[number] - others
        if variant.covered and site and variant.id != site.default and not its_own & spoken:
            at: Where = ("condition", "site", "variants", number)
            detail = f"counts as covered, and no rule says a word of {variant.id}"
            yield Found("site-unspoken", at, detail, (at,))
    for number, one in enumerate(() if site else pathway.condition.definition):
        for found in _ATTACHED.finditer(one.text):
            for place in found.groups():
                if not stems(place) & spoken:
                    at = ("condition", "definition", number)
                    detail = f"includes the {place}, and no rule says a word of it"
                    yield Found("site-unspoken", at, detail, (at,))


def _spoken(pathway: PathwayDefinition) -> frozenset[str]:
    """Return the stems of all words of the parts in which rules and findings stand."""
    found: set[str] = set()
    wanted = (("condition", "symptoms"), *((name,) for name in _RULES))
    for where, part in parts(pathway):
        if any(where[: len(place)] == place for place in wanted):
            words = (getattr(part, name, None) for name in ("text", "action", "answer", "then"))
            for text in words:
                found |= stems(text) if isinstance(text, str) else set()
            found |= stems(" ".join(getattr(part, "exercises", ())))
    return frozenset(found)
