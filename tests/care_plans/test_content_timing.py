"""A pathway whose activities wait for what cannot be is refused, by file and line."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from care_plans.content.timing import Related
from tests.care_plans import drafts
from tests.care_plans.clocked import FIRST


@pytest.mark.feature("PW-03")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"relationship": "sometime"}, "'after-end'"),
        ({"offset": {"value": 9999, "unit": "days"}}, "is longer than 3650 days"),
        ({"offset": {"value": 1, "unit": "months"}, "days": "business"}, "not in months"),
        ({"relationship": "before", "latest": {"value": 1, "unit": "days"}}, "has `latest`"),
        (
            {"offset": {"value": 2, "unit": "days"}, "latest": {"value": 1, "unit": "days"}},
            "lies before its `offset`",
        ),
        ({"source": []}, "at least 1 item"),
    ],
)
def test_a_relation_that_makes_no_sense_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        Related.model_validate(
            {
                "activity": FIRST,
                "relationship": "after",
                "source": "expert_consensus",
                **asked,
            }
        )


@pytest.mark.feature("PW-03")
def test_it_names_file_and_line_of_what_leads_nowhere_or_in_a_circle(tmp_path: Path) -> None:
    def after(name: str, *others: str) -> tuple[str, str]:
        at = f"          - id: {name}\n"
        said = ", ".join(
            f"{{activity: {other}, relationship: after, source: expert_consensus}}"
            for other in others
        )
        return at, f"{at}            related: [{said}]\n"

    first = "          - id: acute-coping\n"
    flaws = drafts.flaws_of(
        drafts.draft(
            tmp_path,
            after("acute-diagnose", "acute-massage"),
            after("acute-isometric", "acute-diagnose", "acute-isometric", "subacute-eccentric"),
            after("acute-massage", "acute-isometric"),
            (first, f"{first}            release: in_turn\n"),
        )
    )
    at = "hamstring-tendinopathy/1.0.0.yaml:"
    assert all(flaw.startswith(at) for flaw in flaws)
    for words in (
        "activities[1].related[1].activity: is the activity itself",
        'activities[1].related[2].activity: "subacute-eccentric" is no activity of this stage',
        "psychotherapy.activities[0].release: waits its turn",
        "wait for one another: acute-diagnose, acute-isometric, acute-massage",
    ):
        assert sum(words in flaw for flaw in flaws) == 1, flaws
    assert len(flaws) == 4
