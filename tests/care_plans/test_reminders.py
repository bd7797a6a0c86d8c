"""Who is told what about a course, and what is no longer said."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from care_plans import circumstances, consuming, courses, reminders
from care_plans.models import Course
from coordination import care_team
from notifications.kinds import Verdict, kind_named
from notifications.models import Message
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person
from tests.leading import pass_lead_to

LATER = NOW + timedelta(weeks=1)


@pytest.fixture
def team(cast: Cast) -> Cast:
    """Let Chloé care for the patient beside Asha."""
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
    return cast


def told(kind: str, **narrow: Any) -> set[str]:
    """Return who gets (or got) messages of a kind by mail, by name of what they are."""
    found = Message.objects.filter(kind=kind, channel="email", **narrow)
    return {
        str(m.to_practitioner_role_id or m.to_user_id or m.to_patient_id)
        for m in found.exclude(status="cancelled")
    }


def who(*people: Person) -> set[str]:
    return {str(p.practitioner_role.id if p.role else p.user.id) for p in people}


def due(kind: str) -> set[datetime]:
    return set(
        Message.objects.filter(kind=kind)
        .exclude(status="cancelled")
        .values_list("due_at", flat=True)
    )


@pytest.mark.feature("RM-02")
def test_it_tells_patient_lanes_lead_and_schedulers_of_a_stage(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        assert told(reminders.ENTERED) == who(team.asha, team.chloe, team.sam) | {
            str(team.patient.id)
        }
        stay = underway.stay(course)
        assert told(reminders.REVIEW_DUE) == who(team.asha, team.chloe)
        assert due(reminders.REVIEW_DUE) == {stay.review_at}
        assert told(reminders.OVERDUE) == who(team.asha, team.sam)
        assert due(reminders.OVERDUE) == {stay.expected_until}
        every = Message.objects.filter(kind__in=reminders.OF_STAY)
        assert {m.subject_id for m in every} == {stay.id}
        assert all(str(stay.id) in m.occurrence for m in every)


@pytest.mark.feature("RM-02")
def test_it_tells_who_holds_it_up_and_then_that_it_is_ready(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        underway.meet_acute_exit(team, course, now=LATER)
        underway.sign(team.asha, underway.lane(course, "physiotherapy"), now=LATER)
        stay = underway.stay(course)
        assert stay.blocked_by == ["massage_therapy"]
        assert told(reminders.BLOCKED) == who(team.asha, team.chloe)
        assert told(reminders.READY) == set()
        again = LATER + timedelta(hours=1)
        underway.sign(team.chloe, underway.lane(course, "massage_therapy"), now=again)
        assert told(reminders.READY) == who(team.asha)
        assert told(reminders.BLOCKED) == set(), "and what waited to be said is taken back"


@pytest.mark.feature("RM-02")
def test_it_tells_everybody_when_a_course_has_ended_and_nothing_else_any_more(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        underway.move(team, course, "discharge", now=LATER, reason="done", outcome="not_achieved")
        assert told(reminders.DISCHARGED) == who(team.asha, team.chloe, team.sam) | {
            str(team.patient.id)
        }
        waiting = Message.objects.waiting().values_list("kind", flat=True)
        assert set(waiting) <= {reminders.DISCHARGED, "referral.waiting", "referral.assigned"}


def test_it_says_nothing_twice_when_looked_at_again(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        before = Message.objects.count()
        for minutes in range(3):
            circumstances.record_answers(
                course.id,
                answers={"sitting_aggravates": False},
                actor=team.asha.actor(LATER + timedelta(minutes=minutes)),
                now=LATER + timedelta(minutes=minutes),
            )
        assert Message.objects.count() == before


def test_it_says_the_same_again_when_it_becomes_true_again(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        underway.meet_acute_exit(team, course, now=LATER)
        massage = underway.lane(course, "massage_therapy")
        underway.say_ready(team, course, now=LATER)
        hour = timedelta(hours=1)
        underway.sign(
            team.chloe, massage, now=LATER + hour, verdict="not_ready", reason="tight again"
        )
        underway.sign(team.chloe, massage, now=LATER + 2 * hour)
        ready = Message.objects.filter(kind=reminders.READY, channel="email")
        assert sorted(ready.values_list("status", flat=True)) == ["cancelled", "queued"]


def verdict(kind: str, course: Course, now: datetime) -> Verdict:
    return kind_named(kind).still_holds(underway.stay(course).id, now)


def test_it_takes_everything_back_when_a_stage_is_left(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        stay = underway.stay(course)
        underway.move(team, course, "advance", now=LATER, override=True, reason="test")
        assert not Message.objects.waiting().filter(subject_id=stay.id).exists()
        for kind in reminders.OF_STAY:
            assert not kind_named(kind).still_holds(stay.id, LATER).holds
        fresh = underway.stay(course)
        assert Message.objects.waiting().filter(subject_id=fresh.id).exists()


def test_it_is_silent_during_a_pause_and_due_later_afterwards(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        stay = underway.stay(course)
        planned = stay.expected_until
        underway.move(team, course, "pause", now=LATER, reason="travels")
        assert not Message.objects.waiting().filter(subject_id=stay.id).exists()
        held = verdict(reminders.OVERDUE, course, planned + timedelta(days=1))
        assert (held.holds, held.reason) == (False, "the course is paused")
        underway.move(team, course, "resume", now=LATER + timedelta(weeks=1))
        assert due(reminders.OVERDUE) == {planned + timedelta(weeks=1)}
        early = verdict(reminders.OVERDUE, course, planned)
        assert early.not_before == planned + timedelta(weeks=1)
        assert verdict(reminders.OVERDUE, course, planned + timedelta(weeks=1)).holds


def say_severity(team: Cast, course: Course, severity: str, *, now: datetime) -> None:
    course.refresh_from_db()
    courses.change_severity(
        course.id,
        version=course.version,
        severity=severity,
        reason="looked at again",
        actor=team.asha.actor(now),
        now=now,
    )


def waiting(kind: str) -> list[datetime]:
    found = Message.objects.waiting().filter(kind=kind, channel="email")
    return sorted(found.values_list("due_at", flat=True))


def test_it_plans_every_alert_again_when_the_severity_goes_and_comes_back(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, severity="severe")
        planned = {kind: waiting(kind) for kind in reminders.PLANNED}
        said = waiting(reminders.ENTERED)
        assert all(planned.values())
        say_severity(team, course, "mild", now=LATER)
        stay = underway.stay(course)
        assert set(waiting(reminders.OVERDUE)) == {stay.expected_until}
        assert waiting(reminders.OVERDUE) != planned[reminders.OVERDUE]
        assert waiting(reminders.REVIEW_DUE) == planned[reminders.REVIEW_DUE]
        say_severity(team, course, "severe", now=LATER + timedelta(hours=1))
        assert {kind: waiting(kind) for kind in reminders.PLANNED} == planned
        assert waiting(reminders.ENTERED) == said, "what was to be said at once still is"


def test_it_keeps_saying_that_a_course_is_ready_when_its_severity_changes(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        underway.meet_acute_exit(team, course, now=LATER)
        underway.say_ready(team, course, now=LATER)
        say_severity(team, course, "moderate", now=LATER)
        assert len(waiting(reminders.READY)) == 1


def test_it_plans_every_alert_again_after_a_pause_that_was_a_mistake(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        planned = {kind: waiting(kind) for kind in reminders.PLANNED}
        underway.move(team, course, "pause", now=LATER, reason="a slip")
        again = LATER + timedelta(hours=1)
        underway.move(team, course, "resume", now=again, effective_at=LATER)
        assert {kind: waiting(kind) for kind in reminders.PLANNED} == planned


@pytest.mark.parametrize("lane_ready", [True, False])
def test_it_says_again_after_a_pause_where_the_course_stands(team: Cast, lane_ready: bool) -> None:
    kind = reminders.READY if lane_ready else reminders.BLOCKED
    with team.acting():
        course = underway.start(team, agreed=underway.BEFORE)
        underway.meet_acute_exit(team, course, now=LATER)
        if lane_ready:
            underway.say_ready(team, course, now=LATER)
        before = waiting(kind)
        assert before
        underway.move(team, course, "pause", now=LATER + timedelta(hours=1), reason="travels")
        assert waiting(kind) == []
        underway.move(team, course, "resume", now=LATER + timedelta(hours=2))
        assert len(waiting(kind)) == len(before)


def test_it_skips_a_review_gone_by_and_says_once_that_a_late_entry_is_overdue(team: Cast) -> None:
    with team.acting():
        course = underway.apply(team, effective_at=NOW - timedelta(weeks=52))
        underway.screen(course, now=NOW, who=team.asha)
        began = NOW - timedelta(weeks=10)
        underway.move(
            team,
            course,
            "start",
            now=NOW,
            effective_at=began,
            override=True,
            reason="screened on paper",
        )
        assert underway.stay(course).expected_until < NOW
        assert told(reminders.REVIEW_DUE) == set()
        assert told(reminders.OVERDUE) == who(team.asha, team.sam)
        assert due(reminders.OVERDUE) == {NOW}
        assert Course.objects.overdue(NOW).filter(pk=course.pk).exists()
    for hours in (2, 4):
        consuming.check_standings(now=NOW + timedelta(hours=hours))
    with team.acting():
        assert len(waiting(reminders.OVERDUE)) == 2


def test_it_says_that_a_stage_is_overdue_once_it_was_milder_than_thought(team: Cast) -> None:
    with team.acting():
        course = underway.start(team, severity="severe")
        known = underway.stay(course).expected_until - timedelta(days=1)
        say_severity(team, course, "mild", now=known)
        assert underway.stay(course).expected_until < known
        assert waiting(reminders.OVERDUE) == [known, known]


@pytest.mark.parametrize("kind", [*reminders.OF_STAY, reminders.DISCHARGED])
def test_it_says_nothing_of_health(kind: str) -> None:
    said = kind_named(kind)
    words = f"{said.subject_line} {said.text}".lower()
    for word in ("hamstring", "pain", "massage", "physio", "psycho", "acute", "red flag"):
        assert word not in words


def test_it_tells_a_new_lead_what_the_old_one_was_to_hear(team: Cast) -> None:
    with team.acting():
        underway.start(team)
        pass_lead_to(team, team.ben, now=LATER)
    for _ in range(2):
        consuming.check_standings(now=LATER)
    with team.acting():
        assert who(team.ben) <= told(reminders.OVERDUE)
        mine = Message.objects.filter(
            kind=reminders.OVERDUE, to_practitioner_role=team.ben.practitioner_role
        )
        assert sorted(mine.values_list("channel", flat=True)) == ["email", "in_app"]


def test_it_leads_everybody_to_what_they_may_see(team: Cast) -> None:
    with team.acting():
        course = underway.start(team)
        entered = Message.objects.filter(kind=reminders.ENTERED, channel="email")
        assert entered.get(to_patient=team.patient).path == "/"
        assert entered.get(to_user=team.sam.user).path == f"/patients/{team.patient.id}"
        paths = entered.filter(to_practitioner_role__isnull=False).values_list("path", flat=True)
        assert set(paths) == {f"/courses/{course.id}"}
