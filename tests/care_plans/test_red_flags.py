"""Screening for red flags over the API: what was found stops or redirects, and says what to do."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from care_plans import activities, progress
from care_plans.activities import LoadingHeld
from care_plans.content import safety
from care_plans.models import (
    Activity,
    Course,
    RedFlagAnswer,
    RedFlagScreen,
    StageTransition,
)
from care_plans.progress import RedFlagOpen
from coordination.models import AuditEvent
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")
URL = "/api/v1/red-flag-screens"
DAY = timedelta(days=1)
TEAR = "sudden-severe-pain"


def flags() -> list[str]:
    return [flag.id for flag in underway.version().definition.screened_flags()]


def clear(**found: str) -> dict[str, str]:
    """Every flag absent, but for what was found (with - for _ in its name)."""
    said = {name.replace("_", "-"): answer for name, answer in found.items()}
    return {**dict.fromkeys(flags(), "absent"), **said}


def send(course: Course, answers: Any, *, who: Person, key: str = "", **more: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else None
    body = {"course": str(course.id), "answers": answers, **more}
    return who.client.post(URL, body, headers=headers)


def screens(cast: Cast) -> tuple[int, int]:
    with cast.acting():
        return RedFlagScreen.objects.count(), RedFlagAnswer.objects.count()


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage, all of its exit met, loading in progress."""
    then = NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then, side="right")
        loading = Activity.objects.get(course=course, is_loading=True)
        move(cast, loading, "begin", now=then)
        return course


def move(cast: Cast, activity: Activity, action: str, *, now: Any = NOW) -> Activity:
    return activities.move_activity(activity.id, action, actor=cast.asha.actor(now), now=now)


def advance(cast: Cast, course: Course) -> None:
    progress.perform(
        course.id,
        progress.Request(action="advance", override=True, reason="trying"),
        actor=cast.asha.actor(),
        now=NOW,
    )


def loading(course: Course) -> str:
    status: str = Activity.objects.get(course=course, is_loading=True).status
    return status


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        pytest.param(
            "sudden-severe-pain",
            "Sudden severe pain",
            marks=pytest.mark.feature("seed-rf-sudden"),
        ),
        pytest.param("popping-sound", "popping sound", marks=pytest.mark.feature("seed-rf-pop")),
        pytest.param(
            "swelling-or-bruising",
            "swelling",
            marks=pytest.mark.feature("seed-rf-swelling"),
        ),
        pytest.param(
            "cannot-bear-weight",
            "bearing weight",
            marks=pytest.mark.feature("seed-rf-weight"),
        ),
    ],
)
def test_it_stops_loading_and_progress_for_what_may_be_a_tear(
    cast: Cast, course: Course, flag: str, words: str
) -> None:
    answer = send(course, {**clear(), flag: "present"}, who=cast.asha)
    assert answer.status_code == 201, answer.content
    [found] = answer.json()["found"]
    assert found["flag"] == flag
    assert words in found["text"]
    assert found["suspects"] == "hamstring tear"
    assert found["urgency"] == "urgent_24h"
    assert found["stops_loading"] is True
    assert found["blocks_progression"] is True
    # what to do, whose word it is, and that it is opinion
    assert "stop loading" in found["action"]
    assert found["cites"]
    assert found["is_expert_consensus"] is True
    assert "consensus" in found["notice"]
    with cast.acting():
        assert loading(course) == "on_hold"
        activity = Activity.objects.get(course=course, is_loading=True)
        with pytest.raises(LoadingHeld):
            move(cast, activity, "begin")
        with pytest.raises(RedFlagOpen):
            advance(cast, course)
        assert loading(course) == "on_hold"
        assert not StageTransition.objects.filter(course=course, action="advance").exists()
        assert underway.stay(course).standing == "stopped"


