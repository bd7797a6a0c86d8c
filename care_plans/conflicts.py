"""Activities of two courses of one plan that do the same, warn of one another, or load one part.

Reckoned anew from what is planned whenever somebody asks, so that no change of a course can leave
an outdated list behind; only what the lead decided about a conflict is kept. Pure but for
`of_plan` and `state_of`, which read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any
from uuid import UUID, uuid5

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import StageName
from care_plans.models import Activity, CarePlan, ConflictDecision, Course

Status = Activity.Status
Decision = ConflictDecision.Decision
OPEN = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.ON_HOLD)
BEGUN = (Status.IN_PROGRESS, Status.ON_HOLD)

#: whatever an id is made from must never change: it names the conflict in what was decided
_IDS = UUID("018f4e6a-7c1d-7b54-9a6e-3d2b8c5f0a11")


class Standing(StrEnum):
    """How a conflict stands: open until the lead has decided about all that it is about."""

    OPEN = "open"
    KEPT_BOTH = "kept_both"
    KEPT_FIRST = "kept_first"
    KEPT_SECOND = "kept_second"


@dataclass(frozen=True, slots=True)
class Doing:
    """An activity that is planned or under way, with what it can be compared by."""

    id: UUID
    course_id: UUID
    discipline: str
    text: str
    is_loading: bool
    side: str
    status: str = "not_started"
    uses: frozenset[str] = frozenset()
    cautions: frozenset[str] = frozenset()
    loads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """Two activities of two courses that a person has to decide about; `about` names why."""

    kind: str
    first: UUID
    second: UUID
    about: tuple[str, ...]

    @property
    def id(self) -> UUID:
        """Return the same id whenever the same two activities conflict in this way."""
        return uuid5(_IDS, f"{self.kind}:{self.first}:{self.second}")

    @property
    def sentence(self) -> str:
        """Say what is in conflict, in one sentence."""
        return _SENTENCES[self.kind].format(about=", ".join(self.about))


#: what is asked of two activities of different courses; no source says it: expert consensus
RULES = {
    "duplicate": (
        "Two activities of one plan that do the same exercise, or say the same in the same words "
        "to one discipline, are put before the lead."
    ),
    "caution": "Of two activities of one plan, one warns against an exercise that the other uses.",
    "load": (
        "Two loading activities of one plan load the same structure, or in one family of "
        "conditions the same tissue."
    ),
}
_SENTENCES = {
    "duplicate": "Both do the same: {about}.",
    "caution": "One warns against what the other one asks for: {about}.",
    "load": "Both load the same part of the body: {about}.",
}


def found(doings: Iterable[Doing]) -> list[Conflict]:
    """Return every conflict between activities of different courses, in an order that is fixed."""
    pairs = combinations(sorted(doings, key=lambda one: one.id), 2)
    return sorted(
        conflict
        for one, other in pairs
        if one.course_id != other.course_id
        for conflict in _between(one, other)
    )


def _between(one: Doing, other: Doing) -> Iterator[Conflict]:
    apart = {one.side, other.side} == {"left", "right"}
    same = set() if apart else one.uses & other.uses
    if _alike(one, other, apart=apart):
        same = {*same, one.text}
    warned = (one.cautions & other.uses) | (other.cautions & one.uses)
    loaded = set() if apart or same else one.loads & other.loads
    for kind, about in (("duplicate", same), ("caution", warned), ("load", loaded)):
        if about:
            yield Conflict(kind, one.id, other.id, tuple(sorted(about)))


def _alike(one: Doing, other: Doing, *, apart: bool) -> bool:
    """Say whether one discipline is asked for the same in the same words.

    What is trained on the left does not replace what is trained on the right; advice does.
    """
    trains = one.is_loading or bool(one.uses)
    same_words = named(one.text) == named(other.text) and one.discipline == other.discipline
    return same_words and not (apart and trains)


def named(words: str) -> str:
    """Return words in the form in which exercises are named, such as single-leg-bridge."""
    return "-".join(re.findall(r"\w+", words.casefold()))


def of_plan(plan: CarePlan) -> dict[UUID, Doing]:
    """Return what is planned or under way on a plan's courses, by activity.

    Takes a number of queries that does not depend on how much that is.
    """
    courses = Course.objects.filter(care_plan=plan).underway().prefetch_related("pathway_version")
    by_id: dict[UUID, Course] = {course.pk: course for course in courses}
    rows = Activity.objects.filter(course_id__in=by_id, status__in=OPEN).select_related("lane")
    return {row.pk: _doing(row, by_id[row.course_id]) for row in rows}


def _doing(row: Activity, course: Course) -> Doing:
    definition = course.pathway_version.definition
    stage: Any = row.stage
    uses, cautions = _named_in(definition, stage, row)
    return Doing(
        id=row.pk,
        course_id=row.course_id,
        discipline=row.lane.discipline,
        text=row.text,
        is_loading=row.is_loading,
        side=course.side,
        status=row.status,
        uses=uses,
        cautions=cautions,
        loads=_loaded(definition) if row.is_loading else frozenset(),
    )


def _named_in(
    definition: PathwayDefinition, stage: StageName, row: Activity
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the exercises that an activity asks for at its present level, and warns against."""
    content = definition.stage(stage).activity(row.key)
    level = next((one for one in definition.dose_levels if one.id == row.dose_level), None)
    parts = [part for part in (content[1] if content else None, level) if part is not None]
    uses = {name for part in parts for name in part.uses}
    uses |= {named(words) for words in (level.exercises if level is not None else ())}
    return frozenset(uses), frozenset(name for part in parts for name in part.cautions)


