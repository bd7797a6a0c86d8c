"""Answers that are refused call nobody: whoever sent them is told so, and whom to call."""

from typing import Any

import pytest

from care_plans.models import Assessment, Measure
from coordination.models import Patient
from tests.care_plans.calling import MINE, alerts, put_on_call
from tests.care_plans.test_whom_to_call import own
from tests.cast import Cast
from tests.matrix_scenes import a_patient

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    ("scores", "is_crisis"),
    [
        ([("phq9", 1, 9), ("phq9", 7, 1)], True),  # no such answer to the first question
        ([("phq9", 1, 9), ("nrps", 3, None)], True),  # no such measure
        ([("phq9", "1", 9), ("phq9", "much", 2)], True),
        ([("phq9", 9, 9)], True),  # no such answer, and no "not at all" either
        ([("phq9", 1, 9), "phq9"], True),
        ([("phq9", 0, 9), ("phq9", 7, 1)], False),
        ([("nprs", 12, None)], False),
    ],
)
def test_whatever_else_is_wrong_the_person_sees_whom_to_call(
    cast: Cast, scores: list[Any], is_crisis: bool
) -> None:
    patient = a_patient(cast)
    sent = [
        {"measure": one[0], "value": one[1], "item": one[2]} if isinstance(one, tuple) else one
        for one in scores
    ]
    refused = patient.client.post(MINE, {"scores": sent, "language": "fr-CA"})
    assert refused.status_code == 400, refused.content
    document = refused.json()
    assert document["errors"]
    assert ("crisis" in document) is is_crisis
    if is_crisis:
        assert [line["number"] for line in document["crisis"]["lines"]] == ["9-8-8", "9-1-1"]
        assert "appelez" in document["crisis"]["title"]
    assert alerts(cast) == []


@pytest.mark.feature("OM-07")
def test_a_refusal_says_that_it_reached_nobody_whoever_is_on_call(cast: Cast) -> None:
    put_on_call(cast, cast.farah)
    refused = own(cast, item_9=3, item_1=7)
    assert refused.status_code == 400, refused.content
    assert "non enregistrées" in refused.json()["crisis"]["unreachable"]
    assert alerts(cast) == []
    with cast.acting():
        assert not Assessment.objects.exists()


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    "sent",
    [
        {"measure": "PHQ9", "item": 9, "value": 1},
        {"measure": "phq-9", "item": 9, "value": 3},
        {"measure": "phq9", "item": 9, "value": "yes"},
        {"measure": "phq9", "item": "nine", "value": 1},
    ],
)
def test_an_answer_that_cannot_be_read_is_no_no(cast: Cast, sent: dict[str, Any]) -> None:
    refused = a_patient(cast).client.post(MINE, {"scores": [sent]})
    assert refused.status_code == 400, refused.content
    assert refused.json()["crisis"]["lines"]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("name", ["x\x00", "\x00"])
def test_a_name_that_no_measure_can_have_hides_no_other_answer(cast: Cast, name: str) -> None:
    patient = a_patient(cast)
    sent = [{"measure": "phq9", "value": 3, "item": 9}, {"measure": name, "value": 1}]
    refused = patient.client.post(MINE, {"scores": sent})
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"][0]["pointer"] == "/scores/1/measure"
    assert refused.json()["crisis"]["lines"]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    "body",
    [
        {"items": {"9": 1, "first": 1}},
        {"items": {"9": 2}, "total": "many"},
        {"items": {"9": 1}, "language": "xx"},
        {"items": {"9": "1", "1": "much"}},
        {"items": []},
        {"answers": {"9": 1}},
    ],
)
def test_a_check_that_is_refused_shows_whom_to_call(
    cast: Cast, client: Any, body: dict[str, Any]
) -> None:
    at = "/api/v1/self-checks/measures/phq9"
    refused = client.post(at, body, content_type="application/json")
    assert refused.status_code == 400
    shown = refused.json()["crisis"]
    assert [line["number"] for line in shown["lines"]] == ["9-8-8", "9-1-1"]


@pytest.mark.feature("DP-06")
@pytest.mark.parametrize(
    ("body", "rules", "is_left_out"),
    [
        ({"items": {"9": 1}}, ["suicide_risk"], False),
        ({"total": 20}, ["severe_depression"], False),
        ({"items": {"1": 0}}, [], True),
        ({"items": {"9": 0}}, [], False),
        ({}, [], True),
        ({"items": {"9": -1}}, [], True),
    ],
)
def test_a_check_says_by_which_rules_it_shows_whom_to_call(
    cast: Cast, client: Any, body: dict[str, Any], rules: list[str], is_left_out: bool
) -> None:
    at = "/api/v1/self-checks/measures/phq9"
    told = client.post(at, body, content_type="application/json").json()
    assert (told["crisis"] is not None) is bool(rules or is_left_out)
    assert [one["rule"] for one in told["rules"]] == rules
    assert told["is_left_out"] is is_left_out
    assert all(one["is_expert_consensus"] and one["cite"] for one in told["rules"])
    with cast.acting():
        assert told["measure_version"] == Measure.objects.get(slug="phq9").version


