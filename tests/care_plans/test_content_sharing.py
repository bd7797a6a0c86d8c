"""What two conditions say word for word stands in a shared file, or is alike by chance."""

from collections import defaultdict
from collections.abc import Iterator
from io import StringIO
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from care_plans.content.files import newest, read_pathways, read_stubs
from care_plans.content.reading import Located, Where
from care_plans.content.reuse import OWN, Reuse, reuse_of
from tests.care_plans.linting import known_measures

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
            if shared or OWN & {*where}:
                continue
            words = {key: value for key, value in block.items() if key not in ("seed", "note")}
            place = ".".join(map(str, where))
            said[dumps(words, sort_keys=True)].add((file.definition.pathway, place))
    twice = {
        place for places in said.values() if len({p for p, _ in places}) > 1 for place in places
    }
    assert {place for _, place in twice} == KNOWN
    assert {pathway for pathway, _ in twice} == {"low-back-pain", "lumbar-radiculopathy"}


def test_it_counts_as_shared_only_what_stands_in_a_shared_file() -> None:
    counted = {f.definition.pathway: f.reuse for f in newest(read_pathways(known_measures()))}
    assert 0 < counted["low-back-pain"].shared < counted["low-back-pain"].blocks


@pytest.mark.feature("PW-12")
def test_twelve_conditions_share_most_of_their_blocks() -> None:
    counted = {f.definition.pathway: f.reuse for f in newest(read_pathways(known_measures()))}
    stubs = {f.definition.id: f.reuse for f in read_stubs(known_measures())}
    counted |= stubs
    sharing = {name for name, reuse in counted.items() if reuse.percent >= 60}
    assert len(sharing) >= 12
    assert sharing - set(stubs) == {
        "gluteal-tendinopathy",
        "low-back-pain",
        "lumbar-radiculopathy",
        "rotator-cuff",
    }
    for name in sharing:  # none of them shares next to nothing of next to nothing
        assert counted[name].shared >= 25


def test_what_a_condition_is_called_and_how_long_it_takes_is_no_block() -> None:
    of = Path("own.yaml")
    data = {
        "codes": [{"source": ["a"]}],
        "expected": {"any": {"source": ["a"]}},
        "durations": {"one": {"source": ["a"]}},
        "goals": [{"source": ["a"], "durations": [{"source": ["a"]}]}, {"text": "no source"}],
        "rules": [{"source": ["a"], "text": "unknown"}],
    }
    places: dict[Where, tuple[Path, int]] = {
        ("goals", 0): (Path("shared.yaml"), 1),
        ("codes", 0): (Path("shared.yaml"), 1),
    }
    assert reuse_of(Located(of, data, places)) == Reuse(shared=1, blocks=1)


def test_it_prints_how_much_each_condition_shares() -> None:
    out = StringIO()
    call_command("pathway_reuse", stdout=out)
    rows = out.getvalue().splitlines()
    assert len(rows) == 18
    assert any(row.startswith("low-back-pain 1.1.0: ") for row in rows)
    assert any(row.startswith("concussion (stub): ") for row in rows)
    assert rows[-1].startswith("17 conditions: ")
    percents = [int(row.rpartition("(")[2].split()[0]) for row in rows[:-1]]
    assert rows[-1].endswith(f"; {sum(p >= 60 for p in percents)} share at least 60 percent.")
