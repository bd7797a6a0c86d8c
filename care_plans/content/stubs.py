"""A condition without a protocol: what tells it apart, and what to look out for all the same."""

from typing import Any, Literal

from pydantic import Field

from care_plans.content.condition import Asked, Code
from care_plans.content.pathways import VERSION, Version
from care_plans.content.safety import RedFlag, SafetyTrigger, YellowFlags
from care_plans.content.sourced import Frozen, Name, Record, Slug, Sourced, Text


class Clue(Sourced):
    """What tells the condition apart, or unknown where no source says."""

    text: Text | Literal["unknown"]


class Stub(Frozen):
    """A condition that others are mistaken for, whose care no source was read about.

    It cannot be applied: a person recognizes it and refers on. `measures` names those that are
    used for it, or is unknown.
    """

    id: Slug
    name: Text
    codes: tuple[Code, ...]
    measures: tuple[Name, ...] | Literal["unknown"]
    clue: Clue
    context: dict[Name, Asked]
    red_flags: tuple[RedFlag, ...] = Field(min_length=1)
    yellow_flags: YellowFlags
    safety_triggers: tuple[SafetyTrigger, ...] = Field(min_length=1)


class Stubs(Frozen):
    """All stubs, in one file."""

    format: Literal[1]
    common: str = Field(pattern=VERSION)
    families: dict[Slug, Version] = Field(default_factory=dict)
    sources: dict[Name, Record]
    stubs: tuple[Stub, ...] = Field(min_length=1)


def stored_stub(written: dict[str, Any], sources: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a stub: what the file says of it, with the sources it names."""
    return {**written, "sources": {key: sources[key] for key in sorted(_named(written))}}


def _named(node: Any) -> set[str]:
    """Return the keys of all sources below, but for consensus, which has no entry."""
    if isinstance(node, list):
        return set[str]().union(*map(_named, node))
    if not isinstance(node, dict):
        return set()
    found = set[str]().union(*map(_named, node.values()))
    for name in ("source", "action_source"):
        keys = node.get(name) or []
        found |= {keys} if isinstance(keys, str) else set(keys)
    return found - {"expert_consensus"}
