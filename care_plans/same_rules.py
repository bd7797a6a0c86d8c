"""Whether a rule of one version of a pathway is the same rule in another, whatever it cites."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from care_plans.content.pathways import PathwayDefinition


def is_same_rule(rule: str, before: PathwayDefinition, after: PathwayDefinition) -> bool:
    """Say whether a rule has the same words and criteria in both versions."""
    kind, _, name = rule.partition(".")
    find = _FOUND_BY[kind]
    was, now = _asked(find(before, name)), _asked(find(after, name))
    return was is not None and was == now


def _safety(definition: PathwayDefinition, name: str) -> Any:
    return next((one for one in definition.safety_triggers if one.id == name), None)


def _redirect(definition: PathwayDefinition, name: str) -> Any:
    return next((one for one in definition.redirects if one.id == name), None)


def _rule(definition: PathwayDefinition, name: str) -> Any:
    return next((one for one in definition.rules if one.id == name), None)


def _severity(definition: PathwayDefinition, name: str) -> Any:
    found: Mapping[Any, Any] = definition.severities
    return found[name].suggested_when if name in found else None


_FOUND_BY: Mapping[str, Callable[[PathwayDefinition, str], Any]] = {
    "safety": _safety,
    "redirect": _redirect,
    "rule": _rule,
    "yellow-flags": lambda definition, _: definition.yellow_flags,
    "complexity": lambda definition, _: {"lane": definition.yellow_flags.lane},
    "severity": _severity,
    "lane": lambda definition, name: {
        stage: content.lanes[name].when
        for stage, content in definition.stages.items()
        if name in content.lanes
    },
    "stalled": lambda definition, _: {
        name: stage.review.model_dump() for name, stage in definition.stages.items()
    },
}


def _asked(found: Any) -> Any:
    """Return the words and criteria of a part of a version without what it cites."""
    if isinstance(found, BaseModel):
        found = found.model_dump()
    if isinstance(found, Mapping):
        return {
            name: _asked(value)
            for name, value in found.items()
            if name not in ("source", "action_source")
        }
    if isinstance(found, list | tuple):
        return [_asked(one) for one in found]
    return found
