"""On what a change of dose rests: its level, and all that the level's gate asks."""

from types import SimpleNamespace
from typing import Any

import pytest

from care_plans.api.dosing_serializers import DoseChangeSerializer
from care_plans.models import DoseChange
from tests.care_plans.imagined import criterion, hamstring


@pytest.mark.feature("CP-17")
def test_it_cites_what_a_part_of_the_gate_rests_on() -> None:
    definition = hamstring()
    *before, last = definition.dose_levels
    key, cite = next(
        (key, one.cite) for key, one in definition.sources.items() if key not in last.source
    )
    asked = {"reported": "pain_free_loading", "source": [key, "expert_consensus"]}
    gated = last.model_copy(update={"gate": criterion(any_of=[asked])})
    change: Any = DoseChange(to_level=last.id, direction=DoseChange.Direction.UP)
    change.is_course_shown = True
    change.followed = SimpleNamespace(
        pathway=SimpleNamespace(slug=definition.pathway),
        version=definition.version,
        definition=definition.model_copy(update={"dose_levels": (*before, gated)}),
    )
    told = DoseChangeSerializer(change).data
    assert cite in told["cites"]
    assert told["is_expert_consensus"] is True
