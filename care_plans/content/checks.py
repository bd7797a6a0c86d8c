"""What no single field can know: that every name in a pathway leads to something."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from care_plans.content.codes import code_flaw
from care_plans.content.condition import Asked, Code
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import Flaw, Located, Where, unknown
from care_plans.content.sourced import EXPERT_CONSENSUS, SEVERITIES, STAGES
from care_plans.content.stubs import Stubs
from care_plans.content.timing import timing_flaws
from care_plans.criteria import (
    AllOf,
    AnyOf,
    Compared,
    Criterion,
    Gained,
    LaneNeeded,
    Question,
    Reported,
    SideRatio,
    Worsened,
    walk,
)

type Found = Iterator[tuple[Where, str]]

_MOST_RATIO = Decimal("1.2")


def wrong_in(
    pathway: PathwayDefinition,
    measures: Mapping[str, MeasureDefinition],
    pathways: Collection[str],
) -> list[tuple[Where, str]]:
    """Return every flaw in a pathway that its types could not reveal: its place, and in words.

    `pathways` are the names that a look-alike or a redirect may lead to, stubs among them.
    """
    return [
        *_sources(pathway),
        *_completeness(pathway),
        *_identifiers(pathway),
        *_codes(pathway, ()),
        *_stages(pathway),
        *_timings(pathway),
        *_criteria(pathway, measures),
        *_references(pathway),
        *_alternatives(pathway, pathways),
    ]


def stub_flaws(
    stubs: Stubs,
    located: Located,
    measures: Mapping[str, MeasureDefinition],
    pathways: Collection[str],
) -> list[Flaw]:
    """Return every flaw in the stubs that their types could not reveal, with file and line.

    `pathways` are the names that are taken by pathways with versions.
    """
    found = [*_sources(stubs)]
    found += _repeated([(("stubs", n, "id"), stub.id) for n, stub in enumerate(stubs.stubs)])
    for number, stub in enumerate(stubs.stubs):
        at = ("stubs", number)
        if stub.id in pathways:
            found.append(((*at, "id"), f'"{stub.id}" is a pathway with versions, and no stub'))
        named = () if isinstance(stub.measures, str) else stub.measures
        found += _listed((*at, "measures"), named, measures)
        found += _asked(stub, at, stub.context, measures)
        found += _codes(stub, at)
    return [located.flaw(where, detail) for where, detail in found]


def _sources(pathway: PathwayDefinition | Stubs) -> Found:
    """Every source that something names is declared."""
    known = {*pathway.sources, EXPERT_CONSENSUS}
    for where, key in _source_keys(pathway, ()):
        if key not in known:
            yield where, unknown("source", key, sorted(known))
    if EXPERT_CONSENSUS in pathway.sources:
        yield ("sources", EXPERT_CONSENSUS), "is reserved for what has no source"


def _source_keys(node: Any, where: Where) -> Iterator[tuple[Where, str]]:
    for path, part in parts(node, where):
        for name in ("source", "action_source"):
            keys = getattr(part, name, None)
            if isinstance(keys, tuple):
                yield from (((*path, name), key) for key in keys)


def parts(node: Any, where: Where = ()) -> Iterator[tuple[Where, BaseModel]]:
    """Yield every part of a definition with its path, the whole first."""
    if isinstance(node, BaseModel):
        yield where, node
        for name in type(node).model_fields:
            yield from parts(getattr(node, name), (*where, name))
    elif isinstance(node, Mapping):
        for key, child in node.items():
            yield from parts(child, (*where, key))
    elif isinstance(node, tuple):
        for number, child in enumerate(node):
            yield from parts(child, (*where, number))


def _completeness(pathway: PathwayDefinition) -> Found:
    """All stages and severities are there, and each stage says when it is expected for each."""
    for stage in STAGES:
        if stage not in pathway.stages:
            yield ("stages",), f"has no {stage}"
    for severity in SEVERITIES:
        if severity not in pathway.severities:
            yield ("severities",), f"has no {severity}"
    for name, part in pathway.stages.items():
        if "any" in part.expected and len(part.expected) > 1:
            yield (
                ("stages", name, "expected"),
                "has any, and severities beside it: write one of both",
            )
        for severity in SEVERITIES:
            if severity not in part.expected and "any" not in part.expected:
                yield ("stages", name, "expected"), f"has no {severity}"


def _identifiers(pathway: PathwayDefinition) -> Found:
    """An id names one thing: within its list, over all flags, over all activities."""
    yield from _repeated(
        [
            (("yellow_flags", "triggers", n, "id"), flag.id)
            for n, flag in enumerate(pathway.yellow_flags.triggers)
        ]
    )
    flags = [("red_flags", n, f.id) for n, f in enumerate(pathway.red_flags)]
    flags += [("redirects", n, f.id) for n, f in enumerate(pathway.redirects)]
    yield from _repeated([((group, number, "id"), name) for group, number, name in flags])
    yield from _repeated(
        [
            (("stages", stage, "lanes", lane, "activities", number, "id"), activity.id)
            for stage, part in pathway.stages.items()
            for lane, its in part.lanes.items()
            for number, activity in enumerate(its.activities)
        ]
    )
    for group in (
        *("dose_levels", "rules", "differentials", "questions", "see_provider"),
        *("safety_triggers", "return_to_activity"),
    ):
        items = enumerate(getattr(pathway, group))
        yield from _repeated([((group, number, "id"), item.id) for number, item in items])
    durations = enumerate(pathway.condition.durations)
    yield from _repeated([(("condition", "durations", n, "id"), d.id) for n, d in durations])
    sites = enumerate(pathway.condition.sites)
    yield from _repeated([(("condition", "site", "variants", n, "id"), s.id) for n, s in sites])
    for stage, part in pathway.stages.items():
        goals = enumerate(part.goals)
        yield from _repeated([(("stages", stage, "goals", n, "id"), g.id) for n, g in goals])
        for side in ("entry", "exit"):
            nodes = walk(getattr(part, side), ("stages", stage, side))
            yield from _repeated([((*at, "id"), n.id) for at, n in nodes if n.id])


def _codes(whole: BaseModel, at: Where) -> Found:
    for where, part in parts(whole, at):
        if isinstance(part, Code) and part.code and (why := code_flaw(part.system, part.code)):
            yield (*where, "code"), why


def _repeated(names: list[tuple[Where, str]]) -> Found:
    count = Counter(name for _, name in names)
    seen: set[str] = set()
    for where, name in names:
        if count[name] > 1 and name in seen:
            yield where, f'"{name}" is used already'
        seen.add(name)


def _stages(pathway: PathwayDefinition) -> Found:
    """Goals, dose levels and the order of referrals name what exists."""
    levels = [level.id for level in pathway.dose_levels]
    for stage, part in pathway.stages.items():
        goals = [goal.id for goal in part.goals]
        if part.referrals and sorted(part.referrals.order) != sorted(part.lanes):
            yield (
                ("stages", stage, "referrals", "order"),
                "must list every lane of the stage once",
            )
        if sum(lane.lead for lane in part.lanes.values()) > 1:
            yield ("stages", stage, "lanes"), "suggest more than one lead"
        for name, lane in part.lanes.items():
            for number, activity in enumerate(lane.activities):
                at = ("stages", stage, "lanes", name, "activities", number)
                if activity.goal not in goals:
                    yield (*at, "goal"), unknown("goal", activity.goal, goals)
                if activity.dose_level and activity.dose_level not in levels:
                    yield (
                        (*at, "dose_level"),
                        unknown("dose level", activity.dose_level, levels),
                    )


def _timings(pathway: PathwayDefinition) -> Found:
    """Activities wait for activities that exist, and never for one another."""
    for stage, part in pathway.stages.items():
        lanes = {
            str(name): tuple((one.id, one.optional, one) for one in lane.activities)
            for name, lane in part.lanes.items()
        }
        yield from timing_flaws(lanes, ("stages", stage))


def _criteria(pathway: PathwayDefinition, measures: Mapping[str, MeasureDefinition]) -> Found:
    """Measures, questions and lanes exist, numbers lie in the measure's range, leaves are cited."""
    yield from _asked(pathway, (), pathway.context, measures)
    for stage, part in pathway.stages.items():
        listed = ("stages", stage, "measures_at_entry")
        yield from _listed(listed, part.measures_at_entry, measures)
        for where, node in part.criteria():
            at = ("stages", stage, *where)
            if isinstance(node, LaneNeeded) and node.lane not in part.lanes:
                yield (*at, "lane"), f'the stage has no lane "{node.lane}"'
            if where[0] in ("entry", "exit"):
                yield from _named_and_cited(at, node)


