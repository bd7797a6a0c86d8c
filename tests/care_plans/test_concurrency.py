"""Many at once: every accepted write is there, the others were told, nothing is lost or doubled."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from care_plans import assessing, consuming, courses, plans
from care_plans.models import (
    Activity,
    CarePlan,
    Course,
    CourseAnswer,
    Goal,
    Lane,
    SafetyAlert,
    SeverityChange,
    StageStay,
    StageTransition,
)
from care_plans.sittings import NewScore
from coordination import care_team
from coordination.models import Event
from coordination.problems import Problem
from coordination.tenancy import acting_in
from notifications.models import Message
from referrals.lifecycle import perform
from referrals.models import Referral, ReferralTransition
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.matrix_scenes import a_patient

MANY = 20
LATER = NOW + timedelta(weeks=1)


def at_once[T](work: Callable[[int], T]) -> list[T | Problem]:
    """Let `MANY` threads begin at the same moment; a refusal is an answer.

    A process of the server has one thread and never waits for its pool; these share one of four
    connections, on whatever machine, and wait for it as long as they must.
    """
    together = Barrier(MANY)
    connection.ensure_connection()
    connection.pool.timeout = 120  # type: ignore[attr-defined] # psycopg's pool and DRF's client

    def one(number: int) -> T | Problem:
        try:
            together.wait(timeout=60)
            return work(number)
        except Problem as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(MANY)))


def editor(cast: Cast, address: str, field: str) -> Callable[[int], tuple[int, int]]:
    """Return a writer that reads, appends its number, and tries until it is accepted."""
    _ = cast.asha.client  # one token for all
    credentials = cast.asha.client._credentials  # type: ignore[attr-defined] # psycopg's pool and DRF's client

    def write(number: int) -> tuple[int, int]:
        from rest_framework.test import APIClient

        client, refused = APIClient(), 0
        client.credentials(**credentials)
        while True:
            read = client.get(address)
            connections.close_all()  # as a server does after each request
            body = {field: f"{read.data[field]}[{number}]"}
            answer = client.patch(address, body, headers={"If-Match": read["ETag"]})
            if answer.status_code == 200:
                return number, refused
            assert answer.status_code == 412, answer.data
            refused += 1
            connections.close_all()

    return write


@pytest.mark.parametrize("kind", ["care-plans", "courses", "lanes", "activities", "goals"])
def test_it_loses_nothing_among_twenty_writers(committed_cast: Cast, kind: str) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "physiotherapy")
        row_id = {
            "care-plans": course.care_plan_id,
            "courses": course.id,
            "lanes": lane.id,
            "activities": Activity.objects.filter(lane=lane).values_list("id", flat=True)[0],
            "goals": Goal.objects.filter(course=course).values_list("id", flat=True)[0],
        }[kind]
    address = f"/api/v1/{kind}/{row_id}"
    field = "summary" if kind == "care-plans" else "note"
    before = cast.asha.client.get(address)
    answers = at_once(editor(cast, address, field))
    assert all(isinstance(answer, tuple) for answer in answers)
    after = cast.asha.client.get(address)
    for number in range(MANY):
        assert after.data[field].count(f"[{number}]") == 1
    assert int(after["ETag"].strip('"')) == int(before["ETag"].strip('"')) + MANY


def test_it_accepts_one_of_twenty_edits_of_the_same_version(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.apply(cast)
        version = Course.objects.get(pk=course.pk).version

    def edit(number: int) -> str:
        with acting_in(cast.riverside.id):
            return courses.edit_course(
                course.id,
                version=version,
                fields={"note": f"from {number}"},
                actor=cast.asha.actor(),
                now=NOW,
            ).note

    answers = at_once(edit)
    accepted = [answer for answer in answers if isinstance(answer, str)]
    refused = Counter(answer.status for answer in answers if isinstance(answer, Problem))
    assert refused == {412: MANY - 1}
    with cast.acting():
        assert [Course.objects.get(pk=course.pk).note] == accepted


@pytest.mark.feature("PW-05")
def test_it_applies_once_among_twenty(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        version_id = underway.version().id

    def apply(number: int) -> tuple[Any, bool]:
        with acting_in(cast.riverside.id):
            actor = cast.asha.actor()
            plan, _ = plans.open_plan(cast.patient.id, actor=actor, now=NOW)
            course, is_new = courses.apply_pathway(
                plan.id,
                pathway_version_id=version_id,
                severity="mild",
                side="left",
                answers=underway.CALM,
                key="the-same",
                actor=actor,
                now=NOW,
            )
            return course.id, is_new

    answers: list[Any] = at_once(apply)
    assert len({course_id for course_id, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False] * (MANY - 1) + [True]
    with cast.acting():
        assert (CarePlan.objects.count(), Course.objects.count()) == (1, 1)
        assert Lane.objects.count() == 6
        # what one alone would have written, and nothing of the nineteen others
        course = Course.objects.get()
        stages = course.pathway_version.definition.stages
        assert Goal.objects.count() == sum(len(stage.goals) for stage in stages.values())
        acute = stages["acute"].lanes
        assert sorted(Activity.objects.values_list("key", flat=True)) == sorted(
            activity.id
            for name in ("physiotherapy", "massage_therapy")
            for activity in acute[name].activities
            if activity.when is None
        )
        assert SeverityChange.objects.count() == 1
        assert CourseAnswer.objects.count() == len(underway.CALM)
        assert Event.objects.filter(type="course.applied").count() == 1


def test_it_moves_once_among_twenty(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
        course = underway.start(cast, agreed=underway.BEFORE)
        underway.meet_acute_exit(cast, course, now=LATER)
        underway.say_ready(cast, course, now=LATER)

    def advance(number: int) -> str | None:
        with acting_in(cast.riverside.id):
            return underway.move(cast, course, "advance", now=LATER).stage

    answers = at_once(advance)
    assert [answer for answer in answers if isinstance(answer, str)] == ["subacute"]
    assert {a.status for a in answers if isinstance(a, Problem)} == {409}
    with cast.acting():
        assert StageTransition.objects.filter(course=course, action="advance").count() == 1
        assert StageStay.objects.filter(course=course).count() == 2
        open_ones = Referral.objects.filter(stage="subacute").values_list("discipline", flat=True)
        assert len(open_ones) == len(set(open_ones)) > 0
        keys = Message.objects.values_list(
            "kind",
            "channel",
            "subject_id",
            "occurrence",
            "to_user_id",
            "to_practitioner_role_id",
            "to_patient_id",
        )
        assert len(keys) == len(set(keys))


def test_it_takes_referral_steps_in_once_whoever_runs(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "massage_therapy")
        assert lane.referral_id is not None
        perform(
            lane.referral_id,
            "assign",
            actor=cast.sam.actor(),
            now=NOW,
            to=cast.chloe.practitioner_role.id,
        )
        perform(lane.referral_id, "accept", actor=cast.chloe.actor(), now=NOW)
    at_once(lambda number: consuming.consume_referral_steps(now=LATER))
    consuming.consume_referral_steps(now=LATER)
    with cast.acting():
        assert not ReferralTransition.objects.filter(processed_at=None).exists()
        lane = underway.lane(course, "massage_therapy")
        assert lane.practitioner_role_id == cast.chloe.practitioner_role.id
        entered = Message.objects.filter(
            kind="course.stage-entered", to_practitioner_role=cast.chloe.practitioner_role
        )
        assert sorted(entered.values_list("channel", flat=True)) == ["email", "in_app"]


@pytest.mark.feature("OM-07")
def test_every_answer_that_calls_for_help_is_heard_while_its_course_is_ended(
    committed_cast: Cast,
) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast)
    patient = a_patient(cast)

    def answer_or_end(number: int) -> None:
        with acting_in(cast.riverside.id):
            if number == 0:
                asked: dict[str, Any] = {"outcome": "patient_left", "reason": "moved"}
                underway.move(cast, course, "discharge", now=LATER - timedelta(days=1), **asked)
                return
            score = NewScore("phq9", Decimal(1), item=9)
            assessing.record_own_assessment(scores=[score], actor=patient.actor(), now=LATER)

    assert at_once(answer_or_end) == [None] * MANY
    with cast.acting():
        assert Course.objects.get(pk=course.pk).status == "discharged"
        assert SafetyAlert.objects.filter(rule="suicide_risk").count() == MANY - 1
