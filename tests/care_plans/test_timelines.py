"""Golden timelines: what each pathway brings about at each severity, reviewed line by line.

Whoever changes the engine or a pathway sees here what that changes for a course. Renew them with
`CONTINUUM_WRITE_TIMELINES=1`, and read the difference before it is kept.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from care_plans.content.sourced import SEVERITIES
from care_plans.models import PathwayVersion
from care_plans.rehearsing.dry_run import dry_run
from care_plans.rehearsing.telling_of import as_lines
from tests.care_plans.library import CONDITIONS

FOLDER = Path(__file__).parent / "timelines"
#: a Monday; two changes of the clocks lie within the longest course
AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
GOLDEN = [f"{pathway}-{severity}" for pathway in sorted(CONDITIONS) for severity in SEVERITIES]


@pytest.mark.feature("PW-13")
@pytest.mark.parametrize("name", GOLDEN)
def test_it_goes_as_it_went(db: None, name: str) -> None:
    pathway, _, severity = name.rpartition("-")
    version = PathwayVersion.objects.newest(pathway)
    found = "\n".join(as_lines(dry_run(version, severity=severity, at=AT))) + "\n"
    file = FOLDER / f"{name}.txt"
    if os.environ.get("CONTINUUM_WRITE_TIMELINES"):
        file.write_text(found)
    assert found == file.read_text()


def test_there_is_one_for_each_pathway_and_severity() -> None:
    assert sorted(file.stem for file in FOLDER.iterdir()) == sorted(GOLDEN)
