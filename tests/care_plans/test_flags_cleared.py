"""A red flag is cleared by a clinician with a reason, by nobody else and by nothing else."""

from typing import Any
from uuid import uuid4

import pytest

from care_plans import red_flags
from care_plans.activities import LoadingHeld
from care_plans.models import Course, RedFlag
from care_plans.progress import RedFlagOpen
from coordination.models import AuditEvent, WorkItem
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.flagging import (
    CANCER,
    DAY,
    TEAR,
    TINGLING,
    URL,
    WHY,
    begin,
    clear,
    find,
    loading,
    under_load,
)
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.feature("DP-02"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def course(cast: Cast) -> Course:
    return under_load(cast)


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
