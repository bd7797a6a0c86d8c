"""Handing the lead over: nobody is rid of a patient before somebody else has said yes."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from care_plans import (
    hand_off_reminders,
    hand_offs,
    lapses,
    progress,
    recommending,
    reminders,
    standing,
)
from care_plans.hand_off_moves import Answer
from care_plans.leading import LeadLapsed
from care_plans.models import Recommendation
from care_plans.recording import CourseNotFound
from coordination import care_team
from coordination.models import (
    AccessGrant,
    AuditEvent,
    CareTeamMember,
    HandOff,
    PractitionerRole,
    WorkItem,
)
from coordination.problems import Problem
from coordination.tenancy import acting_in
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.handing import opened_hand_off
from tests.cast import NOW, Cast, Person

URL = "/api/v1/hand-offs"
DAY = timedelta(days=1)


def offer(cast: Cast, by: Person, to: Person, code: int = 201, **more: Any) -> Any:
    body = {"practitioner_role": str(to.practitioner_role.id), "because": "moves away", **more}
    answer = by.client.post(f"/api/v1/patients/{cast.patient.id}/hand-over", body)
    assert answer.status_code == code, answer.data
    return answer.data


def take(who: Person, hand_off: str, step: str, code: int = 200, **body: Any) -> Any:
    answer = who.client.post(f"{URL}/{hand_off}/{step}", body)
    assert answer.status_code == code, answer.data
    return answer.data


def leads(cast: Cast) -> list[str]:
    with cast.acting():
        rows = CareTeamMember.objects.filter(patient=cast.patient, role="lead", until=None)
        return [row.practitioner_role.practitioner.name for row in rows]


def lapse(who: Person, *, last: date | None = None) -> None:
    last = last or NOW.date() - DAY
    PractitionerRole.objects.filter(pk=who.practitioner_role.pk).update(registered_until=last)


def told(kind: str) -> set[Any]:
    rows = Message.objects.filter(kind=kind).exclude(status="cancelled")
    return {row.to_user_id or row.to_practitioner_role_id for row in rows}


@pytest.mark.feature("PT-07")
def test_it_leaves_the_patient_with_the_sender_until_somebody_accepts(cast: Cast) -> None:
    opened = offer(cast, cast.asha, cast.dmitri)
    assert (opened["status"], leads(cast)) == ("requested", ["Asha"])
    take(cast.dmitri, opened["id"], "accept", code=400, evidence_reviewed=False)
    assert leads(cast) == ["Asha"]
    done = take(cast.dmitri, opened["id"], "accept", evidence_reviewed=True)
    assert (done["status"], done["outcome"], leads(cast)) == ("completed", "accepted", ["Dmitri"])
    team = cast.dmitri.client.get(f"/api/v1/patients/{cast.patient.id}/care-team").data
    now = sorted((m["name"], m["role"]) for m in team if m["until"] is None)
    assert now == [("Asha", "member"), ("Dmitri", "lead")]
    offer(cast, cast.asha, cast.ben, code=403)  # no longer hers to give
    with cast.acting():
        open_grants = AccessGrant.objects.filter(patient=cast.patient, until=None)
        assert set(open_grants.values_list("basis", flat=True)) == {"membership"}
        events = AuditEvent.objects.filter(resource="HandOff", action__in=["create", "act"])
        assert [row.event for row in events.order_by("id")] == [
            "hand-off.opened",
            "hand-off.accepted",
        ]


@pytest.mark.feature("PT-07")
def test_it_ages_visibly_and_tells_those_who_wait(cast: Cast) -> None:
    late = timezone.now() - 5 * DAY
    with cast.acting():
        hand_off = opened_hand_off(cast, now=late)
        due = late + timedelta(hours=72)
        assert hand_off.due_at == due
        asked, sender = cast.ben.practitioner_role.id, cast.asha.practitioner_role.id
        assert told(hand_off_reminders.OPENED) == {asked}
        assert told(hand_off_reminders.AGEING) == {asked, sender}
        ageing = Message.objects.filter(kind=hand_off_reminders.AGEING)
        assert set(ageing.values_list("due_at", flat=True)) == {due}
    for who in (cast.asha, cast.ben, cast.sam):
        (row,) = who.client.get(URL, {"overdue": "true"}).data["results"]
        assert (row["overdue"], row["age_hours"], row["status"]) == (True, 120, "requested")
        assert row["sender"]["name"] == "Asha"
    assert leads(cast) == ["Asha"]


@pytest.mark.feature("PT-07")
@pytest.mark.parametrize(("step", "outcome"), [("decline", "declined"), ("withdraw", "withdrawn")])
def test_it_gives_it_back_to_the_sender(cast: Cast, step: str, outcome: str) -> None:
    opened = offer(cast, cast.asha, cast.ben)
    assert cast.ben.client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 200
    by = cast.ben if step == "decline" else cast.asha
    body: dict[str, Any] = {"reason_code": "no_capacity"} if step == "decline" else {}
    answer = take(by, opened["id"], step, **body)
    assert (answer["outcome"], leads(cast)) == (outcome, ["Asha"])
    assert cast.ben.client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 404
    with cast.acting():
        waiting = Message.objects.waiting().filter(kind=hand_off_reminders.AGEING)
        assert not waiting.exists()
    offer(cast, cast.asha, cast.ben)


def test_it_takes_a_decline_only_with_a_coded_reason(cast: Cast) -> None:
    opened = offer(cast, cast.asha, cast.ben)
    take(cast.ben, opened["id"], "decline", code=400)
    take(cast.ben, opened["id"], "decline", code=400, reason_code="do not feel like it")
    assert cast.asha.client.get(f"{URL}/{opened['id']}").data["status"] == "requested"


def test_it_lets_only_the_parties_act(cast: Cast) -> None:
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
    assert offer(cast, cast.chloe, cast.ben, code=403)["rule"] == "team.hand-over"
    opened = offer(cast, cast.asha, cast.ben)["id"]
    refused = [
        (cast.chloe, "accept", 403),
        (cast.asha, "accept", 403),
        (cast.chloe, "withdraw", 403),
        (cast.ben, "withdraw", 403),
        (cast.sam, "accept", 403),
        (cast.gus, "accept", 404),
        (cast.sam, "assign", 409),
    ]
    bodies: dict[str, dict[str, Any]] = {
        "accept": {"evidence_reviewed": True},
        "assign": {"practitioner_role": str(cast.gus.practitioner_role.id)},
    }
    for who, step, code in refused:
        take(who, opened, step, code=code, **bodies.get(step, {}))
    assert leads(cast) == ["Asha"]
    assert offer(cast, cast.sam, cast.dmitri, code=409)["hand_off"] == opened


@pytest.mark.feature("PT-07")
def test_it_names_the_evidence_to_review_and_shows_it_to_the_parties_alone(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.score(course, {"nprs": "3"}, now=NOW, who=cast.asha)
    opened = offer(cast, cast.asha, cast.ben, note="Sleeps badly since Monday")
    kinds = [row["kind"] for row in opened["content"]["evidence"]]
    assert kinds == ["Course", "StageStay", "Assessment"]
    seen = cast.ben.client.get(f"{URL}/{opened['id']}").data
    assert seen["content"]["evidence"] == opened["content"]["evidence"]
    assert seen["content"]["note"] == "Sleeps badly since Monday"
    for record in seen["content"]["evidence"]:
        if record["kind"] == "Course":
            at = f"/api/v1/courses/{record['id']}"
            assert cast.ben.client.get(at).status_code == 200
    assert cast.sam.client.get(f"{URL}/{opened['id']}").data["content"] is None


def test_it_refuses_evidence_of_somebody_else(cast: Cast) -> None:
    wrong = [{"kind": "Course", "id": str(cast.patient.id)}]
    answer = offer(cast, cast.asha, cast.ben, code=400, evidence=wrong)
    assert answer["errors"][0]["pointer"] == "/evidence/0"
    with cast.acting():
        assert not HandOff.objects.exists()
        assert not WorkItem.objects.exists()


@pytest.mark.feature("PT-07")
def test_it_opens_an_urgent_hand_off_when_the_lead_s_registration_lapses(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        lapse(cast.asha)
    now = timezone.now()
    lapses.check_lapses(now=now)
    assert lapses.check_lapses(now=now) == 0
    with cast.acting():
        hand_off = HandOff.objects.get(patient=cast.patient)
        assert (hand_off.is_urgent, hand_off.cause) == (True, "registration_lapsed")
        assert told(hand_off_reminders.WAITING) == {cast.sam.user.id}
        stay = underway.stay(course)
        assert cast.sam.user.id in told(reminders.OVERDUE)
        assert stay.left_at is None
    named = take(
        cast.sam, str(hand_off.id), "assign", practitioner_role=str(cast.ben.practitioner_role.id)
    )
    assert named["receiver"]["name"] == "Ben"
    take(cast.ben, str(hand_off.id), "decline", reason_code="absent")
    again = cast.sam.client.get(f"{URL}/{hand_off.id}").data
    assert (again["status"], again["receiver"], again["outcome"]) == ("requested", None, "")
    take(cast.sam, str(hand_off.id), "withdraw", code=409)
    take(cast.sam, str(hand_off.id), "assign", practitioner_role=str(cast.gus.practitioner_role.id))
    take(cast.gus, str(hand_off.id), "accept", evidence_reviewed=True)
    assert leads(cast) == ["Gus"]
    steps = cast.gus.client.get(f"{URL}/{hand_off.id}").data["steps"]
    assert [step["action"] for step in steps] == ["open", "assign", "decline", "assign", "accept"]


@pytest.mark.feature("DP-01")
def test_whoever_takes_over_is_told_what_waits_for_their_decision(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, side="right")
        underway.score(course, {"nprs": "8"}, now=NOW, who=cast.asha)
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
        waiting = Recommendation.objects.get(course=course, kind="severity")
        hand_off = opened_hand_off(cast)
        named = {"kind": "Recommendation", "id": str(waiting.pk)}
        assert named in hand_off.evidence
        assert cast.ben.practitioner_role.id not in told(recommending.MADE)
    take(cast.ben, str(hand_off.id), "accept", evidence_reviewed=True)
    assert cast.ben.practitioner_role.id in told(recommending.MADE)


def test_it_withdraws_what_a_renewed_registration_no_longer_calls_for(cast: Cast) -> None:
    with cast.acting():
        lapse(cast.asha)
    lapses.check_lapses(now=NOW)
    with cast.acting():
        lapse(cast.asha, last=NOW.date() + 300 * DAY)
    lapses.check_lapses(now=NOW)
    with cast.acting():
        assert HandOff.objects.get().outcome == "withdrawn"
    assert leads(cast) == ["Asha"]


def test_it_hurries_an_open_offer_when_the_registration_lapses(cast: Cast) -> None:
    with cast.acting():
        opened_hand_off(cast)
        lapse(cast.asha)
    lapses.check_lapses(now=NOW + timedelta(hours=1))
    with cast.acting():
        hand_off = HandOff.objects.get()
        assert hand_off.is_urgent
        assert hand_off.due_at == NOW + timedelta(hours=25)
        assert cast.sam.user.id in told(hand_off_reminders.WAITING)


@pytest.mark.feature("PT-07")
def test_it_overrides_no_gate_while_the_lead_s_registration_is_lapsed(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
        at = NOW + 30 * DAY
        request = progress.Request(action="advance", override=True, reason="It is time.")
        lapse(cast.asha, last=NOW.date() + 29 * DAY)
        with pytest.raises(CourseNotFound):
            progress.perform(course.id, request, actor=cast.asha.actor(at), now=at)
        with pytest.raises(LeadLapsed):
            progress.perform(course.id, request, actor=cast.chloe.actor(at), now=at)
        course.refresh_from_db()
        assert course.stage == "acute"
        member = cast.patient.care_team.get(role="lead", until=None)
        assert member.practitioner_role_id == cast.asha.practitioner_role.id


@pytest.mark.feature("PT-07")
def test_it_has_one_lead_whatever_happens_at_once(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        hand_off = opened_hand_off(cast)
    outcomes: list[str] = []
    steps: list[tuple[Person, str, Answer]] = [
        (cast.ben, "accept", Answer(evidence_reviewed=True)),
        (cast.ben, "decline", Answer(reason_code="no_capacity")),
        (cast.asha, "withdraw", Answer()),
    ] * 4

    def take_step(who: Person, step: str, answer: Answer) -> None:
        try:
            with acting_in(cast.riverside.id):
                actor = who.actor()
                hand_offs.perform(hand_off.id, step, answer, actor=actor, now=datetime.now(UTC))
            outcomes.append("won")
        except Problem as problem:
            outcomes.append(problem.type)
        finally:
            connection.close()

    threads = [threading.Thread(target=take_step, args=one) for one in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("won") == 1, outcomes
    assert len(leads(cast)) == 1
    with cast.acting():
        members = CareTeamMember.objects.filter(patient=cast.patient, until=None).count()
        assert AccessGrant.objects.filter(patient=cast.patient, until=None).count() == members
