"""What can be read of a file of which parts are wrong, so that no fault hides the others."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from care_plans.content.reading import Data, Flaw, Located, Where, flaws_of, path_of

_PASSES = 20
_WHOLE = 2
_GONE = object()

_CONSENSUS = ["expert_consensus"]
_NOTHING = {"no_open": "red_flag", "id": "left-out", "text": "-", "source": _CONSENSUS}
_STATEMENT = {"text": "-", "source": _CONSENSUS}
_UNKNOWN = {"text": "unknown", "duration": "unknown", "source": _CONSENSUS}
_FLAG = {"id": "left-out", "text": "-", "action": "-", "urgency": "emergency"}
#: what stands in for a part that has to be there and is wrong; nothing is said of it afterwards
_STAND_INS: Mapping[Where, Any] = {
    ("format",): 1,
    ("pathway",): "left-out",
    ("version",): "0.0.0",
    ("title",): "-",
    ("language",): "en-CA",
    ("common",): "0.0.0",
    ("families",): {},
    ("sources",): {},
    ("governance",): {
        "authored_by": "-",
        "page": _STATEMENT,
        "next_review_due": None,
        "disclaimer": _STATEMENT,
    },
    ("governance", "authored_by"): "-",
    ("governance", "page"): _STATEMENT,
    ("governance", "next_review_due"): None,
    ("governance", "disclaimer"): _STATEMENT,
    ("signing",): {"disciplines": ["physiotherapy"], "source": _CONSENSUS},
    ("condition",): {
        "name": "-",
        "kind": "nonspecific",
        "side_required": True,
        "source": _CONSENSUS,
    },
    ("condition", "name"): "-",
    ("condition", "kind"): "nonspecific",
    ("condition", "side_required"): True,
    ("context",): {},
    ("severities",): {},
    ("severities", "*"): _UNKNOWN,
    ("severities", "*", "text"): "unknown",
    ("severities", "*", "duration"): "unknown",
    ("stages",): {},
    ("stages", "*", "label"): "-",
    ("stages", "*", "goals"): [{"id": "left-out", **_STATEMENT}],
    ("stages", "*", "expected"): {},
    ("stages", "*", "review"): {"after": "unknown", "source": _CONSENSUS},
    ("stages", "*", "lanes"): {"physiotherapy": {"needed": "always", "source": _CONSENSUS}},
    ("stages", "*", "lanes", "*", "when"): _NOTHING,
    ("stages", "*", "entry"): _NOTHING,
    ("stages", "*", "exit"): _NOTHING,
    ("dose_levels",): [],
    ("red_flags",): [{**_FLAG, "source": _CONSENSUS}],
    ("yellow_flags",): {
        "lane": "psychotherapy",
        "offer_at": 1,
        "recommend_at": 1,
        "triggers": [{"id": "left-out", "text": "-", "when": _NOTHING, "source": _CONSENSUS}],
        "source": _CONSENSUS,
    },
    ("yellow_flags", "lane"): "psychotherapy",
    ("yellow_flags", "offer_at"): 1,
    ("yellow_flags", "recommend_at"): 100,
    ("diagnosis",): {"may_diagnose": ["physiotherapy"], "scope": _STATEMENT},
    ("diagnosis", "may_diagnose"): ["physiotherapy"],
    ("diagnosis", "scope"): _STATEMENT,
    ("prognosis",): {},
    ("rules", "*", "when"): None,
}


@dataclass(frozen=True)
class Lost:
    """The parts of a file that were left out, and the names that they would have defined.

    `holes` are where something was to be included that is not there: what it is, nobody knows.
    """

    parts: frozenset[Where] = frozenset()
    names: frozenset[str] = frozenset()
    holes: frozenset[Where] = frozenset()

    def below(self, *roots: Where) -> bool:
        """Say whether anything was left out at or below one of some places; `*` is any name."""
        return any(
            _fits(part[: len(root)], root[: len(part)])
            for part in (*self.parts, *self.holes)
            for root in roots
        )

    def and_wrong(self, places: Iterable[Where]) -> "Lost":
        """Return the same with parts that are there, and whose names lead nowhere."""
        return replace(self, parts=self.parts | {at for at in places if len(at) > _WHOLE})

    def concerns(self, where: Where, detail: str) -> bool:
        """Say whether what is found at a place follows from what was left out."""
        if detail.startswith("has no ") and any(
            part[: len(where)] == where and len(part) > len(where) for part in self.parts
        ):
            return True  # what is missed there was wrong
        if self.holes and _REFERS.search(detail):
            return True
        if _LISTS.search(detail) and self.below((*where[:2], "lanes")):
            return True
        inside = any(where[: len(part)] == part for part in self.parts)
        return inside or any(_mentions(detail, name) for name in self.names)


NOTHING_LOST = Lost()


@dataclass(frozen=True)
class Salvaged[M: BaseModel]:
    """What of a file follows the types of a definition, and each flaw of the rest.

    `definition` is nothing where not even that can be told.
    """

    definition: M | None
    located: Located
    flaws: tuple[Flaw, ...] = ()
    lost: Lost = NOTHING_LOST


def salvaged[M: BaseModel](
    model: type[M], located: Located, lacking: Lost = NOTHING_LOST
) -> Salvaged[M]:
    """Build a definition of all parts that can be read; `lacking` could not even be included."""
    cut: dict[Where, Any] = {}
    kept, flaws = located, list[Flaw]()
    for _ in range(_PASSES):
        try:
            definition = model.model_validate(kept.data)
        except ValidationError as error:
            flaws += _new_flaws(model, kept, error, cut, lacking)
            if not _cut(kept, error, cut):
                break
            kept = _without(located, cut)
        else:
            lost = Lost(frozenset(cut), _names(located.data, cut), lacking.holes)
            return Salvaged(definition, kept, tuple(dict.fromkeys(flaws)), lost)
    return Salvaged(None, kept, tuple(dict.fromkeys(flaws)))


def _new_flaws(
    model: type[BaseModel],
    kept: Located,
    error: ValidationError,
    cut: Mapping[Where, Any],
    lacking: Lost,
) -> Iterator[Flaw]:
    """Yield what is wrong by itself, and not because another part was left out."""
    gone = {*cut, *(part[:-1] for part in cut)}
    apart = [one for one in error.errors() if kept.original(path_of(one)) not in gone]
    mine = {
        path
        for one in apart
        if not (
            ((path := path_of(one))[:-1] in lacking.holes and one["type"] == "missing")
            or (path in lacking.holes and one["type"] == "too_short")
        )
    }
    yield from (flaw for path, flaw in flaws_of(kept, error, model) if path in mine)


def _cut(kept: Located, error: ValidationError, cut: dict[Where, Any]) -> bool:
    """Leave out what was refused; say whether anything is left."""
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        at = kept.original(path_of(one))
        if one["type"] == "missing" and at not in cut and _stand_in(at) is _GONE:
            at = at[:-1]
        while at and at in cut:
            at = at[:-1]
        if not at:
            return False
        cut[at] = _stand_in(at)
    return True


def _stand_in(at: Where) -> Any:
    if at[-1] == "source":
        return _CONSENSUS
    return next((value for place, value in _STAND_INS.items() if _fits(at, place)), _GONE)


def _fits(at: Where, place: Where) -> bool:
    return len(at) == len(place) and all(
        wanted in ("*", step) for step, wanted in zip(at, place, strict=True)
    )


def _without(located: Located, cut: Mapping[Where, Any]) -> Located:
    origin: dict[Where, Where] = {}
    added: dict[Where, dict[str, Any]] = {}
    for at, value in cut.items():
        if value is not _GONE and isinstance(at[-1], str):
            added.setdefault(at[:-1], {})[at[-1]] = value

    def copy(node: Data, old: Where, new: Where) -> Any:
        origin[new] = old
        if isinstance(node, dict):
            own = {
                key: copy(child, (*old, key), (*new, key))
                for key, child in node.items()
                if (*old, key) not in cut
            }
            return own | added.get(old, {})
        if not isinstance(node, list):
            return node
        items = [n for n in range(len(node)) if (*old, n) not in cut]
        return [copy(node[n], (*old, n), (*new, at)) for at, n in enumerate(items)]

    return Located(located.file, copy(located.data, (), ()), located.places, origin)


def _names(data: Data, cut: Mapping[Where, Any]) -> frozenset[str]:
    """Return the ids and keys of all that was left out, by which others may refer to it."""
    found: set[str] = set()
    for where in cut:
        node: Any = data
        for step in where:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                node = None
                break
        found |= {str(where[-1])} if isinstance(where[-1], str) and len(where) > 1 else set()
        found |= set(_ids(node))
    return frozenset(found - {"source", "text", "id", "when"})


def _ids(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("id"), str):
            yield node["id"]
        for key, child in node.items():
            if isinstance(child, dict):
                yield str(key)
            yield from _ids(child)
    elif isinstance(node, list):
        for child in node:
            yield from _ids(child)


_REFERS = re.compile(r"unknown (?!measure|pathway|subscale)|has no |must list|is no activity")
_LISTS = re.compile(r"must list every lane")


def _mentions(detail: str, name: str) -> bool:
    refers = r'(?:unknown [a-z ]+|has no (?:lane )?|^)"?'
    return re.search(rf'{refers}{re.escape(name)}(?![\w-])"?', detail) is not None
