"""Reading request bodies: whatever is not JSON that we could store and print again is refused."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: no NaN, no half of a surrogate pair, no bottomless nesting."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body. Raises `ParseError`, which answers 400."""
        try:
            text = (
                stream.read().decode()
            )  # RFC 8259 knows no other encoding, whatever a header says
            data = json.loads(text, parse_constant=strict_constant)
            if "\\ud" in text.lower():
                json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {_said(error)}") from error
        return data


def _said(error: Exception) -> str:
    """Repeat what a decoder said of the place, but never the text that it stumbled over."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}: line {error.lineno} column {error.colno}"
    return type(error).__name__