@pytest.mark.parametrize(
    "body", [{"items": {"9": 0, "first": 1}}, {"items": {"9": 0}, "total": "many"}]
)
def test_a_check_that_is_refused_shows_nothing_that_nobody_needs(
    cast: Cast, client: Any, body: dict[str, Any]
) -> None:
    at = "/api/v1/self-checks/measures/phq9"
    refused = client.post(at, body, content_type="application/json")
    assert refused.status_code == 400
    assert "crisis" not in refused.json()


@pytest.mark.feature("OM-07", "DP-05")
@pytest.mark.parametrize(
    ("measure", "body", "content_type", "status"),
    [
        ("phq9", b'{"items": {"9": 1', "application/json", 400),
        ("phq9", b'{"items": {"9": 1, "9": 0}}', "application/json", 400),
        ("phq9", b"9: 1", "text/plain", 415),
        ("phqq9", b'{"items": {"9": 0}}', "application/json", 404),
    ],
)
def test_whoever_sends_what_nobody_can_read_is_shown_whom_to_call(
    cast: Cast, client: Any, measure: str, body: bytes, content_type: str, status: int
) -> None:
    at = f"/api/v1/self-checks/measures/{measure}"
    sent = {"data": body, "content_type": content_type, "headers": {"Accept-Language": "fr-CA"}}
    refused = client.post(at, **sent)
    assert refused.status_code == status, refused.content
    assert "appelez" in refused.json()["crisis"]["title"]
    assert [line["number"] for line in refused.json()["crisis"]["lines"]] == ["9-8-8", "9-1-1"]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    "sent",
    [
        '{"scores": [{"measure": "phq9"',
        '[{"measure": "phq9", "item": 9, "value": 1}]',
        '{"scores": {"measure": "phq9", "item": 9, "value": 1}}',
        '{"scores": "1"}',
        '{"answers": [{"measure": "phq9", "item": 9, "value": 1}]}',
    ],
)
def test_a_patient_whose_answers_nobody_can_read_is_shown_whom_to_call(
    cast: Cast, sent: str
) -> None:
    patient = a_patient(cast)
    with cast.acting():
        Patient.objects.filter(user=patient.user).update(language="fr-CA")
    refused = patient.client.post(MINE, sent, content_type="application/json")
    assert refused.status_code == 400, refused.content
    shown = refused.json()["crisis"]
    assert [line["number"] for line in shown["lines"]] == ["9-8-8", "9-1-1"]
    assert "appelez" in shown["title"]


@pytest.mark.feature("OM-07")
def test_a_patient_whose_session_has_ended_is_shown_whom_to_call(cast: Cast, client: Any) -> None:
    sent = {"scores": [{"measure": "phq9", "item": 9, "value": 1}]}
    refused = client.post(MINE, sent, content_type="application/json")
    assert refused.status_code == 401, refused.content
    assert [line["number"] for line in refused.json()["crisis"]["lines"]] == ["9-8-8", "9-1-1"]


@pytest.mark.feature("OM-07")
def test_whoever_misspells_the_questionnaire_is_shown_it_in_their_language(
    cast: Cast, client: Any
) -> None:
    body = {"items": {"9": 1}, "language": "fr-CA"}
    refused = client.post(
        "/api/v1/self-checks/measures/PHQ-9", body, content_type="application/json"
    )
    assert refused.status_code == 404, refused.content
    assert "appelez" in refused.json()["crisis"]["title"]


def test_a_measure_that_asks_for_no_help_shows_none(cast: Cast, client: Any) -> None:
    at = "/api/v1/self-checks/measures/nprs"
    refused = client.post(at, {"total": 9}, content_type="application/json")
    assert refused.status_code == 404, refused.content
    assert "crisis" not in refused.json()


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    ("scores", "may_call"),
    [
        ([("phq9", 2, 9), ("phq9", 7, 1)], True),  # no such answer to the first question
        ([("PHQ-9", 2, 9)], True),
        ([("phq9", 25, None), ("nrps", 3, None)], True),  # no such measure
        ([("phq9", 0, 9), ("phq9", 7, 1)], False),
        ([("nprs", 12, None)], False),
    ],
)
def test_whoever_treats_is_told_that_what_was_refused_called_nobody(
    cast: Cast, scores: list[Any], may_call: bool
) -> None:
    rows = [{"measure": name, "value": value, "item": item} for name, value, item in scores]
    refused = cast.asha.client.post(
        "/api/v1/assessments", {"patient": str(cast.patient.id), "scores": rows}
    )
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"]
    assert ("not_called" in refused.json()) is may_call
    if may_call:
        assert "called nobody" in refused.json()["not_called"]
    assert alerts(cast) == []


@pytest.mark.feature("OM-07")
def test_a_correction_that_is_refused_is_heard_as_well(cast: Cast) -> None:
    rows = [{"measure": "phq9", "item": 9, "value": 0}]
    body = {"patient": str(cast.patient.id), "scores": rows}
    first = cast.asha.client.post("/api/v1/assessments", body)
    assert first.status_code == 201, first.content
    worse = [{"measure": "phq9", "item": 9, "value": 1}]
    refused = cast.asha.client.post(
        f"/api/v1/assessments/{first.json()['id']}/replace", {"scores": worse}
    )
    assert refused.status_code == 400, refused.content
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/reason"]
    assert "called nobody" in refused.json()["not_called"]
