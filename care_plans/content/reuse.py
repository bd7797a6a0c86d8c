"""How much of a condition's content comes from shared files, counted block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from care_plans.content.reading import Located, Where

#: what a condition is called and how long it takes: facts of that condition alone, no block that
#: another could include, also where two of them happen to be the same
OWN = frozenset({"codes", "expected", "durations"})


@dataclass(frozen=True, slots=True)
class Reuse:
    """Of so many blocks, how many stand in a file that pathways share."""

    shared: int = 0
    blocks: int = 0

    @property
    def percent(self) -> int:
        """Return the share in whole percent, rounded down; 0 without any block."""
        return 100 * self.shared // self.blocks if self.blocks else 0

    def __add__(self, other: "Reuse") -> "Reuse":
        return Reuse(self.shared + other.shared, self.blocks + other.blocks)


NOTHING = Reuse()


def reuse_of(located: Located, top: Where = ()) -> Reuse:
    """Count the blocks below `top`: items of lists and entries of mappings that carry a source.

    A block is shared when it was written in another file than the one that was read, and only
    then. One that says nothing but unknown is not counted, wherever it stands; nor is what lies
    below `OWN`, shared or not.
    """
    node: Any = located.data
    for part in top:
        node = node[part]
    files = [located.places[where][0] for where in _blocks(node, top) if where != top]
    return Reuse(sum(file != located.file for file in files), len(files))


def _blocks(node: Any, where: Where) -> Iterator[Where]:
    if isinstance(node, dict):
        if "source" in node and node.get("text") != "unknown":
            yield where
        for key, child in node.items():
            if key not in OWN:
                yield from _blocks(child, (*where, key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _blocks(child, (*where, number))
