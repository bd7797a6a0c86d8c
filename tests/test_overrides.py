"""Breaking the glass: what it takes, what it opens, when it ends, and who reviews it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from coordination.actors import Role
from coordination.logins import close_login
from coordination.models import AccessGrant, AuditEvent, Membership, Override
from notifications import delivery, overrides
from notifications.models import Message
from tests.cast import Cast, Person, make_person

pytestmark = pytest.mark.django_db

URL = "/api/v1/overrides"
NEED: dict[str, Any] = {"reason_code": "risk_of_harm", "reason": "Found unconscious at the gym."}


def break_glass(cast: Cast, who: Person, *, status: int = 201, **given: Any) -> Any:
    answer = who.client.post(URL, {"patient": str(cast.patient.id), **NEED, **given})
    assert answer.status_code == status, answer.content
    return answer.data


def sees(cast: Cast, who: Person) -> bool:
    return bool(who.client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 200)


@pytest.mark.feature("PV-04")
def test_it_opens_a_record_for_a_limited_time(cast: Cast) -> None:
    assert not sees(cast, cast.gus)
    made = break_glass(cast, cast.gus, minutes=15)
    assert sees(cast, cast.gus)
    until = datetime.fromisoformat(made["until"])
    assert timedelta(minutes=14) < until - datetime.now(UTC) <= timedelta(minutes=15)
    with time_machine.travel(until - timedelta(seconds=1), tick=False):
        assert sees(cast, cast.gus)
    with time_machine.travel(until, tick=False):
        assert not sees(cast, cast.gus)


@pytest.mark.feature("PV-04")
def test_it_tells_the_privacy_officers_once_and_waits_for_one(cast: Cast) -> None:
    made = break_glass(cast, cast.gus)
    now = datetime.now(UTC)
    assert overrides.tell_of_overrides(now=now) == 1
    assert overrides.tell_of_overrides(now=now) == 0
    for channel in ("email", "in_app"):
        delivery.deliver_due(channel, clock=lambda: datetime.now(UTC))
    assert [sent.to for sent in mail.outbox] == [[cast.pia.user.email]]
    assert "gym" not in mail.outbox[0].body
    with cast.acting():
        assert set(Message.objects.values_list("status", flat=True)) == {"sent"}
    waiting = cast.pia.client.get(URL, {"reviewed": "false"}).data["results"]
    assert [row["id"] for row in waiting] == [made["id"]]
    assert waiting[0]["reason"] == NEED["reason"]


@pytest.mark.feature("PV-04")
@pytest.mark.parametrize("gone", ["no longer a member", "login closed", "did it"])
def test_it_waits_for_somebody_who_can_be_told(cast: Cast, gone: str) -> None:
    now = datetime.now(UTC)
    match gone:
        case "no longer a member":
            with cast.acting():
                Membership.objects.filter(user=cast.pia.user).update(until=now - timedelta(days=1))
        case "login closed":
            close_login(cast.pia.user, now=now)
        case "did it":
            with cast.acting():
                Membership.objects.filter(user=cast.pia.user).update(user=cast.gus.user)
    break_glass(cast, cast.gus)
    overrides.tell_of_overrides(now=datetime.now(UTC))
    with cast.acting():
        assert Override.objects.get().alerted_at is None
    if gone != "login closed":  # and holds up no other override
        assert overrides.tell_of_overrides(now=datetime.now(UTC)) == 0
    paula = make_person(cast.riverside, "Paula", hat=Role.PRIVACY_OFFICER)
    assert overrides.tell_of_overrides(now=datetime.now(UTC)) == 1
    assert overrides.tell_of_overrides(now=datetime.now(UTC)) == 0
    with cast.acting():
        told = set(Message.objects.values_list("to_user_id", flat=True))
        assert told == {paula.user.id}
        assert Override.objects.get().alerted_at is not None


@pytest.mark.feature("PV-04")
def test_it_is_reviewed_once_by_somebody_else(cast: Cast) -> None:
    made = break_glass(cast, cast.gus)
    review = f"{URL}/{made['id']}/review"
    verdict = {"verdict": "appropriate", "note": "Ambulance report on file."}
    for who in (cast.gus, cast.asha, cast.sam, cast.ada):
        assert who.client.post(review, verdict).status_code == 403
    assert cast.pia.client.post(review, {**verdict, "note": " "}).status_code == 400
    assert cast.pia.client.post(review, verdict).status_code == 200
    assert cast.pia.client.post(review, verdict).status_code == 409
    with cast.acting():
        kept = Override.objects.get()
        assert (kept.verdict, kept.reviewed_by) == ("appropriate", cast.pia.user.id)
        told = AuditEvent.objects.filter(event="override.reviewed")
        assert [(row.basis, row.purpose) for row in told] == [("oversight", "privacy_review")]
    assert cast.pia.client.get(URL, {"reviewed": "false"}).data["results"] == []


@pytest.mark.feature("PV-04")
@pytest.mark.parametrize("verdict", ["appropriate", "needs_follow_up", "inappropriate"])
def test_it_ends_with_a_verdict_against_it_or_by_hand(cast: Cast, verdict: str) -> None:
    made = break_glass(cast, cast.gus)
    given = {"verdict": verdict, "note": "Asked the ward."}
    assert cast.pia.client.post(f"{URL}/{made['id']}/review", given).status_code == 200
    assert sees(cast, cast.gus) is (verdict != "inappropriate")
    ended = cast.pia.client.post(f"{URL}/{made['id']}/end")
    assert ended.status_code == (409 if verdict == "inappropriate" else 200), ended.data
    assert not sees(cast, cast.gus)


@pytest.mark.feature("PV-04")
def test_it_is_done_with_one_that_was_reviewed_before_it_was_told(cast: Cast) -> None:
    made = break_glass(cast, cast.gus)
    given = {"verdict": "appropriate", "note": "Asked the ward."}
    assert cast.pia.client.post(f"{URL}/{made['id']}/review", given).status_code == 200
    assert overrides.tell_of_overrides(now=datetime.now(UTC)) == 1
    assert overrides.tell_of_overrides(now=datetime.now(UTC)) == 0
    with cast.acting():
        assert Override.objects.get().alerted_at is not None


@pytest.mark.feature("PV-13")
def test_it_is_the_basis_of_what_was_read_by_it(cast: Cast) -> None:
    made = break_glass(cast, cast.gus)
    assert sees(cast, cast.gus)
    with cast.acting():
        row = AuditEvent.objects.filter(event="Patient.read").latest("recorded_at")
        assert (row.bases, [str(one) for one in row.source_ids]) == (["override"], [made["id"]])


def test_it_finds_a_patient_by_number_and_birth_date_alone(cast: Cast) -> None:
    with cast.acting():
        number = cast.patient.identifiers.get().value
    given: dict[str, Any] = {"patient": None, "identifier": number, "birth_date": "1990-05-17"}
    break_glass(cast, cast.gus, status=404, **{**given, "birth_date": "1990-05-18"})
    break_glass(cast, cast.gus, status=400, **{**given, "birth_date": None})
    made = break_glass(cast, cast.gus, **given)
    assert made["patient"] == cast.patient.id


def test_it_refuses_whoever_has_no_need_or_no_licence(cast: Cast) -> None:
    for who in (cast.sam, cast.ada, cast.pia):
        break_glass(cast, who, status=403)
    break_glass(cast, cast.olu, status=404)
    break_glass(cast, cast.gus, status=400, reason="")
    break_glass(cast, cast.gus, status=400, reason_code="curiosity")
    break_glass(cast, cast.gus, status=400, minutes=100_000)
    other = str(cast.asha.practitioner_role.id)
    break_glass(cast, cast.gus, status=400, practitioner_role=other)
    with cast.acting():
        assert not Override.objects.exists()
        assert not AccessGrant.objects.filter(basis="override").exists()


def test_it_shows_others_overrides_to_oversight_alone(cast: Cast) -> None:
    made = break_glass(cast, cast.gus)
    for who in (cast.asha, cast.ben):
        assert who.client.get(URL).data["results"] == []
        assert who.client.get(f"{URL}/{made['id']}").status_code == 404
        assert who.client.post(f"{URL}/{made['id']}/end").status_code == 404
    assert [row["id"] for row in cast.gus.client.get(URL).data["results"]] == [made["id"]]
    assert cast.gus.client.post(f"{URL}/{made['id']}/end").status_code == 200
    assert not sees(cast, cast.gus)
    assert cast.gus.client.post(f"{URL}/{made['id']}/end").status_code == 409
