"""A forecast: a real course played on from where it stands, as its pathway expects, and undone.

It is the dry run's own code on the rows of the course itself: who leads it and who does its lanes
act, and beside them one made-up person of each other discipline, so that no referral waits for
somebody to be employed. Nothing of it is kept and nothing is sent.
"""

from datetime import datetime

from care_plans import facts, leading
from care_plans.models import Course
from care_plans.rehearsing import meeting
from care_plans.rehearsing.dry_run import Rehearsed, scores_of, told_of, watched
from care_plans.rehearsing.expected import Expected
from care_plans.rehearsing.playing import DAY, Player
from care_plans.rehearsing.scene import peopled, practising, undone
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import NotAllowed, Problem
from coordination.withheld import must_be_told_all


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
    if lead is None or not lead.is_registered(now):
        raise NothingAhead("Nobody leads this patient's care now, so nobody can take it further.")
    with undone():
        player = _player(course, lead, now)
        with watched(player, from_here=True) as timeline:
            played = Expected(player, _scores(course, now))
            stopped = _stopped(played)
        return told_of(player, timeline, played.unmet, stopped=stopped)


def _player(course: Course, lead: PractitionerRole, now: datetime) -> Player:
    person = practising(lead)
    scene = peopled(lead.location, {lead.discipline: person}, now=now)
    return Player(scene, course.pk, person, now)


def _scores(course: Course, now: datetime) -> meeting.Scores:
    """Return the scores that the course knows; where it knows none, those of somebody made up."""
    definition = course.pathway_version.definition
    scores = scores_of(definition, course.severity, course.side)
    known = facts.gather([course], now=now)[course.pk].scores
    for fact in sorted(known, key=lambda one: (one.effective_at, one.recorded_at)):
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
    except Problem as problem:
        return problem.detail
    return ""
