"""What becomes of a red flag that was found: work for somebody, and cleared by a clinician."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from care_plans import lapses, open_flags, red_flags, staffing
from care_plans.consuming import consume_referral_steps
from care_plans.models import Course, Lane, RedFlag
from care_plans.progress import RedFlagOpen
from coordination.models import HandOff, WorkItem
from coordination.problems import Problem
from notifications import recheck
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.flagging import (
    CANCER,
    DAY,
    TEAR,
    TINGLING,
    URL,
    WHY,
    clear,
    find,
    told,
    under_load,
)
from tests.care_plans.handing import opened_hand_off
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.feature("DP-02"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def course(cast: Cast) -> Course:
    return under_load(cast)


# What opens with it


@pytest.mark.parametrize(
    ("flag", "within"),
    [(TEAR, DAY), ("dvt", timedelta()), (CANCER, 14 * DAY), (TINGLING, None)],
)
def test_it_is_work_of_the_lead_in_the_time_that_its_urgency_names(
    cast: Cast, course: Course, flag: str, within: timedelta | None
) -> None:
    found = find(cast, course, flag)
    with cast.acting():
        item = WorkItem.objects.get(subject_id=found.pk)
        assert (item.kind, item.status, item.owner) == (
            "review",
            "requested",
            cast.asha.practitioner_role,
        )
        assert item.due_at == found.due_at == (None if within is None else NOW + within)
    [shown] = cast.asha.client.get(URL, {"open": "true"}).json()["results"]
    assert (shown["flag"], shown["status"], shown["owner"]) == (flag, "open", str(item.owner_id))
    assert shown["found"]["action"]


def test_it_tells_the_team_of_a_hard_stop_at_once_whatever_they_want(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        lane = underway.lane(course, "massage_therapy")
        assert lane.referral is not None
        staffing.take_in(lane.referral, now=NOW)
    find(cast, course, TEAR)
    with cast.acting():
        reached = {cast.asha.practitioner_role.id, cast.chloe.practitioner_role.id}
        assert told("red-flag.stop") == reached
        overdue = Message.objects.filter(kind="red-flag.overdue", channel="email").get()
        assert overdue.due_at == NOW + DAY
        assert told("red-flag.review") == set()


@pytest.mark.feature("DP-02")
@pytest.mark.parametrize(("needed", "hears"), [("undecided", True), ("not_needed", False)])
def test_whoever_took_up_a_lane_hears_while_nobody_knows_whether_it_is_needed(
    cast: Cast, course: Course, needed: str, hears: bool
) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        lane = underway.lane(course, "massage_therapy")
        assert lane.referral is not None
        staffing.take_in(lane.referral, now=NOW)
        # a person decided, so that no fact decides otherwise
        Lane.objects.filter(pk=lane.pk).update(needed=needed, decided_by="person")
    find(cast, course, TEAR)
    with cast.acting():
        to_chloe = {"to_practitioner_role": cast.chloe.practitioner_role, "channel": "email"}
        assert Message.objects.filter(kind="red-flag.stop", **to_chloe).exists() is hears


@pytest.mark.parametrize("accepts_first", [True, False])
def test_whoever_comes_to_a_lane_hears_of_each_hard_stop_that_is_open(
    cast: Cast, course: Course, accepts_first: bool
) -> None:
    """Also who accepted before it was found, and is given the lane after."""
    if accepts_first:
        with cast.acting():
            underway.take(cast, course, cast.chloe)
    found = find(cast, course, TEAR)
    other = find(cast, course, TINGLING)
    if not accepts_first:
        with cast.acting():
            underway.take(cast, course, cast.chloe)
    for _ in range(2):
        consume_referral_steps(now=NOW + timedelta(seconds=2))
    with cast.acting():
        assert underway.lane(course, "massage_therapy").practitioner_role is not None
        to_chloe = {"to_practitioner_role": cast.chloe.practitioner_role, "channel": "email"}
        said = Message.objects.filter(kind__startswith="red-flag.", **to_chloe)
        assert [one.subject_id for one in said.filter(kind="red-flag.stop")] == [found.pk]
        assert not said.filter(subject_id=other.pk).exists()  # no hard stop


@pytest.mark.feature("DP-02")
def test_whoever_stands_in_for_a_lapsed_lead_hears_of_a_hard_stop(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        lane = underway.lane(course, "massage_therapy")
        assert lane.referral is not None
        staffing.take_in(lane.referral, now=NOW)
        opened_hand_off(cast, to=cast.gus)
        asha = cast.asha.practitioner_role
        type(asha).objects.filter(pk=asha.pk).update(registered_until=NOW.date() - DAY)
    find(cast, course, TEAR, who=cast.chloe)
    with cast.acting():
        to_gus = {"kind": "red-flag.stop", "to_practitioner_role": cast.gus.practitioner_role}
        message = Message.objects.get(**to_gus, channel="email")
        assert isinstance(recheck.decide(message, now=NOW), recheck.Send)


def test_it_becomes_the_work_of_whoever_takes_over_from_a_lapsed_lead(
    cast: Cast, course: Course
) -> None:
    found = find(cast, course, TEAR)
    acknowledged = cast.asha.client.post(f"{URL}/{found.pk}/acknowledge")
    assert acknowledged.status_code == 200, acknowledged.data
    with cast.acting():
        asha = cast.asha.practitioner_role
        type(asha).objects.filter(pk=asha.pk).update(registered_until=NOW.date() - DAY)
    lapses.check_lapses(now=NOW)
    with cast.acting():
        hand_off = HandOff.objects.get(closed_at=None)
        screens = [one["id"] for one in hand_off.evidence if one["kind"] == "RedFlagScreen"]
        assert screens == [str(found.screen_id)]
    url, gus = f"/api/v1/hand-offs/{hand_off.pk}", cast.gus.practitioner_role
    assert cast.sam.client.post(f"{url}/assign", {"practitioner_role": str(gus.pk)}).data
    with cast.acting():
        assert gus.id in told("red-flag.stop") & told("red-flag.overdue")
    accepted = cast.gus.client.post(f"{url}/accept", {"evidence_reviewed": True})
    assert accepted.status_code == 200, accepted.data
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        assert (found.work_item.owner, found.work_item.status) == (gus, "requested")
        assert found.work_item.due_at == found.due_at
        assert WorkItem.objects.filter(subject_id=found.pk, status="cancelled").count() == 1
        overdue = {"kind": "red-flag.overdue", "to_practitioner_role": gus, "channel": "email"}
        assert isinstance(recheck.decide(Message.objects.get(**overdue), now=NOW), recheck.Send)
    [shown] = cast.gus.client.get(URL, {"open": "true"}).json()["results"]
    assert shown["owner"] == str(gus.id)
    assert cast.gus.client.post(f"{URL}/{found.pk}/acknowledge").status_code == 200
    assert cast.gus.client.post(f"{URL}/{found.pk}/acknowledge").status_code == 409


@pytest.mark.parametrize("taken_up", [False, True])
def test_it_follows_the_lead_unless_a_colleague_looks_into_it(
    cast: Cast, course: Course, taken_up: bool
) -> None:
    found = find(cast, course, TEAR)
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        lane = underway.lane(course, "massage_therapy")
        assert lane.referral is not None
        staffing.take_in(lane.referral, now=NOW)
        hand_off = opened_hand_off(cast, to=cast.gus)
    if taken_up:
        cast.chloe.client.post(f"{URL}/{found.pk}/acknowledge")
    answer = cast.gus.client.post(
        f"/api/v1/hand-offs/{hand_off.pk}/accept", {"evidence_reviewed": True}
    )
    assert answer.status_code == 200, answer.data
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        owner = cast.chloe if taken_up else cast.gus
        assert found.work_item.owner == owner.practitioner_role
        assert cast.gus.practitioner_role.id in told("red-flag.stop")


def test_it_asks_the_lead_alone_about_what_only_blocks_progress(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
    find(cast, course, TINGLING)
    with cast.acting():
        assert told("red-flag.review") == {cast.asha.practitioner_role.id}
        assert told("red-flag.stop") == set()


def test_it_opens_one_however_often_it_is_found(cast: Cast, course: Course) -> None:
    first = find(cast, course, TEAR, at=NOW - DAY)
    again = find(cast, course, TEAR)
    assert (again.pk, len(again.found_in)) == (first.pk, 2)
    with cast.acting():
        assert WorkItem.objects.filter(subject_id=first.pk).count() == 1
        assert Message.objects.filter(kind="red-flag.stop", channel="email").count() == 1


# Taking it up


def test_whoever_takes_it_up_owes_it_from_then_on(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
    found = find(cast, course, TEAR)
    answer = cast.chloe.client.post(f"{URL}/{found.pk}/acknowledge")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["status"], body["owner"]) == ("acknowledged", str(cast.chloe.practitioner_role.id))
    with cast.acting():
        items = WorkItem.objects.filter(subject_id=found.pk).order_by("id")
        assert [item.status for item in items] == ["cancelled", "accepted"]
        with pytest.raises(RedFlagOpen):  # taking it up clears nothing
            underway.move(cast, course, "advance", now=NOW, override=True, reason="trying")
    assert cast.asha.client.post(f"{URL}/{found.pk}/acknowledge").status_code == 409
    assert [f["id"] for f in cast.chloe.client.get(URL, {"mine": "true"}).json()["results"]] == [
        str(found.pk)
    ]
    assert cast.asha.client.get(URL, {"mine": "true"}).json()["results"] == []


# At once, and against the database


def test_one_of_many_clearings_at_once_wins(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY, side="right")
        actor = cast.asha.actor()
    found = find(cast, course, TEAR)

    def act() -> Any:
        return open_flags.clear(found.pk, outcome="ruled_out", reason=WHY, actor=actor, now=NOW)

    said = together(cast, *[act] * 6)
    assert sum(isinstance(one, RedFlag) for one in said) == 1
    assert sum(isinstance(one, Problem) for one in said) == 5


def test_a_finding_at_the_moment_of_clearing_is_never_lost(committed_cast: Cast) -> None:
    """Either the clearing saw it, and covers it, or it is open again."""
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY, side="right")
        actor = cast.asha.actor()
    found = find(cast, course, TEAR, at=NOW - DAY)

    def clearing() -> Any:
        return open_flags.clear(found.pk, outcome="ruled_out", reason=WHY, actor=actor, now=NOW)

    def finding() -> Any:
        return red_flags.record_screen(course.id, answers={TEAR: "present"}, actor=actor, now=NOW)

    done, (screen, _) = together(cast, clearing, finding)
    assert isinstance(done, RedFlag)
    with cast.acting():
        first = RedFlag.objects.get(pk=found.pk)
        again = RedFlag.objects.filter(course=course, flag=TEAR, status="open")
        assert (screen.pk in first.found_in) != again.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "open"},
        {"reason": "another"},
        {"outcome": "resolved"},
    ],
)
def test_the_database_keeps_a_cleared_flag_as_it_is(
    cast: Cast, course: Course, changes: dict[str, str]
) -> None:
    found = find(cast, course, TEAR)
    assert clear(found, cast.asha).status_code == 200
    with cast.acting(), pytest.raises(ProgrammingError), transaction.atomic():
        RedFlag.objects.filter(pk=found.pk).update(**changes)


def test_the_database_refuses_a_clearing_without_a_reason(cast: Cast, course: Course) -> None:
    found = find(cast, course, TEAR)
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        RedFlag.objects.filter(pk=found.pk).update(
            status="cleared",
            cleared_by=cast.asha.practitioner_role,
            cleared_at=NOW,
            clearing_recorded_at=NOW,
            outcome="ruled_out",
        )
