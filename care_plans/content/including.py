"""Shared blocks: a pathway names them, and gets a copy that remembers where it was written."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from care_plans.content.reading import Data, Flaw, Located, Where

type Item = tuple[Located, Where, Data]

_INCLUDE = "include"


def included(located: Located, blocks: Mapping[str, Located]) -> tuple[Located, "Gaps"]:
    """Replace what is included by what it names, in lists and in mappings.

    In a list `- include: block.list` or `block.list.id` becomes the items; in a mapping
    `include: [block.mapping, block.mapping.key]` becomes the entries, beside those written there.
    `blocks` holds the shared files by name. What a shared file itself includes stays as it is.
    Returns also what could not be included.
    """
    copier = _Copier(blocks)
    data = copier.copy(located, (), located.data, ())
    return Located(located.file, data, copier.places), Gaps(copier.flaws, frozenset(copier.holes))


class Gaps(NamedTuple):
    """What could not be included: each flaw with the shared file's name, and where it is missing.

    Flaws are names that lead nowhere, and entries that are there twice.
    """

    flaws: list[tuple[str, Flaw]]
    holes: frozenset[Where]


class _Copier:
    """Copies a tree part by part, and notes for each part the file and line it came from."""

    def __init__(self, blocks: Mapping[str, Located]) -> None:
        self.blocks = blocks
        self.flaws: list[tuple[str, Flaw]] = []
        self.holes: set[Where] = set()
        self.places: dict[Where, tuple[Path, int]] = {}

    def copy(self, source: Located, old: Where, node: Data, new: Where) -> Data:
        """Return a copy of what stands at `old` in the source, as what will stand at `new`."""
        if old in source.places:
            self.places[new] = source.places[old]
        known = len(self.flaws)
        if isinstance(node, dict):
            entries = self._entries(source, old, node)
            self._note_hole(known, new)
            return {
                key: self.copy(its, at, child, (*new, key))
                for key, (its, at, child) in entries.items()
            }
        if not isinstance(node, list):
            return node
        items = [
            item for n, child in enumerate(node) for item in self._items(source, old, n, child)
        ]
        self._note_hole(known, new)
        return [self.copy(its, at, item, (*new, n)) for n, (its, at, item) in enumerate(items)]

    def _entries(self, source: Located, old: Where, node: dict[str, Any]) -> dict[str, Item]:
        """Return the entries of a mapping by key, those that it includes among them."""
        own: dict[str, Item] = {
            key: (source, (*old, key), child) for key, child in node.items() if key != _INCLUDE
        }
        names = node.get(_INCLUDE, [])
        found: dict[str, Item] = {}
        if not isinstance(names, list):
            self.flaws.append(("", source.flaw((*old, _INCLUDE), "must be a list of names")))
            names = []
        for number, name in enumerate(names):
            at = (*old, _INCLUDE, number)
            entries = self._shared_entries(str(name))
            if not entries:
                self._lacks(source, at, str(name), f'no shared mapping is called "{name}"')
            for key, item in entries.items():
                if key in own or key in found:
                    self._lacks(source, at, str(name), f'"{key}" is in this mapping already')
                found[key] = item
        return own | found

    def _note_hole(self, known: int, new: Where) -> None:
        if len(self.flaws) > known:
            self.holes.add(new)

    def _lacks(self, source: Located, at: Where, name: str, detail: str) -> None:
        self.flaws.append((_split(name)[0], source.flaw(at, detail)))

    def _shared_entries(self, name: str) -> dict[str, Item]:
        block, group, wanted = _split(name)
        shared = self.blocks.get(block)
        content = shared.data if shared else None
        mapped = content.get(group) if isinstance(content, dict) else None
        if shared is None or not isinstance(mapped, dict):
            return {}
        return {
            key: (shared, (group, key), child)
            for key, child in mapped.items()
            if not wanted or key == wanted
        }

    def _items(self, source: Located, old: Where, number: int, child: Any) -> Iterator[Item]:
        at = (*old, number)
        if isinstance(child, dict) and set(child) == {_INCLUDE}:
            yield from self._named(source, (*at, _INCLUDE), str(child[_INCLUDE]))
        else:
            yield source, at, child

    def _named(self, source: Located, at: Where, name: str) -> Iterator[Item]:
        block, group, wanted = _split(name)
        shared = self.blocks.get(block)
        content = shared.data if shared else None
        listed = content.get(group) if isinstance(content, dict) else None
        found = [
            (number, item)
            for number, item in enumerate(listed if isinstance(listed, list) else [])
            if not wanted or (isinstance(item, dict) and item.get("id") == wanted)
        ]
        if shared is None or not found:
            self._lacks(source, at, name, f'nothing shared is called "{name}"')
        else:
            for number, item in found:
                yield shared, (group, number), item


def _split(name: str) -> tuple[str, str, str]:
    """Split `common.red_flags.dvt` into file, group and what is wanted of it (or nothing)."""
    block, _, rest = name.partition(".")
    group, _, wanted = rest.partition(".")
    return block, group, wanted
