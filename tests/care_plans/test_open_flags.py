"""What becomes of a red flag that was found: work for somebody, and cleared by a clinician."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, ProgrammingError, transaction

from care_plans import activities, lapses, open_flags, red_flags, staffing
from care_plans.activities import LoadingHeld
from care_plans.models import Activity, Course, RedFlag
from care_plans.progress import RedFlagOpen
from coordination.models import AuditEvent, HandOff, WorkItem
from coordination.problems import Problem
from notifications import recheck
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.handing import opened_hand_off
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person

URL = "/api/v1/red-flags"
DAY = timedelta(days=1)
TEAR, CANCER, TINGLING = "sudden-severe-pain", "cancer", "numbness-or-tingling"
WHY = "Seen by Dr Osei the same day; ultrasound shows no tear."

pytestmark = pytest.mark.feature("DP-02")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage, all of its exit met, loading in progress."""
    then = NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then, side="right")
        loading = Activity.objects.get(course=course, is_loading=True)
        activities.move_activity(loading.id, "begin", actor=cast.asha.actor(then), now=then)
        return course


def find(
    cast: Cast,
    course: Course,
    flag: str,
    *,
    at: datetime = NOW,
    who: Person | None = None,
    **more: Any,
) -> RedFlag:
    """Find one flag present and all others absent, as Asha does unless the test says who."""
    with cast.acting():
        flags = course.pathway_version.definition.screened_flags()
        answers = {one.id: "absent" for one in flags} | {flag: "present"}
        red_flags.record_screen(
            course.id, answers=answers, actor=(who or cast.asha).actor(at), now=at, **more
        )
        found = RedFlag.objects.filter(course=course, flag=flag)
        return found.exclude(status="cleared").get()


def clear(found: RedFlag, who: Person, **body: Any) -> Any:
    return who.client.post(
        f"{URL}/{found.pk}/clear", {"outcome": "ruled_out", "reason": WHY, **body}
    )


def loading(course: Course) -> Activity:
    found: Activity = Activity.objects.get(course=course, is_loading=True)
    return found


def begin(cast: Cast, course: Course, *, now: datetime = NOW) -> Activity:
    actor = cast.asha.actor(now)
    return activities.move_activity(loading(course).id, "begin", actor=actor, now=now)


def told(kind: str) -> set[Any]:
    rows = Message.objects.filter(kind=kind, channel="email")
    return set(rows.values_list("to_practitioner_role_id", flat=True))


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


# Clearing


def test_a_clinician_clears_it_with_a_reason_and_loading_may_begin_again(
    cast: Cast, course: Course
) -> None:
    found = find(cast, course, TEAR)
    with cast.acting(), pytest.raises(LoadingHeld):
        begin(cast, course)
    answer = clear(found, cast.asha)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["status"], body["outcome"], body["reason"]) == ("cleared", "ruled_out", WHY)
    assert body["cleared_by"] == str(cast.asha.practitioner_role.id)
    with cast.acting():
        assert loading(course).status == "on_hold"  # nothing begins by itself
        assert begin(cast, course).status == "in_progress"
        assert underway.stay(course).standing != "stopped"
        assert WorkItem.objects.get(subject_id=found.pk).status == "completed"
        waiting = Message.objects.filter(subject_id=found.pk, status="queued")
        assert not waiting.exists()
        assert AuditEvent.objects.filter(event="red-flag.cleared").count() == 1


