"""Questions that are to be answered yes or no, held against the words of what they guard."""

import re
from collections.abc import Iterator

from care_plans.content.checks import parts
from care_plans.content.findings import Found, steps_to
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.words import stems
from care_plans.criteria import Reported

_NO = re.compile(r"\b(?:no|none|nobody|not|never|without|nor)\b([^.;]*)", re.IGNORECASE)
_NEVER = re.compile(r"\b(?:never|not) (?:with|in|for|when|if)\b([^.;]*)", re.IGNORECASE)
#: what decides for a person instead of guarding them asks for either answer
_DECIDING = frozenset({"rules", "yellow_flags", "severities", "safety_triggers"})


def answer_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find a no that is asked for by words that say yes, and a yes by words that say never."""
    for where, node in parts(pathway):
        if not isinstance(node, Reported) or where[0] in _DECIDING:
            continue
        at, words = _owner(pathway, where)
        asked = stems(node.reported.replace("_", " "))
        denied = any(asked & stems(said[1]) for said in _NO.finditer(words))
        if node.answer is False and not denied:
            detail = (
                f'asks for a no to {node.reported}, and its words deny no such thing: "{words}"'
            )
            yield Found("text-and-answer", (*where, "answer"), detail, (at,))
        for never in _NEVER.finditer(words):
            if node.answer is True and asked <= stems(never[1]):
                detail = f'asks for a yes to {node.reported}, and its words say "{never[0]}"'
                yield Found("text-and-answer", where, detail, (at,))


def _owner(pathway: PathwayDefinition, where: Where) -> tuple[Where, str]:
    """Return the nearest part around a question that says anything in words, and these."""
    found: tuple[Where, str] = ((), "")
    for depth, (_, node) in enumerate(steps_to(pathway, where), start=1):
        told = [getattr(node, name, None) for name in ("text", "caution")]
        if words := ". ".join(one for one in told if isinstance(one, str)):
            found = where[:depth], words
    return found