def _loaded(definition: PathwayDefinition) -> frozenset[str]:
    """Return what the condition's pathway loads: its structures, and its family's tissue."""
    condition = definition.condition
    structures = {named(one.text) for one in condition.body_structures}
    return frozenset({*structures, condition.family} if condition.family else structures)


def state_of(
    conflicts: Iterable[Conflict],
) -> dict[UUID, tuple[Standing, ConflictDecision | None]]:
    """Return how each conflict stands, with the latest decision about it.

    Leaving both in place covers what the conflict was about then: anything new opens it again.
    """
    wanted = {conflict.id: conflict for conflict in conflicts}
    latest: dict[UUID, ConflictDecision] = {}
    for row in ConflictDecision.objects.filter(conflict__in=wanted).order_by("sequence"):
        latest[row.conflict] = row
    return {
        name: (_standing(conflict, latest.get(name)), latest.get(name))
        for name, conflict in wanted.items()
    }


def decided(plan: CarePlan) -> list[tuple[Conflict, Standing, ConflictDecision]]:
    """Return every conflict that was decided about, with the latest decision, as it was then.

    One that was opened again and has not been decided since is left out.
    """
    latest: dict[UUID, ConflictDecision] = {}
    for row in ConflictDecision.objects.filter(care_plan=plan).order_by("sequence"):
        latest[row.conflict] = row
    return [
        (
            Conflict(row.kind, row.first_id, row.second_id, tuple(row.about)),
            _DECIDED[row.decision],
            row,
        )
        for row in sorted(latest.values(), key=lambda row: (row.recorded_at, row.pk))
        if row.decision in _DECIDED
    ]


_DECIDED: Mapping[str, Standing] = {
    Decision.KEEP_BOTH: Standing.KEPT_BOTH,
    Decision.KEEP_FIRST: Standing.KEPT_FIRST,
    Decision.KEEP_SECOND: Standing.KEPT_SECOND,
}


def left_out(conflict: Conflict, standing: Standing) -> UUID | None:
    """Return the activity that a decision stopped; None where both are kept, or none is yet."""
    if standing is Standing.KEPT_FIRST:
        return conflict.second
    return conflict.first if standing is Standing.KEPT_SECOND else None


def _standing(conflict: Conflict, last: ConflictDecision | None) -> Standing:
    if last is None or last.decision == Decision.REOPEN:
        return Standing.OPEN
    if last.decision == Decision.KEEP_BOTH:
        covered = set(conflict.about) <= set(last.about)
        return Standing.KEPT_BOTH if covered else Standing.OPEN
    # the other one was stopped; if both are there again, it is to be decided again
    return Standing.OPEN
