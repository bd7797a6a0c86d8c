"""The catcher's web side: a page that lists and shows the mails, and the same as JSON.

Mails are untrusted: only their text is shown, escaped, under a policy that runs no script.
"""

import json
import re
from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from coordination.mailcatcher.mailbox import CaughtMail, Mailbox

_SHOWN = 500
_LINK = re.compile(r"https?://[^\s<>\"']+")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
       padding: 0 1rem; color: #1a2433; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid #d8dee6;
         vertical-align: top; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f6f8; padding: 1rem }
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox "
    "allow-popups allow-top-navigation-by-user-activation",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class MailboxServer(ThreadingHTTPServer):
    """Serves one mailbox over HTTP. Raises OSError when the port is taken."""

    daemon_threads = True

    def __init__(self, mailbox: Mailbox, *, host: str, port: int) -> None:
        self.mailbox = mailbox
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: MailboxServer
    server_version = "Continuum"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer `/`, `/messages.json`, `/messages/ID`, `/messages/ID.json` and `….eml`."""
        address = urlsplit(self.path)
        mailbox = self.server.mailbox
        if address.path == "/":
            self._page(_list_page(mailbox.mails()))
        elif address.path == "/health":
            self._answer(HTTPStatus.OK, "text/plain; charset=utf-8", b"ok\n")
        elif address.path == "/messages.json":
            wanted = parse_qs(address.query).get("to", [])
            self._json([mail.as_json() for mail in mailbox.mails() if _is_to(mail, wanted)])
        elif address.path.startswith("/messages/"):
            self._message(address.path.removeprefix("/messages/"))
        else:
            self._not_found()

    def _message(self, name: str) -> None:
        mail_id, _, form = name.partition(".")
        mail = self.server.mailbox.mail(mail_id)
        if mail is None or form not in ("", "json", "eml"):
            self._not_found()
        elif form == "json":
            self._json(mail.as_json())
        elif form == "eml":
            self._answer(HTTPStatus.OK, "message/rfc822", mail.raw)
        else:
            self._page(_mail_page(mail))

    def _page(self, html: str) -> None:
        self._answer(HTTPStatus.OK, "text/html; charset=utf-8", html.encode())

    def _json(self, content: object) -> None:
        body = json.dumps(content, ensure_ascii=False, indent=1).encode()
        self._answer(HTTPStatus.OK, "application/json", body)

    def _not_found(self) -> None:
        self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"Not found.\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the page is looked at far more often than anything happens."""


def _is_to(mail: CaughtMail, wanted: Sequence[str]) -> bool:
    return not wanted or any(address in wanted for address in mail.rcpt_tos)


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _list_page(mails: Sequence[CaughtMail]) -> str:
    if not mails:
        return _document("Caught mails", "<p>None yet. Nothing leaves this machine.</p>")
    rows = "".join(
        f"<tr><td>{mail.received_at:%Y-%m-%d %H:%M:%S} UTC</td>"
        f"<td>{escape(', '.join(mail.rcpt_tos))}</td>"
        f'<td><a href="/messages/{mail.id}">{escape(mail.subject or "(no subject)")}</a></td></tr>'
        for mail in mails[:_SHOWN]
    )
    more = f"<p>The latest {_SHOWN} of {len(mails)}.</p>" if len(mails) > _SHOWN else ""
    return _document(
        "Caught mails",
        "<p>Nothing leaves this machine. Also as <a href='/messages.json'>JSON</a>.</p>"
        "<table><thead><tr><th>Received</th><th>To</th><th>Subject</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{more}",
    )


def _mail_page(mail: CaughtMail) -> str:
    envelope = (("Envelope from", mail.mail_from), ("Envelope to", ", ".join(mail.rcpt_tos)))
    headers = tuple((name, str(value)) for name, value in mail.message.items())
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in envelope + headers
    )
    return _document(
        mail.subject or "(no subject)",
        f"<p><a href='/'>All mails</a> · <a href='/messages/{mail.id}.eml'>as it came in</a></p>"
        f"<table><tbody>{rows}</tbody></table><pre>{_with_links(mail.text)}</pre>",
    )


def _with_links(text: str) -> str:
    parts, end = [], 0
    for found in _LINK.finditer(text):
        link = escape(found.group())
        parts += [
            escape(text[end : found.start()]),
            f'<a href="{link}" target="_blank" rel="noopener noreferrer">{link}</a>',
        ]
        end = found.end()
    return "".join((*parts, escape(text[end:])))
