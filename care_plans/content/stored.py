"""Content that comes back from the database: parsed once per process, and checked by its hash."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from care_plans.content.files import content_hash
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition


class ContentTampered(Exception):
    """Stored content is not what was published."""


# Bounded by what is ever published: immutable versions, a handful of each.
_definitions: dict[tuple[type[BaseModel], str], BaseModel] = {}


def pathway_of(sha256: str, content: Mapping[str, Any]) -> PathwayDefinition:
    """Return the pathway that this content defines; raises ContentTampered."""
    return _definition(PathwayDefinition, sha256, content)


def known_pathway(sha256: str) -> PathwayDefinition | None:
    """Return the pathway with this hash if this process has read it already."""
    known = _definitions.get((PathwayDefinition, sha256))
    return known if isinstance(known, PathwayDefinition) else None


def measure_of(sha256: str, content: Mapping[str, Any]) -> MeasureDefinition:
    """Return the measure that this content defines; raises ContentTampered."""
    return _definition(MeasureDefinition, sha256, content)


def _definition[M: BaseModel](model: type[M], sha256: str, content: Mapping[str, Any]) -> M:
    known = _definitions.get((model, sha256))
    if isinstance(known, model):
        return known
    found = content_hash(dict(content))
    if found != sha256:
        raise ContentTampered(f"content has the hash {found}, but was published with {sha256}")
    definition = model.model_validate(content)
    _definitions[model, sha256] = definition
    return definition
