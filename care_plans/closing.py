"""How a course ends: an outcome that its goals bear out, and nothing left that it started.

Ended, expired or cancelled is never read as done: what nobody finished is stopped, revoked or
cancelled, each with its reason, and only goals that somebody reached make a success.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from care_plans import achieving, activities, flag_reminders, recommending, reminders, stays
from care_plans import facts as facts_of_courses
from care_plans.evaluation import evaluate
from care_plans.evidence import Finding
from care_plans.evidence import Outcome as Answer
from care_plans.models import Activity, CarePlan, Course, Goal, Lane, Outcome, RedFlag, StageStay
from coordination.actors import Actor
from coordination.models import WorkItem
from coordination.problems import Invalid
from referrals.lifecycle import perform as move_referral
from referrals.models import Referral
from referrals.reasons import RevokeReason

#: what only a course that began can end with, and what only one that did not
OF_A_START = (Outcome.GOALS_ACHIEVED, Outcome.PARTLY_ACHIEVED, Outcome.NOT_ACHIEVED)
OF_NO_START = (Outcome.NEVER_STARTED,)
#: why a referral is withdrawn with its course; `course_closed` for every other outcome
_BECAUSE: Mapping[str, RevokeReason] = {
    Outcome.DECEASED: RevokeReason.DECEASED,
    Outcome.NEW_DIAGNOSIS: RevokeReason.REPLACED,
}
#: goals of which nobody has said what became of them; those of later stages have not begun
_UNDECIDED = (Goal.Status.PLANNED, Goal.Status.IN_PROGRESS)
_ON_ITS_WAY = ("draft", "active", "on_hold")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The goals of a course at its end: those that somebody reached, and those that nobody did.

    `met` is the trace of each goal that was still open and whose target the evidence meets;
    `idle` are those that no lane was to work on, so that nobody missed them.
    """

    achieved: list[Goal]
    open: list[Goal]
    missed: list[Goal]
    met: Mapping[UUID, Finding]
    idle: frozenset[UUID]

    def as_json(self) -> dict[str, Any]:
        """Return what a discharge keeps as its evidence."""
        told = [
            {"goal": str(goal.pk), "status": status, "rests_on": self._trace(goal)}
            for status, goals in (
                (Goal.Status.ACHIEVED, self.achieved),
                (Goal.Status.CANCELLED, self.open),
                (Goal.Status.NOT_ACHIEVED, self.missed),
            )
            for goal in goals
        ]
        return {"goals": told}

    def _trace(self, goal: Goal) -> dict[str, Any] | None:
        found = self.met.get(goal.pk)
        return found.as_json() if found else None


def reckon(course: Course, outcome: str, *, at: datetime) -> Reckoning:
    """Weigh an outcome against the goals of a course; return what becomes of each goal.

    A goal counts as reached when somebody said so or, where the outcome claims success, when its
    target is met by what is recorded. Raises `Invalid` for an outcome that the course does not
    bear out.
    """
    if outcome not in Outcome.values:
        raise Invalid.field("/outcome", f"One of: {', '.join(Outcome.values)}.")
    began = course.started_at is not None
    if outcome in (OF_NO_START if began else OF_A_START):
        raise Invalid.field(
            "/outcome", f"This course {'has' if began else 'never'} begun: name another outcome."
        )
    goals = list(Goal.objects.filter(course=course).order_by("id"))
    is_success = outcome in (Outcome.GOALS_ACHIEVED, Outcome.PARTLY_ACHIEVED)
    undecided = [goal for goal in goals if goal.status in _UNDECIDED]
    met = _met(course, undecided, at) if is_success else {}
    found = Reckoning(
        achieved=[g for g in goals if g.status == Goal.Status.ACHIEVED or g.pk in met],
        open=[g for g in undecided if g.pk not in met],
        missed=[g for g in goals if g.status == Goal.Status.NOT_ACHIEVED],
        met=met,
        idle=frozenset(goal.pk for goal in goals) - _worked_on(course),
    )
    _must_be_borne_out(outcome, found)
    return found


def _met(course: Course, goals: Iterable[Goal], at: datetime) -> dict[UUID, Finding]:
    """Return the trace of each goal whose own target is met, as its own stage saw it."""
    facts = facts_of_courses.gather([course], now=at)[course.pk]
    definition, entered = course.pathway_version.definition, achieving.last_stays(course)
    met = {}
    for goal in goals:
        if goal.target is None:
            continue
        seen, until = achieving.as_of(goal, facts, entered, at)
        found = evaluate(achieving.target_of(goal), definition, seen, until)
        if found.outcome is Answer.MET:
            met[goal.pk] = found
    return met


def _worked_on(course: Course) -> set[UUID]:
    """Return the goals for which a lane that was needed had something to do."""
    spared = Q(status=Activity.Status.STOPPED, because=activities.NOT_NEEDED)
    rows = Activity.objects.filter(course=course).exclude(spared)
    return set(rows.values_list("goal_id", flat=True))


def _must_be_borne_out(outcome: str, found: Reckoning) -> None:
    if outcome == Outcome.GOALS_ACHIEVED:
        lacking = [*(goal for goal in found.open if goal.pk not in found.idle), *found.missed]
        if lacking or not found.achieved:
            names = "; ".join(goal.text for goal in lacking[:3]) or "it has none"
            raise Invalid.field(
                "/outcome",
                f"Not every goal of this course was reached as far as is recorded ({names}): "
                "mark them achieved first, or name another outcome.",
            )
    if outcome == Outcome.PARTLY_ACHIEVED and not found.achieved:
        raise Invalid.field("/outcome", "No goal of this course was reached as far as is recorded.")


