"""Safety alerts that nobody has closed, beside whatever else is read of the person's care."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from care_plans import safety_alerts
from care_plans.disclosing import WITHHELD_WORDS
from coordination import care_team
from coordination.logins import issue_token
from coordination.models import AuditEvent
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.calling import URL, alerts, answer, put_on_call
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")

ITEM_9 = "Patient Health Questionnaire-9: Any answer above 0 to item 9, whatever the total"
SINCE = "Safety alert since 2026-11-23 15:00 UTC"
DONE = {"outcome": "assessed", "reason": "Spoke at length; a safety plan is agreed."}


def brief(cast: Cast, who: Person) -> Any:
    return who.client.get(f"/api/v1/patients/{cast.patient.id}/brief")


def told(cast: Cast, who: Person) -> list[dict[str, Any]]:
    answered = brief(cast, who)
    assert answered.status_code == 200, answered.content
    first = answered.json()["sections"][0]
    assert first["name"] == "alerts"
    lines: list[dict[str, Any]] = first["lines"]
    return lines


def acknowledge(cast: Cast, who: Person) -> str:
    [alert] = alerts(cast)
    with cast.acting():
        safety_alerts.acknowledge(alert.pk, actor=who.actor(), now=NOW)
    return str(alert.pk)


@pytest.fixture
def in_circle(cast: Cast) -> Person:
    """Ben, in the team."""
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.ben.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW,
        )
    return cast.ben


# The brief


@pytest.mark.feature("PT-09", "OM-07")
def test_the_brief_begins_with_what_somebody_must_act_on(cast: Cast, in_circle: Person) -> None:
    assert told(cast, in_circle) == []
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    [line] = told(cast, in_circle)
    assert line == {
        "text": f"{SINCE}, nobody has taken it up: {ITEM_9}",
        "about": "SafetyAlert",
        "id": str(alert.pk),
    }
    assert in_circle.client.get(f"{URL}/{line['id']}").status_code == 200
    with cast.acting():
        row = AuditEvent.objects.filter(event="Brief.read").latest("recorded_at")
        assert row.patient_ids == [cast.patient.id]


@pytest.mark.feature("PT-09", "OM-07")
def test_the_brief_says_who_took_it_up_until_it_is_closed(cast: Cast, in_circle: Person) -> None:
    answer(cast, item_9=1)
    here = f"{URL}/{acknowledge(cast, cast.asha)}"
    name = cast.asha.practitioner_role.practitioner.name
    [line] = told(cast, in_circle)
    assert line["text"] == f"{SINCE}, taken up by {name}: {ITEM_9}"
    assert cast.asha.client.post(f"{here}/close", DONE).status_code == 200
    assert told(cast, in_circle) == []


@pytest.mark.feature("PT-09")
def test_the_brief_tells_first_what_nobody_has_taken_up(cast: Cast) -> None:
    answer(cast, item_9=1)
    acknowledge(cast, cast.asha)
    answer(cast, total=20)
    first, second = [line["text"] for line in told(cast, cast.asha)]
    assert first == (
        f"{SINCE}, nobody has taken it up: Patient Health Questionnaire-9: A total of 20 or more"
    )
    assert "taken up by" in second


@pytest.mark.feature("PT-09", "PV-02")
def test_the_brief_says_that_there_is_one_and_no_answer_that_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    acknowledge(cast, cast.chloe)
    chloe = cast.chloe.practitioner_role
    [before] = told(cast, cast.ben)
    assert chloe.practitioner.name in before["text"]
    assert ITEM_9[:60] in before["text"]
    scene.lock(target="practitioner", target_practitioner_id=chloe.practitioner_id)
    [line] = told(cast, cast.ben)
    hidden = "taken up by somebody who is withheld: what was answered is withheld"
    assert line["text"] == f"{SINCE}, {hidden}"
    # the same that they read at its own address
    found = cast.ben.client.get(f"{URL}/{line['id']}").json()
    assert (found["measure"], found["rule"], found["status"]) == ("", "", "acknowledged")
    [own] = told(cast, cast.chloe)
    assert own["text"] == before["text"]


@pytest.mark.feature("OM-07", "PV-02")
def test_it_names_nobody_who_is_withheld_and_none_of_their_words(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    here = f"{URL}/{acknowledge(cast, cast.chloe)}"
    assert cast.chloe.client.post(f"{here}/close", DONE).json()["reason"] == DONE["reason"]
    chloe = cast.chloe.practitioner_role

    def read(who: Person) -> list[dict[str, Any]]:
        [listed] = who.client.get(URL, {"patient": str(cast.patient.id)}).json()["results"]
        return [listed, who.client.get(here).json()]

    named = {"acknowledged_by": str(chloe.id), "closed_by": str(chloe.id), "reason": DONE["reason"]}
    nobody = {"acknowledged_by": None, "closed_by": None, "reason": WITHHELD_WORDS}
    for before in read(cast.ben):
        assert named.items() <= before.items()
    scene.lock(target="practitioner", target_practitioner_id=chloe.practitioner_id)
    for told_ben, told_chloe in zip(read(cast.ben), read(cast.chloe), strict=True):
        assert nobody.items() <= told_ben.items()
        assert (told_ben["status"], told_ben["outcome"]) == ("closed", DONE["outcome"])
        assert named.items() <= told_chloe.items()


@pytest.mark.feature("OM-07", "PV-02")
def test_what_was_done_about_an_answer_is_withheld_with_it(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    here = f"{URL}/{acknowledge(cast, cast.asha)}"
    assert cast.asha.client.post(f"{here}/close", DONE).status_code == 200
    assert cast.ben.client.get(here).json()["reason"] == DONE["reason"]
    chloe = cast.chloe.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=chloe)
    told = cast.ben.client.get(here).json()
    assert (told["measure"], told["reason"]) == ("", WITHHELD_WORDS)
    assert told["closed_by"] == str(cast.asha.practitioner_role.id)
    assert cast.asha.client.get(here).json()["reason"] == DONE["reason"]


@pytest.mark.feature("PT-09")
@pytest.mark.parametrize(("who", "status"), [("sam", 403), ("ada", 403), ("gus", 404)])
def test_neither_desk_nor_strangers_hear_of_it(cast: Cast, who: str, status: int) -> None:
    with cast.acting():
        course = underway.start(cast)
    answer(cast, item_9=1)
    person = cast.everybody[who]
    for answered in (
        brief(cast, person),
        person.client.get(f"/api/v1/courses/{course.pk}/readiness"),
    ):
        assert answered.status_code == status
        assert "alert" not in str(answered.content)


def test_who_is_on_call_reads_it_in_the_brief(cast: Cast) -> None:
    put_on_call(cast, cast.gus)
    answer(cast, item_9=1)
    assert len(told(cast, cast.gus)) == 1


# Where a course moves


@pytest.mark.feature("OM-07", "DP-06")
def test_readiness_warns_of_it_and_is_not_changed_by_it(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
    here = f"/api/v1/courses/{course.pk}/readiness"
    before = cast.asha.client.get(here).json()
    assert before["safety_alerts"] == []
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    after = cast.asha.client.get(here).json()
    assert after["safety_alerts"] == [
        {
            "sentence": f"{SINCE}, nobody has taken it up: {ITEM_9}",
            "safety_alert": str(alert.pk),
            "status": "open",
            "raised_at": "2026-11-23T15:00:00Z",
            "is_withheld": False,
        }
    ]
    for part in ("outcome", "standing", "safety", "blockers", "stops"):
        assert after[part] == before[part]


@pytest.mark.feature("OM-07")
def test_a_step_is_taken_and_warns_of_it(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast)
        underway.screen(course, who=cast.asha)
    answer(cast, item_9=1)
    here = f"/api/v1/courses/{course.pk}"
    moved = cast.asha.client.post(f"{here}/start", {})
    assert moved.status_code == 200, moved.content
    assert moved.json()["status"] == "active"
    [warned] = moved.json()["safety_alerts"]
    assert warned["status"] == "open"
    body = {"override": True, "leaving": "acute", "reason": "Loads well; the pain is old."}
    advanced = cast.asha.client.post(f"{here}/advance", body)
    assert advanced.status_code == 200, advanced.content
    assert (advanced.json()["stage"], len(advanced.json()["safety_alerts"])) == ("subacute", 1)


@pytest.mark.feature("OM-07")
def test_whoever_records_the_answer_is_told_what_it_raised(cast: Cast) -> None:
    body = {
        "patient": str(cast.patient.id),
        "scores": [{"measure": "phq9", "item": 9, "value": 1}],
        "effective_at": NOW.isoformat(),
    }
    recorded = cast.asha.client.post("/api/v1/assessments", body)
    assert recorded.status_code == 201, recorded.content
    [alert] = alerts(cast)
    [warned] = recorded.json()["safety_alerts"]
    assert warned["safety_alert"] == str(alert.pk)
    assert warned["sentence"] == f"{SINCE}, nobody has taken it up: {ITEM_9}"
    here = f"/api/v1/assessments/{recorded.json()['id']}/replace"
    milder = {"scores": [{"measure": "phq9", "item": 9, "value": 0}], "reason": "Misread."}
    replaced = cast.asha.client.post(here, milder)
    assert replaced.status_code == 201, replaced.content
    # a correction closes nothing: somebody says what came of it
    assert [one["status"] for one in replaced.json()["safety_alerts"]] == ["open"]


@pytest.mark.feature("OM-07")
def test_a_token_without_leave_to_read_alerts_is_told_of_none(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast)
        underway.screen(course, who=cast.asha)
    answer(cast, item_9=1)
    here = f"/api/v1/courses/{course.pk}"
    granted = ["course:read", "course:write", "assessment:write"]
    pain = {"patient": str(cast.patient.id), "scores": [{"measure": "nprs", "value": 3}]}
    for scopes, told in ((granted, 0), ([*granted, "safety-alert:read"], 1)):
        who = cast.asha.user, cast.riverside.id
        _, token = issue_token(*who, name="narrow", now=NOW, scopes=scopes, is_vouched=True)
        client = APIClient(headers={"Authorization": f"Bearer {token}"})
        read = client.get(f"{here}/readiness").json()
        recorded = client.post("/api/v1/assessments", pain).json()
        assert [len(one["safety_alerts"]) for one in (read, recorded)] == [told, told]


@pytest.mark.feature("OM-07")
def test_each_alert_that_is_told_is_a_read_of_it(cast: Cast) -> None:
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    reads = AuditEvent.objects.filter(event="SafetyAlert.read", resource_id=alert.pk)
    pain = {"patient": str(cast.patient.id), "scores": [{"measure": "nprs", "value": 3}]}
    with cast.acting():
        before = reads.count()
    assert cast.asha.client.post("/api/v1/assessments", pain).status_code == 201
    with cast.acting():
        assert reads.count() == before + 1
        assert reads.latest("recorded_at").patient_ids == [cast.patient.id]


@pytest.mark.feature("PV-02")
def test_readiness_tells_no_answer_that_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    chloe = cast.chloe.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=chloe)
    here = f"/api/v1/courses/{scene.course.pk}/readiness"
    [warned] = cast.ben.client.get(here).json()["safety_alerts"]
    assert warned["is_withheld"] is True
    assert "what was answered is withheld" in warned["sentence"]
    assert "Health" not in str(warned)