@pytest.mark.feature("seed-rf-nerve")
def test_it_redirects_for_numbness_without_stopping_loading(cast: Cast, course: Course) -> None:
    answer = send(course, clear(numbness_or_tingling="present"), who=cast.asha)
    assert answer.status_code == 201, answer.content
    [found] = answer.json()["found"]
    assert found["towards"] == ["lumbar-radiculopathy"]
    assert "sciatica" in found["suspects"]
    assert found["urgency"] == "review_before_progress"
    assert (found["stops_loading"], found["blocks_progression"]) == (False, True)
    with cast.acting():
        assert loading(course) == "in_progress"
        with pytest.raises(RedFlagOpen):
            advance(cast, course)


def test_it_stops_the_other_courses_of_the_patient_too(cast: Cast, course: Course) -> None:
    with cast.acting():
        other = underway.apply(cast, side="left", now=NOW - DAY)
        underway.screen(other, now=NOW - DAY, who=cast.asha)
        other = underway.move(cast, other, "start", now=NOW - DAY)
        move(cast, Activity.objects.get(course=other, is_loading=True), "begin")
    assert send(course, clear(cannot_bear_weight="present"), who=cast.asha).status_code == 201
    with cast.acting():
        assert (loading(course), loading(other)) == ("on_hold", "on_hold")
        assert underway.stay(other).standing == "stopped"


def test_it_keeps_a_flag_open_whatever_the_next_screen_says(cast: Cast, course: Course) -> None:
    send(course, clear(popping_sound="present"), who=cast.asha)
    answer = send(course, clear(), who=cast.asha)
    assert answer.json()["found"] == []
    with cast.acting(), pytest.raises(RedFlagOpen):
        advance(cast, course)


def test_it_says_what_is_not_known(cast: Cast, course: Course) -> None:
    said = {TEAR: "absent", "popping-sound": "unknown"}
    answer = send(course, said, who=cast.asha)
    assert answer.status_code == 201
    assert answer.json()["answers"] == said
    assert set(answer.json()["not_known"]) == set(flags()) - {TEAR}


def test_it_holds_the_first_loading_back_until_somebody_has_screened_anew(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, now=NOW - 9 * DAY)
        underway.screen(course, now=NOW - 9 * DAY, who=cast.asha)
        course = underway.move(cast, course, "start", now=NOW - 3 * DAY)
        activity = Activity.objects.get(course=course, is_loading=True)
        with pytest.raises(LoadingHeld, match="not known to be absent"):
            move(cast, activity, "begin")
        activity.refresh_from_db()
        assert activity.status == "not_started"
    assert send(course, clear(), who=cast.asha).status_code == 201
    with cast.acting():
        assert move(cast, activity, "begin").status == "in_progress"


