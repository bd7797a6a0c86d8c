"""How far each goal has come, by the scores: FHIR's achievement status, with the rows it rests on.

It follows what is recorded, whoever recorded it and however late: a correction or a late entry
changes it as if it had been there from the start. That a goal was reached is said by a person
(`goals.move_goal`); this only puts before them what the scores say.

A goal belongs to a stage. Once the stage is over its goal is judged as of the end of the last stay
in it, so that what comes later neither reaches nor loses it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from json import dumps
from typing import Any, cast

from django.db.models import BooleanField, Case, F, Prefetch, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from pydantic import TypeAdapter

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import StageName
from care_plans.counting import scores, sides_asked
from care_plans.criteria import Compared, Criterion, Gained, SideRatio, leaves
from care_plans.disclosing import rests_on_hidden
from care_plans.evaluation import evaluate
from care_plans.evidence import Evidence, Facts, Finding, Outcome, StayFact
from care_plans.models import Course, Goal, GoalAchievement, StageStay
from care_plans.movement import Direction, Movement, movement
from care_plans.questioned import in_digits
from care_plans.resting import with_version
from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor

Code = GoalAchievement.Code

_TARGET: TypeAdapter[Criterion] = TypeAdapter(Criterion)


@dataclass(frozen=True, slots=True)
class Achievement:
    """What the scores say of one goal, and why."""

    code: GoalAchievement.Code
    finding: Finding


def follow(course: Course, facts: Facts, *, actor: Actor, now: datetime) -> None:
    """Bring what the scores say of a course's goals up to date; safe to repeat.

    The course's row must be locked. A goal of which nothing was ever concluded has no row.
    """
    goals = list(Goal.objects.filter(course=course, target__isnull=False).order_by("id"))
    if not goals:
        return
    standing = {
        row.goal_id: row for row in GoalAchievement.objects.filter(course=course, until=None)
    }
    stays = last_stays(course)
    for goal in goals:
        seen, until = as_of(goal, facts, stays, now)
        found = judge(target_of(goal), course.pathway_version.definition, seen, until)
        known = standing.get(goal.pk)
        if _is_news(known, found):
            _write(course, goal, known, found, actor=actor, now=now)


def waits_for_time(definition: PathwayDefinition) -> bool:
    """Say whether time alone, without anything recorded, may reach one of a pathway's goals."""
    return definition.has_timed_target


def judge(
    target: Criterion, definition: PathwayDefinition, facts: Facts, now: datetime
) -> Achievement:
    """Return what the facts say of a target: met, or which way its measures have moved. Pure."""
    asked = evaluate(target, definition, facts, now)
    if asked.outcome is Outcome.MET:
        return Achievement(Code.ACHIEVED, asked)
    moved = list(_moved(target, facts, now))
    ways = {way for way, _ in moved}
    code = next(
        (
            code
            for way, code in (
                ("worsening", Code.WORSENING),
                ("improving", Code.IMPROVING),
                ("no-change", Code.NO_CHANGE),
            )
            if way in ways
        ),
        Code.IN_PROGRESS,
    )
    whole = Finding(
        kind="GoalProgress",
        outcome=asked.outcome,
        sentence=" ".join([asked.sentence, *(one.sentence for _, one in moved)]),
        evidence=(),
        source=asked.source,
        parts=(asked, *(one for _, one in moved)),
    )
    return Achievement(code, whole)


