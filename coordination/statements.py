"""Asking the database about many rows at once."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import F, UUIDField, Value
from psycopg import Cursor

from coordination.access import IsAnyOf


def is_among(field: str, ids: Iterable[UUID]) -> IsAnyOf:
    """Ask whether a column is one of many ids: as one array, where `__in` spells out each."""
    return IsAnyOf(F(field), Value(list(ids), output_field=ArrayField(UUIDField())))


def read(sql: str, *arguments: Any) -> list[Any]:
    """Return the rows of a statement, as PostgreSQL sends them; see `read_all`."""
    return read_all((sql, *arguments))[0]


def read_all(*asked: tuple[Any, ...]) -> list[list[Any]]:
    """Return the rows of each statement, asked with its arguments, in one round to the database.

    Ids are one array, asked about in binary (`= ANY(%b)`), and it is answered in binary, because a
    sweep reads a hundred rows for each course: making them out of text would take longer than
    judging them. All are sent before the first is answered, so that PostgreSQL works on the next
    while one is made into values.
    """
    connection.ensure_connection()
    # Django's own cursors bind in the client, and then cannot be answered in binary
    with (
        transaction.mark_for_rollback_on_error(),
        connection.wrap_database_errors,
        ExitStack() as open_until_read,
    ):
        cursors = [open_until_read.enter_context(Cursor[Any](connection.connection)) for _ in asked]
        if len(cursors) > 1:
            open_until_read.enter_context(connection.connection.pipeline())
        for cursor, (sql, *arguments) in zip(cursors, asked, strict=True):
            cursor.execute(sql, arguments, binary=True)
        return [cursor.fetchall() for cursor in cursors]
