"""When measures are collected: at the baseline, half-way, at the end, for a stage, or in between.

The points beside `stage` are those of the New Zealand ACC's integrated care pathways (FHIR
implementation guide of ACC, version 1.1.0, code system acc-icp-recorded-outcome-stage: read). A
pathway names the measures that a stage begins with; nobody says when half-way is.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import UUID

from django.db.models import Q, QuerySet

from care_plans import facts
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES, StageName
from care_plans.counting import SAME_VISIT
from care_plans.criteria import Compared, Gained, SideRatio, Worsened, leaves
from care_plans.disclosing import disclose
from care_plans.evaluation import evaluate
from care_plans.evidence import Outcome
from care_plans.models import AbsentScore, Assessment, Course, Measure, Score, StageStay
from coordination.actors import Actor
from coordination.problems import Invalid

type _Reads = Compared | Gained | Worsened | SideRatio

Point = Assessment.CollectionPoint


def must_fit_course(point: str, stage: str, course: Course | None, at: datetime) -> None:
    """Raise `Invalid` for a point that is none, or that does not fit the course at this time.

    A sitting for a stage was taken while the course was in it, or within a day before.
    """
    if point not in Point.values:
        raise Invalid.field("/collection_point", f"One of: {', '.join(Point.values)}.")
    if (point == Point.STAGE) != bool(stage):
        raise Invalid.field("/for_stage", "A sitting for a stage names it, and no other does.")
    if point != Point.AD_HOC and course is None:
        raise Invalid.field("/collection_point", "Without a course there is only ad_hoc.")
    if (
        point == Point.STAGE
        and not StageStay.objects.filter(
            Q(left_at=None) | Q(left_at__gte=at),
            course=course,
            stage=stage,
            entered_at__lte=at + SAME_VISIT,
        ).exists()
    ):
        raise Invalid.field("/for_stage", "The course was not in this stage at that time.")


@dataclass(frozen=True, slots=True)
class ReadBy:
    """A criterion that reads a measure, in the pathway's name for it, its words and its sources."""

    criterion: str
    text: str
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """One measure that is to be collected at a point, and what became of that.

    `assessment` and `reason` are None where there is nothing, or where it is withheld: then only
    `status` says that it was collected. `why` names the criteria that read it, and `due_at` says by
    when, where it is asked for because of them; both are empty for what a stage begins with.
    """

    point: str
    stage: str
    measure: str
    side: str
    status: Literal["collected", "absent", "outstanding"]
    assessment: UUID | None = None
    effective_at: datetime | None = None
    reason: str | None = None
    due_at: datetime | None = None
    why: tuple[ReadBy, ...] = ()


def collections(course: Course, *, actor: Actor, now: datetime) -> list[Collection]:
    """Return what a course's pathway wants collected so far, point by point.

    The baseline is what the first stage begins with; each stage that the course has been in has its
    own; the exit is the baseline taken again, from the last stage on (our reading: no source says
    it). A score of the measure that was taken in a stage, or within a day before, counts for the
    stage and, the first one, for the baseline, whether or not it was taken for them. What the way
    out of a stage reads, and the stage does not begin with, is wanted by its review, or by when it
    is expected to end where that is sooner (ours too); only what was taken in it answers that. What
    a yellow flag is to be followed with is wanted of whoever may know the scores that met it.
    """
    taken = _taken(course, now)
    told = set(disclose(_of(course), actor, now).values_list("pk", flat=True))
    wanted = [*_wanted(course), *_followed_up(course, told, now)]
    return [_collection(one, taken, told) for one in wanted]


def _why(leaf: _Reads) -> ReadBy:
    return ReadBy(leaf.id or "", leaf.text or "", tuple(leaf.source or ()))


@dataclass(frozen=True, slots=True)
class _Wanted:
    point: str
    stage: str
    measure: str
    side: str
    since: datetime
    until: datetime | None
    due_at: datetime | None = None
    why: tuple[ReadBy, ...] = ()


@dataclass(frozen=True, slots=True)
class _Taken:
    """A value, or the reason why there is none, of one measure and side."""

    assessment: UUID
    measure: str
    side: str
    at: datetime
    point: str
    stage: str
    reason: str | None


def _of(course: Course) -> QuerySet[Assessment, Assessment]:
    rows: QuerySet[Assessment, Assessment] = Assessment.objects.filter(
        course=course, replaced_by=None
    )
    return rows


def _wanted(course: Course) -> Iterator[_Wanted]:
    definition = course.pathway_version.definition
    first = definition.stage(STAGES[0]).measures_at_entry
    began = course.applied_at - SAME_VISIT
    yield from _each(course, Point.BASELINE, "", first, began, None)
    stays = list(StageStay.objects.filter(course=course).order_by("sequence"))
    for stay in {stay.stage: stay for stay in stays}.values():
        name = cast(StageName, stay.stage)
        asked = definition.stage(name).measures_at_entry
        since = stay.entered_at - SAME_VISIT
        compared = frozenset(
            leaf.measure for leaf in _ways_out(definition, name) if isinstance(leaf, SideRatio)
        )
        yield from _each(course, Point.STAGE, name, asked, since, stay.left_at, compared=compared)
        for slug, reading in asked_at_end(definition, name).items():
            for one in _each(
                course,
                Point.STAGE,
                name,
                [slug],
                _counts_since(course, stay, reading),
                stay.left_at,
                compared=compared,
            ):
                why = tuple(_why(leaf) for leaf in reading)
                yield replace(one, due_at=_due(stay), why=why)
    is_last = course.stage == STAGES[-1] or course.status == Course.Status.DISCHARGED
    if is_last and stays:
        # a day in the future, so that only what was taken for the exit counts
        yield from _each(course, Point.EXIT, "", first, _NEVER, None)


