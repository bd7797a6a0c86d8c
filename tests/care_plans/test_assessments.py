"""Recording scores over the API: all or nothing, corrected without erasing, within scope."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from care_plans import assessing
from care_plans.assessing import NewScore
from care_plans.models import Assessment, Course, Measure, Score
from coordination import care_team
from coordination.actors import Actor
from coordination.models import AuditEvent, Event
from coordination.problems import Invalid
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person

URL = "/api/v1/assessments"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def course(cast: Cast) -> Course:
    """A course in its acute stage for ten days."""
    with cast.acting():
        return underway.start(cast, now=NOW - 10 * DAY, side="right")


def nprs(value: Any = 3) -> dict[str, Any]:
    return {"measure": "nprs", "value": value}


def send(cast: Cast, *scores: Any, who: Person | None = None, **more: Any) -> Any:
    body = {"patient": str(cast.patient.id), "scores": list(scores), **more}
    headers = {"Idempotency-Key": body.pop("key")} if "key" in body else None
    return (who or cast.asha).client.post(URL, body, headers=headers)


def pointers(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.content
    return {error["pointer"] for error in answer.json()["errors"]}


def rows(cast: Cast) -> tuple[int, int]:
    with cast.acting():
        return Assessment.objects.count(), Score.objects.count()


# Recording


def test_it_records_a_sitting_for_a_course(cast: Cast, course: Course) -> None:
    answer = send(
        cast,
        nprs(3),
        {"measure": "slhb_reps", "value": 20, "side": "right"},
        {"measure": "slhb_reps", "value": "25", "side": "left"},
        course=str(course.id),
        effective_at=(NOW - DAY).isoformat(),
    )
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["course"] == str(course.id)
    assert body["practitioner_role"] == str(cast.asha.practitioner_role.id)
    assert body["effective_at"] < body["recorded_at"]
    assert body["entered_in_error"] is False
    assert [(s["measure"], s["value"], s["side"]) for s in body["scores"]] == [
        ("nprs", "3", ""),
        ("slhb_reps", "20", "right"),
        ("slhb_reps", "25", "left"),
    ]
    with cast.acting():
        assert AuditEvent.objects.filter(
            event="assessment.recorded", patient_ids=[cast.patient.id]
        ).exists()
        assert Event.objects.filter(type="assessment.recorded", subject_id=body["id"]).exists()


def test_it_records_history_without_a_course(cast: Cast) -> None:
    answer = send(cast, nprs())
    assert answer.status_code == 201
    assert answer.json()["course"] is None


def test_it_looks_at_the_course_again_once_scores_are_recorded(cast: Cast, course: Course) -> None:
    with cast.acting():
        before = underway.stay(course).checked_at
    assert send(cast, nprs(), course=str(course.id)).status_code == 201
    with cast.acting():
        after = underway.stay(course).checked_at
    assert after == NOW
    assert after != before


def test_it_lets_the_software_record_what_was_imported(cast: Cast) -> None:
    with cast.acting():
        row, created = assessing.record_assessment(
            cast.patient.id,
            scores=[NewScore("phq9", Decimal(4))],
            effective_at=NOW - 300 * DAY,
            key="import:1",
            actor=Actor.system("import", cast.riverside.id),
            now=NOW,
        )
        assert created
        assert row.practitioner_role is None


# What is refused, and where


@pytest.mark.parametrize(
    ("score", "place"),
    [
        (nprs(11), "value"),
        (nprs(-1), "value"),
        (nprs("3.5"), "value"),  # between two steps
        (nprs("NaN"), "value"),
        (nprs("Infinity"), "value"),
        (nprs("-0.00001"), "value"),
        (nprs("1" * 400), "value"),
        (nprs(None), "value"),
        (nprs(True), "value"),
        (nprs([3]), "value"),
        ({"measure": "nrps", "value": 3}, "measure"),
        ({"measure": "n\x00prs", "value": 3}, "measure"),
        ({"measure": {}, "value": 3}, "measure"),
        ({"value": 3}, "measure"),
        ({"measure": "slhb_reps", "value": 20}, "side"),
        ({"measure": "slhb_reps", "value": 20, "side": "both"}, "side"),
        ({"measure": "nprs", "value": 3, "side": "left"}, "side"),
        ({"measure": "slhb_reps", "value": 1_000_000, "side": "left"}, "value"),
        ({"measure": "phq9", "value": 3, "item": 0}, "item"),
        ({"measure": "phq9", "value": 28, "item": 9}, "value"),
    ],
)
def test_it_names_the_wrong_value_and_writes_nothing(
    cast: Cast, score: dict[str, Any], place: str
) -> None:
    answer = send(cast, {"measure": "lefs", "value": 40}, score)
    assert pointers(answer) == {f"/scores/1/{place}"}
    assert rows(cast) == (0, 0)


def test_it_names_every_wrong_value_at_once(cast: Cast) -> None:
    answer = send(
        cast,
        nprs(11),
        {"measure": "nobody", "value": 3},
        {"measure": "lefs", "value": 40},
        {"measure": "slhb_reps", "value": -1},
    )
    assert pointers(answer) == {
        "/scores/0/value",
        "/scores/1/measure",
        "/scores/3/side",
        "/scores/3/value",
    }
    assert rows(cast) == (0, 0)


def test_it_refuses_the_same_score_twice(cast: Cast) -> None:
    assert pointers(send(cast, nprs(2), nprs(3))) == {"/scores/1"}
    assert rows(cast) == (0, 0)


@pytest.mark.parametrize(
    "raw",
    ['{"measure": "nprs", "value": NaN}', '{"measure": "nprs", "value": 1e400}'],
)
def test_it_refuses_numbers_that_json_or_the_database_does_not_know(cast: Cast, raw: str) -> None:
    body = f'{{"patient": "{cast.patient.id}", "scores": [{raw}]}}'
    answer = cast.asha.client.post(URL, body, content_type="application/json")
    assert answer.status_code == 400
    assert rows(cast) == (0, 0)


@pytest.mark.parametrize("scores", [[], None, "nprs", {"0": {}}, [3], [[]], [None]])
def test_it_refuses_what_is_no_list_of_scores(cast: Cast, scores: Any) -> None:
    body = {"patient": str(cast.patient.id), "scores": scores}
    assert cast.asha.client.post(URL, body).status_code == 400
    assert rows(cast) == (0, 0)


def test_it_says_how_many_scores_fit_before_it_reads_a_million(cast: Cast) -> None:
    score = json.dumps(nprs())
    body = f'{{"patient": "{cast.patient.id}", "scores": [{",".join([score] * 1_000_000)}]}}'
    answer = cast.asha.client.post(URL, body, content_type="application/json")
    assert answer.status_code in (400, 413)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert rows(cast) == (0, 0)
    answer = send(cast, *[nprs()] * 201)
    assert pointers(answer) == {"/scores"}
    assert "200" in str(answer.json()["errors"])


@pytest.mark.parametrize(
    "at", ["2026-11-23T15:00:01Z", "9999-12-31T23:59:59Z", "yesterday", "1990-05-16T12:00:00Z"]
)
def test_it_refuses_a_time_that_cannot_be(cast: Cast, at: str) -> None:
    assert pointers(send(cast, nprs(), effective_at=at)) == {"/effective_at"}
    assert rows(cast) == (0, 0)


def test_it_takes_a_late_entry_at_its_own_time(cast: Cast, course: Course) -> None:
    late = NOW - 3 * DAY
    answer = send(cast, nprs(), course=str(course.id), effective_at=late.isoformat())
    assert answer.status_code == 201
    with cast.acting():
        row = Assessment.objects.get(pk=answer.json()["id"])
        assert (row.effective_at, row.recorded_at) == (late, NOW)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=st.decimals() | st.from_regex(r"-?\d{1,8}\.\d{1,6}", fullmatch=True).map(Decimal))
def test_it_takes_exactly_the_values_of_the_measure(cast: Cast, value: Decimal) -> None:
    taken = value.is_finite() and 0 <= value <= 10 and value % 1 == 0
    refused = nullcontext() if taken else pytest.raises(Invalid, match="nothing was recorded")
    with cast.acting(), refused:
        assessing.record_assessment(
            cast.patient.id, scores=[NewScore("nprs", value)], actor=cast.asha.actor(), now=NOW
        )


@pytest.mark.parametrize(("value", "side"), [("11", ""), ("-1", ""), ("3", "left"), ("3", "up")])
def test_the_database_itself_refuses_such_a_score(cast: Cast, value: str, side: str) -> None:
    sitting = send(cast, {"measure": "lefs", "value": 40}).json()["id"]
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Score.objects.create(
            organization=cast.riverside,
            assessment_id=sitting,
            measure=Measure.objects.get(slug="nprs"),
            value=Decimal(value),
            side=side,
        )


# Who may


def joined(cast: Cast, who: Person) -> Person:
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=who.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW - DAY,
        )
    return who


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
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert rows(cast) == (1, 1)


def test_it_refuses_a_key_that_stands_for_something_else(cast: Cast) -> None:
    send(cast, nprs(3), key="visit-1")
    answer = send(cast, nprs(4), key="visit-1")
    assert answer.status_code == 409
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