def _asked(
    whole: BaseModel,
    at: Where,
    context: Mapping[str, Asked],
    measures: Mapping[str, MeasureDefinition],
) -> Found:
    for where, node in parts(whole, at):
        if isinstance(node, Compared | Gained | Worsened | SideRatio):
            yield from _on_measure(where, node, measures)
            if isinstance(node, Compared):
                yield from _over(where, node, measures.get(node.measure))
        elif isinstance(node, Reported):
            yield from _answered(where, node, context)


def _listed(at: Where, named: tuple[str, ...], measures: Mapping[str, MeasureDefinition]) -> Found:
    for number, slug in enumerate(named):
        if slug not in measures:
            yield (*at, number), unknown("measure", slug, sorted(measures))


def _on_measure(
    where: Where,
    node: Compared | Gained | Worsened | SideRatio,
    measures: Mapping[str, MeasureDefinition],
) -> Found:
    measure = measures.get(node.measure)
    if measure is None:
        yield (*where, "measure"), unknown("measure", node.measure, sorted(measures))
    elif node.subscale is not None and node.subscale not in measure.subscales:
        known = sorted(measure.subscales)
        yield (*where, "subscale"), unknown(f"subscale of {measure.id}", node.subscale, known)
    elif isinstance(node, SideRatio) and not measure.side_required:
        yield (*where, "measure"), f"{measure.id} is not taken per side"
    elif isinstance(node, Worsened) and measure.better == "depends":
        yield (*where, "worse_by"), f"{measure.id} has no single direction of improvement"
    elif isinstance(node, SideRatio) and node.side_ratio > _MOST_RATIO:
        detail = f"{node.side_ratio} times the other side is too much; 90 percent is written 0.9"
        yield (*where, "side_ratio"), detail
    elif isinstance(node, Gained):
        yield from _gain(where, node, measure)
    elif isinstance(node, Compared):
        yield from _compared(where, node, measure)


