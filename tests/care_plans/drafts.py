"""Drafts of pathways: the shipped hamstring file with changes, and what reading it says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from care_plans.content.files import PATHWAYS, read_measures, read_pathways
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import ContentInvalid

type Write = Callable[..., Path]

NAME = "hamstring-tendinopathy/1.0.0.yaml"
SHARED = "common/1.0.0.yaml"

#: every key that times an activity; no source of the shipped file says when anything is done
TIMED: tuple[tuple[str, str], ...] = (
    (
        "          - id: acute-isometric\n",
        """          - id: acute-isometric
            related:
              - activity: acute-diagnose
                relationship: after-end
                offset: {value: 2, unit: days}
                latest: {value: 5, unit: days}
                days: business
                source: expert_consensus
            start_when: {measure: nprs, at_most: 6, source: expert_consensus}
            stop_when: {measure: pain_load_24h, above: 5, source: expert_consensus}
""",
    ),
    (
        "          - id: acute-activity-modification\n",
        """          - id: acute-activity-modification
            related:
              - activity: acute-diagnose
                relationship: concurrent-with-start
                source: expert_consensus
""",
    ),
    (
        "          - id: acute-ergonomics\n",
        "          - id: acute-ergonomics\n            release: in_turn\n",
    ),
    (
        "          - id: acute-massage\n",
        """          - id: acute-massage
            related:
              - activity: acute-activity-modification
                relationship: before-end
                counts: ended
                source: expert_consensus
""",
    ),
    (
        "          - id: acute-chiropractic\n",
        """          - id: acute-chiropractic
            when: {reported: sleep_affected, answer: false}
            related:
              - activity: acute-massage
                relationship: before-start
                source: expert_consensus
""",
    ),
)


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


def timed(folder: Path) -> PathwayDefinition:
    """Return the hamstring pathway, its first activities timed in every way that there is."""
    return definition_of(draft(folder, *TIMED))


def changed(definition: PathwayDefinition, key: str, **fields: Any) -> PathwayDefinition:
    """Return a pathway in which one activity of the acute stage says something else."""
    stage = definition.stages["acute"]
    lanes = {
        name: lane.model_copy(
            update={
                "activities": tuple(
                    one.model_copy(update=fields) if one.id == key else one
                    for one in lane.activities
                )
            }
        )
        for name, lane in stage.lanes.items()
    }
    stages = {**definition.stages, "acute": stage.model_copy(update={"lanes": lanes})}
    return definition.model_copy(update={"stages": stages})


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
