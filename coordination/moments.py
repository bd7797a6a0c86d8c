"""A moment in the one way in which the API writes it, wherever the text of it is made."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Func, TextField


def as_text(at: datetime) -> str:
    """Return an aware moment as text: in UTC, `Z`, the fraction with six digits or not at all."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


class AsText(Func):
    """What `as_text` returns, of a column: for JSON that PostgreSQL puts together."""

    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000Z', 'Z')"
    )
    output_field: Any = TextField()
