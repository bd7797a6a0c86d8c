"""What a pathway asks for."""

from care_plans.content.checks import parts
from care_plans.content.pathways import PathwayDefinition, Return
from care_plans.content.safety import YellowFlag
from care_plans.content.stages import Stage
from care_plans.criteria import Compared, Gained, SideRatio, Worsened


def measures_asked(pathway: PathwayDefinition) -> frozenset[str]:
    """Return the measures that a pathway asks for: at a stage's start, to go on, to follow up."""
    found: set[str] = set()
    for _, part in parts(pathway):
        if isinstance(part, Compared | Gained | Worsened | SideRatio | Return):
            found.add(part.measure)
        elif isinstance(part, Stage):
            found.update(part.measures_at_entry)
        elif isinstance(part, YellowFlag):
            found.update(part.follow_with)
    return frozenset(found)
