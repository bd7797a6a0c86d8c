"""A whole pathway for a reader: nothing included by name any more, each source said in words."""

import re
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from care_plans.content.files import PathwayFile, is_shared
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import VERSION
from care_plans.content.sourced import EXPERT_CONSENSUS

CONSENSUS = "expert consensus (ours, no source says it)"
_VERIFIED = {
    "read": "its text was read",
    "recall": "from memory or a summary",
    "unverified": "not checked",
    "mismatch": "belongs to another work; supports nothing",
}
#: what says where to look, and nothing about care
_ASIDE = frozenset({"seed", "format", "common", "families", "language"})
_SOURCES = frozenset({"source", "action_source"})
#: where measures are named, one or several
_MEASURES = frozenset({"measure", "measures_at_entry", "follow_with"})
NO_ACTIVITIES = "none: no source names any, and the practitioner plans them"
_HEAD = """\
# {title}, version {version}: all of it, with what other pathways share in its place.
# `source` says who says so, and how well that is known: {read}; {recall};
# {unverified}. "{consensus}" marks opinion, alone or beside a source.
# `unknown` and null: the sources do not say.
# `within: stage`: only the answers of the present stay count.
"""


class _Known(NamedTuple):
    """What the keys of a file stand for: how well sources are known, and measures by name."""

    sources: Mapping[str, str]
    measures: Mapping[str, str]


def printed(file: PathwayFile, measures: Mapping[str, MeasureDefinition]) -> str:
    """Return a version as YAML without includes, anchors and aliases, for people to read."""
    definition = file.definition
    known = _Known(
        {key: record.verified for key, record in definition.sources.items()},
        {slug: measure.name for slug, measure in measures.items()},
    )
    whole = {key: _readable(value, known) for key, value in _care(file.content)}
    whole["sources"] = _works(file)
    writer = YAML()
    writer.width = 100
    writer.representer.ignore_aliases = _never
    writer.indent(mapping=2, sequence=4, offset=2)
    written = StringIO()
    writer.dump(whole, written)
    head = _HEAD.format(
        title=definition.title,
        version=definition.version,
        consensus=CONSENSUS,
        **_VERIFIED,
    )
    return head + written.getvalue()


def file_of(folder: Path, asked: str) -> Path | None:
    """Return the file of `slug` (its newest version) or of `slug@version`, if there is one."""
    slug, _, number = asked.partition("@")
    found = {
        file.stem: file
        for file in (folder / slug).glob("*.yaml")
        if file.parent.parent == folder and not is_shared(file) and _is_version(file.stem)
    }
    if number:
        return found.get(number)
    newest = max(found, key=lambda name: [int(part) for part in name.split(".")], default="")
    return found.get(newest)


def _is_version(name: str) -> bool:
    return re.fullmatch(VERSION, name) is not None


def _care(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((key, value) for key, value in content.items() if key not in {*_ASIDE, "sources"})


def _readable(value: Any, known: _Known) -> Any:
    if isinstance(value, Mapping):
        # nobody says what is unknown
        aside = _ASIDE | (_SOURCES if value.get("text") == "unknown" else frozenset())
        return {key: _entry(key, its, known) for key, its in value.items() if key not in aside}
    if isinstance(value, list):
        return [_readable(one, known) for one in value]
    return value


def _entry(key: str, value: Any, known: _Known) -> Any:
    if key in _SOURCES:
        return _said(value, known)
    if key in _MEASURES:
        return _called(value, known)
    if key == "lanes" and isinstance(value, Mapping):
        none = {"activities": NO_ACTIVITIES}
        return {
            name: _readable(its, known) | ({} if its.get("activities") else none)
            for name, its in value.items()
        }
    return _readable(value, known)


def _called(value: Any, known: _Known) -> Any:
    """Say of each measure what it is called."""
    if isinstance(value, list):
        return [_called(one, known) for one in value]
    return f"{value} ({known.measures[value]})" if value in known.measures else value


def _said(keys: Any, known: _Known) -> Any:
    """Say of each source how well it is known, and of consensus what it is."""
    if not isinstance(keys, str | list):  # nothing that names sources
        return _readable(keys, known)
    named = [keys] if isinstance(keys, str) else keys
    told = [
        CONSENSUS
        if key == EXPERT_CONSENSUS
        else f"{key} ({_VERIFIED[known.sources[key]]})"
        if key in known.sources
        else str(key)
        for key in named
    ]
    return told[0] if len(told) == 1 else told


def _works(file: PathwayFile) -> dict[str, Any]:
    """Return the works that the pathway names, and none that only others do."""
    records = file.content["sources"]
    named = sorted(_named(file.content) & {*records})
    return {key: _readable(records[key], _Known({}, {})) for key in named}


def _named(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        own = [its for key, its in value.items() if key in _SOURCES]
        mine = {key for its in own for key in ([its] if isinstance(its, str) else its or ())}
        return mine.union(*(_named(its) for key, its in value.items() if key not in _SOURCES))
    if isinstance(value, list):
        return set[str]().union(*(_named(one) for one in value))
    return set()


def _never(_: Any) -> bool:
    return True
