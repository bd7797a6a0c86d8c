"""Drafts of pathways: the shipped hamstring file with changes, and what reading it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from care_plans.content.files import PATHWAYS, read_measures, read_pathways
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import ContentInvalid

type Write = Callable[..., Path]

NAME = "hamstring-tendinopathy/1.0.0.yaml"
SHARED = "common/1.0.0.yaml"


def draft(folder: Path, *replacements: tuple[str, str]) -> Path:
    """Write the hamstring file with replacements, and its shared file, into a folder."""
    for name in (NAME, SHARED):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text((PATHWAYS / name).read_text())
    text = (folder / NAME).read_text()
    for old, new in replacements:
        assert old in text, f"the shipped file has no {old!r}"
        text = text.replace(old, new, 1)
    (folder / NAME).write_text(text)
    return folder


def flaws_of(folder: Path) -> list[str]:
    """Return what is wrong in the pathways of a folder, which must be something."""
    measures = {slug: file.definition for slug, file in read_measures().items()}
    with pytest.raises(ContentInvalid) as raised:
        read_pathways(measures, folder)
    return [str(flaw).replace(f"{folder}/", "") for flaw in raised.value.flaws]


def definition_of(folder: Path) -> PathwayDefinition:
    """Return the one pathway of a folder."""
    measures = {slug: file.definition for slug, file in read_measures().items()}
    (file,) = read_pathways(measures, folder)
    return file.definition


def line(text: str, wanted: str) -> int:
    """Return the number of the first line that contains something."""
    return next(n for n, row in enumerate(text.splitlines(), 1) if wanted in row)
