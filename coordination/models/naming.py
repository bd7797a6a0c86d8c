"""Which login the database's session names: the fence of what no organization owns."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from django.db import DatabaseError, connection, transaction

SETTING = "app.login"


@contextmanager
def known_as(name: UUID | str | bytes) -> Iterator[None]:
    """Open what belongs to one login, named by id, address or session digest, for this block.

    It runs in a transaction, of its own if there is none.
    """
    value = name.hex() if isinstance(name, bytes) else str(name).strip().lower()
    if not connection.in_atomic_block:
        with transaction.atomic():  # which takes the name along when it ends
            _name(value)
            yield
        return
    before = _name(value)
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # what is undone forgets the name as well
            _name(before)
        raise
    _name(before)


def _name(value: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH before AS MATERIALIZED (SELECT current_setting(%s, true) AS name) "
            "SELECT name, set_config(%s, %s, true) FROM before",
            [SETTING, SETTING, value],
        )
        found = cursor.fetchone()
    return str(found[0] or "") if found else ""
