"""The database of each test: rolled back as a rule, committed and thrown away on request."""

from collections.abc import Iterator

import psycopg
import pytest
import redis
from pytest_django.plugin import DjangoDbBlocker

from coordination.servers.roles import copy_database, drop_database, with_database
from tests.servers.run import DATABASE, SERVERS, Servers

_COMMITTING = ("committed_db", "transactional_db", "live_server")


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """Say where this run's PostgreSQL and Valkey are."""
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def database(pytestconfig: pytest.Config) -> str:
    """Return the name of this worker's own database."""
    return pytestconfig.stash[DATABASE]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    servers: Servers,
    database: str,
) -> Iterator[None]:
    """Copy the migrated template: the runtime role could not create tables itself."""
    copy_database(servers.admin_url, servers.template, database)
    yield
    with django_db_blocker.unblock():
        _disconnect()
    drop_database(servers.admin_url, database)


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Let a test that commits really commit, whatever else asks for the database."""
    marker = request.node.get_closest_marker("django_db")
    transaction = marker is not None and (marker.kwargs.get("transaction") or marker.args[:1])
    if transaction or any(name in request.fixturenames for name in _COMMITTING):
        request.getfixturevalue("committed_db")
    else:
        request.getfixturevalue("_django_db_helper")


@pytest.fixture
def committed_db(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    servers: Servers,
    database: str,
) -> Iterator[None]:
    """Commit for real, for threads, workers and live servers; afterwards all of it is gone.

    The database is thrown away and copied anew, since the runtime role cannot truncate; the
    broker is emptied of what no worker took.
    """
    with django_db_blocker.unblock():
        yield
        _disconnect()
    with redis.Redis.from_url(servers.redis(database)) as broker:
        broker.flushdb()
    copy_database(servers.admin_url, servers.template, database)


@pytest.fixture
def owner_connection(
    django_db_setup: None, servers: Servers, database: str
) -> Iterator[psycopg.Connection]:
    """Connect to this worker's database as the role that migrates, outside Django."""
    with psycopg.connect(servers.environment(database)["DATABASE_OWNER_URL"]) as connection:
        yield connection


@pytest.fixture
def admin_connection(
    django_db_setup: None, servers: Servers, database: str
) -> Iterator[psycopg.Connection]:
    """Connect to this worker's database as a superuser, outside Django."""
    with psycopg.connect(with_database(servers.admin_url, database)) as connection:
        yield connection


def _disconnect() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
