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
_DEEPEST = 50


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
    parts, depth = _extent(content)
    if parts > _MOST:
        raise Invalid.field(at, f"A draft has at most {_MOST:,} parts.")
    if depth > _DEEPEST:
        raise Invalid.field(at, f"A draft is nested at most {_DEEPEST} deep.")
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


def _extent(content: Any) -> tuple[int, int]:
    """Return how many parts it has and how deep they go, up to where it is too many or too deep."""
    waiting, parts, depth = [(content, 1)], 0, 0
    while waiting and parts <= _MOST and depth <= _DEEPEST:
        part, at = waiting.pop()
        parts, depth = parts + 1, max(depth, at)
        below = part.values() if isinstance(part, Mapping) else part
        if isinstance(part, Mapping | list):
            waiting.extend((one, at + 1) for one in below)
    return parts, depth


def _pointer(dotted: str) -> str:
    """Return `/stages/acute/exit/all_of/1` for `stages.acute.exit.all_of[1]`."""
    words = dotted.replace("[", ".").replace("]", "")
    return "".join(f"/{word}" for word in words.split(".") if word)
