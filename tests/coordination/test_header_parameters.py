"""Headers that name what cannot be read: a clear 400 before anything reads them."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from coordination.header_parameters import ReadableHeaders

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


def asked(method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, dict[str, Any]]:
    """Ask the WSGI application as a web server would; return status and document."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/api/nowhere",
        "QUERY_STRING": "a=b",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(body)),
        **headers,
    }
    application = ReadableHeaders(WSGIHandler())
    answer = b"".join(application(environ, lambda status, _: said.append(status)))
    return int(said[0].split()[0]), json.loads(answer)


@pytest.mark.parametrize(
    "header",
    [
        "multipart/form-data; boundary=x; charset=hex",
        "multipart/form-data; boundary=x; charset=latin1",
        f"{FORM}; charset=utf-16",
        "application/json; a*=klingon''x",
        "application/json; a*=undefined''%ff",
        "application/json; charset*=utf-8''%00",
        "application/json; a=" + "x" * 20_000,
    ],
)
def test_it_refuses_a_content_type_that_cannot_be_read(header: str) -> None:
    code, document = asked("POST", b"a=b", CONTENT_TYPE=header)
    assert (code, document["type"]) == (400, "urn:continuum:problem:bad-request")
    assert "Content-Type" in document["detail"]


@pytest.mark.parametrize(
    "header",
    ["application/json; a*=klingon''x", "text/html;q=1,a/b; a=" + "x" * 20_000],
)
def test_it_refuses_an_accept_that_cannot_be_read(header: str) -> None:
    code, document = asked(HTTP_ACCEPT=header)
    assert (code, document["type"]) == (400, "urn:continuum:problem:bad-request")
    assert "Accept" in document["detail"]


@pytest.mark.parametrize(
    "header",
    [
        "application/json; charset=hex",
        "text/plain; charset=undefined",
        "x/y;charset=idna",
        f"{FORM}; charset=UTF8",
        'application/json; charset="utf-8"',
        "text/plain; =",
        ";",
        "",
    ],
)
def test_it_reads_utf_8_where_nothing_depends_on_the_encoding(header: str) -> None:
    assert asked(CONTENT_TYPE=header)[0] == 404
