"""The inbox, the outbox and the preferences, over the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.models import AccessGrant, AuditEvent, Membership, new_id
from notifications import delivery, outbox
from notifications.kinds import MessageKind
from notifications.models import Message, Preference
from notifications.outbox import Recipient
from tests.care_plans import underway
from tests.cast import Cast, Person
from tests.notifications.said import enqueue

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def _say(cast: Cast, person: Person, *recipients: Recipient, **changes: Any) -> None:
    given = {"patient_id": cast.patient.id, "due_at": NOW, "now": NOW}
    enqueue(person, *recipients, **(given | changes))
    for channel in ("email", "in_app"):
        delivery.deliver_due(channel, clock=lambda: NOW)


def _get(person: Person, path: str, **parameters: Any) -> Any:
    answer = person.client.get(f"/api/v1/{path}", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_shows_a_person_their_own_messages(cast: Cast, kind: MessageKind) -> None:
    subject = new_id()
    _say(cast, cast.asha, subject_id=subject)
    (shown,) = _get(cast.asha, "messages")["results"]
    assert shown["title"] == "Something is waiting for you"
    assert shown["text"] == "Something in Continuum is waiting for your review."
    assert shown["subject"] == str(subject)
    assert shown["patient"] == str(cast.patient.id)
    assert shown["patient_name"] == "Tremblay, Noor"
    assert shown["path"] == "/courses/1"
    assert shown["read_at"] is None
    assert _get(cast.asha, f"messages/{shown['id']}") == shown


@pytest.mark.parametrize("who", ["ben", "gus", "sam", "ada", "pia", "olu"])
def test_it_shows_nobody_else_s(cast: Cast, kind: MessageKind, who: str) -> None:
    _say(cast, cast.asha)
    with cast.acting():
        (message,) = Message.objects.inbox()
    person = cast.everybody[who]
    assert _get(person, "messages")["results"] == []
    assert person.client.get(f"/api/v1/messages/{message.id}").status_code == 404
    assert person.client.post(f"/api/v1/messages/{message.id}/read").status_code == 404
    with cast.acting():
        assert Message.objects.get(pk=message.pk).read_at is None


def test_it_shows_nothing_before_it_is_sent(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha)
    assert _get(cast.asha, "messages")["results"] == []


def test_it_hides_a_message_about_a_patient_who_went_out_of_reach(
    cast: Cast, kind: MessageKind
) -> None:
    _say(cast, cast.asha)
    with cast.acting():
        AccessGrant.objects.update(until=NOW)
    assert _get(cast.asha, "messages")["results"] == []


def test_it_hides_a_former_scheduler_s_messages_about_patients(
    cast: Cast, kind: MessageKind
) -> None:
    with cast.acting():
        to = outbox.schedulers(now=NOW)
    _say(cast, cast.sam, *to)
    assert len(_get(cast.sam, "messages")["results"]) == 1
    with cast.acting():
        Membership.objects.filter(user=cast.sam.user).update(role="administrator")
    assert _get(cast.sam, "messages")["results"] == []


def test_it_filters_the_inbox(cast: Cast, kind: MessageKind) -> None:
    _say(cast, cast.asha)
    _say(cast, cast.asha, patient_id=None)
    about, first = (
        _get(cast.asha, "messages", patient=cast.patient.id)["results"],
        _get(cast.asha, "messages")["results"],
    )
    assert (len(about), len(first)) == (1, 2)
    cast.asha.client.post(f"/api/v1/messages/{about[0]['id']}/read")
    (unread,) = _get(cast.asha, "messages", unread="true")["results"]
    assert unread["patient"] is None
    assert len(_get(cast.asha, "messages", unread="false")["results"]) == 1
    assert _get(cast.asha, "messages", kind="another")["results"] == []


def test_it_pages_through_the_inbox(cast: Cast, kind: MessageKind) -> None:
    for _ in range(5):
        _say(cast, cast.asha)
    page, found = _get(cast.asha, "messages", limit=2), []
    while True:
        found += [one["id"] for one in page["results"]]
        if page["next"] is None:
            break
        page = cast.asha.client.get(page["next"]).json()
    assert len(found) == len(set(found)) == 5


def test_it_notes_the_first_reading(cast: Cast, kind: MessageKind) -> None:
    _say(cast, cast.asha)
    (shown,) = _get(cast.asha, "messages")["results"]
    path = f"/api/v1/messages/{shown['id']}/read"
    first = cast.asha.client.post(path).json()["read_at"]
    assert first is not None
    assert cast.asha.client.post(path).json()["read_at"] == first


def _audited(cast: Cast, event: str) -> list[list[UUID]]:
    with cast.acting():
        rows = AuditEvent.objects.filter(event=event).order_by("id")
        return list(rows.values_list("patient_ids", flat=True))


def test_it_audits_whom_a_message_discloses(cast: Cast, kind: MessageKind) -> None:
    _say(cast, cast.asha)
    _say(cast, cast.asha, patient_id=None)
    shown = _get(cast.asha, "messages")["results"]
    for one in shown:
        _get(cast.asha, f"messages/{one['id']}")
        cast.asha.client.post(f"/api/v1/messages/{one['id']}/read")
    assert _audited(cast, "Message.search") == [[cast.patient.id]]
    assert sorted(_audited(cast, "Message.read")) == [[], [cast.patient.id]]
    assert sorted(_audited(cast, "message.read")) == [[], [cast.patient.id]]
    about = next(one["id"] for one in shown if one["patient"])
    cast.asha.client.post(f"/api/v1/messages/{about}/read")  # a repeat shows it again
    assert _audited(cast, "message.read").count([cast.patient.id]) == 2


def test_it_tells_whether_it_went_out(cast: Cast, kind: MessageKind) -> None:
    _say(cast, cast.asha)
    shown = _get(cast.asha, "outbox", patient=cast.patient.id, channel="email")["results"][0]
    assert shown["status"] == "sent"
    assert shown["recipient"] == {
        "type": "practitioner_role",
        "id": str(cast.asha.practitioner_role.id),
        "name": "Asha",
    }
    assert [one["outcome"] for one in shown["attempts"]] == ["accepted"]
    assert _get(cast.asha, f"outbox/{shown['id']}") == shown


def test_it_tells_why_it_did_not_go_out(cast: Cast, kind: MessageKind) -> None:
    _say(cast, cast.asha, Recipient(practitioner_role_id=cast.ben.practitioner_role.id))
    reasons = {one["reason"] for one in _get(cast.asha, "outbox", status="suppressed")["results"]}
    assert reasons == {"outside-circle"}


@pytest.mark.parametrize(
    ("who", "status", "seen"),
    [
        ("asha", 200, 2),
        ("sam", 200, 0),
        ("ben", 200, 0),
        ("gus", 200, 0),
        ("olu", 200, 0),
        ("ada", 403, None),
        ("pia", 403, None),
    ],
)
def test_it_shows_the_outbox_to_whom_it_may(
    cast: Cast, kind: MessageKind, who: str, status: int, seen: int | None
) -> None:
    _say(cast, cast.asha)
    answer = cast.everybody[who].client.get("/api/v1/outbox")
    assert answer.status_code == status
    if seen is not None:
        assert len(answer.json()["results"]) == seen
    with cast.acting():
        (message,) = Message.objects.inbox()
    one = cast.everybody[who].client.get(f"/api/v1/outbox/{message.id}")
    assert one.status_code == (200 if seen else 403 if status == 403 else 404)


def test_it_shows_schedulers_what_concerns_them_and_nothing_clinical(
    cast: Cast, kind: MessageKind
) -> None:
    with cast.acting():
        underway.start(cast)
        to_sam = outbox.schedulers(now=NOW)
    _say(cast, cast.asha)
    clinical = {one["kind"] for one in _get(cast.asha, "outbox")["results"]}
    assert any(name.startswith("course.") for name in clinical)
    _say(cast, cast.asha, *to_sam, Recipient(patient_id=cast.patient.id))
    seen = _get(cast.sam, "outbox")["results"]
    logistics = [one for one in seen if one["kind"].startswith("referral.")]
    others = {one["recipient"]["type"] for one in seen if one not in logistics}
    assert logistics
    assert others == {"user", "patient"}


@pytest.mark.parametrize("path", ["messages", "outbox"])
def test_it_asks_the_database_as_often_for_many_as_for_one(
    cast: Cast, kind: MessageKind, path: str
) -> None:
    client, counts = cast.asha.client, []
    for more in (1, 7):
        for _ in range(more):
            _say(cast, cast.asha)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(f"/api/v1/{path}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "query", ["messages?cursor=nonsense", "messages?patient=x", "outbox?status=gone"]
)
def test_it_says_what_is_wrong_with_a_question(cast: Cast, query: str) -> None:
    assert cast.asha.client.get(f"/api/v1/{query}").status_code == 400


def test_everything_is_wanted_until_somebody_chooses(cast: Cast) -> None:
    shown = _get(cast.asha, "message-preferences")
    assert {(one["purpose"], one["channel"], one["wanted"]) for one in shown} == {
        (purpose, channel, True) for purpose in ("care", "work") for channel in ("email", "in_app")
    }


def _choose(person: Person, **choice: Any) -> Any:
    given = {"purpose": "work", "channel": "email", "wanted": False} | choice
    return person.client.post("/api/v1/message-preferences", given)


def test_it_keeps_what_a_person_chooses(cast: Cast, kind: MessageKind) -> None:
    assert _choose(cast.asha).json()["wanted"] is False
    assert _choose(cast.asha).status_code == 200
    _say(cast, cast.asha)
    with cast.acting():
        assert Preference.objects.count() == 1
        assert Message.objects.get(channel="email").reason == "opted-out"
        assert Message.objects.get(channel="in_app").status == "sent"
    unwanted = [one for one in _get(cast.asha, "message-preferences") if not one["wanted"]]
    assert [(one["purpose"], one["channel"]) for one in unwanted] == [("work", "email")]
    assert all(one["wanted"] for one in _get(cast.ben, "message-preferences"))
    _choose(cast.asha, wanted=True)
    assert all(one["wanted"] for one in _get(cast.asha, "message-preferences"))


def test_it_keeps_what_a_patient_said(cast: Cast, kind: MessageKind) -> None:
    answer = _choose(cast.sam, patient=str(cast.patient.id))
    assert answer.json()["patient"] == str(cast.patient.id)
    _say(cast, cast.asha, Recipient(patient_id=cast.patient.id))
    with cast.acting():
        assert Message.objects.get().reason == "opted-out"
    shown = _get(cast.asha, "message-preferences", patient=cast.patient.id)
    care = [one["wanted"] for one in shown if one["purpose"] != "commercial"]
    assert care.count(False) == 1
    assert all(one["wanted"] for one in _get(cast.sam, "message-preferences"))
    assert _audited(cast, "message-preference.chosen") == [[cast.patient.id]]


@pytest.mark.parametrize("who", ["ben", "gus", "olu", "ada"])
def test_it_refuses_to_choose_for_a_patient_out_of_reach(cast: Cast, who: str) -> None:
    person = cast.everybody[who]
    assert _choose(person, patient=str(cast.patient.id)).status_code == 404
    path = f"/api/v1/message-preferences?patient={cast.patient.id}"
    assert person.client.get(path).status_code == 404
    with cast.acting():
        assert not Preference.objects.exists()


@pytest.mark.parametrize(
    "choice", [{"purpose": "spam"}, {"channel": "pigeon"}, {"wanted": "perhaps"}, {"patient": "x"}]
)
def test_it_says_what_is_wrong_with_a_choice(cast: Cast, choice: dict[str, Any]) -> None:
    answer = _choose(cast.asha, **choice)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(choice))}"


@pytest.mark.parametrize("path", ["messages", "outbox", "message-preferences"])
def test_it_shows_nothing_to_nobody(db: None, path: str) -> None:
    from rest_framework.test import APIClient

    assert APIClient().get(f"/api/v1/{path}").status_code == 401
