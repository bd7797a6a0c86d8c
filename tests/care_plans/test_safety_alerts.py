"""An answer that somebody must act on at once: said again until taken up, closed by a person."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from care_plans import safety_alerts
from care_plans.models import Measure, SafetyAlert
from coordination import care_team
from coordination.models import AccessGrant
from coordination.problems import Problem
from notifications import delivery
from notifications.models import Message
from notifications.preferences import choose
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.calling import DAY, QUARTER, URL, alerts, answer, called, put_on_call
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


# Raised


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    ("answers", "rules"),
    [
        ({"item_9": 1}, ["suicide_risk"]),
        ({"item_9": 3, "total": 4}, ["suicide_risk"]),
        ({"item_9": 0, "total": 19}, []),
        ({"item_8": 3}, []),
        ({"total": 20}, ["severe_depression"]),
        ({"item_9": 1, "total": 25}, ["severe_depression", "suicide_risk"]),
        # what was left out can only add: eight items make 20 and more by themselves
        ({f"item_{n}": 3 for n in range(1, 9)}, ["severe_depression"]),
        ({**{f"item_{n}": 3 for n in range(1, 7)}, "item_7": 1}, []),
        # eight items cannot make more than 24
        ({"total": 24}, ["severe_depression"]),
        ({"total": 25}, ["severe_depression", "suicide_risk"]),
    ],
)
def test_it_is_raised_by_the_answer_whatever_the_total(
    cast: Cast, answers: dict[str, Any], rules: list[str]
) -> None:
    answer(cast, **answers)
    assert sorted(alert.rule for alert in alerts(cast)) == rules


def test_it_needs_no_course_and_says_on_whose_word(cast: Cast) -> None:
    put_on_call(cast, cast.farah)
    answer(cast, item_9=1)
    [alert] = cast.asha.client.get(URL, {"open": "true"}).json()["results"]
    assert (alert["measure"], alert["rule"]) == ("phq9", "suicide_risk")
    assert "9-8-8" in alert["action"]
    assert (alert["source"], alert["verified"]) == ("expert consensus", "unverified")
    assert called(cast, 0) == {cast.farah.practitioner_role.id, cast.asha.practitioner_role.id}


@pytest.mark.feature("DP-06")
@pytest.mark.parametrize(
    ("answers", "said", "rows"),
    [
        ({"item_9": 1}, "Item 9 was 1. Asked for is an answer to item 9 above 0.", 1),
        ({"item_1": 3, "total": 20}, "The total was 20. Asked for is a total of at least 20.", 1),
        ({f"item_{n}": 3 for n in range(1, 9)}, "What was left out cannot be less.", 8),
    ],
)
def test_one_call_answers_why_it_was_raised(
    cast: Cast, answers: dict[str, Any], said: str, rows: int
) -> None:
    row = answer(cast, **answers)
    [alert] = cast.asha.client.get(URL).json()["results"]
    one = cast.asha.client.get(f"{URL}/{alert['id']}").json()
    with cast.acting():
        taken_by = Measure.objects.get(slug="phq9").version
        scores = {str(score.pk) for score in row.scores.all()}
    assert (one["measure"], one["measure_version"]) == ("phq9", taken_by)
    assert one["finding"]["id"] == one["rule"]
    assert one["finding"]["text"]
    assert said in one["finding"]["sentence"]
    named = {found["id"] for found in one["finding"]["evidence"]}
    assert (len(named), named <= scores) == (rows, True)
    expected = (9, "0.0000", None) if one["rule"] == "suicide_risk" else (None, None, "20.0000")
    assert tuple(one["threshold"].values()) == expected
    assert one["is_expert_consensus"] is ("expert consensus" in one["source"])


def test_who_is_on_call_may_read_the_patient_until_it_is_closed(cast: Cast) -> None:
    put_on_call(cast, cast.gus)
    at = f"/api/v1/patients/{cast.patient.id}"
    assert cast.gus.client.get(at).status_code == 404
    answer(cast, item_9=1)
    assert cast.gus.client.get(at).status_code == 200
    [alert] = cast.gus.client.get(URL).json()["results"]
    here = f"{URL}/{alert['id']}"
    assert cast.gus.client.post(f"{here}/acknowledge").status_code == 200
    done = {"outcome": "assessed", "reason": "Spoke at length; a safety plan is agreed."}
    closed = cast.gus.client.post(f"{here}/close", done)
    assert (closed.status_code, closed.json()["finding"]) == (200, alert["finding"])
    assert cast.gus.client.get(at).status_code == 404
    with cast.acting():
        grant = AccessGrant.objects.get(basis="safety")
        assert grant.until == NOW


def test_it_heeds_no_wish_to_be_left_alone(cast: Cast) -> None:
    with cast.acting():
        choose(
            purpose="work",
            channel="email",
            wanted=False,
            actor=cast.asha.actor(),
            now=NOW,
        )
    answer(cast, item_9=2)
    delivery.deliver_due("email", clock=lambda: NOW)
    [letter] = mail.outbox
    assert letter.to == [cast.asha.user.email]
    words = f"{letter.subject} {letter.body}".lower()
    assert "needs somebody now" in words
    for secret in ("phq", "suicid", "9-8-8", cast.patient.family_name.lower()):
        assert secret not in words


def test_the_same_answer_sent_again_raises_nothing_more(cast: Cast) -> None:
    body = {
        "patient": str(cast.patient.id),
        "scores": [{"measure": "phq9", "value": 1, "item": 9}],
    }
    for _ in range(3):
        headers = {"Idempotency-Key": "visit"}
        assert (
            cast.asha.client.post("/api/v1/assessments", body, headers=headers).status_code == 201
        )
    assert len(alerts(cast)) == 1


# Said again


def test_it_is_said_again_to_more_people_until_somebody_takes_it_up(cast: Cast) -> None:
    put_on_call(cast, cast.farah)
    with cast.acting():
        underway.start(cast)
        course_team = {cast.asha.practitioner_role.id}
    answer(cast, item_9=1)
    assert safety_alerts.escalate(now=NOW + QUARTER - timedelta(seconds=1)) == 0
    for rung in (1, 2, 3):
        assert safety_alerts.escalate(now=NOW + rung * QUARTER) == 1
        assert called(cast, rung) >= {cast.farah.practitioner_role.id} | course_team
    [alert] = alerts(cast)
    later = NOW + 3 * QUARTER
    with cast.acting():
        safety_alerts.acknowledge(alert.id, actor=cast.farah.actor(later), now=later)
    assert safety_alerts.escalate(now=NOW + timedelta(days=1)) == 0
    with cast.acting():
        assert not Message.objects.filter(kind__startswith="safety.alert", status="queued").exists()


def test_whoever_took_it_up_reads_it_until_it_is_closed_though_they_leave(cast: Cast) -> None:
    with cast.acting():
        underway.start(cast, now=NOW - DAY)
        member = care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.ben.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW,
        )
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    assert cast.ben.client.post(f"{URL}/{alert.pk}/acknowledge").status_code == 200
    with cast.acting():
        care_team.leave(
            cast.patient.id, member.id, because="moves away", actor=cast.asha.actor(), now=NOW
        )
    said = {"outcome": "assessed", "reason": "Spoke with her; safe."}
    assert cast.ben.client.post(f"{URL}/{alert.pk}/close", said).status_code == 200


def test_it_is_open_again_once_whoever_took_it_up_may_not_practise(cast: Cast) -> None:
    put_on_call(cast, cast.ben)
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    assert cast.asha.client.post(f"{URL}/{alert.pk}/acknowledge").status_code == 200
    assert safety_alerts.escalate(now=NOW + DAY) == 0
    with cast.acting():
        asha = cast.asha.practitioner_role
        type(asha).objects.filter(pk=asha.pk).update(registered_until=NOW.date())
    assert safety_alerts.escalate(now=NOW + timedelta(hours=1)) == 0  # still the day itself
    later = NOW + 2 * DAY
    assert safety_alerts.escalate(now=later) == 1
    assert safety_alerts.escalate(now=later) == 0
    [alert] = alerts(cast)
    assert (alert.status, alert.rung, alert.escalates_at) == ("open", 1, later + QUARTER)
    assert cast.ben.practitioner_role.id in called(cast, 1)
    with time_machine.travel(later, tick=False):
        assert cast.ben.client.post(f"{URL}/{alert.pk}/acknowledge").status_code == 200


def test_whoever_comes_on_call_later_is_called_by_the_next_rung(cast: Cast) -> None:
    put_on_call(cast, cast.farah, until=NOW + timedelta(minutes=10))
    put_on_call(cast, cast.gus, since=NOW + timedelta(minutes=10))
    answer(cast, item_9=1)
    safety_alerts.escalate(now=NOW + QUARTER)
    assert cast.gus.practitioner_role.id in called(cast, 1)
    assert cast.farah.practitioner_role.id not in called(cast, 1)


def test_two_sweeps_at_once_climb_one_rung(committed_cast: Cast) -> None:
    cast = committed_cast
    put_on_call(cast, cast.farah)
    answer(cast, item_9=1)
    together(cast, *[lambda: safety_alerts.escalate(now=NOW + QUARTER)] * 6)
    [alert] = alerts(cast)
    assert alert.rung == 1


# Taken up and closed


def test_it_is_closed_only_by_who_says_what_came_of_it(cast: Cast) -> None:
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    here = f"{URL}/{alert.pk}"
    early = cast.asha.client.post(f"{here}/close", {"outcome": "assessed", "reason": "Done."})
    assert early.status_code == 409
    assert "acknowledge" in early.json()["detail"]
    assert cast.asha.client.post(f"{here}/acknowledge").status_code == 200
    for body, pointer in (
        ({"outcome": "fine", "reason": "Done."}, "/outcome"),
        ({"outcome": "assessed", "reason": " "}, "/reason"),
    ):
        refused = cast.asha.client.post(f"{here}/close", body)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == pointer
    done = {"outcome": "assessed", "reason": "Assessed by phone; no plan, no means."}
    closed = cast.asha.client.post(f"{here}/close", done)
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    assert cast.asha.client.post(f"{here}/acknowledge").status_code == 409


def test_one_of_many_takes_it_up(committed_cast: Cast) -> None:
    cast = committed_cast
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    with cast.acting():
        actor = cast.asha.actor()
    said = together(cast, *[lambda: safety_alerts.acknowledge(alert.id, actor=actor, now=NOW)] * 6)
    assert sum(isinstance(one, SafetyAlert) for one in said) == 1
    assert sum(isinstance(one, Problem) for one in said) == 5


@pytest.mark.feature("PV-02", "DP-06")
def test_a_directive_hides_the_answer_and_never_the_alert(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    answer(cast, item_9=1, who=cast.chloe)
    before = {one["measure"] for one in cast.ben.client.get(URL).json()["results"]}
    assert before == {"phq9"}
    chloe = cast.chloe.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=chloe)
    found = cast.ben.client.get(URL).json()["results"]
    assert len(found) == 2  # the stage's own, and this one
    for alert in found:
        assert (alert["assessment"], alert["measure"], alert["rule"]) == (None, "", "")
        assert alert["status"] == "open"
        why = (alert["measure_version"], alert["threshold"], alert["finding"])
        assert why == (None, None, None)


def test_locking_everything_away_hides_no_alert(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    scene.lock(target="everything", audience="everyone")
    answer(cast, item_9=1)
    assert cast.asha.client.get(URL, {"open": "true"}).json()["results"]
    delivery.deliver_due("email", clock=lambda: NOW)
    assert [letter for letter in mail.outbox if "safety alert" in letter.subject.lower()]


def test_a_patient_who_is_noted_as_deceased_still_calls_the_staff(cast: Cast) -> None:
    with cast.acting():
        type(cast.patient).objects.filter(pk=cast.patient.pk).update(deceased_at=NOW)
    answer(cast, item_9=1)
    delivery.deliver_due("email", clock=lambda: NOW)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_reads_it(cast: Cast, who: str, status: int) -> None:
    answer(cast, item_9=1)
    [alert], person = alerts(cast), cast.everybody[who]
    assert person.client.get(f"{URL}/{alert.pk}").status_code == status
    assert person.client.post(f"{URL}/{alert.pk}/acknowledge").status_code == status
