"""The real programs that other tests lean on."""

import smtplib
from email.message import EmailMessage

import pytest
from django.core import mail

from tests.servers.programs import SmtpServer, StartWorker


def _mail(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "a@example.org", "b@example.org"
    message.set_content("Été\n")
    return message


def test_it_starts_a_worker_that_stops_when_asked(celery_worker: StartWorker) -> None:
    worker = celery_worker("--pool=solo")
    assert worker.stop() == 0


def test_it_starts_a_beat(celery_beat: StartWorker) -> None:
    beat = celery_beat()
    beat.stop()
    assert beat.process.returncode is not None


def test_it_catches_a_mail_with_its_envelope(smtp: SmtpServer) -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        client.send_message(_mail("Hello"), "x@example.org", ["y@example.org", "z@example.org"])
    (caught,) = smtp.wait_for_mails(1)
    assert caught.mail_from == "x@example.org"
    assert caught.rcpt_tos == ("y@example.org", "z@example.org")
    assert caught.subject == "Hello"
    assert caught.text == "Été\n"


@pytest.mark.parametrize("answer", ["450 4.2.1 Busy", "550 5.1.1 Unknown"])
def test_it_refuses_when_told_to(smtp: SmtpServer, answer: str) -> None:
    smtp.refuse = answer
    with (
        smtplib.SMTP("127.0.0.1", smtp.port) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        client.send_message(_mail("Hello"))
    assert smtp.refused == ["b@example.org"]
    assert smtp.mails == []


def test_it_hangs_when_told_to(smtp: SmtpServer) -> None:
    smtp.hang = 30
    client = smtplib.SMTP("127.0.0.1", smtp.port, timeout=1)
    with pytest.raises(OSError, match=r"timed out|not connected|unexpectedly|run connect"):
        client.send_message(_mail("Hello"))
    client.close()
    assert smtp.mails == []


def test_it_drops_the_connection_after_the_mail(smtp: SmtpServer) -> None:
    smtp.drop = True
    client = smtplib.SMTP("127.0.0.1", smtp.port)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(_mail("Hello"))
    client.close()
    assert len(smtp.mails) == 1


def test_it_lets_django_send_over_smtp(mail_over_smtp: SmtpServer) -> None:
    mail.EmailMessage("Salut", "Bonjour", "a@example.org", ["b@example.org"]).send()
    assert [caught.subject for caught in mail_over_smtp.mails] == ["Salut"]