def asked_at_end(definition: PathwayDefinition, stage: StageName) -> dict[str, list[_Reads]]:
    """Return what the way out of a stage reads and nobody would take, with who asks for it.

    That is: the stage's exit and the next one's entry, without what the stage begins with and what
    people enter day by day.
    """
    found: dict[str, list[_Reads]] = {}
    for leaf in _ways_out(definition, stage):
        if leaf.measure not in definition.stage(stage).measures_at_entry:
            found.setdefault(leaf.measure, []).append(leaf)
    known = {measure.slug: measure for measure in Measure.objects.filter(slug__in=found)}
    return {
        slug: reading
        for slug, reading in found.items()
        if slug in known and known[slug].definition.entered != "daily"
    }


def _followed_up(course: Course, told: set[UUID], now: datetime) -> Iterator[_Wanted]:
    definition = course.pathway_version.definition
    triggers = [one for one in definition.yellow_flags.triggers if one.follow_with]
    stay = StageStay.objects.filter(course=course, left_at=None).first()
    if not triggers or stay is None:
        return
    known = facts.gather([course], now=now)[course.pk]
    taken = {score.id: score for score in known.scores}
    for trigger in triggers:
        found = evaluate(trigger.when, definition, known, now)
        met_by = [taken[row] for row in found.rows() if row in taken]
        if found.outcome is not Outcome.MET or not met_by:
            continue
        if not {score.assessment_id for score in met_by} <= told:
            continue
        since = max(score.effective_at for score in met_by) - SAME_VISIT
        for one in _each(course, Point.STAGE, stay.stage, trigger.follow_with, since, None):
            yield replace(one, why=(ReadBy(trigger.id, trigger.text, tuple(trigger.source)),))


def _ways_out(definition: PathwayDefinition, stage: StageName) -> Iterator[_Reads]:
    following = definition.stage_after(stage)
    asked = [definition.stage(stage).exit]
    if following is not None:
        asked.append(definition.stage(following).entry)
    for criterion in asked:
        for leaf in leaves(criterion):
            if isinstance(leaf, Compared | Gained | Worsened | SideRatio):
                yield leaf


def _counts_since(course: Course, stay: StageStay, reading: Iterable[_Reads]) -> datetime:
    """Return from when on a score answers those who read it: as evaluation counts them."""
    if any(leaf.within == "stage" for leaf in reading):
        return stay.entered_at
    return course.applied_at - SAME_VISIT


def _due(stay: StageStay) -> datetime:
    if stay.review_at is None:
        return stay.expected_until
    return min(stay.review_at, stay.expected_until)


#: after everything that was ever taken
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def _each(
    course: Course,
    point: str,
    stage: str,
    slugs: Iterable[str],
    since: datetime,
    until: datetime | None,
    *,
    compared: Container[str] = frozenset(),
) -> Iterator[_Wanted]:
    """Yield the measures; of those that two sides are `compared` by, both are wanted."""
    sided = set(
        Measure.objects.filter(slug__in=slugs, side_required=True).values_list("slug", flat=True)
    )
    # a course that names no side, or both, is measured on either
    both = [course.side] if course.side in ("left", "right") else ["left", "right"]
    for slug in slugs:
        sides = ["left", "right"] if slug in compared else both
        for side in sides if slug in sided else [""]:
            yield _Wanted(point, stage, slug, side, since, until)


def _taken(course: Course, now: datetime) -> list[_Taken]:
    """Return the totals and the reasons of a course, the earliest first."""
    shape = (
        "assessment_id",
        "measure__slug",
        "side",
        "assessment__effective_at",
        "assessment__collection_point",
        "assessment__stage",
    )
    mine = {
        "assessment__course": course,
        "assessment__replaced_by": None,
        "assessment__effective_at__lte": now,
        "subscale": "",
    }
    scores = Score.objects.filter(item=None, **mine).values_list(*shape)
    absent = AbsentScore.objects.filter(**mine).values_list(*shape, "reason")
    found = [_Taken(*cast(Any, (*row, None))) for row in scores]
    found += [_Taken(*cast(Any, row)) for row in absent]
    return sorted(found, key=lambda one: (one.at, one.assessment))


def _collection(wanted: _Wanted, taken: Iterable[_Taken], told: set[UUID]) -> Collection:
    mine = [one for one in taken if (one.measure, one.side) == (wanted.measure, wanted.side)]
    named = [one for one in mine if (one.point, one.stage) == (wanted.point, wanted.stage)]
    within = [
        one
        for one in mine
        if one.reason is None
        and wanted.since <= one.at
        and (wanted.until is None or one.at <= wanted.until)
    ]
    values = [one for one in named if one.reason is None] or within
    best = (values or named)[0] if values or named else None
    status: Literal["collected", "absent", "outstanding"] = "outstanding"
    if best is not None:
        status = "collected" if best.reason is None else "absent"
    row = Collection(
        wanted.point,
        wanted.stage,
        wanted.measure,
        wanted.side,
        status,
        due_at=wanted.due_at,
        why=wanted.why,
    )
    if best is None or best.assessment not in told:
        return row
    return replace(row, assessment=best.assessment, effective_at=best.at, reason=best.reason)