def shown(goals: QuerySet[Any, Any], actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Fetch with each goal what the scores say of it now, as `standing_achievements`.

    One that rests on something withheld from the reader says so in `is_withheld`.
    """
    rows = as_told(GoalAchievement.objects.filter(until=None), actor, now)
    said = Prefetch("achievements", rows, to_attr="standing_achievements")
    return with_version(goals).prefetch_related(said)


def as_told(
    rows: QuerySet[GoalAchievement, GoalAchievement], actor: Actor, now: datetime
) -> QuerySet[Any, Any]:
    """Say of each row whether something that it rests on is withheld from the reader."""
    hidden = [Q(one) for one in rests_on_hidden(actor, now, patient="patient_id")]
    cases = [When(one, then=Value(True)) for one in hidden]
    withheld = Case(*cases, default=Value(False), output_field=BooleanField())
    return with_version(rows.annotate(is_withheld=withheld))


def last_stays(course: Course) -> Mapping[str, StageStay]:
    """Return the last stay in each stage that was entered."""
    rows = StageStay.objects.filter(course=course).order_by("sequence")
    return {stay.stage: stay for stay in rows}


def as_of(
    goal: Goal, facts: Facts, stays: Mapping[str, StageStay], now: datetime
) -> tuple[Facts, datetime]:
    """Return the facts as the goal's own stage sees them, and the moment as of which it does."""
    stay = stays.get(goal.stage)
    if stay is None:
        return replace(facts, stay=None), now
    seen = StayFact(stay.pk, cast(StageName, stay.stage), stay.entered_at)
    return replace(facts, stay=seen), min(stay.left_at or now, now)


def target_of(goal: Goal) -> Criterion:
    """Return the target as it was promised, whatever the present version says."""
    return _parsed(dumps(goal.target, sort_keys=True))


@lru_cache(maxsize=4096)  # drafts that are tried out come through here too
def _parsed(target: str) -> Criterion:
    return _TARGET.validate_json(target)


def _moved(target: Criterion, facts: Facts, now: datetime) -> Iterator[tuple[Direction, Finding]]:
    """Yield which way each measure of a target has moved since the course began."""
    named = {
        (str(leaf.measure), leaf.subscale or "")
        for leaf in leaves(target)
        if isinstance(leaf, Compared | Gained | SideRatio) and leaf.measure in facts.measures
    }
    for slug, subscale in sorted(named):
        measure = facts.measures[slug]
        for side in sides_asked(facts, slug, "affected"):
            taken = scores(facts, slug, now, within="course", side=side, subscale=subscale)
            moved = movement(measure, taken)
            if moved is None or moved.direction == "unknown":
                continue
            yield moved.direction, _told(slug, measure.name, moved)


def _told(slug: str, name: str, moved: Movement) -> Finding:
    assert moved.gain is not None, "what nobody can judge is not told"
    assert moved.matters_from is not None, "the same"
    day = f"{moved.first.effective_at:%Y-%m-%d}"
    return Finding(
        kind="Moved",
        outcome=Outcome.MET if moved.direction == "improving" else Outcome.NOT_MET,
        sentence=(
            f"{name} has gained {in_digits(moved.gain)} since {day}; "
            f"a change matters from {in_digits(moved.matters_from)}."
        ),
        id=slug,
        evidence=(Evidence("score", moved.first.id), Evidence("score", moved.last.id)),
    )


def _is_news(known: GoalAchievement | None, found: Achievement) -> bool:
    if known is None:
        return found.code != Code.IN_PROGRESS
    return known.code != found.code or set(known.rests_on) != found.finding.rows()


def _write(
    course: Course,
    goal: Goal,
    known: GoalAchievement | None,
    found: Achievement,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    if known is not None:
        # clocks of two processes may differ: nothing ends before it began
        GoalAchievement.objects.filter(pk=known.pk, until=None).update(
            until=Greatest(F("since"), Value(now))
        )
    made: GoalAchievement = GoalAchievement.objects.create(
        organization_id=course.organization_id,
        patient_id=course.patient_id,
        course=course,
        goal=goal,
        code=found.code,
        finding=found.finding.as_json(),
        rests_on=sorted(found.finding.rows()),
        since=now,
    )
    if known is None or known.code != found.code:
        software = Actor.system("care_plans.achieving", actor.organization_id)
        tell(
            "goal.judged",
            subject="Goal",
            subject_id=goal.pk,
            patient_id=made.patient_id,
            actor=software,
            now=now,
            action=audit.Action.ACT,
            detail={"achievement": made.code},
        )
