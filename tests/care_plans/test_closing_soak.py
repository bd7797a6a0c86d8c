"""Plans end while every sweep runs: nothing that they started is said or open afterwards.

`python -m benchmarks closing` does the same with ten thousand plans, in processes of their own.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from django.db import connections

from benchmarks import leftovers, soaking
from benchmarks.soaking import BEGAN, ENDS, People, Plan
from care_plans.models import Activity, Goal
from coordination.problems import Stale
from notifications.models import Attempt, Message
from tests.cast import Cast

PLANS = 4

pytestmark = pytest.mark.feature("CP-11")


def people(cast: Cast) -> People:
    return People(
        organization_id=cast.riverside.id,
        lead_role=cast.asha.practitioner_role.id,
        other_role=cast.chloe.practitioner_role.id,
        lead=cast.asha.actor,
        scheduler=cast.sam.actor,
    )


def clock_from(at: datetime) -> Callable[[], datetime]:
    begun = time.monotonic()
    return lambda: at + timedelta(seconds=time.monotonic() - begun)


def quiet(clock: Callable[[], datetime]) -> None:
    """Sweep until there is nothing left to do."""
    while soaking.sweep(clock):
        pass


def test_nothing_outlives_plans_that_end_under_running_sweeps(committed_cast: Cast) -> None:
    who = people(committed_cast)
    plans = [soaking.open_everything(who, number) for number in range(PLANS)]
    clock, ended, over = clock_from(ENDS), dict[UUID, datetime](), Event()

    def end_all() -> None:
        try:
            for number, plan in enumerate(plans):
                end_one(number, plan)
        finally:
            over.set()
            connections.close_all()

    def end_one(number: int, plan: Plan) -> None:
        while True:
            try:
                soaking.end(plan, number, who, now=clock())
            except Stale:  # somebody else moved something of it at this moment: asked again
                continue
            ended.update(dict.fromkeys(plan.courses, clock()))
            return

    def sweep_on() -> None:
        try:
            while not over.is_set():
                soaking.sweep(clock)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as threads:
        working = [threads.submit(sweep_on), threads.submit(sweep_on), threads.submit(end_all)]
        for one in working:
            one.result(300)
    quiet(clock_from(ENDS + timedelta(weeks=104)))

    with committed_cast.acting():
        assert len(ended) == 3 * PLANS
        assert Attempt.objects.exists()
        assert leftovers.sent_after(ended) == {}
        assert leftovers.still_open(ended) == {}
        assert leftovers.offers_open(plan.patient for plan in plans) == 0
        waiting = Message.objects.filter(status="queued", patient__in=[p.patient for p in plans])
        assert not waiting.exists()


def test_the_question_finds_what_is_left(committed_cast: Cast) -> None:
    """What was never ended is what an orphan would look like, of every kind."""
    who = people(committed_cast)
    plan = soaking.open_everything(who, 0)
    quiet(clock_from(ENDS))
    with committed_cast.acting():
        as_if_ended = dict.fromkeys(plan.courses, BEGAN - timedelta(days=1))
        said = leftovers.sent_after(as_if_ended)
        assert {"course.stage-entered", "course.overdue", "referral.waiting"} <= set(said)
        assert {"recommendation.made", "red-flag.review", "referral.assigned"} <= set(said)
        found = leftovers.still_open(plan.courses)
        assert {"course", "stay", "activity", "goal", "recommendation", "referral"} <= set(found)
        assert {"referral on hold", "work"} <= set(found)
        assert leftovers.offers_open([plan.patient]) == 1
        assert Goal.objects.exists()
        assert Activity.objects.exists()
