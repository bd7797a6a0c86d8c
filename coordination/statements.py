"""Asking the database about many rows at once."""

from collections.abc import Iterable
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
    """Return the rows of a statement, as PostgreSQL sends them.

    Ids are one array, asked about in binary (`= ANY(%b)`), and it is answered in binary, because a
    sweep reads a hundred rows for each course: making them out of text would take longer than
    judging them.
    """
    connection.ensure_connection()
    # Django's own cursors bind in the client, and then cannot be answered in binary
    with (
        transaction.mark_for_rollback_on_error(),
        connection.wrap_database_errors,
        Cursor[Any](connection.connection) as cursor,
    ):
        cursor.execute(sql, arguments, binary=True)
        return cursor.fetchall()