# What is refused


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ({"sudden-pain": "absent"}, "/answers/sudden-pain"),
        ({TEAR: "maybe"}, f"/answers/{TEAR}"),
        ({TEAR: True}, f"/answers/{TEAR}"),
        ({TEAR: None}, f"/answers/{TEAR}"),
        ({"a/b~c": "absent"}, "/answers/a~1b~0c"),
        ({"nul\x00": "absent"}, "/answers/nul\x00"),
        ({}, "/answers"),
        ([], "/answers"),
        ("absent", "/answers"),
    ],
)
def test_it_names_the_wrong_answer_and_writes_nothing(
    cast: Cast, course: Course, answers: Any, place: str
) -> None:
    before = screens(cast)
    if isinstance(answers, dict) and answers and TEAR not in answers:
        answers = {"popping-sound": "present", **answers}
    answer = send(course, answers, who=cast.asha)
    assert answer.status_code == 400, answer.content
    assert {error["pointer"] for error in answer.json()["errors"]} == {place}
    assert screens(cast) == before
    with cast.acting():
        assert loading(course) == "in_progress"


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_it_lets_nobody_outside_the_circle_screen_or_read(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    before, person = screens(cast), cast.everybody[who]
    answers = clear(popping_sound="present")
    answer = send(course, answers, who=person)
    assert answer.status_code == status
    unknown = person.client.post(URL, {"course": str(uuid4()), "answers": answers})
    if status == 404:  # the same answer as for a course that does not exist
        assert answer.json() == unknown.json()
    listed = person.client.get(URL, {"course": str(course.id)})
    assert listed.json().get("results", []) == []
    assert screens(cast) == before
    with cast.acting():
        assert loading(course) == "in_progress"


def test_it_records_once_for_one_key(cast: Cast, course: Course) -> None:
    before = screens(cast)[0]
    first = send(course, clear(), who=cast.asha, key="a")
    again = send(course, clear(), who=cast.asha, key="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    other = send(course, clear(popping_sound="unknown"), who=cast.asha, key="a")
    assert other.status_code == 422
    assert screens(cast)[0] == before + 1


def test_it_refuses_a_screen_of_the_future_and_after_discharge(cast: Cast, course: Course) -> None:
    ahead = send(course, clear(), who=cast.asha, effective_at=(NOW + DAY).isoformat())
    assert ahead.status_code == 400
    with cast.acting():
        underway.move(
            cast, course, "discharge", now=NOW - DAY, reason="left", outcome="patient_left"
        )
    late = send(course, clear(), who=cast.asha)
    assert late.status_code == 409
    assert late.json()["type"].endswith("course-ended")


# Reading


def test_it_lists_a_hundred_times_more_with_the_same_number_of_queries(
    cast: Cast, course: Course
) -> None:
    def counted() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            answer = cast.asha.client.get(URL, {"limit": 200})
        return len(queries), len(answer.json()["results"])

    counted()  # issues the token
    few = counted()
    assert few[1] == 1
    with cast.acting():
        for number in range(99):
            underway.screen(course, now=NOW - timedelta(minutes=number), who=cast.asha)
    assert counted() == (few[0], 100)


def test_it_finds_the_screens_that_found_a_flag_and_audits_the_search(
    cast: Cast, course: Course
) -> None:
    found = send(course, clear(popping_sound="present"), who=cast.asha).json()["id"]
    answer = cast.asha.client.get(URL, {"found": "popping-sound", "patient": str(cast.patient.id)})
    assert [row["id"] for row in answer.json()["results"]] == [found]
    assert cast.asha.client.get(f"{URL}/{found}").status_code == 200
    with cast.acting():
        searched = AuditEvent.objects.get(event="RedFlagScreen.search")
        assert searched.patient_ids == [cast.patient.id]


# Answers about circumstances


def test_it_opens_the_lane_that_an_answer_makes_necessary(cast: Cast, course: Course) -> None:
    with cast.acting():
        assert underway.lane(course, "chiropractic").needed == "not_needed"
    answer = cast.asha.client.post(
        "/api/v1/course-answers",
        {"course": str(course.id), "answers": {"sitting_aggravates": True, "onset": "gradual"}},
    )
    assert answer.status_code == 201, answer.content
    assert {row["question"]: row["answer"] for row in answer.json()} == {
        "sitting_aggravates": True,
        "onset": "gradual",
    }
    with cast.acting():
        assert underway.lane(course, "chiropractic").needed == "needed"


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ({"sitting": True}, "/answers/sitting"),
        ({"sitting_aggravates": "yes"}, "/answers/sitting_aggravates"),
        ({"sitting_aggravates": None}, "/answers/sitting_aggravates"),
        ({"onset": "later"}, "/answers/onset"),
        ({"onset": ["gradual"]}, "/answers/onset"),
        ({"sport": ""}, "/answers/sport"),
        ({"sport": "run\x00ning"}, "/answers/sport"),
        ({"sport": "x" * 2001}, "/answers/sport"),
        ({}, "/answers"),
    ],
)
def test_it_names_the_answer_that_fits_no_question(
    cast: Cast, course: Course, answers: Any, place: str
) -> None:
    answer = cast.asha.client.post(
        "/api/v1/course-answers", {"course": str(course.id), "answers": answers}
    )
    assert answer.status_code == 400, answer.content
    assert {error["pointer"] for error in answer.json()["errors"]} == {place}


@pytest.mark.feature("DP-02")
def test_there_is_one_order_of_urgency_and_records_have_the_same() -> None:
    order = [str(urgency) for urgency in safety.MOST_URGENT_FIRST]
    assert order == RedFlagAnswer.Urgency.values
    assert order[0] == "emergency"
