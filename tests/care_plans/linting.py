"""Pathway files that a test may spoil, mend and have read by the lint."""

from datetime import date
from functools import cache
from pathlib import Path

from care_plans.content.files import PATHWAYS, read_measures
from care_plans.content.findings import Finding
from care_plans.content.lint import lint_path
from care_plans.content.measures import MeasureDefinition
from coordination.environment import PROJECT

LITERAL = PROJECT / "tests" / "data" / "seed-literal" / "1.0.0.yaml"
OUTSIDER = PROJECT / "tests" / "data" / "seed-outsider" / "1.0.0.yaml"
SHIPPED = PATHWAYS / "hamstring-tendinopathy" / "1.0.0.yaml"
SPINE = PATHWAYS / "low-back-pain" / "1.0.0.yaml"
TODAY = date(2026, 11, 27)

type Change = tuple[str, str]


@cache
def known_measures() -> dict[str, MeasureDefinition]:
    """Return the shipped measures."""
    return {slug: file.definition for slug, file in read_measures().items()}


def changed(source: Path, folder: Path, *changes: Change) -> Path:
    """Copy a pathway's file under its own name, with replacements each of which must apply."""
    text = source.read_text()
    for old, new in changes:
        assert old in text, f"{source.name} has no {old!r}"
        text = text.replace(old, new, 1)
    copy = folder / source.parent.name / source.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(text)
    return copy


def findings_in(file: Path, *, today: date = TODAY) -> list[Finding]:
    """Return what the lint finds in one file."""
    return lint_path(file, known_measures(), today=today)[file]


def lines_of(file: Path, words: str) -> list[int]:
    """Return the numbers of the lines that contain something."""
    return [n for n, row in enumerate(file.read_text().splitlines(), 1) if words in row]
