"""Content that comes back from the database: parsed once per process, and checked by its hash."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pydantic import BaseModel

from care_plans.content.files import content_hash
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition


class ContentTampered(Exception):
    """Stored content is not what was published."""


# Bounded by what is ever published: immutable versions, a handful of each.
_definitions: dict[tuple[type[BaseModel], str], BaseModel] = {}


_draft: ContextVar[tuple[str, PathwayDefinition] | None] = ContextVar("draft", default=None)


@contextmanager
def reading_as(sha256: str, draft: PathwayDefinition) -> Iterator[None]:
    """Let a stored version read as a draft within this block, so that a draft can be rehearsed.

    Only for what is taken back afterwards: versions are stored by the database's owner alone, and
    a draft is not one of them.
    """
    token = _draft.set((sha256, draft))
    try:
        yield
    finally:
        _draft.reset(token)


def pathway_of(sha256: str, content: Mapping[str, Any]) -> PathwayDefinition:
    """Return the pathway that this content defines; raises ContentTampered."""
    return _definition(PathwayDefinition, sha256, content)


def known_pathway(sha256: str) -> PathwayDefinition | None:
    """Return the pathway whose content has this hash, if this process has met it before.

    Content is large, so whoever knows its hash need not fetch it again.
    """
    draft = _draft.get()
    if draft is not None and draft[0] == sha256:
        return draft[1]
    found = _definitions.get((PathwayDefinition, sha256))
    return found if isinstance(found, PathwayDefinition) else None


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