@pytest.mark.feature("DP-02")
def test_a_screen_that_is_sent_again_stops_nothing_that_was_cleared_since(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        sent: dict[str, Any] = {"key": "offline", "actor": cast.asha.actor(), "now": NOW}
        sent["answers"] = {TEAR: "present"}
        first, is_new = red_flags.record_screen(course.pk, **sent)
        assert is_new
        found = RedFlag.objects.get(screen=first)
    assert clear(found, cast.asha).status_code == 200
    with cast.acting():
        underway.screen(course, now=NOW, who=cast.asha)
        assert begin(cast, course).status == "in_progress"
        again, is_new = red_flags.record_screen(course.pk, **sent)
        assert (again.pk, is_new) == (first.pk, False)
        assert loading(course).status == "in_progress"


def test_it_lets_the_other_courses_of_the_patient_go_on(cast: Cast, course: Course) -> None:
    with cast.acting():
        other = underway.apply(cast, side="left", now=NOW - DAY)
        underway.screen(other, now=NOW - DAY, who=cast.asha)
        other = underway.move(cast, other, "start", now=NOW - DAY)
    found = find(cast, course, TEAR)
    with cast.acting():
        assert underway.stay(other).standing == "stopped"
        with pytest.raises(LoadingHeld):
            begin(cast, other)
    assert clear(found, cast.asha).status_code == 200
    with cast.acting():
        assert underway.stay(other).standing != "stopped"
        assert begin(cast, other).status == "in_progress"


def test_a_cleared_flag_counts_as_asked_and_absent(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.meet_acute_exit(cast, course, now=NOW - 2 * DAY)
    found = find(cast, course, CANCER, at=NOW - DAY)
    with cast.acting(), pytest.raises(RedFlagOpen):
        underway.move(cast, course, "advance", now=NOW, override=True, reason="trying")
    assert clear(found, cast.asha, outcome="resolved").status_code == 200
    readiness = cast.asha.client.get(f"/api/v1/courses/{course.id}/readiness").json()
    assert readiness["safety"]["outcome"] == "met"
    assert {"kind": "red_flag", "id": str(found.pk)} in readiness["safety"]["evidence"]


@pytest.mark.feature("PT-09")
def test_a_cleared_flag_leaves_the_brief(cast: Cast, course: Course) -> None:
    found = find(cast, course, TEAR)

    def told() -> list[str]:
        brief = cast.asha.client.get(f"/api/v1/patients/{cast.patient.id}/brief").json()
        [safety] = [part for part in brief["sections"] if part["name"] == "safety"]
        return [line["text"] for line in safety["lines"] if line["text"].startswith("Red flag")]

    assert len(told()) == 1
    assert clear(found, cast.asha).status_code == 200
    assert told() == []


def test_what_is_found_after_the_clearing_stops_again(cast: Cast, course: Course) -> None:
    first = find(cast, course, TEAR, at=NOW - 2 * DAY)
    assert clear(first, cast.asha).status_code == 200
    later = find(cast, course, TEAR)
    assert later.pk != first.pk
    with cast.acting(), pytest.raises(LoadingHeld):
        begin(cast, course)


def test_a_screen_entered_late_is_not_covered_by_an_earlier_clearing(
    cast: Cast, course: Course
) -> None:
    """Whoever cleared it had not seen what was entered only afterwards."""
    first = find(cast, course, TEAR, at=NOW - 3 * DAY)
    assert clear(first, cast.asha).status_code == 200
    find(cast, course, TEAR, effective_at=NOW - 4 * DAY)
    with cast.acting(), pytest.raises(LoadingHeld):
        begin(cast, course)


def test_clearing_one_leaves_the_others_open(cast: Cast, course: Course) -> None:
    found = find(cast, course, TEAR)
    find(cast, course, "popping-sound")
    assert clear(found, cast.asha).status_code == 200
    with cast.acting(), pytest.raises(LoadingHeld, match="popping-sound"):
        begin(cast, course)


# What is refused


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"outcome": "fine"}, "/outcome"),
        ({"outcome": ""}, "/outcome"),
        ({"reason": "  "}, "/reason"),
        ({"reason": ""}, "/reason"),
        ({"effective_at": (NOW + DAY).isoformat()}, "/effective_at"),
        ({"effective_at": (NOW - 2 * DAY).isoformat()}, "/effective_at"),
    ],
)
def test_it_clears_nothing_without_an_outcome_a_reason_and_a_possible_time(
    cast: Cast, course: Course, body: dict[str, str], pointer: str
) -> None:
    found = find(cast, course, TEAR, at=NOW - DAY)
    answer = clear(found, cast.asha, **body)
    assert answer.status_code == 400, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    with cast.acting():
        assert RedFlag.objects.get(pk=found.pk).status == "open"
        with pytest.raises(LoadingHeld):
            begin(cast, course)


def test_nobody_takes_up_what_was_cleared_though_its_holder_lapsed(
    cast: Cast, course: Course
) -> None:
    found = find(cast, course, TEAR)
    with cast.acting():
        underway.take(cast, course, cast.chloe)
    assert cast.chloe.client.post(f"{URL}/{found.pk}/acknowledge").status_code == 200
    assert clear(found, cast.asha).status_code == 200
    with cast.acting():
        chloe = cast.chloe.practitioner_role
        type(chloe).objects.filter(pk=chloe.pk).update(registered_until=NOW.date() - DAY)
    refused = cast.asha.client.post(f"{URL}/{found.pk}/acknowledge")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "This red flag was cleared already."


def test_only_a_discipline_that_may_diagnose_clears_it(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
    found = find(cast, course, TEAR)
    answer = clear(found, cast.chloe)
    assert answer.status_code == 403
    assert answer.json()["rule"] == "scope.red-flag.clear"
    with cast.acting():
        assert RedFlag.objects.get(pk=found.pk).status == "open"


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_reads_or_clears_it(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    found, person = find(cast, course, TEAR), cast.everybody[who]
    assert clear(found, person).status_code == status
    assert person.client.post(f"{URL}/{found.pk}/acknowledge").status_code == status
    assert person.client.get(f"{URL}/{found.pk}").status_code == status
    assert person.client.get(URL).json().get("results", []) == []
    if status == 404:
        unknown = person.client.post(f"{URL}/{uuid4()}/acknowledge")
        assert unknown.json() == person.client.post(f"{URL}/{found.pk}/acknowledge").json()


def test_no_override_passes_it(cast: Cast, course: Course) -> None:
    find(cast, course, TINGLING)
    with cast.acting(), pytest.raises(RedFlagOpen):
        underway.move(cast, course, "advance", now=NOW, override=True, reason="trying")


def test_discharging_clears_nothing(cast: Cast, course: Course) -> None:
    found = find(cast, course, TEAR)
    with cast.acting():
        underway.move(
            cast, course, "discharge", now=NOW, reason="moved away", outcome="patient_left"
        )
        assert RedFlag.objects.get(pk=found.pk).status == "open"


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
