"""Stages and owners over time: rebuilt from the moves, and no late entry bends a duration."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from care_plans import activities, consuming, courses, history, progress, standing
from care_plans.history import HistoryBroken, Move, Span, dwell, rebuild
from care_plans.models import (
    Activity,
    Course,
    Lane,
    LaneDecision,
    LaneOwner,
    SeverityChange,
    StageStay,
)
from coordination import care_team
from coordination.models import AuditEvent
from tests.care_plans import underway, written
from tests.cast import NOW, Cast

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)

pytestmark = pytest.mark.feature("CP-08")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen long after what the tests prepare."""
    with time_machine.travel(NOW + 20 * WEEK, tick=False):
        yield


STAGES = ("acute", "subacute", "maintenance")


def step(action: str, status: str, stage: str | None) -> tuple[str, str | None]:
    """Return where an action leads, written down apart from the product's own table."""
    place = STAGES.index(stage) if stage else -1
    match action:
        case "start":
            return "active", "acute"
        case "advance":
            return "active", STAGES[place + 1]
        case "regress":
            return "active", STAGES[place - 1]
        case "pause":
            return "paused", stage
        case "resume":
            return "active", stage
    return "discharged", stage


def possible(status: str, stage: str | None) -> list[str]:
    found = [action for at, action in progress.MOVES if at == status]
    beyond = {"acute": "regress", "maintenance": "advance"}.get(stage or "")
    return [action for action in found if action != beyond]


@st.composite
def lives(draw: st.DrawFn) -> list[Move]:
    """Draw the moves of a course as they may be, each entered at once or late."""
    status, stage, at, moves = "intake", None, NOW, list[Move]()
    for _ in range(draw(st.integers(0, 12))):
        can = possible(status, stage)
        if not can:
            break
        action = draw(st.sampled_from(can))
        at += timedelta(hours=draw(st.integers(0, 2000)))
        to, to_stage = step(action, status, stage)
        moves.append(Move(action, status, to, stage, to_stage, at))
        status, stage = to, to_stage
    return moves


@given(moves=lives(), after=st.integers(0, 5000))
def test_the_moves_alone_make_the_present_and_every_duration(moves: list[Move], after: int) -> None:
    found = rebuild(moves)
    assert (found.status, found.stage) == (
        (moves[-1].to_status, moves[-1].to_stage) if moves else ("intake", None)
    )
    now = (moves[-1].effective_at if moves else NOW) + timedelta(hours=after)
    for one, following in pairwise(found.stays):
        assert one.left_at == following.entered_at, "nothing is between two stays, and no overlap"
    assert (found.discharged_at is None) == (found.status != "discharged")
    if found.started_at is None:
        assert found.stays == []
        return
    lasted = sum((dwell(stay, found.pauses, now=now) for stay in found.stays), timedelta())
    rested = sum(
        (
            (one.left_at or min(found.discharged_at or now, now)) - one.entered_at
            for one in found.pauses
        ),
        timedelta(),
    )
    assert lasted + rested == (found.discharged_at or now) - found.started_at


@given(moves=lives(), drop=st.integers(0, 11))
def test_a_history_with_a_hole_is_not_taken_for_whole(moves: list[Move], drop: int) -> None:
    if drop >= len(moves) - 1:
        return
    gone, following = moves[drop], moves[drop + 1]
    broken = (gone.from_status, gone.from_stage) != (following.from_status, following.from_stage)
    kept = [*moves[:drop], *moves[drop + 1 :]]
    if broken:
        with pytest.raises(HistoryBroken):
            rebuild(kept)


def same_as_stored(course: Course) -> None:
    """Compare what the moves make with what is stored."""
    course.refresh_from_db()
    found = rebuild(history.moves_of(course))
    for name in ("status", "stage", "started_at", "paused_at", "discharged_at"):
        assert getattr(found, name) == getattr(course, name), name
    stays = StageStay.objects.filter(course=course).order_by("sequence")
    assert [Span(one.stage, one.entered_at, one.left_at) for one in stays] == found.stays


