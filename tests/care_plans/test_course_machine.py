"""No sequence of calls reaches an illegal state, and the history tells what the state is.

`CONTINUUM_SEQUENCES` and `CONTINUUM_STEPS` try more and longer sequences than a run does.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from care_plans import assessing, progress, red_flags, standing
from care_plans.content.sourced import STAGES
from care_plans.models import Activity, Course, Lane, Recommendation, StageStay, StageTransition
from care_plans.sittings import NewScore
from coordination.actors import Actor
from coordination.problems import Problem
from notifications.models import Message
from tests.care_plans import underway
from tests.cast import NOW, Cast

SEQUENCES = int(os.environ.get("CONTINUUM_SEQUENCES", "6"))
STEPS = int(os.environ.get("CONTINUUM_STEPS", "12"))
HOUR = timedelta(hours=1)
FLAGS = ["dvt", "numbness-or-tingling"]


class Courses(RuleBasedStateMachine):
    """A course to which everything is done that somebody may try, in any order and at any time."""

    cast: ClassVar[Cast]

    def __init__(self) -> None:
        super().__init__()
        self._block = transaction.atomic()
        self._block.__enter__()
        self._acting = self.cast.acting()
        self._acting.__enter__()
        self.now = NOW
        self.course = underway.apply(self.cast)

    def teardown(self) -> None:
        self._acting.__exit__(None, None, None)
        transaction.set_rollback(True)
        self._block.__exit__(None, None, None)

    def _tried(self, act: Any) -> None:
        """Do something that may be refused, and then has changed nothing."""
        before = _state(self.course)
        try:
            with transaction.atomic():
                act()
        except Problem:
            assert _state(self.course) == before

    @rule(hours=st.sampled_from([1, 30, 24 * 40]))
    def pass_time(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(
        action=st.sampled_from(sorted({action for _, action in progress.MOVES})),
        override=st.booleans(),
        back=st.sampled_from([0, 0, 2, 5000]),
        to=st.sampled_from(["", *STAGES, "nowhere"]),
    )
    def move(self, action: str, override: bool, back: int, to: str) -> None:
        request = progress.Request(
            action=action,
            reason="because",
            override=override,
            effective_at=self.now - back * HOUR if back else None,
            to_stage=to,
            outcome="partly_achieved",
        )
        actor = self.cast.asha.actor(self.now)
        self._tried(lambda: progress.perform(self.course.pk, request, actor=actor, now=self.now))

    @rule(present=st.lists(st.sampled_from(FLAGS), max_size=1))
    def screen(self, present: Sequence[str]) -> None:
        flags = [flag.id for flag in self.course.pathway_version.definition.screened_flags()]
        found = {flag: "present" if flag in present else "absent" for flag in flags}
        actor = self.cast.asha.actor(self.now)
        self._tried(
            lambda: red_flags.record_screen(
                self.course.pk, answers=found, actor=actor, now=self.now
            )
        )

    @rule(value=st.integers(0, 10), measure=st.sampled_from(["nprs", "pain_load_24h"]))
    def score(self, value: int, measure: str) -> None:
        software = Actor.system("tests", self.cast.riverside.id)
        scores = [NewScore(measure, Decimal(value))]
        self._tried(
            lambda: assessing.record_assessment(
                self.cast.patient.pk,
                scores=scores,
                course_id=self.course.pk,
                actor=software,
                now=self.now,
            )
        )

    @rule(verdict=st.sampled_from(["ready", "not_ready"]))
    def sign_off(self, verdict: str) -> None:
        lane = underway.lane(self.course, "physiotherapy")
        actor = self.cast.asha.actor(self.now)
        self._tried(
            lambda: standing.sign_off(
                lane.pk, verdict=verdict, reason="because", actor=actor, now=self.now
            )
        )

    @invariant()
    def history_tells_the_state(self) -> None:
        course = Course.objects.get(pk=self.course.pk)
        status, stage = Course.Status.INTAKE.value, None
        stays: list[tuple[str, Any]] = []
        moves = StageTransition.objects.filter(course=course).order_by("recorded_at", "id")
        for move in moves:
            assert (move.from_status, move.from_stage) == (status, stage)
            assert (move.from_status, move.action) in progress.MOVES
            status, stage = move.to_status, move.to_stage
            if move.action in ("start", "advance", "regress"):
                stays.append((move.to_stage or "", move.effective_at))
        assert (course.status, course.stage) == (status, stage)
        rows = StageStay.objects.filter(course=course).order_by("sequence")
        assert [(stay.stage, stay.entered_at) for stay in rows] == stays

    @invariant()
    def nothing_is_left_of_what_has_ended(self) -> None:
        course = Course.objects.get(pk=self.course.pk)
        open_stays = StageStay.objects.filter(course=course, left_at=None)
        assert open_stays.count() == (course.status in ("active", "paused"))
        if course.status == Course.Status.DISCHARGED:
            going_on = ["not_started", "in_progress", "on_hold"]
            assert not Activity.objects.filter(course=course, status__in=going_on).exists()
            assert not Recommendation.objects.filter(course=course, until=None).exists()
            ended = StageStay.objects.filter(course=course).values("pk")
            assert not Message.objects.waiting().filter(subject_id__in=ended).exists()


def _state(course: Course) -> list[Any]:
    return [
        list(Course.objects.filter(pk=course.pk).values()),
        list(StageStay.objects.filter(course=course).order_by("id").values()),
        list(Lane.objects.filter(course=course).order_by("id").values()),
        StageTransition.objects.filter(course=course).count(),
        Message.objects.count(),
    ]


def test_no_sequence_of_calls_reaches_an_illegal_state(cast: Cast) -> None:
    class OfThisCast(Courses):
        pass

    OfThisCast.cast = cast
    run_state_machine_as_test(
        OfThisCast,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_order_of_simultaneous_assessments_does_not_matter(cast: Cast) -> None:
    at = NOW + timedelta(days=3)
    sittings = [{"nprs": "2", "pain_load_24h": "3"}, {"adherence_pct": "90"}, {"lefs": "70"}]
    found = []
    with cast.acting():
        course = underway.start(cast)
        for order in permutations(sittings):
            with suppress(_Undone), transaction.atomic():
                for sitting in order:
                    software = Actor.system("tests", cast.riverside.id)
                    scores = [NewScore(slug, Decimal(value)) for slug, value in sitting.items()]
                    assessing.record_assessment(
                        cast.patient.pk,
                        scores=scores,
                        course_id=course.pk,
                        actor=software,
                        now=at,
                    )
                judged = standing.judge([course], now=at)[course.pk]
                outcomes = [
                    leaf.outcome for part in judged.readiness.parts for leaf in part.leaves()
                ]
                rules = Recommendation.objects.filter(course=course, until=None)
                found.append(
                    (outcomes, judged.standing, sorted(rules.values_list("rule", flat=True)))
                )
                raise _Undone
    assert len(found) == 6
    assert all(one == found[0] for one in found)


class _Undone(Exception):
    """Takes one order back, so that the next begins where it began."""