def of_plan(plan: CarePlan, outcome: str) -> str:
    """Return how a plan ended whose courses have all ended: as asked, or as its courses did.

    What never began and what turned out to be another condition says nothing of the rest. Raises
    `Invalid` for an outcome better than that of the courses.
    """
    ended = set(Course.objects.filter(care_plan=plan).values_list("outcome", flat=True))
    counted = ended - {Outcome.NEVER_STARTED.value, Outcome.NEW_DIAGNOSIS.value}
    reached = {Outcome.GOALS_ACHIEVED.value, Outcome.PARTLY_ACHIEVED.value}
    if outcome and outcome not in Outcome.values:
        raise Invalid.field("/outcome", f"One of: {', '.join(Outcome.values)}.")
    if outcome == Outcome.GOALS_ACHIEVED and counted != {Outcome.GOALS_ACHIEVED}:
        raise Invalid.field("/outcome", "Not every course of this plan achieved its goals.")
    if outcome == Outcome.PARTLY_ACHIEVED and not counted & reached:
        raise Invalid.field("/outcome", "No course of this plan achieved anything, by its outcome.")
    if outcome == Outcome.NEVER_STARTED and ended - {Outcome.NEVER_STARTED}:
        raise Invalid.field("/outcome", "A course of this plan has begun.")
    return outcome or _follows(ended, counted, reached)


def _follows(ended: set[str], counted: set[str], reached: set[str]) -> str:
    if len(counted) == 1:
        return counted.pop()
    if counted & reached:
        return Outcome.PARTLY_ACHIEVED
    if counted:
        return Outcome.NOT_ACHIEVED
    return Outcome.NEW_DIAGNOSIS if Outcome.NEW_DIAGNOSIS in ended else Outcome.NEVER_STARTED


def end(
    course: Course,
    stay: StageStay | None,
    found: Reckoning,
    *,
    outcome: str,
    at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Stop everything that a course started; the course itself has been moved already.

    Its stay, its activities, its goals, the referrals that nobody took up, what was suggested,
    and whatever still waits to be said. What somebody works on stays theirs until they report,
    and what endangers the person stays open, since it is no matter of the course. The course's
    row must be locked.
    """
    if stay is not None:
        stays.leave(course, stay, effective_at=at, actor=actor, now=now)
    activities.stop_open_activities(course, because="The course has ended.", now=now)
    _settle_goals(found, now=now)
    _withdraw_referrals(course, outcome, actor=actor, now=now)
    is_alive = outcome != Outcome.DECEASED
    recommending.end_all(course, is_alive=is_alive, actor=actor, now=now)
    _drop_reviews(course, actor=actor, now=now)
    reminders.discharged(course, is_alive=is_alive, actor=actor, now=now)


def _settle_goals(found: Reckoning, *, now: datetime) -> None:
    for status, goals in (
        (Goal.Status.ACHIEVED, [goal for goal in found.achieved if goal.pk in found.met]),
        (Goal.Status.CANCELLED, found.open),
    ):
        Goal.objects.filter(pk__in=[goal.pk for goal in goals], status__in=_UNDECIDED).update(
            status=status, version=F("version") + 1, updated_at=now
        )


def _withdraw_referrals(course: Course, outcome: str, *, actor: Actor, now: datetime) -> None:
    """Revoke what was asked for this course and nobody works on, drafts and held ones included.

    The rows are locked first, so that whoever accepts one at this moment comes before or after.
    """
    lanes = Lane.objects.filter(course=course).values("referral_id")
    of_course = Q(condition_id=course.pk) | Q(pk__in=lanes)
    # the patient's are few and indexed; without them every open referral there is would be read
    locked = Referral.objects.select_for_update(no_key=True, of=("self",)).filter(
        of_course, patient=course.patient_id, status__in=_ON_ITS_WAY
    )
    ids = list(locked.order_by("id").values_list("id", flat=True))
    waits = Q(work_item=None) | Q(work_item__status__in=_untouched(outcome))
    software = Actor.system("care_plans.closing", actor.organization_id)
    for referral_id in (
        Referral.objects.filter(waits, pk__in=ids).order_by("id").values_list("id", flat=True)
    ):
        move_referral(
            referral_id,
            "revoke",
            actor=software,
            now=now,
            reason_code=_BECAUSE.get(outcome, RevokeReason.COURSE_CLOSED),
        )


def _untouched(outcome: str) -> Sequence[str]:
    """Return how far work may be and still be taken back: nobody will see who has died."""
    if outcome == Outcome.DECEASED:
        return (WorkItem.Status.REQUESTED, WorkItem.Status.ACCEPTED)
    return (WorkItem.Status.REQUESTED,)


def _drop_reviews(course: Course, *, actor: Actor, now: datetime) -> None:
    """Let go of the reviews that were due before this course could go on.

    The flags stay open for whoever takes them up, and everything that endangers the person stays
    somebody's work.
    """
    flags = RedFlag.objects.filter(course=course, urgency__in=flag_reminders.OF_COURSE).exclude(
        status=RedFlag.Status.CLEARED
    )
    items = list(flags.exclude(work_item=None).values_list("work_item_id", flat=True))
    ids = list(flags.values_list("id", flat=True))
    if not ids:
        return
    flags.update(work_item=None)
    WorkItem.objects.filter(pk__in=items).update(status=WorkItem.Status.CANCELLED, closed_at=now)
    flag_reminders.course_ended(ids, actor=actor, now=now)
