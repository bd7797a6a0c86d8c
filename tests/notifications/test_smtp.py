"""Mails over real SMTP, to a server that behaves and to several that do not."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from coordination.models import User
from notifications import delivery
from notifications.channels import email
from notifications.kinds import MessageKind
from notifications.models import Attempt, Message
from tests.cast import NOW, Cast
from tests.notifications.said import enqueue, messages

if TYPE_CHECKING:
    from tests.servers.programs import SmtpServer

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def _sweep(minutes: int = 0) -> int:
    now = LATER + timedelta(minutes=minutes)
    return delivery.deliver_due("email", clock=lambda: now)


def _attempts(cast: Cast) -> list[tuple[str, str]]:
    with cast.acting():
        return list(Attempt.objects.order_by("id").values_list("outcome", "response"))


def _arrived(smtp: "SmtpServer") -> Counter[str]:
    return Counter(str(one.message["Message-ID"]) for one in smtp.mails)


def test_it_sends_a_real_mail(cast: Cast, kind: MessageKind, mail_over_smtp: "SmtpServer") -> None:
    enqueue(cast.asha, patient_id=cast.patient.id)
    _sweep()
    (sent,) = mail_over_smtp.mails
    assert sent.rcpt_tos == (cast.asha.user.email,)
    assert sent.message["Message-ID"] == f"<{messages(cast.asha)['email'].id}@continuum.example>"
    assert sent.message["Auto-Submitted"] == "auto-generated"
    assert "Something in Continuum is waiting for your review." in sent.text
    assert "Clinic: Riverside" in sent.text
    assert b"Tremblay" not in sent.raw


@pytest.mark.feature("RM-06")
def test_it_tries_again_when_the_server_is_busy(
    cast: Cast, kind: MessageKind, mail_over_smtp: "SmtpServer"
) -> None:
    mail_over_smtp.refuse = "450 4.2.1 Busy"
    enqueue(cast.asha)
    _sweep()
    mail_over_smtp.refuse = ""
    _sweep(1)
    assert list(_arrived(mail_over_smtp).values()) == [1]
    assert _attempts(cast) == [("retry", "450 4.2.1 Busy"), ("accepted", "accepted")]


def test_it_gives_up_when_the_server_says_never(
    cast: Cast, kind: MessageKind, mail_over_smtp: "SmtpServer"
) -> None:
    mail_over_smtp.refuse = f"550 5.1.1 <{cast.asha.user.email}> is unknown here"
    enqueue(cast.asha)
    _sweep()
    failed = messages(cast.asha)["email"]
    assert failed.status == "failed"
    assert failed.reason == "refused: 550 5.1.1 <address> is unknown here"
    assert mail_over_smtp.mails == []


def test_it_gives_up_on_an_address_that_is_none(
    cast: Cast, kind: MessageKind, mail_over_smtp: "SmtpServer"
) -> None:
    with cast.acting():
        mine = User.objects.filter(pk=cast.asha.user.pk)
        assert mine.update(email="no address\r\nbcc: x")
    enqueue(cast.asha)
    _sweep()
    assert messages(cast.asha)["email"].status == "failed"
    assert mail_over_smtp.mails == []


@pytest.mark.feature("RM-03")
@pytest.mark.parametrize(
    ("trouble", "arrivals"),
    [
        pytest.param({"drop": True}, 2, id="taken without an answer"),
        pytest.param({"hang": 5.0}, 1, id="not taken in time"),
    ],
)
def test_it_tries_again_with_the_same_id_when_it_got_no_answer(
    cast: Cast,
    kind: MessageKind,
    mail_over_smtp: "SmtpServer",
    settings: Any,
    trouble: dict[str, Any],
    arrivals: int,
) -> None:
    settings.MAILERS = _mailers(mail_over_smtp.port, timeout=0.3)
    for name, value in trouble.items():
        setattr(mail_over_smtp, name, value)
    enqueue(cast.asha)
    _sweep()
    assert messages(cast.asha)["email"].status == "queued"
    mail_over_smtp.drop, mail_over_smtp.hang = False, 0.0
    _sweep(1)
    assert list(_arrived(mail_over_smtp).values()) == [arrivals]
    assert [outcome for outcome, _ in _attempts(cast)] == ["retry", "accepted"]


def test_it_waits_while_nobody_listens(
    cast: Cast, kind: MessageKind, mail_over_smtp: "SmtpServer", settings: Any
) -> None:
    there = settings.MAILERS
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        settings.MAILERS = _mailers(unused.getsockname()[1])
        enqueue(cast.asha)
        enqueue(cast.ben)
        assert _sweep() == 1
    with cast.acting():
        waiting = Message.objects.filter(channel="email", status="queued")
        assert sorted(waiting.values_list("tries", flat=True)) == [0, 1]
    assert _attempts(cast) == [("retry", "ConnectionRefusedError")]
    settings.MAILERS = there
    assert _sweep(1) == 2
    assert sorted(_arrived(mail_over_smtp).values()) == [1, 1]


def _mailers(port: int, timeout: float = 5) -> dict[str, Any]:
    options = {"host": "127.0.0.1", "port": port, "timeout": timeout}
    return {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
    }


@pytest.fixture
def talker() -> Iterator[Callable[[bytes, bytes], int]]:
    """Start a server that says something, then drips one byte every 50 ms; return its port."""
    ended = threading.Event()
    listeners: list[socket.socket] = []

    def drip(listener: socket.socket, first: bytes, then: bytes) -> None:
        try:
            line, _ = listener.accept()
            with line:
                line.sendall(first)
                while not ended.wait(0.05):
                    line.sendall(then)
        except OSError:
            return

    def start(first: bytes, then: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=drip, args=(listener, first, then), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    ended.set()
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(b"", b"", id="says nothing"),
        pytest.param(b"220 here\r\n", b"", id="says nothing after its greeting"),
        pytest.param(b"220 here\r\n", b"2", id="drips after its greeting"),
    ],
)
def test_it_does_not_wait_for_ever(
    cast: Cast,
    kind: MessageKind,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    talker: Callable[[bytes, bytes], int],
    first: bytes,
    then: bytes,
) -> None:
    settings.MAILERS = _mailers(talker(first, then), timeout=0.4)
    monkeypatch.setattr(email, "DEADLINE", 0.8)
    enqueue(cast.asha)
    _sweep()
    assert messages(cast.asha)["email"].status == "queued"
    assert [outcome for outcome, _ in _attempts(cast)] == ["retry"]


def test_it_sends_nothing_once_its_time_is_over(
    cast: Cast, kind: MessageKind, mail_over_smtp: "SmtpServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "DEADLINE", 0.0)
    enqueue(cast.asha)
    _sweep()
    assert messages(cast.asha)["email"].status == "queued"
    assert mail_over_smtp.mails == []
