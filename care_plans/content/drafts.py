"""A draft that comes as plain data: read as a file is, and answered for as input is."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from care_plans.content.checks import wrong_in
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Located
from care_plans.content.salvaging import salvaged
from coordination.problems import FieldError, Invalid

#: parts of a draft, down to each word and number: several times those of the longest shipped
_MOST = 30_000


def read_draft(
    content: Mapping[str, Any],
    *,
    measures: Mapping[str, MeasureDefinition],
    pathways: Collection[str],
    at: str,
) -> PathwayDefinition:
    """Return the pathway that a draft describes, complete with what files take from shared ones.

    `pathways` are the names that it may lead to, `at` is the pointer to the draft in what was
    sent. Raises `Invalid` that names everything that is wrong, by pointer.
    """
    if _is_huge(content):
        raise Invalid.field(at, f"A draft has at most {_MOST:,} parts.")
    located = Located(Path("draft"), dict(content), {})
    kept = salvaged(PathwayDefinition, located)
    wrong = [*kept.flaws]
    if kept.definition is not None:
        wrong += [
            kept.located.flaw(where, detail)
            for where, detail in wrong_in(kept.definition, measures, pathways)
            if not kept.lost.concerns(kept.located.original(where), detail)
        ]
    if kept.definition is None or wrong:
        errors = [FieldError(f"{at}{_pointer(one.path)}", one.detail) for one in sorted(set(wrong))]
        raise Invalid("The draft is not valid.", errors=errors)
    return kept.definition


def _is_huge(content: Any) -> bool:
    """Say whether it has more parts than any pathway; nothing is built of it to find out."""
    waiting, parts = [content], 0
    while waiting and parts <= _MOST:
        part = waiting.pop()
        parts += 1
        if isinstance(part, Mapping):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return parts > _MOST


def _pointer(dotted: str) -> str:
    """Return `/stages/acute/exit/all_of/1` for `stages.acute.exit.all_of[1]`."""
    words = dotted.replace("[", ".").replace("]", "")
    return "".join(f"/{word}" for word in words.split(".") if word)
