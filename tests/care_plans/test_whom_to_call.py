"""Whoever answers sees at once whom to call, and whether anybody was reached."""

from datetime import timedelta
from typing import Any

import pytest

from care_plans import standing
from care_plans.models import Assessment, Measure, PathwayVersion
from tests.care_plans import underway
from tests.care_plans.calling import DAY, MINE, alerts, called, put_on_call
from tests.cast import NOW, Cast
from tests.matrix_scenes import a_patient

pytestmark = pytest.mark.usefixtures("clock")


def own(cast: Cast, **items: int) -> Any:
    patient = a_patient(cast)
    scores = [
        {"measure": "phq9", "value": value, "item": int(name[5:])} for name, value in items.items()
    ]
    return patient.client.post(MINE, {"scores": scores, "language": "fr-CA"})


def test_a_patient_sees_whom_to_call_and_that_nobody_watches(cast: Cast) -> None:
    put_on_call(cast, cast.farah)
    answered = own(cast, item_9=1, item_1=2)
    assert answered.status_code == 201, answered.content
    shown = answered.json()["crisis"]
    assert [line["number"] for line in shown["lines"]] == ["9-8-8", "9-1-1"]
    assert "jour et nuit" in shown["notice"]
    assert shown["unreachable"] == ""
    [alert] = alerts(cast)
    assert called(cast, 0) >= {cast.farah.practitioner_role.id}
    assert alert.patient_id == cast.patient.id


def test_it_says_so_when_nobody_can_be_reached(cast: Cast) -> None:
    with cast.acting():
        lead = cast.asha.practitioner_role
        type(lead).objects.filter(pk=lead.pk).update(
            registered_until=NOW.date() - timedelta(days=1)
        )
    shown = own(cast, item_9=1).json()["crisis"]
    assert "joignable" in shown["unreachable"]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    ("answers", "rules"),
    [
        # nothing was said that somebody could act on
        ({"item_1": 3, "item_8": 1}, []),
        ({f"item_{n}": 3 for n in range(1, 9)}, ["severe_depression"]),
    ],
)
def test_whoever_leaves_the_question_out_is_shown_whom_to_call(
    cast: Cast, answers: dict[str, int], rules: list[str]
) -> None:
    assert own(cast, **answers).json()["crisis"] is not None
    assert [alert.rule for alert in alerts(cast)] == rules


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("last", [0, 3])
def test_whoever_is_severely_depressed_is_shown_whom_to_call(cast: Cast, last: int) -> None:
    """Whatever they said to the ninth question: a total of 20 needs none of it."""
    answers = {f"item_{n}": 3 for n in range(1, 7)} | {"item_7": 2, "item_8": last}
    shown = own(cast, **answers, item_9=0).json()["crisis"]
    assert [line["number"] for line in shown["lines"]] == ["9-8-8", "9-1-1"]
    with cast.acting():
        [rule] = [
            one
            for one in Measure.objects.get(slug="phq9").definition.safety
            if one.id == "severe_depression"
        ]
    assert rule.crisis
    assert rule.note is not None
    assert "consensus" in rule.note


def test_other_answers_show_nothing(cast: Cast) -> None:
    assert own(cast, item_9=0, item_1=3).json()["crisis"] is None


def test_a_patient_takes_no_measure_that_a_practitioner_takes(cast: Cast) -> None:
    patient = a_patient(cast)
    body = {"scores": [{"measure": "six_mwt_m", "value": 400}]}
    refused = patient.client.post(MINE, body)
    assert refused.status_code == 403
    assert refused.json()["rule"] == "assessment.self-reported"


def test_what_a_patient_answers_is_evidence_for_their_one_course(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
    patient = a_patient(cast)
    body = {"scores": [{"measure": "nprs", "value": 4}]}
    assert patient.client.post(MINE, body).status_code == 201
    with cast.acting():
        row = Assessment.objects.latest("id")
        assert row.course_id == course.id
        assert row.practitioner_role_id is None


@pytest.mark.feature("OM-07")
def test_an_answer_that_opens_a_lane_refers_and_calls_as_well(cast: Cast) -> None:
    with cast.acting():
        # of this version a yellow flag opens the lane by itself
        followed = PathwayVersion.objects.get(
            pathway__slug="hamstring-tendinopathy", version="1.2.0"
        )
        course = underway.start(cast, now=NOW - DAY, pathway_version_id=followed.id)
        assert underway.lane(course, "psychotherapy").needed != "needed"
    patient = a_patient(cast)
    scores = [{"measure": "phq9", "item": item, "value": "3"} for item in range(1, 10)]
    sent = patient.client.post(MINE, {"scores": scores})
    assert sent.status_code == 201, sent.content
    assert sent.json()["crisis"]
    assert {alert.rule for alert in alerts(cast)} == {"suicide_risk", "severe_depression"}
    with cast.acting():
        lane = underway.lane(course, "psychotherapy")
        assert lane.needed == "needed"
        assert lane.referral is not None


def test_an_answer_is_kept_and_heard_whatever_fails_after_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        underway.start(cast, now=NOW - DAY)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    patient = a_patient(cast)
    monkeypatch.setattr(standing, "reassess", fail)
    sent = patient.client.post(MINE, {"scores": [{"measure": "phq9", "item": 9, "value": "1"}]})
    assert sent.status_code == 201, sent.content
    assert [alert.rule for alert in alerts(cast)] == ["suicide_risk"]


@pytest.mark.parametrize(
    ("body", "is_crisis"),
    [
        ({"items": {"9": 1}}, True),
        ({"items": {"9": 0, "1": 3}}, False),
        ({"items": {"1": 3}}, True),
        ({"total": 19}, False),
        ({"total": 20}, True),
        ({"total": 25}, True),
        ({"total": 20, "items": {"9": 0}}, True),
        ({}, True),
    ],
)
def test_nobody_needs_a_login_to_learn_whom_to_call(
    cast: Cast, client: Any, body: dict[str, Any], is_crisis: bool
) -> None:
    at = "/api/v1/self-checks/measures/phq9"
    answered = client.post(at, body, content_type="application/json")
    assert answered.status_code == 200, answered.content
    shown = answered.json()["crisis"]
    assert (shown is not None) is is_crisis
    if shown:
        assert [line["number"] for line in shown["lines"]] == ["9-8-8", "9-1-1"]
        assert shown["unreachable"]
    assert alerts(cast) == []
