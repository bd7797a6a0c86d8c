"""What changed since a practitioner last looked: theirs alone, nothing lost, nothing given away."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from care_plans import changes, goals
from care_plans.models import Course, Goal, LaneSignOff, LastLook
from coordination import consent
from coordination.consent import Locked, record_consent
from coordination.problems import Stale
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person
from tests.ward import SAID

LATER = NOW + timedelta(weeks=1)

pytestmark = pytest.mark.feature("CP-13")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen after what the tests prepare."""
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def course(cast: Cast) -> Course:
    written.join(cast, cast.ben, cast.chloe)
    with cast.acting():
        return underway.start(cast)


def address(cast: Cast) -> str:
    return f"/api/v1/patients/{cast.patient.id}/changes"


def look(cast: Cast, who: Person) -> dict[str, Any]:
    answer = who.client.get(address(cast))
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def see(cast: Cast, who: Person) -> None:
    """Look, and say so."""
    state = look(cast, who)["state"]
    answer = who.client.post(address(cast), {"state": state}, format="json")
    assert answer.status_code == 200, answer.content
    assert not any(answer.json()["changes"].values())


def test_the_first_look_is_all_new_and_looking_alone_marks_nothing(
    cast: Cast, course: Course
) -> None:
    for _ in range(2):
        told = look(cast, cast.ben)
        assert told["since"] is None
        assert {one["before"] for kind in told["changes"].values() for one in kind} == {None}
        [stage] = [one for one in told["changes"]["stages"] if one["course"]]
        assert (stage["id"], stage["after"]["stage"]) == (str(course.id), "acute")


def test_it_tells_by_stage_lane_goal_and_consent_what_was_and_what_is(
    cast: Cast, course: Course
) -> None:
    see(cast, cast.ben)
    see(cast, cast.chloe)
    with cast.acting():
        goal = Goal.objects.filter(course=course).order_by("id")[0]
        asha = cast.asha.actor(LATER)
        goals.move_goal(goal.pk, "achieve", actor=asha, now=LATER)
        lane = underway.lane(course, "massage_therapy")
        underway.sign(cast.chloe, lane, now=LATER)
        underway.move(cast, course, "pause", now=LATER, reason="away")
        record_consent(
            cast.patient.id,
            category="treatment",
            decision="permit",
            about="Needling",
            decided=SAID,
            actor=asha,
            now=LATER,
        )
    told = look(cast, cast.ben)["changes"]
    [stage] = told["stages"]
    assert (stage["before"]["status"], stage["after"]["status"]) == ("active", "paused")
    [said] = told["lanes"]
    assert (said["about"], said["before"]["verdict"], said["after"]["verdict"]) == (
        "massage_therapy",
        None,
        "ready",
    )
    [reached] = told["goals"]
    assert (reached["id"], reached["before"], reached["after"]) == (
        str(goal.pk),
        {"status": "in_progress"},
        {"status": "achieved"},
    )
    [agreed] = told["consents"]
    assert (agreed["before"], agreed["after"]["decision"]) == (None, "permit")
    see(cast, cast.ben)
    assert any(look(cast, cast.chloe)["changes"].values()), "each has looks of their own"


def test_a_late_entry_is_a_change_like_any_other(cast: Cast, course: Course) -> None:
    see(cast, cast.ben)
    with cast.acting():
        lane = underway.lane(course, "physiotherapy")
        LaneSignOff.objects.create(
            organization_id=course.organization_id,
            course=course,
            lane=lane,
            stay=underway.stay(course),
            verdict="ready",
            practitioner_role=cast.asha.practitioner_role,
            actor="x",
            effective_at=NOW,  # long before the look, entered after it
            recorded_at=LATER,
        )
    [said] = look(cast, cast.ben)["changes"]["lanes"]
    assert said["id"] == str(lane.pk)


def test_what_went_to_and_fro_is_a_change_where_it_left_a_trace(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.meet_acute_exit(cast, course, now=LATER)
        lane = underway.lane(course, "physiotherapy")
        underway.sign(cast.asha, lane, now=LATER)
    see(cast, cast.ben)
    again = LATER + timedelta(minutes=1)
    with cast.acting():
        underway.sign(cast.asha, lane, now=again, verdict="not_ready", reason="sore")
        underway.sign(cast.asha, lane, now=again + timedelta(minutes=1))
    [said] = [one for one in look(cast, cast.ben)["changes"]["lanes"] if one["id"] == str(lane.pk)]
    assert said["before"]["verdict"] == said["after"]["verdict"] == "ready"
    assert said["before"]["sign_off"] != said["after"]["sign_off"]


def test_nothing_is_marked_as_seen_that_changed_meanwhile(cast: Cast, course: Course) -> None:
    state = look(cast, cast.ben)["state"]
    with cast.acting():
        underway.move(cast, course, "pause", now=LATER, reason="away")
    refused = cast.ben.client.post(address(cast), {"state": state}, format="json")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("stale")
    with cast.acting():
        assert not LastLook.objects.exists()
        with pytest.raises(Stale):
            changes.mark_seen(cast.patient.id, "", actor=cast.ben.actor(LATER), now=LATER)


def test_what_is_locked_away_meanwhile_is_left_out_and_not_told_as_gone(
    cast: Cast, course: Course
) -> None:
    see(cast, cast.ben)
    locked = Locked(
        target="condition",
        target_id=course.pk,
        audience="practitioner",
        audience_practitioner_id=cast.ben.practitioner_role.practitioner_id,
    )
    with cast.acting():
        consent.set_directive(
            cast.patient.id, locked, decided=SAID, actor=cast.asha.actor(LATER), now=LATER
        )
        underway.move(cast, course, "pause", now=LATER, reason="away")
    answer = cast.ben.client.get(address(cast))
    assert not any(answer.json()["changes"].values())
    assert str(course.pk) not in answer.content.decode()
    assert answer["Continuum-Withheld"] == "true"
    assert look(cast, cast.chloe)["changes"]["stages"]


@pytest.mark.parametrize(("who", "status"), [("gus", 404), ("olu", 404), ("sam", 403)])
def test_nobody_else_looks(cast: Cast, course: Course, who: str, status: int) -> None:
    person = cast.everybody[who]
    assert person.client.get(address(cast)).status_code == status
    body = {"state": look(cast, cast.asha)["state"]}
    assert person.client.post(address(cast), body, format="json").status_code == status
