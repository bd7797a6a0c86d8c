"""Bodies that are no JSON that could be stored: a clear 400, and nothing written."""

import pytest

from coordination.models import Patient
from tests.cast import Cast


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"family_name": ' + b'{"a":' * 200_000, "nested too deeply"),
        (b'{"family_name": "\\ud800"}', "half of a surrogate pair: line 1 column 18"),
        (b'{"a": "\\ud83d\\ude00 \\\\ud83d",\n"\\uDFFF": 1}', "surrogate pair: line 2 column 2"),
        (b'{"family_name": "\xed\xa0\x80"}', "this is not UTF-8: line 1 column 18"),
        (b"\xff\xfe", "this is not UTF-8: line 1 column 1"),
        (b'{"family_name": NaN}', "NaN is no JSON number: line 1 column 17"),
        (
            b'{"a": "NaN \\" 1e999", "b": [0, -Infinity]}',
            "-Infinity is no JSON number: line 1 column 32",
        ),
        (b'{"' + b"x" * 500 + b'": 1, "' + b"x" * 500 + b'": 2}', f"twice: {'x' * 100}\u2026"),
        (b'{"family_name": 1' + b"1" * 5000 + b"}", "more than 4300 digits: line 1 column 17"),
        (b'{"family_name": 0.' + b"1" * 5000 + b"}", "more than 4300 digits: line 1 column 17"),
        (b'{"family_name": -1e999}', "a number too large to be kept: line 1 column 17"),
        (b'{"family_name": "Tremblay"', "line 1 column"),
        (b'{"given_name": "A", "family_name": 1, "given_name": "B"}', "given twice: given_name"),
        (b'{"a": [{"b": {"c": 1, "c": 1}}]}', "a member is given twice: c"),
    ],
)
def test_it_refuses_what_is_no_json_that_it_could_keep(cast: Cast, body: bytes, said: str) -> None:
    with cast.acting():
        before = Patient.objects.count()
    client = cast.asha.client
    client.raise_request_exception = False
    answer = client.post("/api/v1/patients", body, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert "Tremblay" not in answer.json()["detail"]
    with cast.acting():
        assert Patient.objects.count() == before


def test_it_reads_a_whole_surrogate_pair(cast: Cast) -> None:
    body = b'{"family_name": "\\ud83d\\ude00"}'
    answer = cast.asha.client.post("/api/v1/patients", body, content_type="application/json")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert "/family_name" not in pointers


def test_it_refuses_an_encoding_that_does_not_exist(cast: Cast) -> None:
    answer = cast.asha.client.post(
        "/api/v1/patients", b"{}", content_type="application/json; charset=klingon"
    )
    assert answer.status_code in (400, 415)


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("unicode_escape", b'{"family_name": "\\ud800"}'),
        ("utf-7", b'{"family_name": "+2AA-"}'),
        ("utf-16", '{"family_name": "x"}'.encode("utf-16")),
    ],
)
def test_it_reads_utf_8_whatever_a_header_says(cast: Cast, charset: str, body: bytes) -> None:
    kind = f"application/json; charset={charset}"
    answer = cast.asha.client.post("/api/v1/patients", body, content_type=kind)
    assert answer.status_code == 400
