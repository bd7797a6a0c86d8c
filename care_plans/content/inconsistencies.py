"""What is wrong between parts that each look right: orders, marks, goals and who may do what."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise

from care_plans.content.checks import parts
from care_plans.content.contradictions import unrounded
from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.placing import placed_advice, placed_flags
from care_plans.content.reading import Where
from care_plans.content.safety import STOPS_LOADING, Advice, RedFlag
from care_plans.content.sourced import SEVERITIES, STAGES, Band
from care_plans.content.stages import Activity
from care_plans.content.thresholds import CALM
from care_plans.criteria import SideRatio

_WEEK = Decimal(7)
_LATER = re.compile(r"\b(book|next (week|month)|routine(ly)?)\b", re.IGNORECASE)
_PAINLESS = re.compile(
    r"\b(without pain|pain[- ]free|free (of|from) pain|painless|no( more)? pain)\b", re.IGNORECASE
)


def inconsistency_findings(pathway: PathwayDefinition, today: date) -> Iterator[Found]:
    """Find parts that cannot both be meant, each of which follows the format by itself."""
    yield from _graver_is_longer(pathway)
    yield from _stages_within_the_course(pathway)
    yield from _activities(pathway)
    yield from _leads_to_itself(pathway)
    yield from _idle_goals(pathway)
    yield from _who_diagnoses(pathway)
    yield from _sides(pathway)
    yield from _gates_in_words(pathway)
    yield from _actions(pathway)
    reviewed = pathway.governance.last_reviewed
    if reviewed is not None and reviewed > today:
        at: Where = ("governance", "last_reviewed")
        yield Found("reviewed-in-future", at, f"{reviewed} has not come yet", (at,))


def _bands(pathway: PathwayDefinition) -> Iterator[tuple[str, Band]]:
    for name in SEVERITIES:
        part = pathway.severities.get(name)
        if part is not None and isinstance(part.duration, Band):
            yield name, part.duration


def _graver_is_longer(pathway: PathwayDefinition) -> Iterator[Found]:
    for (less, before), (more, after) in pairwise(_bands(pathway)):
        shorter = unrounded(after.shortest) < unrounded(before.shortest)
        if shorter or unrounded(after.longest) < unrounded(before.longest):
            at = ("severities", more, "duration")
            detail = (
                f"{more} cases recover in {after.min} to {after.max} {after.unit}, and {less} ones "
                f"in {before.min} to {before.max} {before.unit}"
            )
            yield Found("severity-order", at, detail, (("severities", less, "duration"), at))


def _stages_within_the_course(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find stages that are expected to end after the whole course, in weeks that both name."""
    for severity, band in _bands(pathway):
        for name, stage in pathway.stages.items():
            weeks = stage.expected.get(severity)  # type: ignore[call-overload] # a severity
            if weeks is None or band.open_ended:
                continue
            over = CALM.subtract(CALM.multiply(weeks.end, _WEEK), unrounded(band.longest))
            if over <= _WEEK:  # weeks and months do not meet to the day
                continue
            at = ("stages", name, "expected", severity)
            detail = (
                f"is expected until week {weeks.end}, while {severity} cases recover in "
                f"{band.min} to {band.max} {band.unit}"
            )
            yield Found("weeks-past-course", at, detail, (("severities", severity, "duration"), at))


def _activities(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find exercise that a hard stop would not hold, and that begins before an easier level."""
    order = {level.id: number for number, level in enumerate(pathway.dose_levels)}
    leveled: list[tuple[Where, Activity, int]] = [
        (where, part, order[part.dose_level])
        for where, part in parts(pathway)
        if isinstance(part, Activity) and part.dose_level in order
    ]
    for where, activity, level in leveled:
        if not activity.is_loading:
            detail = f"has the dose level {activity.dose_level}, and no hard stop would hold it"
            yield Found("unmarked-loading", where, detail, (where,))
        stage = _stage(where)
        easier = [(_stage(at), at) for at, _, other in leveled if other < level]
        if activity.when is None and easier and min(easier)[0] > stage:
            at = min(easier)[1]
            detail = f"begins at the level {activity.dose_level}, before any easier one"
            yield Found("level-too-early", where, detail, (where, at))


def _stage(where: Where) -> int:
    return [str(name) for name in STAGES].index(str(where[1]))


def _leads_to_itself(pathway: PathwayDefinition) -> Iterator[Found]:
    for number, one in enumerate(pathway.differentials):
        if one.pathway == pathway.pathway:
            at: Where = ("differentials", number, "pathway")
            yield Found("leads-to-itself", at, "a look-alike is another condition", (at,))
    for number, redirect in enumerate(pathway.redirects):
        if pathway.pathway in redirect.towards:
            at = ("redirects", number, "towards")
            yield Found("leads-to-itself", at, "a redirect leads to another pathway", (at,))


def _idle_goals(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find goals without an activity in a stage each of whose lanes says what it does."""
    for name, stage in pathway.stages.items():
        doing = [its.activities for its in stage.lanes.values()]
        worked = {activity.goal for its in doing for activity in its}
        for number, goal in enumerate(stage.goals):
            if goal.id not in worked and all(doing):
                at: Where = ("stages", name, "goals", number)
                yield Found("idle-goal", at, f"nobody works on {goal.id}", (at,))


def _who_diagnoses(pathway: PathwayDefinition) -> Iterator[Found]:
    first = pathway.stages.get("acute")
    there = [name for name, its in first.lanes.items() if its.needed == "always"] if first else []
    if first is not None and not set(there) & set(pathway.diagnosis.may_diagnose):
        at: Where = ("diagnosis", "may_diagnose")
        detail = "nobody who may diagnose is always there in the first stage"
        yield Found("nobody-diagnoses", at, detail, (at,))


def _sides(pathway: PathwayDefinition) -> Iterator[Found]:
    for where, part in parts(pathway):
        if isinstance(part, SideRatio) and not pathway.condition.side_required:
            detail = "compares two sides, and no course of the condition has to name one"
            yield Found("side-not-asked", where, detail, (("condition",), where))


def _gates_in_words(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find what may be resumed or tried at home only without pain, and does not ask for it."""
    for number, one in enumerate(pathway.return_to_activity):
        if one.when is None and _PAINLESS.search(one.text):
            at: Where = ("return_to_activity", number)
            yield Found("missing-gate", at, "the words demand it, and nothing asks for it", (at,))
    free = [e for level in pathway.dose_levels if level.gate is None for e in level.exercises]
    held = [e for level in pathway.dose_levels if level.gate is not None for e in level.exercises]
    for number, step in enumerate(pathway.self_help):
        said = step.text.casefold()
        for name in free:
            said = said.replace(name.casefold(), "")
        named = [name for name in held if name.casefold() in said]
        if named and step.gate is None:
            at = ("self_help", number)
            yield Found("missing-gate", at, f"{named[0]} have a gate as a dose level", (at,))


def _actions(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find one finding with two things to do, and what is urgent and put off."""
    flags = placed_flags(pathway)
    for (first, one), (second, other) in combinations(flags, 2):
        if one.text.casefold() == other.text.casefold() and one.action != other.action:
            detail = f'"{other.text}" asks for something else here than as {one.id}'
            yield Found("conflicting-action", (*second, "action"), detail, (first, second))
    advised: list[tuple[Where, Advice | RedFlag]] = [*flags, *placed_advice(pathway)]
    for at, said in advised:
        if said.urgency in STOPS_LOADING and (put_off := _LATER.search(said.action)):
            detail = f'is {said.urgency}, and to be done "{put_off[0]}"'
            yield Found("urgent-put-off", (*at, "action"), detail, (at,))
