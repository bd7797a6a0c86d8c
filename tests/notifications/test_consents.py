"""Consent to messages: care and offers apart, with evidence, and out again in one step."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from coordination.models import Patient
from notifications import consents, delivery
from notifications.kinds import KindRefused, MessageKind
from notifications.models import Message, MessagingConsent, Preference
from notifications.outbox import Recipient
from notifications.preferences import is_permitted
from tests.cast import NOW, Cast
from tests.notifications.said import Truth, enqueue, ordinary_kind

if TYPE_CHECKING:
    from tests.servers.programs import SmtpServer

pytestmark = pytest.mark.django_db
CONSENTS, PREFERENCES = "/api/v1/messaging-consents", "/api/v1/message-preferences"
Register = Callable[[MessageKind], MessageKind]


@pytest.fixture
def kinds(register: Register, truth: Truth) -> None:
    """Register one kind of care and one offer."""
    register(ordinary_kind(truth, name="test.care", purpose="care"))
    register(ordinary_kind(truth, name="test.offer", purpose="commercial"))


def consent(cast: Cast, **changes: Any) -> Any:
    body = {
        "patient": str(cast.patient.id),
        "purpose": "commercial",
        "channel": "email",
        "basis": "express",
        "means": "written",
        "wording": "2026-01",
        "evidence": "form in the chart",
        **changes,
    }
    return cast.sam.client.post(CONSENTS, body)


def sent(cast: Cast, kind: str, *, later: timedelta = timedelta(hours=1)) -> Message:
    """Enqueue to the patient, sweep, and return what became of the message."""
    to = Recipient(patient_id=cast.patient.id)
    (message_id,) = enqueue(cast.asha, to, kind=kind, patient_id=cast.patient.id)
    at = timezone.now() + later
    delivery.deliver_due("email", clock=lambda: at)
    with cast.acting():
        found: Message = Message.objects.get(pk=message_id)
        return found


@pytest.mark.feature("PV-11")
def test_it_sends_an_offer_only_with_a_consent_on_file(
    cast: Cast, kinds: None, mail_over_smtp: "SmtpServer"
) -> None:
    refused = sent(cast, "test.offer")
    assert (refused.status, refused.reason) == ("suppressed", "no-consent")
    assert sent(cast, "test.care").status == "sent"
    choice = {"purpose": "commercial", "channel": "email", "wanted": True}
    answer = cast.sam.client.post(PREFERENCES, {**choice, "patient": str(cast.patient.id)})
    assert answer.status_code == 409
    assert answer.data["type"].endswith("messaging-consent-needed")
    assert consent(cast).status_code == 201
    assert sent(cast, "test.offer").status == "sent"
    # consent to one channel and purpose is none to another
    assert consent(cast, purpose="care", channel="in_app").status_code == 201
    assert len(mail_over_smtp.mails) == 2


@pytest.mark.feature("PV-11")
def test_it_lets_implied_consent_run_out(
    cast: Cast, kinds: None, mail_over_smtp: "SmtpServer"
) -> None:
    until = timezone.now() + timedelta(days=10)
    made = consent(cast, basis="implied", wording="", expires_at=until.isoformat())
    assert made.status_code == 201
    assert sent(cast, "test.offer", later=timedelta(days=9)).status == "sent"
    late = sent(cast, "test.offer", later=timedelta(days=11))
    assert (late.status, late.reason) == ("suppressed", "no-consent")


@pytest.mark.feature("PV-11")
@pytest.mark.parametrize(
    ("kind", "other"), [("test.offer", "test.care"), ("test.care", "test.offer")]
)
def test_it_opts_out_in_one_step_and_of_that_purpose_alone(
    cast: Cast, kinds: None, mail_over_smtp: "SmtpServer", kind: str, other: str
) -> None:
    consent(cast)
    sent(cast, kind)
    (mail,) = mail_over_smtp.mails
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail.message["List-Unsubscribe"].strip("<>").replace("\n", "").replace(" ", "")
    stranger = Client()
    shown = stranger.get(urlsplit(link).path)
    assert (shown.status_code, b"Tremblay" in shown.content) == (200, False)
    assert sent(cast, kind).status == "sent"  # looking changes nothing
    done = stranger.post(urlsplit(link).path, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert stranger.post(urlsplit(link).path).status_code == 200
    out = sent(cast, kind)
    assert (out.status, out.reason) == ("suppressed", "opted-out")
    assert sent(cast, other).status == "sent"
    with cast.acting():
        last = MessagingConsent.objects.order_by("-recorded_at", "-id")[0]
    assert (last.decision, last.means, last.evidence[:8]) == ("withdrawn", "link", "message ")
    assert consent(cast, purpose=last.purpose).status_code == 201
    assert sent(cast, kind).status == "sent"


def test_it_writes_nobody_into_the_link_and_takes_no_forged_one(
    cast: Cast, kinds: None, mail_over_smtp: "SmtpServer"
) -> None:
    message = sent(cast, "test.care")
    with cast.acting():
        link = consents.unsubscribe_url(message)
    assert str(cast.patient.id) not in link
    from django.core import signing

    token = link.rpartition("/")[2]
    told = signing.loads(token, salt="notifications.unsubscribe")
    assert told == [str(cast.riverside.id), str(message.id)]
    forged = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    for wrong in (forged, "x", signing.dumps(["a", "b"], salt="notifications.unsubscribe")):
        assert Client().post(f"/unsubscribe/{wrong}").status_code == 404
    assert sent(cast, "test.care").status == "sent"


def test_it_withdraws_when_staff_write_the_opt_out_down(cast: Cast, kinds: None) -> None:
    consent(cast)
    choice = {"purpose": "commercial", "channel": "email", "wanted": False}
    body = {**choice, "patient": str(cast.patient.id)}
    assert cast.sam.client.post(PREFERENCES, body).status_code == 200
    steps = cast.sam.client.get(f"{CONSENTS}?patient={cast.patient.id}").data["results"]
    assert [step["decision"] for step in steps] == ["withdrawn", "given"]
    back = cast.sam.client.post(PREFERENCES, {**body, "wanted": True})
    assert back.status_code == 409


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"wording": ""}, "/wording"),
        ({"basis": "implied"}, "/expires_at"),
        ({"basis": "implied", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"obtained_at": "2999-01-01T00:00:00Z"}, "/obtained_at"),
        ({"evidence": ""}, "/evidence"),
        ({"purpose": "spam"}, "/purpose"),
    ],
)
def test_it_refuses_a_consent_without_its_evidence(
    cast: Cast, changes: dict[str, Any], pointer: str
) -> None:
    answer = consent(cast, **changes)
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, pointer)
    with cast.acting():
        assert not MessagingConsent.objects.exists()


@pytest.mark.feature("PV-11")
def test_the_database_keeps_the_history_as_it_was(cast: Cast) -> None:
    consent(cast)
    with cast.acting():
        rows = MessagingConsent.objects.all()
        for change in (lambda: rows.update(decision="withdrawn", basis=""), rows.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
        with pytest.raises(IntegrityError), transaction.atomic():
            MessagingConsent.objects.create(
                organization=cast.riverside,
                patient=Patient.objects.get(pk=cast.patient.pk),
                purpose="commercial",
                channel="email",
                decision="given",
                basis="express",
                means="written",
                obtained_at=NOW,
                recorded_at=NOW,
            )


def test_it_lets_no_offer_count_as_safety(truth: Truth) -> None:
    with pytest.raises(KindRefused):
        ordinary_kind(truth, purpose="commercial", safety=True)


def test_it_shows_the_history_to_nobody_out_of_reach(cast: Cast) -> None:
    at = f"{CONSENTS}/{consent(cast).data['id']}"
    assert cast.asha.client.get(at).status_code == 200
    for who, code in ((cast.gus, 404), (cast.olu, 404), (cast.ada, 403)):
        assert who.client.get(at).status_code == code


@pytest.mark.feature("PV-11")
def test_it_lifts_an_opt_out_by_a_later_express_consent_alone(cast: Cast, kinds: None) -> None:
    consent(cast)
    choice = {"purpose": "commercial", "channel": "email", "wanted": False}
    cast.sam.client.post(PREFERENCES, {**choice, "patient": str(cast.patient.id)})
    now = timezone.now()
    before = (now - timedelta(days=300)).isoformat()
    implied = {
        "basis": "implied",
        "wording": "",
        "expires_at": (now + timedelta(days=30)).isoformat(),
    }
    for changes in ({**implied, "obtained_at": before}, implied, {"obtained_at": before}):
        assert consent(cast, **changes).status_code == 201
        with cast.acting():
            assert not is_permitted(cast.patient.id, "commercial", "email", timezone.now())
            assert not Preference.objects.get(patient=cast.patient).wanted
    assert consent(cast).status_code == 201
    with cast.acting():
        assert is_permitted(cast.patient.id, "commercial", "email", timezone.now())
        assert Preference.objects.get(patient=cast.patient).wanted
