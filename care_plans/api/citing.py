"""What an explanation rests on, in words: the citations behind the keys of its traces."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rest_framework import serializers

from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS, EXPERT_CONSENSUS_CITE
from care_plans.disclosing import traces
from care_plans.reasons import NextDose, Why


class CitedSerializer(serializers.Serializer[Any]):
    """Which version of which pathway says so, and on whose word."""

    pathway = serializers.CharField(help_text="Whose rule it is.")
    version = serializers.CharField(help_text="Of the pathway.")
    cites = serializers.ListField(
        child=serializers.CharField(), help_text="What it rests on, as the version cites it."
    )
    is_expert_consensus = serializers.BooleanField(
        help_text="It rests, in whole or in part, on opinion alone."
    )


class WhySerializer(CitedSerializer):
    """Which rule it is, and how the condition that it names stands now."""

    rule = serializers.CharField(help_text="Where in the pathway it stands.")
    finding = CriterionSerializer(
        allow_null=True, help_text="The trace of its condition; null: it has none."
    )


class NextDoseSerializer(CitedSerializer):
    """The dose level above the present one, and what holds it back."""

    level = serializers.CharField(help_text="The level, by its name in the pathway.")
    text = serializers.CharField()
    rule = serializers.CharField(help_text="Where in the pathway it stands.")
    has_gate = serializers.BooleanField(help_text="Whether the level asks for anything.")
    held_by = CriterionSerializer(
        many=True, help_text="Each thing that is not met or not known; none: it may be taken."
    )


def told_why(why: Why | None, *shown: Any) -> dict[str, Any] | None:
    """Return what `WhySerializer` shows; `shown` are traces that it rests on as well."""
    if why is None:
        return None
    keys = [*why.source, *keys_in([why.finding, *shown])]
    return {"rule": why.rule, "finding": why.finding, **cited(why.definition, keys)}


def told_next_dose(found: NextDose | None) -> dict[str, Any] | None:
    """Return what `NextDoseSerializer` shows."""
    if found is None:
        return None
    return {
        "level": found.level,
        "text": found.text,
        "has_gate": found.has_gate,
        "held_by": found.held_by,
        **(told_why(found.why, list(found.held_by)) or {}),
    }


def cited(definition: PathwayDefinition, keys: Iterable[str]) -> dict[str, Any]:
    """Return what `CitedSerializer` shows of a version and of what something rests on."""
    named = tuple(dict.fromkeys(keys))
    return {
        "pathway": definition.pathway,
        "version": definition.version,
        "cites": cites(definition, named),
        "is_expert_consensus": EXPERT_CONSENSUS in named,
    }


def cites(definition: PathwayDefinition, keys: Iterable[str]) -> list[str]:
    """Return each citation in its place; consensus says that it is one."""
    named = tuple(dict.fromkeys(keys))
    known = {one.key: one.cite for one in definition.evidence(named)}
    known[EXPERT_CONSENSUS] = EXPERT_CONSENSUS_CITE
    return [known[key] for key in named if key in known]


def supported(shown: Any, definition: PathwayDefinition) -> Any:
    """Return kept traces without sources that were found since to belong to another work."""
    if isinstance(shown, list):
        return [supported(part, definition) for part in shown]
    if not isinstance(shown, dict):
        return shown
    told = {name: supported(part, definition) for name, part in shown.items()}
    if "evidence" in shown and "parts" in shown:
        told["source"] = list(definition.supporting(shown["source"]))
    return told


def keys_in(shown: Any) -> Iterator[str]:
    """Yield each source that traces name, as they are shown to a reader."""
    for trace in traces(shown):
        yield from _keys(trace)


def _keys(trace: Mapping[str, Any]) -> Iterator[str]:
    yield from trace["source"]
    for part in trace["parts"]:
        yield from _keys(part)
