"""An answer that somebody must act on at once: said again until taken up, closed by a person."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail

from care_plans import assessing, safety_alerts, standing
from care_plans.models import Assessment, Measure, PathwayVersion, SafetyAlert
from care_plans.sittings import NewScore
from coordination import care_team, on_call
from coordination.models import AccessGrant
from coordination.problems import Problem
from notifications import delivery
from notifications.models import Message
from notifications.preferences import choose
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person
from tests.matrix_scenes import a_patient

URL = "/api/v1/safety-alerts"
MINE = "/api/v1/me/assessments"
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


def put_on_call(cast: Cast, who: Person, **period: Any) -> None:
    with cast.acting():
        on_call.arrange_duty(
            who.practitioner_role.id,
            since=period.get("since", NOW - timedelta(hours=1)),
            until=period.get("until"),
            actor=cast.sam.actor(),
            now=NOW,
        )


def answer(
    cast: Cast, *, at: datetime = NOW, who: Person | None = None, **items: Any
) -> Assessment:
    """Record answers to the PHQ-9 by item (`item_9=1`), or its total (`total=20`)."""
    scores = [
        NewScore("phq9", Decimal(value), item=None if name == "total" else int(name[5:]))
        for name, value in items.items()
    ]
    with cast.acting():
        row, _ = assessing.record_assessment(
            cast.patient.id, scores=scores, actor=(who or cast.asha).actor(at), now=at
        )
        return row


def alerts(cast: Cast) -> list[SafetyAlert]:
    with cast.acting():
        return list(SafetyAlert.objects.order_by("id"))


def called(cast: Cast, rung: int) -> set[Any]:
    with cast.acting():
        rows = Message.objects.filter(kind="safety.alert", channel="email")
        found = rows.filter(occurrence__endswith=f":{rung}")
        return set(found.values_list("to_practitioner_role_id", flat=True))


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


def test_a_correction_closes_nothing_and_raises_what_it_now_says(cast: Cast) -> None:
    row = answer(cast, item_9=1)
    with cast.acting():
        assessing.replace_assessment(
            row.id,
            scores=[NewScore("phq9", Decimal(0), item=9)],
            reason="Misread.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    [alert] = alerts(cast)
    assert alert.status == "open"


def correct(cast: Cast, row: Assessment, **items: int) -> Assessment:
    scores = [NewScore("phq9", Decimal(value), item=int(name[5:])) for name, value in items.items()]
    with cast.acting():
        mended, _ = assessing.replace_assessment(
            row.id, scores=scores, reason="Misread.", actor=cast.asha.actor(), now=NOW
        )
        return mended


@pytest.mark.feature("OM-07")
def test_correcting_another_answer_of_the_sheet_calls_nobody_again(cast: Cast) -> None:
    put_on_call(cast, cast.farah)
    row = answer(cast, item_9=1, item_1=2)
    mended = correct(cast, row, item_9=1, item_1=3)
    [alert] = alerts(cast)
    assert alert.assessment_id == row.id
    correct(cast, mended, item_9=1, item_1=0)
    assert len(alerts(cast)) == 1


@pytest.mark.feature("OM-07")
def test_a_correction_calls_again_for_an_answer_that_is_worse(cast: Cast) -> None:
    row = answer(cast, item_9=1)
    mended = correct(cast, row, item_9=2)
    assert [alert.assessment_id for alert in alerts(cast)] == [row.id, mended.id]
    mended = correct(cast, mended, item_9=1)
    correct(cast, mended, item_9=2, item_1=1)
    assert len(alerts(cast)) == 2


@pytest.mark.feature("OM-07")
def test_a_correction_of_a_total_calls_nobody_again(cast: Cast) -> None:
    sheet: dict[str, Any] = {f"item_{n}": 3 for n in range(1, 7)} | {"item_7": 2, "item_9": 0}
    row = answer(cast, **sheet, item_8=1)
    correct(cast, row, **sheet, item_8=2)
    assert [alert.rule for alert in alerts(cast)] == ["severe_depression"]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("value", [1, 3])
def test_a_correction_calls_for_what_was_closed_before(cast: Cast, value: int) -> None:
    row = answer(cast, item_9=1)
    [alert] = alerts(cast)
    with cast.acting():
        said: dict[str, Any] = {"actor": cast.asha.actor(), "now": NOW}
        safety_alerts.acknowledge(alert.id, **said)
        wrong: dict[str, Any] = {"outcome": "entered_in_error", "reason": "Another person's sheet."}
        safety_alerts.close(alert.id, **wrong, **said)
    mended = correct(cast, row, item_9=value)
    [_, again] = alerts(cast)
    assert (again.assessment_id, again.status) == (mended.id, "open")


@pytest.mark.feature("OM-07")
def test_a_correction_calls_for_what_the_sheet_before_it_did_not(cast: Cast) -> None:
    row = answer(cast, item_9=0, item_1=2)
    assert alerts(cast) == []
    mended = correct(cast, row, item_9=1, item_1=2)
    [alert] = alerts(cast)
    assert alert.assessment_id == mended.id
    correct(cast, correct(cast, mended, item_9=0, item_1=2), item_9=1, item_1=2)
    assert len(alerts(cast)) == 2


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
        assert not Message.objects.filter(kind="safety.alert", status="queued").exists()


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


# Who answers sees whom to call


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
    assert "joignable" in refused.json()["crisis"]["unreachable"]
    assert alerts(cast) == []
    with cast.acting():
        assert not Assessment.objects.exists()


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
    "body", [{"items": {"9": 0, "first": 1}}, {"items": {"9": 0}, "total": "many"}, {"items": []}]
)
def test_a_check_that_is_refused_shows_nothing_that_nobody_needs(
    cast: Cast, client: Any, body: dict[str, Any]
) -> None:
    at = "/api/v1/self-checks/measures/phq9"
    refused = client.post(at, body, content_type="application/json")
    assert refused.status_code == 400
    assert "crisis" not in refused.json()


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
        ({}, False),
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
