"""The mail catcher that demos and docker-compose use, as a real process."""

import json
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path

import pytest

from coordination.servers.processes import free_port
from tests.servers.programs import Program, StartProgram

#: so long that it stands on a line of its own, below `Subject:`
LONG = "Example Rehabilitation Clinics: A report waits for your acknowledgement"


@pytest.fixture
def catcher(start_program: StartProgram, tmp_path: Path) -> tuple[Program, int, str]:
    smtp, http = free_port(), free_port()
    program = start_program(
        "manage",
        "catch_mail",
        f"--smtp-port={smtp}",
        f"--http-port={http}",
        f"--folder={tmp_path / 'mails'}",
    )
    program.wait_for("Catching mails")
    return program, smtp, f"http://127.0.0.1:{http}"


def _get(url: str) -> tuple[str, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
        return answer.read().decode(), dict(answer.headers)


def _send(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message, "envelope@example.org", ["anna@example.org"])


def _mail(subject: str, body: str, *, html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "clinic@example.org"
    message["To"] = "Anna <anna@example.org>"
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def test_it_shows_what_came_in(catcher: tuple[Program, int, str]) -> None:
    program, smtp, url = catcher
    _send(smtp, _mail(LONG, "x"))
    (mail,) = json.loads(_get(f"{url}/messages.json")[0])
    assert (mail["subject"], mail["headers"][0]) == (LONG, ["Subject", LONG])
    _send(smtp, _mail("Rappel: étape", "Voir http://127.0.0.1:8000/plans/1 demain"))
    mail, _ = json.loads(_get(f"{url}/messages.json")[0])
    assert mail["envelope"] == {"from": "envelope@example.org", "to": ["anna@example.org"]}
    assert mail["subject"] == "Rappel: étape"
    assert mail["text"] == "Voir http://127.0.0.1:8000/plans/1 demain\n"
    assert ["To", "Anna <anna@example.org>"] in mail["headers"]
    assert "Rappel: étape" in _get(f"{url}/")[0]
    page, _ = _get(f"{url}/messages/{mail['id']}")
    assert '<a href="http://127.0.0.1:8000/plans/1"' in page
    assert json.loads(_get(f"{url}/messages.json?to=bob@example.org")[0]) == []
    assert b"Subject" in _get(f"{url}/messages/{mail['id']}.eml")[0].encode()
    assert program.stop() == 0


def test_it_runs_nothing_that_a_mail_contains(catcher: tuple[Program, int, str]) -> None:
    _, smtp, url = catcher
    attack = '<script>alert(1)</script> http://x/"onmouseover="alert(1)'
    _send(smtp, _mail(attack, attack, html=f"<html>{attack}</html>"))
    (mail,) = json.loads(_get(f"{url}/messages.json")[0])
    for page in (f"{url}/", f"{url}/messages/{mail['id']}"):
        html, headers = _get(page)
        assert "<script" not in html
        assert '"onmouseover' not in html
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["..%2f..%2fmanage.py", "20260101T000000000000-00000000", "x"])
def test_it_has_no_other_files(catcher: tuple[Program, int, str], name: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _get(f"{catcher[2]}/messages/{name}")


def test_it_keeps_its_mails_when_killed(
    catcher: tuple[Program, int, str], start_program: StartProgram, tmp_path: Path
) -> None:
    program, smtp, _ = catcher
    _send(smtp, _mail("Kept", "body"))
    program.kill()
    http = free_port()
    again = start_program(
        "manage",
        "catch_mail",
        f"--smtp-port={free_port()}",
        f"--http-port={http}",
        f"--folder={tmp_path / 'mails'}",
    )
    again.wait_for("Catching mails")
    (mail,) = json.loads(_get(f"http://127.0.0.1:{http}/messages.json")[0])
    assert mail["subject"] == "Kept"


def test_it_says_which_port_is_taken(
    catcher: tuple[Program, int, str], start_program: StartProgram, tmp_path: Path
) -> None:
    second = start_program(
        "manage", "catch_mail", f"--smtp-port={catcher[1]}", f"--folder={tmp_path / 'other'}"
    )
    assert second.process.wait(20) == 1
    written = second.log.read_text()
    assert f"port {catcher[1]}" in written
    assert "Traceback" not in written
