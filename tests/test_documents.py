"""README.md and the guides: what they point to is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from coordination.environment import PROJECT

DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_COMMAND = re.compile(r"manage\.py ([a-z_]+)")


def _anchors(document: Path) -> set[str]:
    """Return what a heading is linked by: its words in small letters, hyphens between them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_it_points_to_what_is_there(document: Path) -> None:
    lost = []
    for place, anchor in _LINK.findall(document.read_text()):
        target = (document.parent / place).resolve() if place else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(f"{place}#{anchor}")
    assert lost == []


def test_it_names_commands_that_there_are() -> None:
    named = {name for one in DOCUMENTS for name in _COMMAND.findall(one.read_text())}
    assert len(named) > 10
    assert named - set(get_commands()) - {"help", "check"} == set()
