"""Recording scores over the API: all of a sitting or nothing, and each wrong value named."""

import json
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from care_plans import assessing
from care_plans.models import Assessment, Course, Measure, Score
from care_plans.sittings import NewScore
from coordination.actors import Actor
from coordination.models import AuditEvent, Event
from coordination.problems import Invalid
from tests.care_plans import underway
from tests.care_plans.sittings import DAY, URL, nprs, pointers, rows, send
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


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


def test_it_records_a_subscale_beside_the_total(cast: Cast) -> None:
    part = {"measure": "start_back", "value": 4, "subscale": "psychosocial"}
    answer = send(cast, {"measure": "start_back", "value": 7}, part)
    assert answer.status_code == 201, answer.content
    said = [(s["value"], s["subscale"]) for s in answer.json()["scores"]]
    assert said == [("7", ""), ("4", "psychosocial")]
    assert pointers(send(cast, part, part)) == {"/scores/1"}


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
        ({"measure": "start_back", "value": 3, "subscale": "psychosocal"}, "subscale"),
        ({"measure": "nprs", "value": 3, "subscale": "pain"}, "subscale"),
        ({"measure": "start_back", "value": 6, "subscale": "psychosocial"}, "value"),
        ({"measure": "start_back", "value": 3, "subscale": "psychosocial", "item": 1}, "subscale"),
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


@pytest.mark.parametrize(
    ("value", "subscale", "item"),
    [
        ("6", "psychosocial", None),
        ("-1", "psychosocial", None),
        ("3", "other", None),
        ("3", "psychosocial", 1),
    ],
)
def test_the_database_itself_refuses_such_a_subscale(
    cast: Cast, value: str, subscale: str, item: int | None
) -> None:
    sitting = send(cast, {"measure": "lefs", "value": 40}).json()["id"]
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Score.objects.create(
            organization=cast.riverside,
            assessment_id=sitting,
            measure=Measure.objects.get(slug="start_back"),
            value=Decimal(value),
            subscale=subscale,
            item=item,
        )
