"""Who records and reads scores, once for each key, corrected without erasing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from care_plans import assessing
from care_plans.models import Assessment, Course, Lane, Score
from care_plans.sittings import NewScore
from coordination.models import AuditEvent
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.sittings import DAY, URL, joined, nprs, pointers, rows, send
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


# Who may


def test_it_wants_a_discipline_that_takes_the_measure(cast: Cast) -> None:
    farah = joined(cast, cast.farah)
    answer = send(cast, nprs(), {"measure": "lefs", "value": 40}, who=farah)
    assert answer.status_code == 403
    assert answer.json()["rule"] == "scope.assessment.record"
    assert "lefs" in answer.json()["detail"]
    assert rows(cast) == (0, 0)
    assert send(cast, {"measure": "tsk11", "value": 20}, who=farah).status_code == 201


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_it_refuses_everybody_outside_the_circle(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    old = send(cast, nprs(), course=str(course.id)).json()["id"]
    before = rows(cast)
    person = cast.everybody[who]
    assert send(cast, nprs(), who=person).status_code == status
    assert send(cast, nprs(), who=person, course=str(course.id)).status_code == status
    again = person.client.post(f"{URL}/{old}/replace", {"scores": [nprs()], "reason": "x"})
    assert again.status_code == status
    assert person.client.get(f"{URL}/{old}").status_code == status
    listed = person.client.get(URL)
    assert listed.status_code == (200 if status == 404 else 403)
    assert listed.json().get("results", []) == []
    assert rows(cast) == before


def test_it_knows_no_course_of_another_patient(cast: Cast, course: Course) -> None:
    mine = {"course": str(course.id), "patient": str(cast.stranger.id)}
    answer = cast.asha.client.post(URL, {"scores": [nprs()], **mine})
    assert answer.status_code == 404
    answer = cast.olu.client.post(URL, {"scores": [nprs()], **mine})
    assert pointers(answer) == {"/course"}
    assert pointers(send(cast, nprs(), course=str(uuid4()))) == {"/course"}
    assert rows(cast) == (0, 0)


# Keys


def test_it_records_once_for_one_key(cast: Cast) -> None:
    first = send(cast, nprs(), key="visit-1")
    again = send(cast, nprs(), key="visit-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert rows(cast) == (1, 1)


def test_it_refuses_a_key_that_stands_for_something_else(cast: Cast) -> None:
    send(cast, nprs(3), key="visit-1")
    answer = send(cast, nprs(4), key="visit-1")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("key-reused")
    assert rows(cast) == (1, 1)
    assert send(cast, nprs(), key="k" * 201).status_code == 400


# Corrections


def replace(cast: Cast, old: str, *scores: Any, **more: Any) -> Any:
    body = {"scores": list(scores), "reason": "misread", **more}
    return cast.asha.client.post(f"{URL}/{old}/replace", body)


def test_it_corrects_by_a_new_one_and_keeps_the_old_readable(cast: Cast, course: Course) -> None:
    at = (NOW - DAY).isoformat()
    old = send(cast, nprs(7), course=str(course.id), effective_at=at).json()
    answer = replace(cast, old["id"], nprs(2))
    assert answer.status_code == 201, answer.content
    new = answer.json()
    assert (new["replaces"], new["reason"]) == (old["id"], "misread")
    assert (new["course"], new["effective_at"]) == (old["course"], old["effective_at"])
    kept = cast.asha.client.get(f"{URL}/{old['id']}").json()
    assert kept["entered_in_error"] is True
    assert kept["replaced_by"] == new["id"]
    assert kept["scores"] == old["scores"]
    standing = cast.asha.client.get(URL, {"entered_in_error": "false"}).json()["results"]
    assert [row["id"] for row in standing] == [new["id"]]
    wrong = cast.asha.client.get(URL, {"entered_in_error": "true"}).json()["results"]
    assert [row["id"] for row in wrong] == [old["id"]]


@pytest.mark.feature("CP-08")
@pytest.mark.parametrize("scores", [[], [nprs(2)]])
def test_it_corrects_what_was_taken_after_the_end_that_was_entered_late(
    cast: Cast, course: Course, scores: list[Any]
) -> None:
    at = (NOW - DAY).isoformat()
    old = send(cast, nprs(7), course=str(course.pk), effective_at=at).json()["id"]
    with cast.acting():
        underway.move(
            cast,
            course,
            "discharge",
            now=NOW,
            effective_at=NOW - 2 * DAY,
            reason="moved",
            outcome="patient_left",
        )
        said = Message.objects.count()
        rows = Lane.objects.filter(course=course).order_by("pk")
        planned = list(rows.values_list("needed", "version"))
    answer = replace(cast, old, *scores)
    assert answer.status_code == 201, answer.content
    assert answer.json()["effective_at"] == at.replace("+00:00", "Z")
    with cast.acting():
        assert Message.objects.count() == said
        assert list(rows.values_list("needed", "version")) == planned
    later = replace(cast, answer.json()["id"], nprs(1), effective_at=NOW.isoformat())
    assert later.json()["type"].endswith("course-ended")
    anew = send(cast, nprs(3), course=str(course.pk), effective_at=at)
    assert anew.json()["type"].endswith("course-ended")


def test_it_corrects_an_assessment_only_once(cast: Cast) -> None:
    old = send(cast, nprs(7)).json()["id"]
    new = replace(cast, old, nprs(2)).json()["id"]
    answer = replace(cast, old, nprs(1))
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("replaced-already")
    assert rows(cast) == (2, 2)
    assert replace(cast, new, nprs(1)).status_code == 201


def test_it_withdraws_an_assessment_by_one_without_scores(cast: Cast) -> None:
    old = send(cast, nprs(7)).json()["id"]
    answer = replace(cast, old, reason="another patient's")
    assert answer.status_code == 201
    assert answer.json()["scores"] == []


def test_it_corrects_only_with_a_reason_and_within_scope(cast: Cast) -> None:
    old = send(cast, {"measure": "lefs", "value": 40}).json()["id"]
    assert pointers(replace(cast, old, nprs(), reason=" ")) == {"/reason"}
    farah = joined(cast, cast.farah)
    withdrawn = farah.client.post(f"{URL}/{old}/replace", {"scores": [], "reason": "no"})
    assert withdrawn.status_code == 403
    assert rows(cast) == (1, 1)


def test_it_never_edits_or_deletes_what_was_recorded(cast: Cast) -> None:
    old = send(cast, nprs(7)).json()["id"]
    for verb in ("put", "patch", "delete"):
        assert getattr(cast.asha.client, verb)(f"{URL}/{old}", {}).status_code in (403, 405)
    with cast.acting():
        for attempt in (
            lambda: Assessment.objects.update(reason="x"),
            lambda: Score.objects.update(value=1),
            lambda: Score.objects.all().delete(),
        ):
            with pytest.raises(Exception, match=r"denied|Cannot"), transaction.atomic():
                attempt()
    assert rows(cast) == (1, 1)


# Reading


def test_it_finds_assessments_by_patient_course_measure_and_time(
    cast: Cast, course: Course
) -> None:
    mine = send(
        cast, nprs(), course=str(course.id), effective_at=(NOW - 2 * DAY).isoformat()
    ).json()["id"]
    other = send(cast, {"measure": "lefs", "value": 40}).json()["id"]

    def found(**wanted: Any) -> set[str]:
        answer = cast.asha.client.get(URL, wanted)
        assert answer.status_code == 200
        return {row["id"] for row in answer.json()["results"]}

    assert found() == {mine, other}
    assert found(patient=cast.patient.id) == {mine, other}
    assert found(patient=cast.stranger.id) == set()
    assert found(course=course.id) == {mine}
    assert found(measure="lefs") == {other}
    assert found(effective_until=(NOW - DAY).isoformat()) == {mine}
    assert cast.asha.client.get(URL, {"course": "x"}).status_code == 400


def test_it_lists_a_hundred_times_more_with_the_same_number_of_queries(
    cast: Cast,
) -> None:
    def counted(limit: int) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            answer = cast.asha.client.get(URL, {"limit": limit})
        return len(queries), len(answer.json()["results"])

    send(cast, nprs())
    few = counted(200)
    assert few[1] == 1
    with cast.acting():
        for number in range(99):
            assessing.record_assessment(
                cast.patient.id,
                scores=[NewScore("nprs", Decimal(3)), NewScore("lefs", Decimal(40))],
                effective_at=NOW - timedelta(minutes=number),
                actor=cast.asha.actor(),
                now=NOW,
            )
    assert counted(200) == (few[0], 100)


def test_it_audits_every_reading_with_the_patients_disclosed(cast: Cast) -> None:
    row = send(cast, nprs()).json()["id"]
    cast.asha.client.get(f"{URL}/{row}")
    cast.asha.client.get(URL)
    with cast.acting():
        read = AuditEvent.objects.get(event="Assessment.read")
        searched = AuditEvent.objects.get(event="Assessment.search")
    assert (str(read.resource_id), read.patient_ids) == (row, [cast.patient.id])
    assert searched.patient_ids == [cast.patient.id]
