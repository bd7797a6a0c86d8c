"""How a course and a plan end: honestly, and no better than their goals bear out."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from care_plans import activities, closing, goals, plans
from care_plans.models import Activity, CarePlan, Course, Goal, Outcome, StageTransition
from coordination.models import WorkItem
from coordination.problems import Invalid, NotAllowed
from referrals.models import Referral
from tests.care_plans import underway
from tests.care_plans.ending import LATER, end
from tests.cast import NOW, Cast

DAY = timedelta(days=1)

CP_10 = pytest.mark.feature("CP-10")


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
        course = underway.start(cast, agreed=underway.BEFORE)
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
        course = underway.start(cast, agreed=underway.BEFORE)
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


def test_the_move_is_asked_before_the_outcome(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        end(cast, course, Outcome.PATIENT_LEFT)
        with pytest.raises(NotAllowed):
            end(cast, course, "cured")


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
