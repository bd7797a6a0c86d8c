"""YAML as content may use it: of some size and depth, without ends in itself, and no tags."""

from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import AliasEvent

#: with all that aliases repeat; three times those of the longest file that ships
_MOST_PARTS = 10_000
_DEEPEST = 50
_MOST_DIGITS = 100
_KINDS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge"}


def composed(text: str) -> Any:
    """Return the tree that a text describes. Raises YAMLError for what no content needs."""
    yaml = YAML(typ="rt")
    yaml.Composer = _Bounded
    return yaml.load(text)


class _Bounded(Composer):
    """Counts while it goes, so that nothing large is built of a few lines."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self._depth = 0
        self._parts = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node. Raises MarkedYAMLError where a bound is passed."""
        event, before = self.parser.peek_event(), self._parts
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _refused(event, f"is nested more than {_DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(event, AliasEvent):
            if id(node) not in self._sizes:
                raise _refused(event, f'"*{event.anchor}" stands within what it names')
            self._parts += self._sizes[id(node)]
        else:
            self._parts += 1
            self._sizes[id(node)] = self._parts - before
            _check(event, node)
        if self._parts > _MOST_PARTS:
            most = f"has more than {_MOST_PARTS:,} parts, with all that it repeats"
            raise _refused(event, most)
        return node


def _check(event: Any, node: Any) -> None:
    """Refuse what would be made of a value if it were built: tags, endless numbers, no days."""
    kind, value = str(node.tag).removeprefix("tag:yaml.org,2002:"), node.value
    if kind not in _KINDS:
        raise _refused(event, f"the tag {node.tag} means nothing here")
    if kind in ("int", "float") and len(value) > _MOST_DIGITS:
        raise _refused(event, f"a number has at most {_MOST_DIGITS} digits")
    if kind == "timestamp":
        try:
            date.fromisoformat(
                "-".join(part.zfill(2) for part in value[:10].rstrip("T ").split("-"))
            )
        except ValueError:
            raise _refused(event, f"{value} is no day") from None


def _refused(event: Any, problem: str) -> MarkedYAMLError:
    return MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
