"""How a course and a plan end: honestly, and with nothing left of what they started."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from care_plans import activities, closing, goals, hand_offs, open_flags, plans, standing
from care_plans.models import (
    Activity,
    CarePlan,
    Course,
    Goal,
    Outcome,
    Recommendation,
    RedFlag,
    StageTransition,
)
from coordination.models import OPEN_WORK, HandOff, WorkItem
from coordination.problems import Invalid, NotAllowed
from notifications.models import Message
from referrals.lifecycle import perform
from referrals.models import Referral
from tests.care_plans import underway
from tests.care_plans.flagging import TEAR, find
from tests.care_plans.handing import opened_hand_off
from tests.cast import NOW, Cast

DAY = timedelta(days=1)

LATER = NOW + timedelta(weeks=1)

CP_10 = pytest.mark.feature("CP-10")
CP_11 = pytest.mark.feature("CP-11")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen after what the tests prepare."""
    with time_machine.travel(LATER, tick=False):
        yield


def reach(cast: Cast, course: Course, *, but: int = 0) -> None:
    """Let Asha say that the goals were reached, all but some."""
    begun = Goal.objects.filter(course=course, status="in_progress").order_by("id")
    ids = begun.values_list("id", flat=True)
    for goal_id in list(ids)[but:]:
        goals.move_goal(goal_id, "achieve", actor=cast.asha.actor(LATER), now=LATER)


def end(cast: Cast, course: Course, outcome: str, **more: Any) -> Course:
    return underway.move(
        cast, course, "discharge", now=LATER, reason="it ends", outcome=outcome, **more
    )


def kept(course: Course) -> tuple[str, int, int]:
    """Return what must not have changed when an end is refused."""
    course.refresh_from_db()
    moves = StageTransition.objects.filter(course=course).count()
    return course.status, course.version, moves


@CP_10
@pytest.mark.parametrize("outcome", [Outcome.GOALS_ACHIEVED, Outcome.PARTLY_ACHIEVED])
def test_it_claims_no_success_that_no_goal_bears_out(cast: Cast, outcome: str) -> None:
    with cast.acting():
        course = underway.start(cast)
        before = kept(course)
        with pytest.raises(Invalid) as refused:
            end(cast, course, outcome)
        assert [error.pointer for error in refused.value.errors] == ["/outcome"]
        assert kept(course) == before


