"""What every answer of a server in production says to a browser, over a real connection."""

import http.client
import re
import socket
import time
from dataclasses import dataclass
from secrets import token_hex

import httpx
import pytest

from coordination.login_fence import write_login
from coordination.servers.processes import free_port
from tests.servers.programs import Program, StartProgram

HOST = "clinic.example"
OVER_TLS = {"Host": HOST, "X-Forwarded-Proto": "https"}
EVERYWHERE = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass
class Web:
    """A granian as in production, behind an imagined proxy."""

    program: Program
    port: int

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        headers = OVER_TLS | dict(more.pop("headers", {}))  # type: ignore[call-overload] # httpx takes what is given
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, headers=headers, **more)  # type: ignore[arg-type] # httpx takes what is given


@pytest.fixture
def web(committed_db: None, start_program: StartProgram) -> Web:
    """Start the server with what production sets."""
    port = free_port()
    program = start_program(
        "granian",
        "coordination.wsgi:application",
        "--interface=wsgi",
        f"--port={port}",
        "--workers=1",
        "--blocking-threads=1",
        "--no-ws",
        "--http1-header-read-timeout=1000",
        environment={"PUBLIC_URL": f"https://{HOST}", "ALLOWED_HOSTS": HOST},
    )
    program.wait_for("Started worker")
    return Web(program, port)


def directives(answer: httpx.Response) -> dict[str, str]:
    policy = answer.headers["content-security-policy"]
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def test_it_tells_browsers_to_be_careful(web: Web) -> None:
    for path in (
        "/",
        "/api/docs/",
        "/api/v1/patients",
        "/nowhere",
        "/static/coordination/page.css",
    ):
        answer = web.ask("GET", path)
        assert EVERYWHERE.items() <= dict(answer.headers).items(), path
        assert "geolocation=()" in answer.headers["permissions-policy"]
        policy = directives(answer)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert policy["default-src"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"


def test_it_lets_browsers_keep_no_answer(web: Web) -> None:
    for path in ("/api/v1/patients", "/api/v1/nowhere", "/"):
        kept = web.ask("GET", path).headers["cache-control"].split(", ")
        assert {"no-store", "private"} <= set(kept), path


def test_it_lets_no_other_site_read_an_answer(web: Web) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = web.ask(method, "/api/v1/patients", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_it_sends_whoever_comes_without_tls_to_the_same_page_with_it(web: Web) -> None:
    answer = web.ask("GET", "/api/docs/", headers={"X-Forwarded-Proto": "http"})
    assert answer.status_code == 301
    assert answer.headers["location"] == f"https://{HOST}/api/docs/"
    probe = web.ask("GET", "/health/live", headers={"X-Forwarded-Proto": "http"})
    assert probe.status_code == 200


def test_it_answers_only_to_its_own_names(web: Web) -> None:
    answer = web.ask("GET", "/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert "elsewhere" not in answer.text


def test_it_keeps_cookies_to_itself(web: Web) -> None:
    from coordination.actors import Role
    from tests.cast import make_organization, make_person

    person = make_person(make_organization("Riverside"), "Sam", hat=Role.SCHEDULER)
    password = token_hex(12)
    person.user.set_password(password)
    write_login(person.user, "password")
    answer = web.ask(
        "POST", "/api/v1/session", json={"email": person.user.email, "password": password}
    )
    assert answer.status_code in (200, 201), answer.text
    cookies = {part.partition("=")[0]: part for part in answer.headers.get_list("set-cookie")}
    session = cookies["__Host-sessionid"]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(session.split("; "))
    for cookie in cookies.values():
        assert "Secure" in cookie.split("; ")
        assert "Domain" not in cookie
        assert cookie.startswith("__Host-")


def test_it_refuses_more_than_it_would_read(web: Web) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    connection.putrequest("POST", "/api/v1/patients", skip_host=True)
    for name, value in (OVER_TLS | {"Content-Type": "application/json"}).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    connection.close()


def test_it_hangs_up_on_headers_that_never_end(web: Web) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as slow:
        slow.sendall(f"GET /health/live HTTP/1.1\r\nHost: {HOST}\r\n".encode())
        started = time.monotonic()
        while slow.recv(1000):
            continue
        assert time.monotonic() - started < 15
    assert web.ask("GET", "/health/live").status_code == 200


def test_it_says_nothing_of_what_it_is_made_of(web: Web) -> None:
    answer = web.ask("GET", "/")
    told = " ".join(f"{name} {value}" for name, value in answer.headers.items())
    assert not re.search(r"granian|django|python|\d+\.\d+\.\d+", told, re.IGNORECASE)
