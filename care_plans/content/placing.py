"""The red flags of a pathway and its advice to see a provider, each with its place in the file."""

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.safety import Advice, RedFlag


def placed_flags(pathway: PathwayDefinition) -> list[tuple[Where, RedFlag]]:
    """Return all that a red-flag screen asks about, redirects last."""
    return [
        *((("red_flags", n), flag) for n, flag in enumerate(pathway.red_flags)),
        *((("redirects", n), flag) for n, flag in enumerate(pathway.redirects)),
    ]


def placed_advice(pathway: PathwayDefinition) -> list[tuple[Where, Advice]]:
    """Return when somebody should see a provider."""
    return [(("see_provider", n), one) for n, one in enumerate(pathway.see_provider)]