def _compared(where: Where, node: Compared, measure: MeasureDefinition) -> Found:
    if node.side == "other" and not measure.side_required:
        yield (*where, "side"), f"{measure.id} is not taken per side"
    if node.item is not None:
        yield from item_flaws(where, node.item, node.value, measure)
        return
    low, high = _limits(node, measure)
    if node.value < low or (high is not None and node.value > high):
        named = f"{measure.id}, {node.subscale}" if node.subscale else measure.id
        limits = f"{low} to {'any number' if high is None else high}"
        yield where, f"{node.value} is outside the range of {named}, {limits}"


def item_flaws(where: Where, item: int, value: Decimal, measure: MeasureDefinition) -> Found:
    """Find a question about an item that a measure has not, or an answer that the item has not."""
    scoring = measure.scoring
    if scoring is None:
        yield (*where, "item"), f"{measure.id} has no items that are known: ask about its total"
    elif item > scoring.items:
        yield (*where, "item"), f"{measure.id} has {scoring.items} items, and no item {item}"
    elif not scoring.lowest <= value <= scoring.highest:
        limits = f"{scoring.lowest} to {scoring.highest}"
        yield where, f"{value} is outside the range of an item of {measure.id}, {limits}"


def _over(where: Where, node: Compared, measure: MeasureDefinition | None) -> Found:
    if node.over is None or measure is None:
        return
    if measure.period is None:
        yield (*where, "over"), f"{measure.id} does not say which time a score of it is about"
    elif node.over.days < measure.period.days:
        yield (
            (*where, "over"),
            f"is less than the {measure.period.days} days that one score is about",
        )


def _gain(where: Where, node: Gained, measure: MeasureDefinition) -> Found:
    if measure.better == "depends":
        yield (*where, "gain"), f"{measure.id} has no single direction of improvement"
    elif node.gain_percent is not None and measure.minimum < 0:
        yield (*where, "gain_percent"), f"{measure.id} begins below 0: a share of it says nothing"


def _limits(node: Compared, measure: MeasureDefinition) -> tuple[Decimal, Decimal | None]:
    if node.subscale is not None:
        return measure.subscales[node.subscale]
    return measure.minimum, measure.maximum


def _answered(where: Where, node: Reported, context: Mapping[str, Asked]) -> Found:
    asked = context.get(node.reported)
    if asked is None:
        yield (
            (*where, "reported"),
            unknown("question", node.reported, sorted(context)),
        )
    elif not asked.allows(node.answer):
        yield (*where, "answer"), f'"{node.answer}" is no answer to {node.reported}'


def _named_and_cited(where: Where, node: Criterion) -> Found:
    if isinstance(node, AllOf | AnyOf):
        return
    leaf: Question = node
    for name in ("id", "text", "source"):
        if getattr(leaf, name) is None:
            yield (
                (*where, name),
                "is missing: a criterion of entry or exit is named and cited",
            )


def _alternatives(pathway: PathwayDefinition, pathways: Collection[str]) -> Found:
    """Look-alikes and redirects lead to pathways or stubs that exist."""
    for number, look_alike in enumerate(pathway.differentials):
        if look_alike.pathway is not None and look_alike.pathway not in pathways:
            at = ("differentials", number, "pathway")
            yield at, unknown("pathway", look_alike.pathway, sorted(pathways))
    for number, redirect in enumerate(pathway.redirects):
        for place, name in enumerate(redirect.towards):
            if name not in pathways:
                yield (
                    ("redirects", number, "towards", place),
                    unknown("pathway", name, sorted(pathways)),
                )


def _references(pathway: PathwayDefinition) -> Found:
    """Advice, site and yellow flags point at what exists."""
    flags = [flag.id for flag in pathway.red_flags]
    for number, advice in enumerate(pathway.see_provider):
        if advice.red_flag and advice.red_flag not in flags:
            yield (
                ("see_provider", number, "red_flag"),
                unknown("red flag", advice.red_flag, flags),
            )
    site = pathway.condition.site
    if site and not {v.id: v.covered for v in site.variants}.get(site.default):
        yield (
            ("condition", "site", "default"),
            "is not one of the variants that are covered",
        )
    if pathway.yellow_flags.recommend_at < pathway.yellow_flags.offer_at:
        yield ("yellow_flags", "recommend_at"), "is less than offer_at"
