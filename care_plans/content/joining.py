"""Criteria taken apart: what must hold at once, what may hold instead, and who asks it."""

from collections.abc import Iterator

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Where
from care_plans.criteria import AllOf, AnyOf, Compared, Criterion

type Asked = tuple[Where, Criterion]


def joined(where: Where, node: Criterion) -> Iterator[Asked]:
    """Yield the questions that must all be met at once, below any number of `all_of`."""
    if isinstance(node, AllOf):
        for number, child in enumerate(node.all_of):
            yield from joined((*where, "all_of", number), child)
    elif not isinstance(node, AnyOf):
        yield where, node


def hoped_for(pathway: PathwayDefinition) -> Iterator[Asked]:
    """Yield the criteria that a person meets by getting better, each as a whole."""
    for name, stage in pathway.stages.items():
        yield ("stages", name, "exit"), stage.exit
        for number, goal in enumerate(stage.goals):
            if goal.target is not None:
                yield ("stages", name, "goals", number, "target"), goal.target


def feared(pathway: PathwayDefinition) -> Iterator[Asked]:
    """Yield the criteria that a person meets by doing badly, each as a whole."""
    for number, flag in enumerate(pathway.yellow_flags.triggers):
        yield ("yellow_flags", "triggers", number, "when"), flag.when
    for number, trigger in enumerate(pathway.safety_triggers):
        yield ("safety_triggers", number, "when"), trigger.when
    # another discipline may well be for whoever has come far enough for it
    helping = pathway.yellow_flags.lane
    for name, stage in pathway.stages.items():
        lane = stage.lanes.get(helping)
        if lane is not None and lane.when is not None:
            yield ("stages", name, "lanes", helping, "when"), lane.when


def is_upper(node: Compared) -> bool:
    """Say whether a comparison sets an upper limit."""
    return node.comparison in ("<=", "<")


def what(node: Compared) -> tuple[object, ...]:
    """Return what a comparison asks about: comparisons of the same thing can be held together."""
    return node.measure, node.subscale, node.item, node.side


def implies(one: Criterion, other: Criterion) -> bool:
    """Say whether whoever meets one comparison meets the other as well."""
    if not (isinstance(one, Compared) and isinstance(other, Compared)):
        return False
    if what(one) != what(other) or is_upper(one) != is_upper(other):
        return False
    if one.value == other.value:
        return one.comparison == other.comparison or one.comparison in ("<", ">")
    return one.value < other.value if is_upper(one) else one.value > other.value
