"""Measures as Questionnaires, sittings as QuestionnaireResponses: out, in, and out the same."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import time_machine

from care_plans.models import Assessment, MeasureVersion, Score
from fhir.questionnaires import questionnaire
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.sittings import DAY, pointers, rows, send
from tests.cast import NOW, Cast
from tests.fhir.r4 import checked

URL = "/api/v1/questionnaire-responses"
AT = "2026-11-22T09:30:00Z"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


def version(slug: str) -> int:
    return int(MeasureVersion.objects.get(measure__slug=slug).version)


def phq4(cast: Cast, *values: int, **more: Any) -> dict[str, Any]:
    """Return a response as a form filler elsewhere would send it."""
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"urn:continuum:questionnaire:phq4|{version('phq4')}",
        "status": "completed",
        "subject": {"reference": f"Patient/{cast.patient.id}"},
        "authored": AT,
        "item": [
            {"linkId": f"item.{number}", "answer": [{"valueInteger": value}]}
            for number, value in enumerate(values, 1)
        ],
        **more,
    }


def read(cast: Cast, sitting: str, **query: str) -> dict[str, Any]:
    answer = cast.asha.client.get(f"{URL}/{sitting}", query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


# Questionnaires


@pytest.mark.feature("OM-01")
def test_every_version_of_every_measure_is_a_valid_questionnaire(cast: Cast) -> None:
    for row in MeasureVersion.objects.select_related("measure"):
        resource = questionnaire(row)
        assert checked(resource)["version"] == str(row.version)
        links = [item["linkId"] for item in resource["item"]]
        assert len(links) == len(set(links))
        assert all("text" not in item for item in resource["item"]), "no wording ships"
        assert resource["copyright"] == row.definition.licence


@pytest.mark.feature("OM-01")
def test_a_questionnaire_is_read_by_its_version(cast: Cast) -> None:
    listed = cast.asha.client.get("/api/v1/questionnaires", {"limit": "200"}).json()["results"]
    assert len(listed) == 40
    one = cast.asha.client.get(f"/api/v1/questionnaires/phq4.v{version('phq4')}").json()
    assert one in listed
    assert [item["linkId"] for item in one["item"]] == [
        *(f"item.{number}" for number in range(1, 5)),
        "subscale.gad2",
        "subscale.phq2",
        "total",
    ]
    assert one["item"][-1]["code"][0]["code"] == "70272-0"
    for unknown in ("phq4.v99", "none.v1"):
        assert cast.asha.client.get(f"/api/v1/questionnaires/{unknown}").status_code == 404


# Responses


@pytest.mark.feature("OM-01")
def test_a_response_becomes_a_scored_assessment_and_comes_back_identical(cast: Cast) -> None:
    sent = phq4(
        cast,
        *(3, 2, 1, 0),
        id="theirs",
        meta={"profile": ["http://example.org/p"]},
        identifier={"system": "http://example.org/forms", "value": "77"},
        extension=[{"url": "http://example.org/device", "valueString": "tablet"}],
    )
    sent["item"][0]["text"] = "in their words"
    checked(deepcopy(sent))
    answer = cast.asha.client.post(URL, sent)
    assert answer.status_code == 201, answer.content
    back = answer.json()
    assert {**back, "id": "theirs"} == sent
    assert read(cast, back["id"]) == back
    checked(back)
    with cast.acting():
        row = Assessment.objects.get(pk=back["id"])
        assert row.effective_at.isoformat() == "2026-11-22T09:30:00+00:00"
        scores = {
            (score.item, score.subscale): (str(score.value.normalize()), score.is_computed)
            for score in Score.objects.filter(assessment=row)
        }
    assert scores[None, ""] == ("6", True)
    assert scores[None, "gad2"] == ("5", True)
    assert scores[3, ""] == ("1", False)


@pytest.mark.feature("OM-01", "OM-03")
def test_a_collection_point_of_acc_is_understood_and_given_back(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
    told = [
        {
            "url": "urn:continuum:course",
            "valueReference": {"reference": f"EpisodeOfCare/{course.id}"},
        },
        {
            "url": "http://hl7.org.nz/fhir/StructureDefinition/acc-icp-recorded-outcome-stage",
            "valueCode": "mid-point",
        },
    ]
    answer = cast.asha.client.post(URL, phq4(cast, 1, 1, 1, 1, extension=told))
    assert answer.status_code == 201, answer.content
    with cast.acting():
        row = Assessment.objects.get(pk=answer.json()["id"])
        assert (row.collection_point, row.course_id) == ("mid_point", course.id)


@pytest.mark.feature("OM-01")
@pytest.mark.parametrize(
    ("scores", "more"),
    [
        ([{"measure": "nprs", "value": 3}], {}),
        ([{"measure": "phq4", "item": n, "value": n - 1} for n in range(1, 5)], {}),
        ([{"measure": "lefs", "item": n, "value": 4} for n in range(1, 20)], {}),
        (
            [
                {"measure": "psfs", "item": n, "value": "3.5", "label": f"walk {n}"}
                for n in range(1, 4)
            ],
            {},
        ),
        (
            [
                {"measure": "slhb_reps", "value": 20, "side": "left", "method": "to_failure"},
                {"measure": "slhb_reps", "value": 25, "side": "right", "method": "to_failure"},
            ],
            {},
        ),
        ([], {"absent": [{"measure": "tsk11", "reason": "asked-declined"}]}),
        (
            [{"measure": "grip_kg", "value": "31.5", "side": "left", "instrument": "Jamar"}],
            {"absent": [{"measure": "grip_kg", "side": "right", "reason": "unable-to-test"}]},
        ),
    ],
    ids=["total", "items", "missing", "activities", "sides", "absent", "one-side"],
)
def test_what_was_recorded_here_survives_the_way_out_and_back(
    cast: Cast, scores: list[Any], more: dict[str, Any]
) -> None:
    first = send(cast, *scores, effective_at=AT, **more)
    assert first.status_code == 201, first.content
    out = read(cast, first.json()["id"])
    checked(deepcopy(out))
    second = cast.asha.client.post(URL, out)
    assert second.status_code == 201, second.content
    assert {**second.json(), "id": out["id"]} == out
    again = cast.asha.client.get(f"/api/v1/assessments/{second.json()['id']}").json()

    def content(row: dict[str, Any]) -> Any:
        told = [
            {k: v for k, v in one.items() if k not in ("id", "is_computed")}
            for one in row["scores"]
        ]
        return sorted(map(str, told)), row["absent"], row["effective_at"], row["collection_point"]

    assert content(again) == content(first.json())


def test_a_sitting_with_several_measures_is_asked_for_by_measure(cast: Cast) -> None:
    sitting = send(cast, {"measure": "nprs", "value": 3}, {"measure": "lefs", "value": 40}).json()[
        "id"
    ]
    assert cast.asha.client.get(f"{URL}/{sitting}").status_code == 400
    [item] = read(cast, sitting, measure="lefs")["item"]
    assert item == {"linkId": "total", "answer": [{"valueInteger": 40}]}
    assert cast.asha.client.get(f"{URL}/{sitting}", {"measure": "phq9"}).status_code == 404


def test_a_corrected_one_says_so(cast: Cast) -> None:
    back = cast.asha.client.post(URL, phq4(cast, 1, 1, 1, 1)).json()
    cast.asha.client.post(
        f"/api/v1/assessments/{back['id']}/replace", {"scores": [], "reason": "Not hers."}
    )
    assert read(cast, back["id"])["status"] == "entered-in-error"


def test_the_same_key_records_it_once(cast: Cast) -> None:
    sent, headers = phq4(cast, 1, 1, 1, 1), {"Idempotency-Key": "form-77"}
    first = cast.asha.client.post(URL, sent, headers=headers)
    again = cast.asha.client.post(URL, sent, headers=headers)
    assert first.json() == again.json()
    assert rows(cast)[0] == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"resourceType": "Observation"}, "/resourceType"),
        ({"status": "in-progress"}, "/status"),
        ({"questionnaire": "http://example.org/phq4"}, "/questionnaire"),
        ({"questionnaire": "urn:continuum:questionnaire:phq4|99"}, "/questionnaire"),
        ({"questionnaire": "urn:continuum:questionnaire:phq4|²"}, "/questionnaire"),
        ({"subject": {"reference": "Patient/none"}}, "/subject"),
        ({"subject": None}, "/subject"),
        ({"authored": "2026-11-22"}, "/authored"),
        ({"authored": "2026-11-24T00:00:00Z"}, "/authored"),
        ({"authored": 3}, "/authored"),
        ({"authored": "0001-01-01T00:00:00+14:00"}, "/authored"),
        ({"item": [{"linkId": "item." + "9" * 5000}]}, "/item/0"),
        ({"item": [{"linkId": "left"}]}, "/item/0"),
        ({"item": [{"linkId": "item.5"}]}, "/item/0"),
        ({"item": [{"linkId": ""}]}, "/item/0"),
        ({"item": [{"linkId": "item.1", "answer": [{"valueDecimal": 1e300}]}]}, "/item/0"),
        ({"extension": [{"url": {}}, {"url": "urn:continuum:course"}]}, "/extension"),
        ({"modifierExtension": [{"url": "x"}]}, "/modifierExtension"),
        ({"contained": []}, "/contained"),
        ({"extension": [{"url": "urn:continuum:collection-point", "valueCode": "often"}]}, None),
        ({"item": []}, "/item"),
        ({"item": [{"linkId": "item.1", "answer": [{"valueInteger": 4}]}]}, "/item/0"),
        ({"item": [{"linkId": "item.5", "answer": [{"valueInteger": 1}]}]}, "/item/0"),
        ({"item": [{"linkId": "item.1", "answer": [{"valueString": "1"}]}]}, "/item/0"),
        ({"item": [{"linkId": "item.1", "answer": [{"valueBoolean": True}]}]}, "/item/0"),
        ({"item": [{"linkId": "mood", "answer": [{"valueInteger": 1}]}]}, "/item/0"),
        ({"item": [{"linkId": "total"}]}, "/item/0"),
        ({"item": [{"linkId": "item.1", "item": []}]}, "/item/0"),
        ({"item": [3]}, "/item/0"),
        ({"language": "e\x00n"}, ""),
    ],
)
def test_it_refuses_what_it_would_misread_and_says_where(
    cast: Cast, change: dict[str, Any], place: str | None
) -> None:
    answer = cast.asha.client.post(URL, {**phq4(cast, 1, 1, 1, 1), **change})
    found = pointers(answer)
    assert place is None or found == {place}
    assert rows(cast) == (0, 0)


@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_it_refuses_what_is_no_resource(cast: Cast, body: Any) -> None:
    assert cast.asha.client.post(URL, body).status_code == 400
    assert rows(cast) == (0, 0)


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_records_or_reads_one(cast: Cast, who: str, status: int) -> None:
    sitting = send(cast, {"measure": "nprs", "value": 3}).json()["id"]
    person = cast.everybody[who]
    assert person.client.post(URL, phq4(cast, 1, 1, 1, 1)).status_code == status
    assert person.client.get(f"{URL}/{sitting}").status_code == status
    assert rows(cast)[0] == 1


@pytest.mark.feature("PV-02")
def test_what_is_locked_away_is_not_given_out_in_fhir(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    sitting = send(cast, {"measure": "nprs", "value": 3}, course=str(scene.course.id)).json()["id"]
    assert cast.ben.client.get(f"{URL}/{sitting}").status_code == 200
    asha = cast.asha.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=asha)
    assert cast.ben.client.get(f"{URL}/{sitting}").status_code == 404


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    ("change", "may_call"),
    [
        ({}, True),  # an item that nobody answers so
        ({"status": "in-progress"}, True),
        ({"questionnaire": "urn:continuum:questionnaire:phq-9"}, True),
        ({"contained": [{}]}, True),
        ({"item": [{"linkId": "item9", "answer": [{"valueInteger": 3}]}]}, True),
        ({"item": [{"linkId": "item.9", "answer": [{"valueInteger": 0}]}, 7]}, False),
        ({"questionnaire": "urn:continuum:questionnaire:nprs", "status": "draft"}, False),
        ({"item": "9"}, False),
    ],
)
def test_a_response_that_is_refused_says_that_it_called_nobody(
    cast: Cast, change: dict[str, Any], may_call: bool
) -> None:
    sent = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "urn:continuum:questionnaire:phq9",
        "status": "completed",
        "subject": {"reference": f"Patient/{cast.patient.id}"},
        "item": [
            {"linkId": "item.9", "answer": [{"valueInteger": 2}]},
            {"linkId": "item.1", "answer": [{"valueInteger": 9}]},
        ],
    }
    refused = cast.asha.client.post(URL, sent | change)
    assert refused.status_code == 400, refused.content
    assert ("not_called" in refused.json()) is may_call, refused.json()
