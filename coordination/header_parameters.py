"""What Content-Type and Accept may name, read before Django and its libraries read it.

Both take parameters whose encoding the client names. Python knows encodings that are none for text
(`hex`, `idna`, `undefined`), and Django reads Content-Type where no error can be answered any more.
All that is read here is UTF-8, so nothing else is handed on.
"""

import codecs
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

#: where the middleware finds what is wrong; no header of a client can have this name
MALFORMED = "continuum.malformed"

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class ReadableHeaders:
    """Around the WSGI application: hands on only headers that can be read."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Replace what cannot be read, and tell `RequestLimits`, which answers 400."""
        try:
            environ["CONTENT_TYPE"] = _content_type(environ.get("CONTENT_TYPE", ""))
        except ValueError:
            environ["CONTENT_TYPE"] = ""
            environ[MALFORMED] = "Content-Type"
        try:
            for part in environ.get("HTTP_ACCEPT", "").split(","):
                parse_header_parameters(part)
        except ValueError:
            environ["HTTP_ACCEPT"] = "*/*"
            environ[MALFORMED] = "Accept"
        return self.application(environ, start_response)


def _content_type(header: str) -> str:
    """Return the header, without an encoding that its body is not read in anyway."""
    kind, parameters = parse_header_parameters(header)
    charset = parameters.get("charset")
    if charset is None or _is_utf_8(charset):
        return header
    if kind in _FORMS:
        raise ValueError("a form is UTF-8")
    return kind


def _is_utf_8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except LookupError:
        return False
