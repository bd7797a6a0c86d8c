"""A forecast: a real course played on from where it stands, as its pathway expects, and undone.

It is the dry run's own code on the rows of the course itself: who leads it and who does its lanes
act, and beside them one made-up person of each other discipline, so that no referral waits for
somebody to be employed. Nothing of it is kept and nothing is sent.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

from care_plans import facts, leading
from care_plans.content_review import review_due, review_status
from care_plans.evidence import in_order
from care_plans.models import Course, Lane, Recommendation, RedFlag, SafetyAlert, StageStay
from care_plans.progress import RedFlagOpen
from care_plans.rehearsing import meeting
from care_plans.rehearsing.dry_run import Rehearsed, scores_of, told_of, watched
from care_plans.rehearsing.expected import Expected
from care_plans.rehearsing.playing import DAY, Player, TooFar
from care_plans.rehearsing.scene import peopled, practising, undone
from care_plans.rehearsing.turns import RehearsalRunning, TookTooLong
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import Denied, NotAllowed, NotFound, Problem
from coordination.reaching import can_be_told
from coordination.withheld import must_be_told_all
from notifications.models import Message
from referrals.models import Referral


class NothingAhead(NotAllowed):
    """The course has ended, or nobody is there to take it further."""

    type = "nothing-ahead"


def forecast(course: Course, *, actor: Actor, now: datetime) -> Rehearsed:
    """Return what lies ahead of a course if each stage is met on its last expected day.

    The stays are all those of the course, those behind it included; the entries begin at `now`.
    `stopped` says what keeps it from its end, a red flag that only a person can clear say. Call
    it within a transaction of the course's organization; the course is locked meanwhile. Raises
    `NothingAhead`, and `NotOpenToYou` for whom anything of the patient is withheld: what lies
    ahead rests on all that there is.
    """
    must_be_told_all(course.patient_id, actor=actor, now=now)
    if course.status == Course.Status.DISCHARGED:
        raise NothingAhead("This course has ended: nothing lies ahead of it.")
    lead = leading.lead_role(course.patient_id)
    if lead is None or not can_be_told(lead, now):
        raise NothingAhead("Nobody leads this patient's care now, so nobody can take it further.")
    try:
        with undone():
            _give_way()
            player = _player(course, lead, now)
            with watched(player, from_here=True) as timeline:
                played = Expected(player, _scores(course, now))
                stopped = _stopped(played)
            found = told_of(player, timeline, played.unmet, stopped=stopped)
            due = review_due(course.pathway_version, course.organization_id)
            return replace(
                found, review_due=due, review_status=review_status(due, today=now.date())
            )
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise
        raise RehearsalRunning(
            "Somebody is working on this patient's care now. Ask again in a few seconds."
        ) from error


def _give_way() -> None:
    """Wait for nobody who works on the same rows: what they write is real. Undone with the rest."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '200ms'")


def _player(course: Course, lead: PractitionerRole, now: datetime) -> Player:
    person = practising(lead)
    scene = peopled(lead.location, {lead.discipline: person}, now=now)
    return Player(scene, course.pk, person, now, others=_of_others(course))


def _of_others(course: Course) -> frozenset[UUID]:
    """Return the waiting messages about the patient that are no matter of this course."""
    lanes = Lane.objects.filter(course=course, referral__isnull=False)
    rows = Referral.objects.filter(pk__in=lanes.values("referral_id"))
    mine = {course.pk, *rows.values_list("pk", flat=True)}
    mine |= set(rows.values_list("work_item_id", flat=True))
    for model in (StageStay, Recommendation, RedFlag, SafetyAlert):
        mine |= set(model.objects.filter(course=course).values_list("pk", flat=True))
    waiting = Message.objects.filter(patient_id=course.patient_id, status=Message.Status.QUEUED)
    return frozenset(waiting.exclude(subject_id__in=mine).values_list("pk", flat=True))


def _scores(course: Course, now: datetime) -> meeting.Scores:
    """Return the scores that the course knows; where it knows none, those of somebody made up."""
    definition = course.pathway_version.definition
    scores = scores_of(definition, course.severity, course.side)
    known = facts.gather([course], now=now)[course.pk].scores
    for fact in in_order(known):
        if fact.measure in scores.measures and fact.effective_at <= now:
            part = meeting.Part(fact.measure, fact.side, fact.item, fact.subscale)
            scores.first.setdefault(part, fact.value)
            scores.last[part] = fact.value
    return scores


def _stopped(played: Expected) -> str:
    """Play to the end; return in words what it was stopped by, or nothing."""
    try:
        played.measure_what_was_missed()
        played.play()
        played.player.pass_time(played.player.at + DAY)
    except (TooFar, TookTooLong):
        raise
    except (NotFound, Denied):  # what somebody may not do or see is theirs to know
        return "Whoever leads or treats now cannot take this course further from here."
    except RedFlagOpen:
        return "A red flag is open: only whoever may clear it can let the course go on."
    except Problem as problem:
        return problem.detail
    return ""
