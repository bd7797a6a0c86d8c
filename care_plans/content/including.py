"""Shared blocks: a pathway names them, and gets a copy that remembers where it was written."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from care_plans.content.reading import ContentInvalid, Data, Flaw, Located, Where

type Item = tuple[Located, Where, Data]


def included(located: Located, blocks: Mapping[str, Located]) -> Located:
    """Replace each `- include: block.list` or `block.list.id` by the items that it names.

    `blocks` holds the shared files by name. What a shared file itself includes stays as it is.
    Raises ContentInvalid with every name that leads nowhere.
    """
    copier = _Copier(blocks)
    data = copier.copy(located, (), located.data, ())
    if copier.flaws:
        raise ContentInvalid(copier.flaws)
    return Located(located.file, data, copier.places)


class _Copier:
    """Copies a tree part by part, and notes for each part the file and line it came from."""

    def __init__(self, blocks: Mapping[str, Located]) -> None:
        self.blocks = blocks
        self.flaws: list[Flaw] = []
        self.places: dict[Where, tuple[Path, int]] = {}

    def copy(self, source: Located, old: Where, node: Data, new: Where) -> Data:
        """Return a copy of what stands at `old` in the source, as what will stand at `new`."""
        if old in source.places:
            self.places[new] = source.places[old]
        if isinstance(node, dict):
            return {
                key: self.copy(source, (*old, key), child, (*new, key))
                for key, child in node.items()
            }
        if not isinstance(node, list):
            return node
        items = [
            item for n, child in enumerate(node) for item in self._items(source, old, n, child)
        ]
        return [self.copy(its, at, item, (*new, n)) for n, (its, at, item) in enumerate(items)]

    def _items(self, source: Located, old: Where, number: int, child: Any) -> Iterator[Item]:
        at = (*old, number)
        if isinstance(child, dict) and set(child) == {"include"}:
            yield from self._named(source, (*at, "include"), str(child["include"]))
        else:
            yield source, at, child

    def _named(self, source: Located, at: Where, name: str) -> Iterator[Item]:
        block, _, rest = name.partition(".")
        group, _, wanted = rest.partition(".")
        shared = self.blocks.get(block)
        content = shared.data if shared else None
        listed = content.get(group) if isinstance(content, dict) else None
        found = [
            (number, item)
            for number, item in enumerate(listed if isinstance(listed, list) else [])
            if not wanted or (isinstance(item, dict) and item.get("id") == wanted)
        ]
        if shared is None or not found:
            self.flaws.append(source.flaw(at, f'nothing shared is called "{name}"'))
        else:
            for number, item in found:
                yield shared, (group, number), item
