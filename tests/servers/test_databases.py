"""What every other test relies on: its own database, as the runtime role."""

import threading

import psycopg
import pytest
from django.db import connection

from tests.servers.run import Servers


def _role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])


def _count_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.django_db
def test_it_works_as_the_runtime_role() -> None:
    assert _role() == "continuum_app"


@pytest.mark.django_db
def test_it_is_in_a_transaction_that_is_rolled_back() -> None:
    assert connection.in_atomic_block


def test_it_commits_for_real_when_asked(committed_db: None) -> None:
    assert not connection.in_atomic_block
    roles: list[str] = []

    def look() -> None:
        roles.append(_role())
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert roles == ["continuum_app"]


@pytest.mark.django_db
def test_it_commits_for_real_under_the_ordinary_mark_too(committed_db: None) -> None:
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_it_needs_no_flush() -> None:
    assert not connection.in_atomic_block
    assert _role() == "continuum_app"


def test_it_offers_the_owner_and_the_administrator(
    owner_connection: psycopg.Connection,
    admin_connection: psycopg.Connection,
    database: str,
) -> None:
    for found, user in (
        (owner_connection, "continuum_owner"),
        (admin_connection, None),
    ):
        row = found.execute("SELECT current_user, current_database()").fetchone()
        assert row is not None
        assert row[1] == database
        assert user in (None, row[0])


@pytest.mark.django_db
def test_it_may_not_create_or_empty_tables() -> None:
    for statement in (
        "CREATE TABLE mine (id int)",
        "TRUNCATE django_session",
        "CREATE TEMP TABLE t ()",
    ):
        with (
            pytest.raises(Exception, match="permission denied"),
            connection.cursor() as cursor,
        ):
            cursor.execute("SAVEPOINT before")
            try:
                cursor.execute(statement)
            finally:
                cursor.execute("ROLLBACK TO before")


def test_it_has_no_database_without_asking() -> None:
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        _role()


def test_it_knows_its_servers(servers: Servers) -> None:
    assert servers.template.startswith("continuum_test_")
