"""Nothing is left of what a course and a plan started when they end, and nothing brings it back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from care_plans import hand_offs, open_flags, plans, standing
from care_plans.models import Activity, Outcome, Recommendation, RedFlag
from coordination.models import OPEN_WORK, HandOff, WorkItem
from notifications.models import Message
from referrals.lifecycle import perform
from referrals.models import Referral
from tests.care_plans import underway
from tests.care_plans.ending import LATER, end
from tests.care_plans.flagging import TEAR, find
from tests.care_plans.handing import opened_hand_off
from tests.cast import NOW, Cast

CP_11 = pytest.mark.feature("CP-11")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen after what the tests prepare."""
    with time_machine.travel(LATER, tick=False):
        yield


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
