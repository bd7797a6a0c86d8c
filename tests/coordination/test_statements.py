"""Statements that are asked at once: one round to the database, and every answer to its own."""

from typing import Any

import psycopg
import pytest
from django.db import DataError, connection, transaction

from coordination.statements import read, read_all


def test_it_sends_all_before_it_waits_for_the_first(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    plainly = psycopg.Connection.pipeline

    def counted(self: Any) -> Any:
        begun.append(1)
        return plainly(self)

    monkeypatch.setattr(psycopg.Connection, "pipeline", counted)
    found = read_all(("SELECT 1",), ("SELECT %s::int, %s::text", 2, "b"), ("SELECT 3 WHERE false",))
    assert found == [[(1,)], [(2, "b")], []]
    assert len(begun) == 1
    assert read("SELECT %s::int", 4) == [(4,)]
    assert len(begun) == 1, "one alone has nothing to wait for"


@pytest.mark.parametrize("wrong", range(3))
def test_what_is_wrong_with_any_of_them_is_said_as_of_any_other(db: None, wrong: int) -> None:
    asked = [("SELECT 1",), ("SELECT 2",), ("SELECT 3",)]
    asked[wrong] = ("SELECT 1 / 0",)
    with pytest.raises(DataError), transaction.atomic():
        read_all(*asked)
    assert read("SELECT 5") == [(5,)]
    assert connection.is_usable()
