"""Findings recorded by many at the same moment: one wins, and nothing slips past a hard stop."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

from django.db import connections

from care_plans import activities, assessing, red_flags
from care_plans.assessing import ReplacedAlready
from care_plans.models import Activity, Assessment, Course
from care_plans.sittings import NewScore
from coordination.problems import Problem
from coordination.tenancy import acting_in
from tests.care_plans import underway
from tests.cast import NOW, Cast

AT_ONCE = 8


def together(cast: Cast, *acts: Callable[[], Any]) -> list[Any]:
    """Start all acts at the same moment, each in a transaction of its own."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            ready.wait(10)
            with acting_in(cast.riverside.id):
                return act()
        except Problem as refused:
            return refused
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_it_records_one_assessment_when_one_key_comes_many_times_at_once(
    committed_cast: Cast,
) -> None:
    cast = committed_cast
    with cast.acting():
        course, actor = underway.start(cast, now=NOW - timedelta(days=9)), cast.asha.actor()

    def record(course_id: UUID | None) -> tuple[UUID, bool]:
        row, created = assessing.record_assessment(
            cast.patient.id,
            course_id=course_id,
            scores=[NewScore("nprs", Decimal(3))],
            effective_at=NOW,
            key=f"visit-{course_id}",
            actor=actor,
            now=NOW,
        )
        return row.id, created

    for course_id in (course.id, None):
        said = together(cast, *[lambda course_id=course_id: record(course_id)] * AT_ONCE)
        assert len({row for row, _ in said}) == 1
        assert [created for _, created in said].count(True) == 1
    with cast.acting():
        assert Assessment.objects.count() == 2


def test_it_lets_one_of_many_simultaneous_corrections_win(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        actor = cast.asha.actor()
        old, _ = assessing.record_assessment(
            cast.patient.id, scores=[NewScore("nprs", Decimal(3))], actor=actor, now=NOW
        )

    def correct() -> Any:
        return assessing.replace_assessment(
            old.id,
            scores=[NewScore("nprs", Decimal(4))],
            reason="misread",
            actor=actor,
            now=NOW,
        )

    said = together(cast, *[correct] * AT_ONCE)
    assert sum(isinstance(one, ReplacedAlready) for one in said) == AT_ONCE - 1
    with cast.acting():
        assert Assessment.objects.standing().count() == 1


def test_it_never_leaves_loading_in_progress_beside_a_hard_stop(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course: Course = underway.start(cast, now=NOW)
        actor = cast.asha.actor()
        loading = Activity.objects.get(course=course, is_loading=True)

    def stop() -> Any:
        return red_flags.record_screen(
            course.id, answers={"popping-sound": "present"}, actor=actor, now=NOW
        )

    def begin() -> Any:
        return activities.move_activity(loading.id, "begin", actor=actor, now=NOW)

    together(cast, begin, stop, begin, stop)
    with cast.acting():
        loading.refresh_from_db()
        assert loading.status in ("not_started", "on_hold")
