"""A name of the content that somebody mistyped is refused with the one that may be meant."""

from typing import Any

import pytest

from care_plans.models import Course
from coordination.problems import MOST_ERRORS
from tests.cast import Cast
from tests.coordination.test_members import errors

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.parametrize(
    ("path", "body", "at", "words"),
    [
        (
            "assessments",
            {"scores": [{"measure": "nrps", "value": "3"}]},
            "/scores/0/measure",
            "There is no such measure; did you mean nprs?",
        ),
        (
            "assessments",
            {"scores": [{"measure": "xxxx", "value": "3"}]},
            "/scores/0/measure",
            "There is no such measure.",
        ),
        (
            "course-answers",
            {"answers": {"pain_at_siting_bone": True}},
            "/answers/pain_at_siting_bone",
            "This pathway asks no such question; did you mean pain_at_sitting_bone?",
        ),
        (
            "red-flag-screens",
            {"answers": {"poping-sound": "absent"}},
            "/answers/poping-sound",
            "This pathway has no such red flag; did you mean popping-sound?",
        ),
        (
            "complexity-screens",
            {"factors": {"psychosocal": {}}, "level": "low"},
            "/factors/psychosocal",
            "There is no such category; did you mean psychosocial?",
        ),
    ],
)
def test_it_names_what_may_be_meant(
    cast: Cast, course: Course, path: str, body: Any, at: str, words: str
) -> None:
    whose = {"patient": course.patient_id} if path == "assessments" else {"course": course.pk}
    sent = {**body, **{name: str(row_id) for name, row_id in whose.items()}}
    assert errors(cast.asha.client.post(f"/api/v1/{path}", sent))[at] == words


@pytest.mark.feature("DP-05")
def test_a_self_check_names_the_question_that_may_be_meant(client: Any, cast: Cast) -> None:
    path = "/api/v1/self-checks/pathways/hamstring-tendinopathy"
    answer = client.post(path, {"answers": {"poping-sound": True}}, content_type="application/json")
    assert errors(answer) == {
        "/answers/poping-sound": "This is not asked here; did you mean popping-sound?"
    }


@pytest.mark.parametrize("what", ["members", "questions"])
def test_of_very_many_wrong_names_it_looks_into_the_first(
    client: Any, cast: Cast, what: str
) -> None:
    many = {f"poping-sound-{number}": True for number in range(50_000)}
    body = many if what == "members" else {"answers": many}
    path = "/api/v1/self-checks/pathways/hamstring-tendinopathy"
    found = errors(client.post(path, body, content_type="application/json"))
    assert len(found) == MOST_ERRORS + 1
    assert found[""] == "There is more: these are the first 100."
