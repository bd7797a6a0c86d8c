"""What a patient with several courses reports: it counts for the one that they or a clinician name.

It attaches to one course at a time, and is heard whatever course it names.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from care_plans import assessing
from care_plans.facts import gather
from care_plans.models import Assessment, Course, SafetyAlert
from care_plans.own_reports import course_reported
from care_plans.sittings import NewScore
from coordination.idempotency import KeyReused
from tests.care_plans import underway
from tests.care_plans.sittings import URL, joined, nprs, pointers
from tests.cast import NOW, Cast, Person
from tests.matrix_scenes import a_patient

pytestmark = pytest.mark.usefixtures("clock")
MINE = "/api/v1/me/assessments"
DAY = timedelta(days=1)


@pytest.fixture
def courses(cast: Cast) -> tuple[Course, Course]:
    """Both hamstrings are treated."""
    with cast.acting():
        left = underway.start(cast, now=NOW - 10 * DAY)
        return left, underway.start(cast, now=NOW - 5 * DAY, side="right")


def report(patient: Person, *scores: Any, **more: Any) -> Any:
    return patient.client.post(MINE, {"scores": list(scores), **more})


def counted(cast: Cast, course: Course) -> list[int]:
    """Return the pain that counts for a course."""
    with cast.acting():
        scores = gather([course], now=NOW)[course.pk].scores
        return [int(score.value) for score in scores if score.measure == "nprs"]


@pytest.mark.feature("OM-07")
def test_it_counts_for_the_course_that_the_patient_names(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    left, right = courses
    patient = a_patient(cast)
    answered = report(patient, nprs(6), course=str(right.pk))
    assert answered.status_code == 201, answered.content
    assert answered.json()["course"] == str(right.pk)
    assert (counted(cast, left), counted(cast, right)) == ([], [6])


def test_it_counts_for_none_of_several_that_nobody_names(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    answered = report(a_patient(cast), nprs(6))
    assert answered.json()["course"] is None
    assert [counted(cast, course) for course in courses] == [[], []]


def test_it_says_which_courses_can_be_named(cast: Cast, courses: tuple[Course, Course]) -> None:
    patient = a_patient(cast)
    refused = report(patient, nprs(6), course=str(uuid4()))
    assert pointers(refused) == {"/course"}
    for course in courses:
        said = f"{course.pk} (Hamstring tendinopathy, {course.side})"
        assert said in refused.json()["detail"]
    with cast.acting():
        assert not Assessment.objects.exists()


def test_it_names_no_course_that_has_ended_or_does_not_ask(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    left, right = courses
    patient = a_patient(cast)
    with cast.acting():
        underway.move(cast, right, "discharge", now=NOW, outcome="patient_left", reason="moved")
    refused = report(patient, nprs(6), course=str(right.pk))
    assert pointers(refused) == {"/course"}
    assert str(right.pk) not in refused.json()["detail"]
    unasked = report(patient, {"measure": "ndi", "value": 20}, course=str(left.pk))
    assert pointers(unasked) == {"/course"}
    assert "leave it out" in unasked.json()["detail"]


@pytest.mark.feature("OM-07")
def test_an_answer_calls_somebody_with_and_without_a_course(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    _, right = courses
    patient = a_patient(cast)
    grave = {"measure": "phq9", "item": 9, "value": "1"}
    for named in ({}, {"course": str(right.pk)}):
        assert report(patient, grave, **named).json()["crisis"]
    with cast.acting():
        alerts = SafetyAlert.objects.order_by("id").values_list("rule", "course_id")
        assert list(alerts) == [("suicide_risk", None), ("suicide_risk", right.pk)]


@pytest.mark.feature("OM-07")
def test_an_answer_calls_somebody_whatever_course_it_names(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    _, ended = courses
    patient = a_patient(cast)
    with cast.acting():
        underway.move(cast, ended, "discharge", now=NOW, outcome="patient_left", reason="moved")
    for wrong in (str(ended.pk), str(uuid4())):
        answered = report(patient, {"measure": "phq9", "item": 9, "value": "3"}, course=wrong)
        assert answered.status_code == 201, answered.content
        assert (answered.json()["course"], bool(answered.json()["crisis"])) == (None, True)
    with cast.acting():
        alerts = SafetyAlert.objects.values_list("rule", "course_id")
        assert list(alerts) == [("suicide_risk", None)] * 2


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("named", [True, False])
def test_an_answer_is_heard_although_its_course_is_ended_at_that_moment(
    cast: Cast, courses: tuple[Course, Course], monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    left, right = courses
    before = NOW - timedelta(minutes=1)

    def overtaken(*given: Any) -> Course | None:
        found = course_reported(*given)
        if found is not None:
            underway.move(
                cast, found, "discharge", now=before, outcome="patient_left", reason="moved"
            )
        return found

    with cast.acting():
        underway.move(cast, left, "discharge", now=before, outcome="patient_left", reason="moved")
    monkeypatch.setattr(assessing, "course_reported", overtaken)
    about = {"course": str(right.pk)} if named else {}
    answered = report(a_patient(cast), {"measure": "phq9", "item": 9, "value": "3"}, **about)
    assert answered.status_code == 201, answered.content
    assert (answered.json()["course"], bool(answered.json()["crisis"])) == (None, True)
    with cast.acting():
        assert SafetyAlert.objects.count() == 1


@pytest.mark.parametrize("named", [True, False])
def test_a_repeated_report_is_what_it_was_although_its_course_has_ended(
    cast: Cast, courses: tuple[Course, Course], named: bool
) -> None:
    left, right = courses
    patient = a_patient(cast)
    with cast.acting():
        underway.move(cast, left, "discharge", now=NOW, outcome="patient_left", reason="moved")

    def again(pain: int = 6) -> tuple[Assessment, bool]:
        # as it is asked once the first answer is not kept any more
        with cast.acting():
            return assessing.record_own_assessment(
                scores=[NewScore("nprs", Decimal(pain))],
                course_id=right.pk if named else None,
                key="once",
                actor=patient.actor(),
                now=NOW,
            )

    first, is_new = again()
    assert (first.course_id, is_new) == (right.pk, True)
    with cast.acting():
        underway.move(cast, right, "discharge", now=NOW, outcome="patient_left", reason="moved")
    assert again() == (first, False)
    with pytest.raises(KeyReused):
        again(7)


# A clinician says afterwards what it was about


def attach(who: Person, row: str, *scores: Any, **more: Any) -> Any:
    body = {"scores": list(scores), "reason": "it was about the right side", **more}
    return who.client.post(f"{URL}/{row}/replace", body)


def test_a_correction_attaches_it_to_a_course_and_keeps_the_original(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    left, right = courses
    old = report(a_patient(cast), nprs(6)).json()["id"]
    answer = attach(cast.asha, old, nprs(6), course=str(right.pk))
    assert answer.status_code == 201, answer.content
    assert (answer.json()["course"], answer.json()["replaces"]) == (str(right.pk), old)
    assert (counted(cast, left), counted(cast, right)) == ([], [6])
    kept = cast.asha.client.get(f"{URL}/{old}").json()
    assert (kept["course"], kept["entered_in_error"]) == (None, True)


def test_a_correction_takes_it_from_the_course_it_was_not_about(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    left, right = courses
    old = report(a_patient(cast), nprs(6), course=str(left.pk)).json()["id"]
    with cast.acting():
        before = underway.stay(left).checked_at
    with time_machine.travel(NOW + DAY, tick=False):
        answer = attach(cast.asha, old, nprs(6), course=str(right.pk))
        assert answer.status_code == 201, answer.content
    assert (counted(cast, left), counted(cast, right)) == ([], [6])
    with cast.acting():
        assert underway.stay(left).checked_at != before


def test_a_correction_without_a_course_leaves_it_where_it_was(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    _, right = courses
    old = report(a_patient(cast), nprs(6), course=str(right.pk)).json()["id"]
    assert attach(cast.asha, old, nprs(5)).json()["course"] == str(right.pk)
    assert counted(cast, right) == [5]


def test_a_correction_calls_nobody_again_for_what_was_said_without_a_course(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    _, right = courses
    old = report(a_patient(cast), {"measure": "phq9", "item": 9, "value": "1"}).json()["id"]
    farah = joined(cast, cast.farah)
    answer = attach(farah, old, {"measure": "phq9", "item": 9, "value": 1}, course=str(right.pk))
    assert answer.status_code == 201, answer.content
    with cast.acting():
        assert SafetyAlert.objects.count() == 1


def test_a_correction_names_a_course_of_the_patient_alone(
    cast: Cast, courses: tuple[Course, Course]
) -> None:
    old = report(a_patient(cast), nprs(6)).json()["id"]
    assert pointers(attach(cast.asha, old, nprs(6), course=str(uuid4()))) == {"/course"}