@CP_10
def test_it_achieved_its_goals_only_when_it_achieved_all_of_them(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        reach(cast, course, but=1)
        missed = Goal.objects.get(course=course, status="in_progress")
        with pytest.raises(Invalid, match=missed.text[:20]):
            end(cast, course, Outcome.GOALS_ACHIEVED)
        goals.move_goal(missed.pk, "give-up", actor=cast.asha.actor(LATER), now=LATER)
        with pytest.raises(Invalid):
            end(cast, course, Outcome.GOALS_ACHIEVED)
        course = end(cast, course, Outcome.PARTLY_ACHIEVED)
        assert (course.status, course.outcome) == ("discharged", "partly_achieved")
        missed.refresh_from_db()
        assert missed.status == "not_achieved"


@CP_10
def test_what_a_flare_up_undid_must_be_reached_again(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 60 * DAY)
        then = NOW - 40 * DAY
        for goal in Goal.objects.filter(course=course, status="in_progress"):
            goals.move_goal(goal.pk, "achieve", actor=cast.asha.actor(then), now=then)
        underway.move(cast, course, "advance", now=then, override=True, reason="Better.")
        then = NOW - 20 * DAY
        for goal in Goal.objects.filter(course=course, status="in_progress"):
            goals.move_goal(goal.pk, "achieve", actor=cast.asha.actor(then), now=then)
        underway.move(cast, course, "regress", now=then, reason="flare-up")
        assert not Goal.objects.filter(course=course, status="achieved").exists()
        underway.score(course, {"nprs": "9", "pain_load_24h": "9"}, now=NOW, who=cast.asha)
        with pytest.raises(Invalid):
            underway.move(
                cast, course, "discharge", now=NOW, reason="done", outcome="goals_achieved"
            )


def test_it_takes_a_goal_for_reached_whose_target_the_evidence_meets(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        begun = Goal.objects.filter(course=course, status="in_progress")
        named = list(begun.filter(target__isnull=False).values_list("pk", flat=True))
        assert named, "the pathway's first stage has a goal with a target"
        targeted = Goal.objects.filter(pk__in=named)
        underway.meet_acute_exit(cast, course, now=LATER)
        for goal in begun.filter(target__isnull=True):
            goals.move_goal(goal.pk, "achieve", actor=cast.asha.actor(LATER), now=LATER)
        course = end(cast, course, Outcome.GOALS_ACHIEVED)
        assert set(targeted.values_list("status", flat=True)) == {"achieved"}
        evidence = StageTransition.objects.get(course=course, action="discharge").evidence
        rests_on = {one["goal"]: one["rests_on"] for one in evidence["goals"]}
        assert all(rests_on[str(goal.pk)]["outcome"] == "met" for goal in targeted)
        assert all(
            rests_on[str(goal.pk)]["evidence"] or rests_on[str(goal.pk)]["parts"]
            for goal in targeted
        )


@CP_10
@pytest.mark.feature("PW-06")
def test_a_goal_is_judged_by_its_own_target_as_its_own_stage_saw_it(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        begun = Goal.objects.filter(course=course, status="in_progress")
        promised = begun.filter(target__isnull=False).order_by("id").first()
        assert promised is not None
        # what an earlier version promised: stricter than what the present one would
        stricter = {"all_of": [{"measure": "nprs", "at_most": 0}]}
        begun.filter(pk=promised.pk).update(target=stricter)
        underway.meet_acute_exit(cast, course, now=LATER)
        for goal in begun.exclude(pk=promised.pk):
            goals.move_goal(goal.pk, "achieve", actor=cast.asha.actor(LATER), now=LATER)
        with pytest.raises(Invalid):
            end(cast, course, Outcome.GOALS_ACHIEVED)
        end(cast, course, Outcome.PARTLY_ACHIEVED)
        promised.refresh_from_db()
        assert promised.status == "cancelled"


@CP_10
def test_what_never_began_was_neither_achieved_nor_failed(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast)
        for outcome in closing.OF_A_START:
            with pytest.raises(Invalid, match="never begun"):
                end(cast, course, outcome)
        underway.screen(course, who=cast.asha)
        underway.move(cast, course, "start", now=NOW)
        with pytest.raises(Invalid, match="has begun"):
            end(cast, course, Outcome.NEVER_STARTED)


@CP_10
@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {"never_started", "goals_achieved"}))
def test_nothing_that_was_cut_short_reads_as_completed(cast: Cast, outcome: str) -> None:
    with cast.acting():
        course = underway.start(cast)
        done = Activity.objects.filter(
            course=course, is_loading=False, lane__discipline="physiotherapy"
        ).order_by("id")[0]
        for action in ("begin", "complete"):
            activities.move_activity(done.pk, action, actor=cast.asha.actor(NOW), now=NOW)
        if outcome == Outcome.PARTLY_ACHIEVED:
            reach(cast, course, but=1)
        reached = set(Goal.objects.filter(course=course, status="achieved"))
        end(cast, course, outcome)
        rows = Activity.objects.filter(course=course)
        assert {one.pk for one in rows if one.status == "completed"} == {done.pk}
        assert {one.status for one in rows if one.pk != done.pk} == {"stopped"}
        assert set(Goal.objects.filter(course=course, status="achieved")) == reached
        undecided = ["planned", "in_progress"]
        assert not Goal.objects.filter(course=course, status__in=undecided).exists()
        of_course = Referral.objects.filter(condition_id=course.pk)
        assert of_course.exists()
        assert {one.status for one in of_course} == {"revoked"}
        items = WorkItem.objects.filter(patient=cast.patient)
        assert {one.status for one in items} == {"cancelled"}


# A plan


@CP_10
@pytest.mark.parametrize(
    ("ended", "follows"),
    [
        ([], "never_started"),
        (["never_started"], "never_started"),
        (["goals_achieved", "goals_achieved"], "goals_achieved"),
        (["goals_achieved", "never_started"], "goals_achieved"),
        (["goals_achieved", "new_diagnosis"], "goals_achieved"),
        (["goals_achieved", "patient_left"], "partly_achieved"),
        (["goals_achieved", "not_achieved"], "partly_achieved"),
        (["patient_left", "not_achieved"], "not_achieved"),
        (["patient_left", "never_started"], "patient_left"),
        (["deceased"], "deceased"),
        (["new_diagnosis", "never_started"], "new_diagnosis"),
    ],
)
def test_a_plan_ends_no_better_than_its_courses(cast: Cast, ended: list[str], follows: str) -> None:
    with cast.acting():
        actor = cast.asha.actor()
        plan, _ = plans.open_plan(cast.patient.id, actor=actor, now=NOW)
        pathways = ["left", "right"]
        for outcome, side in zip(ended, pathways, strict=False):
            Course.objects.create(
                organization=cast.riverside,
                care_plan=plan,
                patient=cast.patient,
                pathway=underway.version().pathway,
                pathway_version=underway.version(),
                condition="Test",
                severity="mild",
                side=side,
                status="discharged",
                applied_at=NOW,
                discharged_at=NOW,
                outcome=outcome,
                recorded_at=NOW,
            )
        for better in set(closing.OF_A_START[:2]) - {follows}:
            if follows == Outcome.GOALS_ACHIEVED:
                break
            with pytest.raises(Invalid):
                plans.close_plan(plan.pk, outcome=better, actor=actor, now=LATER)
        assert CarePlan.objects.get(pk=plan.pk).status == "open"
        closed = plans.close_plan(plan.pk, actor=actor, now=LATER)
        assert (closed.status, closed.outcome) == ("closed", follows)


@CP_10
def test_it_asks_over_http_how_and_why_what_is_under_way_ends(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
    url = f"/api/v1/care-plans/{course.care_plan_id}/close"
    close = cast.asha.client.post
    assert close(url).json()["type"].endswith("courses-underway")
    refused = close(url, {"end_courses": True}, format="json")
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/outcome", "/reason"}
    unknown = close(url, {"outcome": "cured", "reason": "x", "end_courses": True}, format="json")
    assert [one["pointer"] for one in unknown.json()["errors"]] == ["/outcome"]
    body = {"outcome": "patient_left", "reason": "Moved to Halifax.", "end_courses": True}
    closed = close(url, body, format="json").json()
    assert [closed[name] for name in ("status", "outcome", "reason")] == [
        "closed",
        "patient_left",
        "Moved to Halifax.",
    ]
    with cast.acting():
        course.refresh_from_db()
        assert (course.status, course.outcome) == ("discharged", "patient_left")
        assert StageTransition.objects.get(course=course, action="discharge").reason == (
            "Moved to Halifax."
        )


# Nothing is left


@CP_11
def test_closing_a_plan_stops_all_that_its_courses_started(cast: Cast) -> None:
    with cast.acting():
        left = underway.start(cast)
        right = underway.apply(cast, side="right")
        opened_hand_off(cast)
        asked = underway.lane(left, "massage_therapy").referral_id
        assert asked is not None
        perform(asked, "hold", actor=cast.asha.actor(), now=NOW, reason_code="patient_request")
        waiting = Message.objects.waiting().filter(patient=cast.patient)
        assert waiting.exists()
        plans.close_plan(
            left.care_plan_id,
            outcome="not_achieved",
            reason="over",
            end_courses=True,
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        right.refresh_from_db()
        assert right.outcome == "never_started", "it never began, so nothing of it failed"
        assert set(waiting.values_list("kind", flat=True)) == {"course.discharged"}
        assert not WorkItem.objects.filter(status__in=OPEN_WORK).exists()
        assert not Recommendation.objects.filter(until=None).exists()
        assert not HandOff.objects.filter(closed_at=None).exists()
        statuses = Referral.objects.filter(patient=cast.patient).values_list("status", flat=True)
        assert set(statuses) == {"revoked"}


@CP_11
def test_what_somebody_works_on_stays_theirs_until_they_report(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        mine = underway.take(cast, course, cast.chloe)
        end(cast, course, Outcome.PATIENT_LEFT)
        mine.refresh_from_db()
        assert mine.work_item is not None
        assert (mine.status, mine.work_item.status) == ("active", "accepted")


@CP_11
def test_nobody_is_sought_for_and_nothing_is_written_to_who_has_died(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        mine = underway.take(cast, course, cast.chloe)
        end(cast, course, Outcome.DECEASED)
        mine.refresh_from_db()
        assert mine.status == "revoked"
        reasons = mine.transitions.filter(action="revoke", part="request")
        assert [step.reason_code for step in reasons] == ["deceased"]
        told = Message.objects.waiting().filter(kind="course.discharged")
        assert told.exists()
        assert not told.filter(to_patient__isnull=False).exists()


@CP_11
def test_a_review_that_only_the_course_waited_for_ends_with_it(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        flags = course.pathway_version.definition.screened_flags()
        ours = next(flag.id for flag in flags if flag.urgency == "review_before_progress")
    soft = find(cast, course, ours, at=NOW)
    hard = find(cast, course, TEAR, at=NOW)
    with cast.acting():
        held = list(Message.objects.waiting().filter(subject_id=soft.pk))
        assert held
        end(cast, course, Outcome.PATIENT_LEFT)
        waiting = Message.objects.waiting()
        assert not waiting.filter(subject_id=soft.pk).exists()
        assert waiting.filter(subject_id=hard.pk).exists(), "the person is still in danger"
        open_items = WorkItem.objects.filter(status__in=OPEN_WORK, kind="review")
        assert {item.subject_id for item in open_items} == {hard.pk}
        # and what a worker had claimed before is not said either
        from notifications.kinds import kind_named

        verdicts = {kind_named(one.kind).still_holds(soft.pk, LATER).holds for one in held}
        assert verdicts == {False}
        # whoever takes the flag up all the same makes it work of their own
        assert RedFlag.objects.get(pk=soft.pk).status == "open"
        taken = open_flags.acknowledge(soft.pk, actor=cast.asha.actor(LATER), now=LATER)
        assert WorkItem.objects.get(red_flag__pk=taken.pk).status == "accepted"


@CP_11
def test_no_sweep_brings_an_ended_course_back_to_life(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        end(cast, course, Outcome.PATIENT_LEFT)
        before = (
            Message.objects.count(),
            Referral.objects.count(),
            WorkItem.objects.count(),
            Activity.objects.count(),
            Recommendation.objects.count(),
        )
        much_later = LATER + timedelta(weeks=60)
        actor = cast.asha.actor(LATER)
        standing.reassess(course.pk, actor=actor, now=much_later)
        standing.remind_anew(course.pk, actor=actor, now=much_later)
        after = (
            Message.objects.count(),
            Referral.objects.count(),
            WorkItem.objects.count(),
            Activity.objects.count(),
            Recommendation.objects.count(),
        )
        assert after == before


def test_an_urgent_hand_off_outlives_the_plan(cast: Cast) -> None:
    with cast.acting():
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        role = cast.asha.practitioner_role
        role.registered_until = NOW.date()
        role.save(update_fields=["registered_until"])
        from coordination.actors import Actor

        software = Actor.system("test", cast.riverside.id)
        urgent = hand_offs.open_for_lapse(cast.patient.id, actor=software, now=LATER)
        assert urgent is not None
        hand_offs.withdraw_offer(plan.patient_id, actor=software, now=LATER)
        urgent.refresh_from_db()
        assert urgent.closed_at is None, "the patient has nobody who may answer for them"


def test_the_move_is_asked_before_the_outcome(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        end(cast, course, Outcome.PATIENT_LEFT)
        with pytest.raises(NotAllowed):
            end(cast, course, "cured")