def test_what_is_stored_is_what_its_moves_make_of_it_late_entries_included(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        same_as_stored(course)
        override = {"override": True, "reason": "test", "leaving": "acute"}
        at = {  # action: when it happened, when it was entered
            "advance": (NOW + 2 * WEEK, NOW + 3 * WEEK),
            "regress": (NOW + 4 * WEEK, NOW + 4 * WEEK),
            "pause": (NOW + 5 * WEEK, NOW + 7 * WEEK),
            "resume": (NOW + 6 * WEEK, NOW + 8 * WEEK),
            "discharge": (NOW + 9 * WEEK, NOW + 12 * WEEK),
        }
        more: dict[str, dict[str, Any]] = {
            "advance": override,
            "regress": {"reason": "flare"},
            "pause": {"reason": "away"},
            "discharge": {"reason": "over", "outcome": "not_achieved"},
        }
        for action, (happened, entered) in at.items():
            asked = more.get(action, {})
            underway.move(cast, course, action, now=entered, effective_at=happened, **asked)
            same_as_stored(course)
    told = cast.asha.client.get(f"/api/v1/courses/{course.pk}/history").json()
    assert [(one["stage"], one["days"]) for one in told["stays"]] == [
        ("acute", 14.0),
        ("subacute", 14.0),
        ("acute", 28.0),  # five weeks, less the one in which it was paused
    ]
    assert told["stays"][1]["recorded_at"] != told["stays"][1]["entered_at"]
    assert len(told["pauses"]) == 1


def test_a_severity_entered_late_does_not_replace_what_was_said_since(cast: Cast) -> None:
    def say(severity: str, at: datetime, now: datetime) -> Course:
        course.refresh_from_db()
        return courses.change_severity(
            course.pk,
            version=course.version,
            severity=severity,
            reason="x",
            effective_at=at,
            actor=cast.asha.actor(now),
            now=now,
        )

    with cast.acting():
        course = underway.start(cast)
        say("severe", NOW + 2 * WEEK, NOW + 2 * WEEK)
        expected = underway.stay(course).expected_until
        late = say("moderate", NOW + WEEK, NOW + 3 * WEEK)
        assert late.severity == "severe", "what held since is what holds"
        assert underway.stay(course).expected_until == expected
        rows = SeverityChange.objects.filter(course=course).order_by("effective_at")
        assert [row.severity for row in rows] == ["mild", "moderate", "severe"]
        assert say("mild", NOW + 4 * WEEK, NOW + 4 * WEEK).severity == "mild"
    told = cast.asha.client.get(f"/api/v1/courses/{course.pk}/history").json()
    assert [one["severity"] for one in told["severities"]] == [
        "mild",
        "moderate",
        "severe",
        "mild",
    ]


def test_every_owner_of_a_lane_is_kept_with_when_it_was_so_and_when_entered(cast: Cast) -> None:

    with cast.acting():
        course = underway.start(cast)
        lane = underway.lane(course, "massage_therapy")
        underway.take(cast, course, cast.chloe, now=NOW + DAY)
    consuming.consume_referral_steps(now=NOW + 2 * DAY)
    with cast.acting():
        rows = LaneOwner.objects.filter(lane=lane)
        assert [(row.practitioner_role_id, row.effective_at, row.recorded_at) for row in rows] == [
            (cast.chloe.practitioner_role.id, NOW + DAY, NOW + 2 * DAY)
        ]
        latest = {
            one.pk: LaneOwner.objects.filter(lane=one).order_by("recorded_at", "id").last()
            for one in Lane.objects.filter(course=course)
        }
        for one in Lane.objects.filter(course=course):
            last = latest[one.pk]
            assert one.practitioner_role_id == (last.practitioner_role_id if last else None)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(recorded_at=NOW)
    told = cast.asha.client.get(f"/api/v1/courses/{course.pk}/history").json()["owners"]
    massage = [one for one in told if one["discipline"] == "massage_therapy"]
    assert [one["practitioner"]["name"] for one in massage] == ["Chloe"]


def test_why_a_stage_needed_a_lane_is_known_after_the_next_has_decided(cast: Cast) -> None:
    happened = NOW + WEEK
    with cast.acting():
        course = underway.start(cast, answers={**underway.CALM, "sleep_affected": True})
        lane = underway.lane(course, "psychotherapy")
        standing.decide_lane(
            lane.pk,
            version=lane.version,
            needed=True,
            reason="Fears that the tendon will tear.",
            actor=cast.asha.actor(),
            now=NOW,
        )
        underway.move(
            cast,
            course,
            "advance",
            now=NOW + 2 * WEEK,
            effective_at=happened,
            override=True,
            reason="test",
        )
        assert underway.lane(course, "psychotherapy").reason != "Fears that the tendon will tear."
        for one in Lane.objects.filter(course=course):
            last = LaneDecision.objects.filter(lane=one).order_by("recorded_at", "id").last()
            assert last is not None
            now_so = (one.needed, one.decided_by, one.reason, one.rests_on)
            assert now_so == (last.needed, last.decided_by, last.reason, last.rests_on)
            assert (last.stage, last.effective_at) == ("subacute", happened)
            assert last.recorded_at == NOW + 2 * WEEK
        with pytest.raises(DatabaseError), transaction.atomic():
            LaneDecision.objects.filter(course=course).update(reason="otherwise")
    told = cast.asha.client.get(f"/api/v1/courses/{course.pk}/history").json()["lanes"]
    acute = [one for one in told if (one["discipline"], one["stage"]) == ("psychotherapy", "acute")]
    assert (acute[-1]["decided_by"], acute[-1]["reason"]) == (
        "person",
        "Fears that the tendon will tear.",
    )


def test_a_lane_that_begins_anew_keeps_when_it_was_done_before(cast: Cast) -> None:
    def decide(needed: bool, at: datetime) -> None:
        lane = underway.lane(course, "massage_therapy")
        standing.decide_lane(
            lane.pk,
            version=lane.version,
            needed=needed,
            reason="x",
            actor=cast.asha.actor(at),
            now=at,
        )

    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
    consuming.consume_referral_steps(now=NOW)
    with cast.acting():
        planned = Activity.objects.filter(course=course, lane__discipline="massage_therapy")
        begun = planned.exclude(released_at=None).order_by("id")[0]
        activities.move_activity(
            begun.pk, "begin", actor=cast.chloe.actor(NOW + DAY), now=NOW + DAY
        )
        decide(needed=False, at=NOW + 2 * DAY)
        decide(needed=True, at=NOW + 3 * DAY)
        begun.refresh_from_db()
        assert (begun.status, begun.began_at) == ("not_started", None)
        [kept] = AuditEvent.objects.filter(event="activity.reopened")
        assert kept.resource_id == begun.pk
        assert kept.detail["began_at"] == (NOW + DAY).isoformat()
        assert kept.detail["ended_at"] == (NOW + 2 * DAY).isoformat()


def test_a_start_entered_late_leaves_no_day_without_an_owner(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, now=NOW)
        underway.screen(course, now=NOW, who=cast.asha)
        late = NOW + 30 * DAY
        underway.move(cast, course, "start", now=late, effective_at=NOW + DAY)
        lane = underway.lane(course, "physiotherapy")
        [owner] = LaneOwner.objects.filter(lane=lane)
        assert owner.practitioner_role_id == cast.asha.practitioner_role.id
        assert (owner.effective_at, owner.recorded_at) == (NOW + DAY, late)


def test_nobody_does_a_lane_before_they_joined(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, now=NOW)
        underway.screen(course, now=NOW, who=cast.asha)
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.asha.actor(NOW + 10 * DAY),
            now=NOW + 10 * DAY,
        )
        late = NOW + 30 * DAY
        underway.move(cast, course, "start", now=late, effective_at=NOW + DAY)
        [owner] = LaneOwner.objects.filter(lane=underway.lane(course, "massage_therapy"))
        assert owner.practitioner_role_id == cast.chloe.practitioner_role.id
        assert (owner.effective_at, owner.recorded_at) == (NOW + 10 * DAY, late)


@pytest.mark.parametrize(("who", "status"), [("gus", 404), ("olu", 404), ("sam", 403)])
def test_nobody_else_reads_it(cast: Cast, who: str, status: int) -> None:
    written.join(cast, cast.ben)
    with cast.acting():
        course = underway.start(cast)
    at = f"/api/v1/courses/{course.pk}/history"
    assert cast.ben.client.get(at).status_code == 200
    assert cast.everybody[who].client.get(at).status_code == status
