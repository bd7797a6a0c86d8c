"""What two conditions say word for word stands in a shared file, or is alike by chance."""

from collections import defaultdict
from collections.abc import Iterator
from json import dumps
from typing import Any

from care_plans.content.files import newest, read_pathways
from tests.care_plans.linting import known_measures

#: at the end of a place: what belongs to one condition although another has the same
OWN = ("expected", "codes", "durations")
#: published so; their next versions may share it
KNOWN = {"yellow_flags"}


def _blocks(node: Any, where: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, dict):
        if "source" in node:
            yield where, node
        for key, child in node.items():
            yield from _blocks(child, (*where, key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _blocks(child, (*where, number))


def test_no_block_stands_in_two_pathways_that_could_be_shared() -> None:
    said: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for file in newest(read_pathways(known_measures())):
        for where, block in _blocks(file.content):
            shared = file.places.get(where, (file.file, 0))[0] != file.file
            if shared or {*OWN} & {*where}:
                continue
            words = {key: value for key, value in block.items() if key not in ("seed", "note")}
            place = ".".join(map(str, where))
            said[dumps(words, sort_keys=True)].add((file.definition.pathway, place))
    twice = {
        place for places in said.values() if len({p for p, _ in places}) > 1 for place in places
    }
    assert {place for _, place in twice} == KNOWN
    assert {pathway for pathway, _ in twice} == {"low-back-pain", "lumbar-radiculopathy"}
